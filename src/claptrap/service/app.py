"""The one façade: builds the house, starts it, stops it in reverse. The page and the terminal talk only to this."""

from __future__ import annotations

import logging
import math
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from claptrap.core.build import program, version_and_commit
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import ClapTrapError, InputError, SettingsError
from claptrap.core.events import (
    Attempt,
    BrokerLink,
    ClipKept,
    DetectionRunning,
    Event,
    ModelProgress,
    Problem,
    ProblemsChanged,
    SettingsChanged,
    SourceStatus,
    State,
    Status,
)
from claptrap.core.spec import BrokerSpec, BrowserInput, Language, SourceSpec
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.classifier import ClapClassifier
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.yamnet import YamNet, load_yamnet
from claptrap.history.clips import Clips
from claptrap.history.journal import REMEMBERED, Journal
from claptrap.history.query import DetectionFilter, StoredDetection
from claptrap.history.retention import RetentionThread
from claptrap.models.catalogue import YAMNET, models_folder
from claptrap.models.model_store import find
from claptrap.runtime.counts import Counts
from claptrap.runtime.hub import Hub
from claptrap.runtime.model_fetcher import ModelFetcher
from claptrap.runtime.worker import Worker, WorkerDeps
from claptrap.service.access import Access
from claptrap.service.backups import BackupService
from claptrap.service.broker import BrokerService
from claptrap.service.imports import ImportService
from claptrap.service.messages import heard, told, with_messages
from claptrap.service.notifications import NotificationService, check_addresses
from claptrap.service.probes import ProbeExecutor
from claptrap.service.receivers import ReceiverViews
from claptrap.service.streams import MediaMtxStreams
from claptrap.service.support import SupportBundles
from claptrap.service.undo import UndoHistory
from claptrap.settings.backups import Why
from claptrap.settings.environment import Override
from claptrap.settings.merge import camera, merged, new_source_id
from claptrap.settings.revision import Revisions, without_revision
from claptrap.settings.schema import Settings, target_id
from claptrap.settings.store import Store
from claptrap.settings.validation import DocumentFault, SettingsFaults, check
from claptrap.sources.base import Source
from claptrap.sources.browser import Feed
from claptrap.sources.microphone import Device
from claptrap.sources.registry import Sources
from claptrap.sources.vban_port import PortCounts, SeenStream, StreamCounts

STOP_DELIVERIES_S = 1.5
_log = logging.getLogger(__name__)


