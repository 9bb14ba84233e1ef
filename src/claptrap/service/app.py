"""The whole application of one data folder: its parts are built here, started in order, and stopped in reverse."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from claptrap.core.build import version_and_commit
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.events import BrokerLink, ClipKept, SettingsChanged, Status
from claptrap.core.program import program
from claptrap.core.spec import Language, SourceSpec
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.delivery.notify import NotificationSender
from claptrap.delivery.registry import SENDERS
from claptrap.history.clips import Clips
from claptrap.history.journal import REMEMBERED, Journal
from claptrap.history.query import DetectionFilter
from claptrap.history.retention import RetentionThread
from claptrap.mediamtx.config import NAME as CONFIG_NAME
from claptrap.mediamtx.config import ApiAddress
from claptrap.receivers import BrokerSpec, NotifySpec
from claptrap.runtime.counts import Counts
from claptrap.runtime.hub import Hub
from claptrap.service.access import Access
from claptrap.service.arming import ArmingService
from claptrap.service.availability import Availability
from claptrap.service.backups import BackupService
from claptrap.service.broker import BrokerActions, BrokerService, SourceViews
from claptrap.service.cluster import Cluster, ClusterSinks
from claptrap.service.detection import DetectionService
from claptrap.service.events import EventRecorder, StatusRelay
from claptrap.service.history import HistoryService
from claptrap.service.imports import ImportService
from claptrap.service.known_sounds import check_sounds
from claptrap.service.learning import LearningService
from claptrap.service.mark_links import MarkLinks
from claptrap.service.marks import DetectionMarks
from claptrap.service.merging import DetectionMerger
from claptrap.service.messages import attempt_json, with_messages
from claptrap.service.models import YamnetModel
from claptrap.service.notifications import NotificationService
from claptrap.service.notify_addresses import check_addresses
from claptrap.service.own_address import OwnAddress
from claptrap.service.probes import ProbeExecutor
from claptrap.service.problems import ProblemList
from claptrap.service.proofs import ProofService
from claptrap.service.receivers import ReceiverViews
from claptrap.service.recent import LastMinute
from claptrap.service.reports import ReportService
from claptrap.service.rhythm_lessons import RhythmLessons
from claptrap.service.satellites import SatelliteService
from claptrap.service.settings_owner import SettingsOwner, SettingsState
from claptrap.service.sound_lessons import SoundLessons
from claptrap.service.sources import SourceService
from claptrap.service.streams import MediaMtxStreams
from claptrap.service.supervision import Supervision
from claptrap.service.support import SupportBundles
from claptrap.service.undo import UndoHistory
from claptrap.service.what_if import WhatIf
from claptrap.settings.backups import Why
from claptrap.settings.environment import Override
from claptrap.settings.store import Store
from claptrap.sources.base import Source
from claptrap.sources.registry import Sources

STOP_DELIVERIES_S = 1.5


class Application:
    """The whole service of one data folder.

    Args:
        data_dir: where settings are kept.
        clock: the machine's.
        build_source: makes the source of a spec; by default the machine's own ``Sources`` do.
        yamnet_url: from where to fetch YAMNet's file when it is not there; None to do without.
        dev: whether the page offers the built-in tests.
        environment: what it decides, for people to see.
        mediamtx_api: which MediaMTX is asked for its streams; None for the one beside this ClapTrap.
        cluster: the nodes that hear what this process does not; None for none.
        wyoming: address to serve voice satellites on, instead of the one in the settings; None for that one.
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
        mediamtx_api: ApiAddress | None = None,
        cluster: Cluster | None = None,
        wyoming: str | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self.dev = dev
        self._clock = clock
        self._environment = tuple(environment)
        self._is_open = False
        self.hub = Hub()
        self.counts = Counts()
        self.problems = ProblemList(self.hub)
        self.access = Access(data_dir, clock)
        self.own_address = OwnAddress()
        self.settings = SettingsOwner(Store(data_dir), (check_addresses, check_sounds, self.own_address.check))
        self.undo, self.sound_lessons = UndoHistory(self.settings, clock), SoundLessons(self.settings, clock)
        self.arming = ArmingService(self.settings, clock)

        self.cluster = cluster
        self.inputs = Sources()
        self.journal = Journal(data_dir / "history.sqlite", clock)
        self.clips = Clips(data_dir / "clips", clock, self._clip_tried)
        self.learning = LearningService(data_dir, self.settings, self.hub, clock)
        self.what_if, self.rhythm_lessons = WhatIf(self.learning), RhythmLessons(self.settings, self.learning, clock)
        self.backups = BackupService(self.settings, self.learning)
        self.imports = ImportService(self.settings, self.learning)
        self.detection = DetectionService(
            build_source or self.inputs.build,
            self.clips,
            self.learning,
            self.settings,
            clock,
            cluster,
            self.sound_lessons.is_active,
        )
        self.sources = SourceService(self.settings, self.detection.statuses, self.counts, self.inputs.feeds)
        self.satellites = SatelliteService(
            self.settings, self.sources.add, self.sources.change, self.inputs.feeds, self.problems.publish, wyoming
        )
        self.marks = DetectionMarks(self.journal, self.learning)
        self.broker = BrokerService(
            self.settings,
            SourceViews(
                self.detection.statuses,
                lambda source_id: self.counts.source(source_id).level,
                self.own_address.page_url,
            ),
            BrokerActions(
                self.sources.change,
                self._test_source,
                self.marks.mark_as_ordered,
                self.restart_detection,
                self.arming.change,
            ),
            self._broker_changed,
        )
        self.mark_links = MarkLinks(data_dir, self.settings, self.journal, self.marks, clock)
        self._link, self._link_lock = "off", threading.Lock()
        self._last_minute = LastMinute(clock)
        self._availability = Availability(data_dir / "availability.json", clock)
        self._supervision = Supervision(self.problems, self.settings, clock, self.detection.stalled)
        observers: list[Callable[[Status], None]] = [self._last_minute.add, self._availability.add, self._supervision.add]
        self.status = StatusRelay(self.counts, self.hub, self.problems, self.broker.status_changed, observers)
        self._dispatcher = Dispatcher(
            self.journal,
            self.status,
            clock,
            senders={
                **SENDERS,
                BrokerSpec.KIND: lambda: self.broker.mqtt,
                NotifySpec.KIND: lambda: NotificationSender(partial(self.mark_links.link, mark="not_clap")),
            },
        )
        self.proofs = ProofService(self.settings, self.detection, self.journal, clock)
        self.events = EventRecorder(
            *(self._dispatcher, self.counts, self.hub, self.problems, self.satellites.server.detected, self.arming.acts),
            self.proofs,
        )
        self.merger = DetectionMerger(self.events, clock)
        observers += [self.merger.observe, self.proofs.add, self.sound_lessons.observe]
        self.model = YamnetModel(yamnet_url, self.detection.use_yamnet, self.status)
        self._retention = RetentionThread(self.maintain)

        self.history = HistoryService(self.journal, self.clips, self._dispatcher)
        self.reports = ReportService(self.settings, self.history, self._availability, clock)
        self.receivers = ReceiverViews(self._dispatcher, self.journal, self.settings)
        self.notifications = NotificationService(self._dispatcher, self.settings)
        self.probes = ProbeExecutor(self.settings)
        self.streams = MediaMtxStreams(self.settings, data_dir / CONFIG_NAME, mediamtx_api)
        self.inputs.explain = self.streams.explain
        self.support = SupportBundles(data_dir, self.probes, self.settings, self.sources.all)

        self.settings.observe(self._apply)
        self.problems.add(
            *(self.settings.problems, self.model.problems, self.journal.problems, self.clips.problems),
            *(self.detection.problems, self.inputs.vban.problems, self.broker.problems, self._dispatcher.problems),
            *(self.satellites.server.problems, self._supervision.problems),
            *([cluster.problems] if cluster is not None else ()),
        )

    # -- life -----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Open the data folder, load settings and models, and begin to hear.

        What goes wrong and can be lived with is in ``problems``: the page opens all the same.

        Raises:
            SettingsError: as ``SettingsOwner.open``; nothing has been started then.
        """
        self.settings.open()
        self.journal.open()
        self.history.apply(self.settings.current)
        self.merger.apply(self.settings.current)
        self.clips.start()
        self._availability.open()
        self.learning.open(self.detection.apply_learning)
        self.sound_lessons.changed = self.detection.apply_learning
        self._is_open = True
        self.model.load()
        self.problems.publish()
        self._retention.start()
        if not self.settings.is_unread:  # else the receivers are not known, and what waits must not be given up for that
            self._dispatcher.apply(self.settings.current.receivers())
        self.broker.start()  # from now on commands may come, and change the settings
        self.merger.start()
        if self.cluster is not None:
            self.cluster.start(ClusterSinks(self.merger, self.status, self.clips, self.learning))
        self.start_detection()
        self.satellites.apply(self.settings.current)
        self.model.start()
        self._supervision.start(self._dispatcher)

    def cancel_probes(self) -> None:
        """Answer requests that wait for a camera or a microphone: the service is about to stop."""
        self.probes.cancel()

    def stop(self) -> None:
        """End everything in reverse order. Changes no setting."""
        self._supervision.stop()
        self.model.stop()
        if self.cluster is not None:
            self.cluster.stop()
        self.satellites.server.stop()
        self.stop_detection()
        self.inputs.stop()
        self.merger.stop()
        self._dispatcher.stop(STOP_DELIVERIES_S)
        self.broker.stop()
        if self._is_open:
            self._retention.stop()
            self._availability.save()
            self.clips.stop()
            self.journal.close()
        self.settings.close()

    def start_detection(self) -> None:
        """Hear all enabled sources. Harmless while they are heard."""
        self.detection.start(self.merger, self.status)

    def stop_detection(self) -> None:
        """Hear nothing until ``start_detection``. Changes no setting."""
        self.detection.stop(self.status)

    def restart_detection(self) -> None:
        """Open all sources and begin to hear them again. Harmless while nothing is heard. Changes no setting."""
        self.detection.restart(self.merger, self.status)

    def maintain(self) -> None:
        """Look after the folder, the journal and the clips, as is done every half-minute."""
        self.settings.reopen()
        self.journal.maintain()
        self.clips.maintain()
        self._availability.maintain()
        self.learning.maintain()
        self.problems.publish()
        self._supervision.maintain()

    # -- what people ask ------------------------------------------------------------------------------------------------

    @property
    def language(self) -> Language:
        """The language chosen in the settings."""
        return self.settings.current.language

    def snapshot(self) -> dict[str, Any]:
        """Return everything that a page needs when it opens, as JSON data."""
        settings = self.settings.state
        newest = [self.journal.newest(source.id) for source in settings.settings.sources]
        return {
            "now": self._clock.unix(),
            "version": version_and_commit(),
            "program": program(),
            "dev": self.dev,
            "running": self.detection.running,
            "language": self.language,
            "labels": self.detection.has_yamnet,
            "model": self.model.progress(),
            "problems": self.problems.in_words(),
            "settings": settings.shown(),
            "mqtt": self.broker.state(),
            "environment": [asdict(one) for one in self._environment],
            "statuses": {source: with_messages(asdict(status)) for source, status in self.detection.statuses().items()},
            "events": [self.history.detection(kept) for kept in self.journal.events(DetectionFilter(), REMEMBERED).rows],
            "attempts": [attempt_json(attempt) for attempt in self.journal.attempts(REMEMBERED)],
            "newest": [self.history.detection(kept) for kept in newest if kept is not None],
            "recent": self._last_minute.shown(),
            "days": self.reports.days(),
            "delays": self.merger.delays(),
        }

    def health(self) -> list[dict[str, Any]]:
        """Return all that is out of order, in words: what a restart may mend first, then what the page shows."""
        return [*self.stalled(), *self.problems.in_words()]

    def stalled(self) -> list[dict[str, Any]]:
        """Return which threads of hearing do not move, in words: only a restart may mend that."""
        return [with_messages({"code": "service.stalled", "params": {"thread": name}}) for name in self.detection.stalled()]

    # -- what happens ---------------------------------------------------------------------------------------------------

    def _apply(self, before: SettingsState, after: SettingsState, why: Why) -> None:
        """Make new settings act: everything that depends on them is in this list."""
        self.undo.record(before, after, why)
        self.learning.apply(before, after, why)
        self.history.apply(after.settings)
        self.broker.refresh()
        self._dispatcher.apply(after.settings.receivers())
        self.merger.apply(after.settings)
        self.detection.apply(after)
        self.satellites.apply(after.settings)
        self._supervision.apply(after.settings)
        for part in (self.counts, self._last_minute, self._availability):
            part.keep({source.id for source in after.settings.sources})
        self.hub.publish(SettingsChanged(after.shown()))

    def _clip_tried(self, event_id: str | None) -> None:
        if event_id is not None:
            self.hub.publish(ClipKept(event_id))
        self.problems.publish()

    def _test_source(self, source_id: str) -> None:
        self.receivers.test_source(source_id)

    def _broker_changed(self) -> None:
        with self._link_lock:
            link = self.broker.state()
            is_new, self._link = link != self._link, link
            if is_new:
                self.hub.publish(BrokerLink(link))
        if is_new and link == "connected":
            self._dispatcher.retry_now(BrokerSpec.ID)
        self.problems.publish()
