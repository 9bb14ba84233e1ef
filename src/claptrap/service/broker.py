"""Sources seen over MQTT, and commands from there: each does what the page would."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from claptrap.core.errors import ClapTrapError
from claptrap.core.events import Level, SourceStatus, State
from claptrap.core.rate_limit import RateLimitedCounter
from claptrap.core.spec import Language
from claptrap.delivery.mqtt import MqttLink
from claptrap.delivery.mqtt_commands import Command
from claptrap.delivery.mqtt_topics import Published, PublishedSource
from claptrap.receivers import BrokerSpec
from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.presets import PATTERN_PRESETS, preset_of
from claptrap.settings.validation import DocumentFault, SettingsFaults
from claptrap.text.catalogue import say

MAX_COMMANDS = 100  # that may wait; more are dropped and logged
LEVELS_EVERY_S = 10.0
RENAMED_S = 1.0  # for Home Assistant to take over names in another language, by which it reads states
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SourceViews:
    """How sources are.

    Attributes:
        statuses: gives the status of every source, by id.
        level: gives the newest loudness of one; None where there is none.
        page_url: gives the page's address as other machines reach it; empty where none does.
    """

    statuses: Callable[[], Mapping[str, SourceStatus]]
    level: Callable[[str], Level | None] = lambda _: None
    page_url: Callable[[], str] = str


@dataclass(frozen=True, slots=True)
class BrokerActions:
    """What commands do.

    Attributes:
        change_source: changes the settings of one source, as the page does.
        test: sends a test of a source to all its receivers.
        mark: says of a source's detection whether it was a clap (``LearningService``).
        restart: begins to hear everything from the start.
        arm: arms, disarms or snoozes the house or a source (``ArmingService.change``).
    """

    change_source: Callable[[str, Mapping[str, Any]], object]
    test: Callable[[str], object]
    mark: Callable[[str, str], object]
    restart: Callable[[], object]
    arm: Callable[..., object]


class BrokerService:
    """Keeps the link to the broker in step with the settings.

    Args:
        settings: the owner of what is in force.
        views: how the sources are.
        actions: what commands do.
        on_change: called when ``problems`` or ``state`` has changed.
    """

    def __init__(
        self, settings: SettingsOwner, views: SourceViews, actions: BrokerActions, on_change: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._views = views
        self._actions = actions
        self._on_change = on_change
        self._is_off = True
        self._language: Language | None = None  # of the names that were shown
        self._is_renamed = False
        self.mqtt = MqttLink(self._enqueue, on_change)
        self._work: queue.Queue[Command | None] = queue.Queue(MAX_COMMANDS)
        self._dropped, self._refused = RateLimitedCounter(), RateLimitedCounter()
        self._changed = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Accept commands, and connect where the settings say so."""
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name="mqtt:orders")
        self._thread.start()
        self.refresh()

    def stop(self) -> None:
        """Accept no more commands, and end the link."""
        self._ending.set()
        self.refresh()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.mqtt.stop()

    def refresh(self) -> None:
        """Bring the link up to date with the settings and sources, soon, in its own thread. Does not wait."""
        self._changed.set()
        with suppress(queue.Full):  # then the thread has work, and looks anyhow
            self._work.put_nowait(None)

    def status_changed(self) -> None:
        """Publish, soon, how the sources are now; nothing where there is no broker to publish to."""
        if not self._is_off:
            self.refresh()

    def state(self) -> str:
        """Return how the link is: ``off``, ``connected`` or ``waiting``."""
        return "off" if self._settings.current.broker() is None else "connected" if self.mqtt.connected else "waiting"

    def problems(self) -> list[ClapTrapError]:
        """Return why there is no link, where one is wanted."""
        problem = self.mqtt.problem()
        return [problem] if problem is not None else []

    def _shown(self) -> Published:
        statuses, current = self._views.statuses(), self._settings.current
        sources = [
            PublishedSource(
                s.id, s.name, s.kind, s.enabled, s.threshold, status.state.value, status.code, status.state is State.LIVE,
                delay_s=s.delay_s, pattern=preset_of(s.patterns),
                triggers=tuple(one.id for one in (*s.sounds, *s.rhythms) if one.enabled),
                message=say(status.code, current.language, **status.params) if status.code else "",
            )
            for s in current.sources
            if (status := statuses.get(s.id)) is not None
        ]  # fmt: skip
        return Published(sources, self._views.page_url())

    def _enqueue(self, command: Command) -> None:
        try:
            self._work.put_nowait(command)
        except queue.Full:
            if n := self._dropped.add(time.monotonic()):
                _log.warning("%d commands over MQTT were dropped: too many at once", n)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                command = self._work.get(timeout=self._wait_s())
            except queue.Empty:
                self._show_again()
                continue
            try:
                self._process(command)
            except Exception:  # noqa: BLE001  # the supervisor contains it: one order must not be the last
                _log.exception("MQTT could not be attended to")

    def _process(self, command: Command | None) -> None:
        """Execute a command, if there is one, and publish what has changed."""
        if command is not None:
            self._execute(command)
        if self._changed.is_set():
            self._changed.clear()
            if (spec := self._settings.current.broker()) is not None:
                self.mqtt.show(self._shown())
            self.mqtt.retarget(spec)
            self._note_language(spec)
            if (spec is None) != self._is_off:
                self._is_off = spec is None
                self._on_change()

    def _note_language(self, spec: BrokerSpec | None) -> None:
        language = None if spec is None else spec.language
        self._is_renamed = self._is_renamed or (None not in (language, self._language) and language != self._language)
        self._language = language

    def _wait_s(self) -> float | None:
        """Return how long to wait for work before something is shown again; None for ever."""
        return None if self._is_off else RENAMED_S if self._is_renamed else LEVELS_EVERY_S

    def _show_again(self) -> None:
        """Show how loud the sources are; after a change of the language everything, as states are read by its words."""
        if self._is_renamed:
            self._is_renamed = False
            self.mqtt.show(self._shown(), again=True)
        levels = {s.id: self._views.level(s.id) for s in self._settings.current.sources}
        self.mqtt.show_levels({source_id: round(level.rms_dbfs) for source_id, level in levels.items() if level is not None})

    def _execute(self, command: Command) -> None:
        try:
            self._do(command)
        except ClapTrapError as error:
            if n := self._refused.add(time.monotonic()):
                _log.warning("%d commands over MQTT were refused, the last for %.80r: %s", n, command.source_id, error.code)
            self.mqtt.show(self._shown(), again=True)  # so that the sender sees that nothing has changed

    def _do(self, command: Command) -> None:
        """Do what a command asks for. Raises ClapTrapError: why not."""
        source_id, value = command.source_id, command.value
        match command.field:
            case "restart":
                self._actions.restart()
            case "armed":
                self._actions.arm(armed=bool(value), source=source_id)
            case "snooze":
                self._actions.arm(snooze_s=float(value), source=source_id)
            case "test":
                self._actions.test(source_id)
            case "mark":
                self._actions.mark(source_id, str(value))
            case "pattern":
                preset = PATTERN_PRESETS.get(str(value))
                if preset is None:
                    path = f"sources.{source_id}.patterns"
                    raise SettingsFaults([DocumentFault(path, "settings.not_one_of", {"bound": ", ".join(PATTERN_PRESETS)})])
                self._actions.change_source(source_id, {"patterns": [pattern.whole() for pattern in preset]})
            case "delay":
                self._actions.change_source(source_id, {"delay_s": value})
            case field:
                self._actions.change_source(source_id, {field: value})