class Application:
    """The whole service of one data folder.

    Args:
        data_dir: where settings are kept.
        clock: the machine's.
        build_source: makes the source of a spec; by default the machine's own ``Sources`` do.
        yamnet_url: from where to fetch YAMNet's file when it is not there; None to do without.
        dev: whether the page offers the built-in tests.
        environment: what it decides, for people to see.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        clock: Clock | None = None,
        build_source: Callable[[SourceSpec], Source] | None = None,
        yamnet_url: str | None = None,
        dev: bool = False,
        environment: Sequence[Override] = (),
    ) -> None:
        self.dev = dev
        self.hub = Hub()
        self._clock = clock or SystemClock()
        self._sources = Sources()
        self._build_source = build_source or self._sources.build
        self.access = Access(data_dir, self._clock)
        self._store = Store(data_dir)
        self._settings = Settings()
        self._revisions = Revisions()
        self._serial = 0
        self._environment = tuple(environment)
        self.backups = BackupService(self._store, self.settings, self._put_in_force)
        self.imports = ImportService(self.settings, self._put_in_force)
        self.undoing = UndoHistory(self._clock, self.unchanged, self.settings, self.revision, self._put_in_force)
        self._problems: list[ClapTrapError] = []
        self._folder_problem: ClapTrapError | None = None
        self._told_problems: tuple[Problem, ...] = ()
        self._told_link = "off"
        self._problems_lock = threading.Lock()
        self._yamnet: YamNet | None = None
        self._yamnet_url = yamnet_url
        self._fetcher: ModelFetcher | None = None
        self._worker: Worker | None = None
        self._watched: frozenset[str] = frozenset()
        self._is_watched = False
        self.journal = Journal(data_dir / "history.sqlite", self._clock)
        self.clips = Clips(data_dir / "clips", self._clock, self._clip_tried)
        self._retention: RetentionThread | None = None
        self.broker = BrokerService(self.settings, self._statuses, self.change_source, self._broker_changed)
        self._dispatcher = Dispatcher(self.journal, self, self._clock, broker=self.broker.mqtt)
        self.telling = ReceiverViews(self._dispatcher, self.journal)
        self.notifying = NotificationService(self._dispatcher, self.settings, self.unchanged, self._put_in_force)
        self._asking = ProbeExecutor()
        self.streaming = MediaMtxStreams(self.settings)
        self.care = SupportBundles(data_dir, self._asking, self.settings, self.sources)
        self._lock = threading.RLock()
        self._model: ModelProgress | None = None
        self._counts = Counts()

    # -- life -----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the data folder, load settings and models, and begin to hear.

        What goes wrong and can be lived with is kept in ``problems``: the page opens all the same.

        Raises:
            SettingsError: ``settings.locked``, when another process serves this folder; ``settings.newer``, when a newer
                ClapTrap wrote its settings: they would be lost.
        """
        self._open_store()
        if self._folder_problem is not None:
            _log.warning("%s", self._folder_problem)
        loaded = self._store.load()
        self._settings = loaded.settings
        self._problems += loaded.problems
        self._open_journal()
        self._find_yamnet()
        for problem in self._problems:
            _log.warning("%s", problem)
        if not self._store.is_unread:  # else nobody knows who is told, and what waits must not be given up for that
            self._dispatcher.apply(self._settings.receivers())
        self.broker.start()  # from now on orders may come, and change who is told
        self.start_detection()
        if self._fetcher is not None:
            self._fetcher.start()

    def hurry(self) -> None:
        """Cut short what a face waits for: the end is near."""
        self._asking.give_up()

    def stop(self) -> None:
        """End everything in reverse order. Changes no setting."""
        if self._fetcher is not None:
            self._fetcher.stop()
            self._fetcher = None
        self.stop_detection()
        self._sources.stop()
        self._dispatcher.stop(STOP_DELIVERIES_S)
        self.broker.stop()
        if self._retention is not None:
            self._retention.stop()
            self._retention = None
            self.clips.stop()
            self.journal.close()
        self._store.close()

    def start_detection(self) -> None:
        """Hear all enabled sources. Harmless when they are being heard."""
        with self._lock:
            if self._worker is None:
                self._worker = Worker(
                    WorkerDeps(self._build_source, OnsetDetector, self._make_judge, self.clips), self, self, self._clock
                )
                self._worker.start()
                self._worker.show(self._watched)  # after the worker is there for ``watch`` and ``attend`` to see
                self._worker.attend(is_watched=self._is_watched)
                self._apply()
                self.hub.publish(DetectionRunning(running=True))

    def stop_detection(self) -> None:
        """Hear nothing until ``start_detection``. Changes no setting."""
        with self._lock:
            if self._worker is not None:
                self._worker.stop()
                self._worker = None
                self.hub.publish(DetectionRunning(running=False))

    @property
    def running(self) -> bool:
        """Whether sources are being heard."""
        return self._worker is not None

    # -- what people ask ------------------------------------------------------------------------------------------------

    @property
    def language(self) -> Language:
        """The language chosen in the settings."""
        return self._settings.language

    def settings(self) -> Settings:
        """Return the settings in force."""
        return self._settings

    def change(self, patch: Mapping[str, Any]) -> Settings:
        """Merge ``patch`` into the settings, check the whole, save it and put it in force; return the new settings.

        Raises:
            InputError: ``settings.stale``, if it has a ``revision`` that they are not in any more.
            SettingsFaults: with every fault; nothing has changed then.
            SettingsError: ``settings.unwritable``; nothing has changed then.
        """
        seen = {str(patch["revision"])} if "revision" in patch else None
        with self.unchanged(seen):
            self._put_in_force(merged(self._settings, without_revision(patch)))
            return self._settings

    def shown(self) -> dict[str, Any]:
        """Return the settings as JSON data, secrets masked, with their ``revision`` and ``serial``: the higher the newer."""
        with self._lock:
            return {**self._settings.model_dump(mode="json"), "revision": self.revision(), "serial": self._serial}

    def revision(self, source_id: str = "") -> str:
        """Return which state the settings are in, or those of one source.

        Raises:
            InputError: ``api.unknown_source``.
        """
        with self._lock:
            if not source_id:
                return self._revisions.of(self._settings.whole())
            self.source(source_id)
            return next(self._revisions.of(source.whole()) for source in self._settings.sources if source.id == source_id)

    @contextmanager
    def unchanged(self, revisions: Collection[str] | None, source_id: str = "") -> Iterator[None]:
        """Keep others from changing the settings inside the block, for somebody who has seen them as they were.

        Args:
            revisions: any of which they must be in; None if that does not matter.
            source_id: whose settings; empty for all.

        Raises:
            InputError: ``settings.stale``: somebody else has changed them; or ``api.unknown_source``.
        """
        with self._lock:
            if revisions is not None and self.revision(source_id) not in revisions:
                raise InputError("settings.stale")
            yield

    def sources(self) -> list[dict[str, Any]]:
        """Return every source as JSON data: its settings, and how it is: ``status``, ``counts``, ``level``."""
        with self._lock:
            statuses, sources = self._statuses(), self._settings.sources
        return [{**s.model_dump(mode="json"), **self._how_it_is(statuses[s.id])} for s in sources]

    def source(self, source_id: str) -> dict[str, Any]:
        """Return one of ``sources``.

        Raises:
            InputError: ``api.unknown_source``.
        """
        found = next((source for source in self.sources() if source["id"] == source_id), None)
        if found is None:
            raise InputError("api.unknown_source", source=source_id)
        return found

    def add_source(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Add a source, under an id made for it where it has none; return it. The others do not notice.

        Raises:
            SettingsFaults, SettingsError: as ``change``.
        """
        with self._lock:
            source_id = new_source_id(self._settings, given)
            self._put_in_force(merged(self._settings, {"sources": [{**given, "id": source_id}]}))
            return self.source(source_id)

    def change_source(self, source_id: str, patch: Mapping[str, Any]) -> dict[str, Any]:
        """Merge ``patch`` into one source and return it. Only another input, or switching it off, interrupts its sound.

        Raises:
            InputError: ``api.unknown_source``.
            SettingsFaults, SettingsError: as ``change``.
        """
        with self._lock:
            self.source(source_id)
            if patch.get("id", source_id) != source_id:
                raise SettingsFaults([DocumentFault(f"sources.{source_id}.id", "settings.fixed_id")])
            self._put_in_force(merged(self._settings, {"sources": [{**patch, "id": source_id}]}))
            return self.source(source_id)

    def remove_source(self, source_id: str) -> dict[str, Any]:
        """Remove a source, be it the last; return it as it was.

        Raises:
            InputError: ``api.unknown_source``.
            SettingsError: as ``change``.
        """
        with self._lock:
            removed = self.source(source_id)
            document = self._settings.whole()
            document["sources"] = [source for source in document["sources"] if source["id"] != source_id]
            self._put_in_force(document)
            return removed

    def model(self) -> dict[str, Any] | None:
        """Return how YAMNet's file comes, as JSON data in words; None where it does not."""
        return with_messages(asdict(self._model)) if self._model else None

    def fetch_model(self, *, is_wanted: bool) -> None:
        """Go on with YAMNet's file, at once; or get no more of it until asked to, or until the next start."""
        if (fetcher := self._fetcher) is not None:
            fetcher.resume() if is_wanted else fetcher.pause()

    def watch(self, source_ids: Iterable[str]) -> None:
        """Tell the hub what the sound of these sources, and of no others, looks like (``Picture``). Blocks for nobody."""
        self._watched = frozenset(source_ids)
        if (worker := self._worker) is not None:
            worker.show(self._watched)

    def attend(self, *, is_watched: bool) -> None:
        """Say whether a page is open; else sounds are not labelled (``Heard``) and levels are rare, as both cost."""
        self._is_watched = is_watched
        if (worker := self._worker) is not None:
            worker.attend(is_watched=is_watched)

    def devices(self) -> Sequence[Device]:
        """Return the microphones of this machine.

        Raises:
            SourceError: ``source.no_portaudio``, ``source.device_failed``, ``source.system_hangs``.
            ServiceError: ``service.ending``.
        """
        return self._asking.devices()

    def probe_microphone(self, device: object) -> dict[str, Any]:
        """Return how loud it is at a microphone (``sources.microphone.Measured``), as JSON data; nothing is kept.

        Args:
            device: its id or name; empty for the system's default.

        Raises:
            InputError: ``api.bad_parameter``.
            ServiceError, SourceError: as ``ProbeExecutor.microphone``.
        """
        if not isinstance(device, str):
            raise InputError("api.bad_parameter", name="device")
        return self._asking.microphone(device)

    def vban_streams(self, port: int = 6980) -> Sequence[SeenStream]:
        """Return the VBAN streams that arrive on all open ports, and listen on ``port`` for a minute to see more.

        Raises:
            SourceError: ``vban.port_taken``, ``vban.port_forbidden``, ``vban.port_failed``.
        """
        self._sources.vban.listen_for(port)
        return self._sources.vban.discovered()

    def vban_counts(self) -> tuple[Sequence[StreamCounts], Sequence[PortCounts]]:
        """Return what happened to each VBAN stream that is heard, and on each port."""
        return self._sources.vban.stream_counts(), self._sources.vban.port_counts()

    def heard(self, kept: StoredDetection) -> dict[str, Any]:
        """Return a detection as JSON data."""
        return heard(kept, has_clip=self.clips.has(kept.event.id))

    def forget(self, before: float = math.inf) -> tuple[int, int]:
        """Delete detections before a time (UTC Unix seconds) with their clips; return how many of each.

        Raises:
            ServiceError: ``clips.unwritable``, or what keeps the journal from being written; asking again is harmless.
        """
        clips = self.clips.delete_before(before)
        return self.journal.delete(before), clips

    def replay_delivery(self, delivery_id: str) -> str:
        """Send a delivery again under its key; return its event id. The outcome comes as ``Attempt`` news.

        Raises:
            InputError: ``api.unknown_delivery``, or ``api.no_receiver`` where its webhook is gone.
        """
        delivery = self.journal.delivery(delivery_id)
        if delivery is None:
            raise InputError("api.unknown_delivery", id=delivery_id)
        try:
            self._dispatcher.replay(delivery)
        except KeyError as error:
            raise InputError("api.no_receiver") from error
        return delivery.event_id

    def replay_event(self, event_id: str) -> int:
        """Tell all who want it now of a detection, again where they know it; return how many they are.

        Raises:
            InputError: ``api.unknown_event`` or ``api.no_receiver``.
        """
        event = self.journal.event(event_id)
        if event is None:
            raise InputError("api.unknown_event", id=event_id)
        n = self._dispatcher.replay_event(event)
        if n == 0:
            raise InputError("api.no_receiver")
        return n

    def probe_camera(self, given: Mapping[str, Any], source_id: str = "") -> dict[str, Any]:
        """Say what a camera gives, as JSON data: codec, rate, channels, level, tracks, and ``code`` where it is silent.

        It takes ``PROBE_S`` + 1 s at most, after ``hurry`` only until the camera is next looked at, and keeps nothing.

        Args:
            given: the ``input`` of an RTSP source, as in the settings.
            source_id: the source that it would change, whose secrets stand behind the masks in it; empty for a new one.

        Raises:
            SettingsFaults: ``given`` is not valid.
            ServiceError: ``api.too_many_probes``, ``service.ending``.
            SourceError: why nothing can be heard: ``rtsp.…``, ``source.no_av``.
        """
        return self._asking.camera(camera(self._settings, given, source_id))

    def deliveries(self) -> Mapping[str, int]:
        """Return the number of attempts to tell a receiver, by outcome (``runtime.counts.OUTCOMES``)."""
        return self._counts.deliveries()

    def claim_browser(self, name: str, source_id: str = "") -> str:
        """Return the id of the source that a browser shall speak for: ``source_id`` if it is one, else a new one.

        It is kept in the settings under ``name`` either way.

        Raises:
            SettingsFaults: the name is not valid, or there are too many sources.
            SettingsError: ``settings.unwritable``.
        """
        with self._lock:
            if any(s.id == source_id and s.to_input().SENT_BY_PAGE for s in self._settings.sources):
                self.change_source(source_id, {"name": name})
                return source_id
            made = f"{BrowserInput.KIND}-{secrets.token_hex(4)}"
            self.add_source({"id": made, "kind": BrowserInput.KIND, "name": name})
            return made

    def open_browser(self, source_id: str, page: str) -> Feed:
        """Let ``page`` speak for a browser's source, instead of whoever did before; its sound goes into the feed.

        Args:
            source_id: one that ``claim_browser`` gave.
            page: names one uninterrupted use of a microphone: who comes back with the same goes on where it was.

        Raises:
            InputError: ``api.unknown_source`` or ``api.not_a_browser``.
        """
        source = next((s for s in self._settings.sources if s.id == source_id), None)
        if source is None:
            raise InputError("api.unknown_source", source=source_id)
        if not source.to_input().SENT_BY_PAGE:
            raise InputError("api.not_a_browser", source=source.name)
        return self._sources.browsers.connect(source_id, page)

    def test_webhook(self, source_id: str, webhook_id: str | None = None) -> str:
        """Send a test through the very path of a real clap; return its event id. The outcome comes as ``Attempt`` news.

        Args:
            source_id: whose.
            webhook_id: which of its webhooks; the first that is in use unless said.

        Raises:
            InputError: ``api.unknown_source`` or ``api.no_webhook``.
        """
        source = next((s for s in self._settings.sources if s.id == source_id), None)
        if source is None:
            raise InputError("api.unknown_source", source=source_id)
        mine = [t.id for t in self._settings.targets() if t.source_id == source_id]
        target = next((t for t in mine if webhook_id is None or t == target_id(source_id, webhook_id)), None)
        if target is None:
            raise InputError("api.no_webhook")
        return self._dispatcher.test(target, source_kind=source.kind, source_name=source.name)

    def remove_webhook(self, source_id: str, webhook_id: str) -> None:
        """Remove a webhook of a source; what waits for it is given up.

        Raises:
            InputError: ``api.unknown_source`` or ``api.unknown_webhook``.
            SettingsError: as ``change``.
        """
        with self._lock:
            self.source(source_id)
            document = self._settings.whole()
            source = next(source for source in document["sources"] if source["id"] == source_id)
            kept = [webhook for webhook in source["webhooks"] if webhook["id"] != webhook_id]
            if len(kept) == len(source["webhooks"]):
                raise InputError("api.unknown_webhook", source=source_id, webhook=webhook_id)
            source["webhooks"] = kept
            self._put_in_force(document)

    def health(self) -> list[dict[str, Any]]:
        """Return what is wrong with the service itself, in words; empty when it is well."""
        worker = self._worker
        stalled = worker.stalled() if worker else []
        return [with_messages({"code": "service.stalled", "params": {"thread": name}}) for name in stalled]

    def snapshot(self) -> dict[str, Any]:
        """Return everything that a page needs when it opens, as JSON data."""
        return {
            "version": version_and_commit(),
            "program": program(),
            "dev": self.dev,
            "running": self.running,
            "language": self.language,
            "labels": self._yamnet is not None,
            "model": self.model(),
            "problems": [with_messages(asdict(problem)) for problem in self._found_problems()],
            "settings": self.shown(),
            "mqtt": self.broker.state(),
            "environment": [asdict(one) for one in self._environment],
            "statuses": {source: with_messages(asdict(status)) for source, status in self._statuses().items()},
            "events": [self.heard(kept) for kept in self.journal.events(DetectionFilter(), REMEMBERED).rows],
            "attempts": [told(attempt) for attempt in self.journal.attempts(REMEMBERED)],
        }

    # -- the sinks of worker and dispatcher -----------------------------------------------------------------------------

    def take(self, event: Event) -> None:
        """Write an event down and tell everybody; one that is known changes nothing."""
        is_new = self._dispatcher.dispatch(event)
        self._tell_problems()
        if not is_new:
            return
        _log.info(
            "%s: clap, score %.2f, heard in %.0f ms", event.source_id, event.score, 1e3 * (event.decided_s - event.onset_s)
        )
        self._counts.add(event)
        self.hub.publish(event)

    def offer(self, status: Status) -> None:
        """Pass a status on to those who watch."""
        if isinstance(status, ModelProgress):
            self._model = status
        self._counts.add(status)
        self.hub.offer(status)
        if isinstance(status, SourceStatus):
            self.broker.follow()
        if isinstance(status, Attempt):  # which has just been written down, or not
            self._tell_problems()

    # -- inside ---------------------------------------------------------------------------------------------------------

    def _open_store(self) -> None:
        try:
            self._store.open()
        except SettingsError as error:
            if error.code == "settings.locked":
                raise
            self._folder_problem = error

    def _open_store_again(self) -> None:
        """Take the folder that could not be written at the start, if it can be by now."""
        with self._lock:  # else what is just being saved could be taken for what a crash left
            try:
                self._store.open()
            except SettingsError as error:
                self._folder_problem = error
            else:
                self._folder_problem = None
                _log.info("settings: %s can be written again", self._store.path)

    def _open_journal(self) -> None:
        self.journal.open()
        self._keep(self._settings)
        self.clips.start()
        self._told_problems = self._found_problems()
        self._retention = RetentionThread(self._maintain)
        self._retention.start()

    def _maintain(self) -> None:
        """Look after the folder, the journal and the clips, now and then."""
        if self._folder_problem is not None:
            self._open_store_again()
        self.journal.maintain()
        self.clips.maintain()
        self._tell_problems()

    def _keep(self, settings: Settings) -> None:
        """Bound what is kept; no clip outlives its detection."""
        self.journal.set_retention(settings.history.keep_days)
        self.clips.set_limits(min(settings.clips.keep_days, settings.history.keep_days), settings.clips.keep_mb)

    def _clip_tried(self, event_id: str | None) -> None:
        if event_id is not None:
            self.hub.publish(ClipKept(event_id))
        self._tell_problems()

    def _found_problems(self) -> tuple[Problem, ...]:
        return tuple(
            Problem(p.code, dict(p.params))
            for p in (
                *(problem for problem in (self._folder_problem,) if problem is not None),
                *self._problems,
                *self.journal.problems(),
                *self.clips.problems(),
                *self.broker.problems(),
                *self._dispatcher.problems(),
                *self._sources.vban.problems(),
            )
        )

    def _broker_changed(self) -> None:
        with self._problems_lock:
            link = self.broker.state()
            is_new = link != self._told_link
            if is_new:
                self._told_link = link
                self.hub.publish(BrokerLink(link))
        if is_new and link == "connected":
            self._dispatcher.retry_now(BrokerSpec.ID)
        self._tell_problems()

    def _tell_problems(self) -> None:
        """Tell pages that are open what has come to be wrong, or is well again."""
        with self._problems_lock:
            found = self._found_problems()
            if found != self._told_problems:
                self._told_problems = found
                self.hub.publish(ProblemsChanged(found))

    def _find_yamnet(self) -> None:
        """Load YAMNet where its file is there; prepare to fetch it where it is not, or is another."""
        folder = models_folder()
        try:
            path = find(YAMNET, folder)
            self._yamnet = load_yamnet(path) if path is not None else None
        except ClapTrapError as error:
            path = None
            self._problems.append(error)
            if error.code not in ("model.wrong", "model.wrong_size"):  # fetching it anew would not help
                return
        if path is None and self._yamnet_url is not None:
            self._fetcher = ModelFetcher(YAMNET, self._yamnet_url, folder, self._yamnet_has_come, self)

    def _yamnet_has_come(self, path: Path) -> None:
        """Load YAMNet in the fetcher's thread, and hand it to the judge, whose it is from then on."""
        try:
            yamnet = load_yamnet(path)
        except ClapTrapError as error:
            _log.warning("%s", error)
            self.offer(ModelProgress(YAMNET.name, YAMNET.size, YAMNET.size, error.code, error.params))
            return
        with self._lock:
            self._yamnet = yamnet
            if self._worker is not None:
                self._worker.give_yamnet(yamnet)
        self._problems = [problem for problem in self._problems if not problem.code.startswith("model.")]
        self._tell_problems()
        self.offer(ModelProgress(YAMNET.name, YAMNET.size, YAMNET.size, in_use=True))
        _log.info("%s has come: claps are confirmed and sounds are named from now on", YAMNET.title)

    def _make_judge(self, rows: int) -> ClapClassifier:
        return ClapClassifier(rows, load_clapnet(), load_confirmer(), self._yamnet)

    def _put_in_force(self, document: object, why: Why = "change") -> None:
        """Check a whole settings document, save it, and follow it; nothing has changed where that fails."""
        with self._lock:
            wanted = check(document)
            check_addresses(wanted, self._settings)
            self._follow(wanted, why)

    def _follow(self, changed: Settings, why: Why) -> None:
        if changed == self._settings:
            return
        self._store.save(changed, why)
        before, self._settings = self._settings, changed
        self._serial += 1
        self.undoing.note(before, changed, why)
        self._keep(changed)
        self.broker.follow()
        self._dispatcher.apply(changed.receivers())
        self._apply()
        self._counts.keep({source.id for source in changed.sources})
        self.hub.publish(SettingsChanged(self.shown()))

    def _apply(self) -> None:
        if self._worker is not None:
            self._worker.apply(self._settings.specs(), self._serial)

    def _statuses(self) -> dict[str, SourceStatus]:
        idle = {source.id: SourceStatus(source.id, State.IDLE) for source in self._settings.sources}
        worker = self._worker  # which may be gone a moment later: the broker's room asks without the lock
        return idle | (worker.statuses() if worker is not None else {})

    def _how_it_is(self, status: SourceStatus) -> dict[str, Any]:
        counts = asdict(self._counts.source(status.source_id))
        level = counts.pop("level")
        is_heard = status.state is State.LIVE  # else the newest level is an old one
        return {"status": with_messages(asdict(status)), "counts": counts, "level": level if is_heard else None}
