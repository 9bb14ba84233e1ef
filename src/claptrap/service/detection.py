"""Hearing switched on and off: the worker, what it hears with, and what it is asked to show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from claptrap.audio.clip import ClipSink
from claptrap.core.clock import Clock
from claptrap.core.errors import ClapTrapError, ServiceError
from claptrap.core.events import DetectionRunning, EventSink, SourceStatus, State, StatusSink
from claptrap.core.spec import SourceSpec
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.classifier import ClapClassifier
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.yamnet import YamNet
from claptrap.runtime.candidate_recorder import CandidateSink
from claptrap.runtime.overload import Shedding
from claptrap.runtime.proof import Proof
from claptrap.runtime.worker import Worker, WorkerDeps
from claptrap.service.cluster import Cluster
from claptrap.service.settings_owner import SettingsOwner, SettingsState
from claptrap.sources.base import Source


class Learnt(CandidateSink, Protocol):
    """What sources have learnt."""

    def taught(self, spec: SourceSpec) -> SourceSpec:
        """Return ``spec`` with the profile of its source."""


class DetectionService:
    """The worker while sources are heard; none while they are not. Thread-safe.

    Args:
        build_source: makes the source of a spec.
        clips: takes the sound around events.
        learning: knows what sources have learnt, and takes candidates to learn from.
        settings: which sources, and how.
        clock: the machine's.
        cluster: the nodes that hear what this process does not; None for none.
        is_taught: whether a person teaches a source a sound now.
    """

    def __init__(
        self,
        build_source: Callable[[SourceSpec], Source],
        clips: ClipSink,
        learning: Learnt,
        settings: SettingsOwner,
        clock: Clock,
        cluster: Cluster | None = None,
        is_taught: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._is_taught = is_taught
        self._build_source = build_source
        self._clips = clips
        self._learning = learning
        self._settings = settings
        self._clock = clock
        self._cluster = cluster
        self._worker: Worker | None = None
        self._yamnet: YamNet | None = None
        self._shown: frozenset[str] = frozenset()
        self._is_watched = False
        self._lock = threading.RLock()

    def start(self, events: EventSink, status: StatusSink) -> None:
        """Hear all enabled sources. Harmless while they are heard.

        Args:
            events: where detections go.
            status: where everything else goes that is worth seeing.
        """
        with self._lock:
            if self._worker is not None:
                return
            deps = WorkerDeps(self._build_source, OnsetDetector, self._classifier, self._clips, self._learning)
            self._worker = worker = Worker(deps, events, status, self._clock)
            worker.start()
            worker.show(self._shown)  # after the worker is there for others to see: what they ask for now is not lost
            worker.attend(is_watched=self._is_watched)
            self._apply_to(worker, self._settings.state)
        status.offer(DetectionRunning(running=True))

    def stop(self, status: StatusSink) -> None:
        """Hear nothing until ``start``. Changes no setting."""
        with self._lock:
            worker, self._worker = self._worker, None
            if worker is None:
                return
            worker.stop()
            if self._cluster is not None:
                self._cluster.apply(())
        status.offer(DetectionRunning(running=False))

    def restart(self, events: EventSink, status: StatusSink) -> None:
        """Open all sources and begin to hear them again, as ``start``. Harmless while nothing is heard."""
        with self._lock:
            if self.running:
                self.stop(status)
                self.start(events, status)

    @property
    def running(self) -> bool:
        """Whether sources are being heard."""
        return self._worker is not None

    def apply(self, state: SettingsState) -> None:
        """Hear the sources of ``state``, unless newer settings are in force already."""
        with self._lock:
            if self._worker is not None:
                self._apply_to(self._worker, state)

    def apply_learning(self) -> None:
        """Hear with what the sources have learnt by now."""
        self.apply(self._settings.state)

    def statuses(self) -> dict[str, SourceStatus]:
        """Return how every source is, by id: idle, if it is not heard."""
        worker = self._worker  # which may be gone a moment later
        heard = worker.statuses() if worker is not None else {}
        if worker is not None and self._cluster is not None:
            heard = {**heard, **self._cluster.statuses()}
        ids = [source.id for source in self._settings.current.sources]
        return heard | {source_id: SourceStatus(source_id, State.IDLE) for source_id in ids if source_id not in heard}

    def problems(self) -> list[ClapTrapError]:
        """Return what is left out because the machine is too slow."""
        worker = self._worker  # which may be gone a moment later
        shedding = worker.shedding if worker is not None else Shedding.NOTHING
        return [ServiceError(f"detection.{shedding.name.lower()}_left_out")] if shedding else []

    def stalled(self) -> list[str]:
        """Return the names of the threads of hearing that do not move."""
        worker = self._worker
        return worker.stalled() if worker is not None else []

    @property
    def shown(self) -> frozenset[str]:
        """The ids of the sources of which spectrograms are published."""
        return self._shown

    def show(self, source_ids: Iterable[str]) -> None:
        """Publish spectrograms (``Picture``) of these sources, and of no others. Does not wait."""
        self._shown = frozenset(source_ids)
        if (worker := self._worker) is not None:
            worker.show(self._shown)
        if self._cluster is not None:
            self._cluster.show(self._shown)

    def prove(self, source_id: str, proof: Proof) -> None:
        """Put the claps of ``proof`` into the sound of a source that this process hears. Does not wait."""
        if (worker := self._worker) is not None:
            worker.prove(source_id, proof)

    def attend(self, *, is_watched: bool) -> None:
        """Say whether a page is open: without one, sounds are not labelled and levels are rare. Does not wait."""
        self._is_watched = is_watched
        if (worker := self._worker) is not None:
            worker.attend(is_watched=is_watched)
        if self._cluster is not None:
            self._cluster.attend(is_watched=is_watched)

    @property
    def has_yamnet(self) -> bool:
        """Whether claps are confirmed, and sounds named, by YAMNet."""
        return self._yamnet is not None

    def use_yamnet(self, yamnet: YamNet) -> None:
        """Confirm with ``yamnet`` from now on; the caller must not use it any more."""
        with self._lock:
            self._yamnet = yamnet
            if self._worker is not None:
                self._worker.give_yamnet(yamnet)

    def _apply_to(self, worker: Worker, state: SettingsState) -> None:
        specs = [self._learning.taught(spec) for spec in state.settings.specs()]
        specs = [replace(spec, teaching=True) if self._is_taught(spec.id) else spec for spec in specs]
        if self._cluster is not None:
            self._cluster.apply([spec for spec in specs if self._cluster.is_remote(spec)])
            specs = [spec for spec in specs if not self._cluster.is_remote(spec)]
        worker.apply(specs, state.serial)

    def _classifier(self, rows: int) -> ClapClassifier:
        return ClapClassifier(rows, load_clapnet(), load_confirmer(), self._yamnet)
