"""Sources seen over MQTT, and commands from there that change their settings."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from claptrap.core.errors import ClapTrapError
from claptrap.core.events import SourceStatus, State
from claptrap.core.rate_limit import RateLimitedCounter
from claptrap.delivery.discovery import PublishedSource
from claptrap.delivery.mqtt import MqttLink
from claptrap.delivery.mqtt_orders import Command, MarkOrder
from claptrap.history.query import Mark
from claptrap.service.settings_owner import SettingsOwner

MAX_COMMANDS = 100  # that may wait; more are dropped and logged
_log = logging.getLogger(__name__)


class BrokerService:
    """Keeps the link to the broker in step with the settings.

    Args:
        settings: the owner of what is in force.
        statuses: gives how every source is.
        change_source: changes the settings of one source, as the page does.
        mark: marks a detection of a source, as ``Marks.mark_of``.
        on_change: called when ``problems`` or ``state`` has changed.
    """

    def __init__(
        self,
        settings: SettingsOwner,
        statuses: Callable[[], Mapping[str, SourceStatus]],
        change_source: Callable[[str, Mapping[str, Any]], object],
        mark: Callable[[str, str, Mark | None], object],
        on_change: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._statuses = statuses
        self._change_source = change_source
        self._mark = mark
        self._on_change = on_change
        self._is_off = True
        self.mqtt = MqttLink(self._enqueue, on_change)
        self._work: queue.Queue[Command | MarkOrder | None] = queue.Queue(MAX_COMMANDS)
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

    def _shown(self) -> list[PublishedSource]:
        statuses = self._statuses()
        return [
            PublishedSource(
                s.id, s.name, s.kind, s.enabled, s.threshold,
                statuses[s.id].state.value, statuses[s.id].code, statuses[s.id].state is State.LIVE,
            )
            for s in self._settings.current.sources
            if s.id in statuses
        ]  # fmt: skip

    def _enqueue(self, command: Command | MarkOrder) -> None:
        try:
            self._work.put_nowait(command)
        except queue.Full:
            if n := self._dropped.add(time.monotonic()):
                _log.warning("%d commands over MQTT were dropped: too many at once", n)

    def _run(self) -> None:
        while not self._ending.is_set():
            command = self._work.get()
            try:
                self._process(command)
            except Exception:  # noqa: BLE001  # the supervisor contains it: one order must not be the last
                _log.exception("MQTT could not be attended to")

    def _process(self, command: Command | MarkOrder | None) -> None:
        """Execute a command, if there is one, and publish what has changed."""
        if command is not None:
            self._execute(command)
        if self._changed.is_set():
            self._changed.clear()
            self.mqtt.show(self._shown())
            spec = self._settings.current.broker()
            self.mqtt.retarget(spec)
            if (spec is None) != self._is_off:
                self._is_off = spec is None
                self._on_change()

    def _execute(self, command: Command | MarkOrder) -> None:
        try:
            if isinstance(command, MarkOrder):
                self._mark(command.source_id, command.event_id, command.mark)
            else:
                self._change_source(command.source_id, {command.field: command.value})
        except ClapTrapError as error:
            if n := self._refused.add(time.monotonic()):
                _log.warning("%d commands over MQTT were refused, the last for %.80r: %s", n, command.source_id, error.code)
            self.mqtt.show(self._shown(), again=True)  # so that the sender sees that nothing has changed
