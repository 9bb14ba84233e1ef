"""Specs in, events out: capture and detection of all sources of one machine.

A worker knows no web, no settings file and no webhook: events and statuses go to sinks.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from claptrap.audio.clip import ClipSink
from claptrap.core.clock import Clock
from claptrap.core.events import Event, EventSink, SourceStatus, StatusSink
from claptrap.core.spec import MAX_SOURCES, SourceSpec
from claptrap.detect.classifier import ClapClassifier
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.yamnet import YamNet
from claptrap.runtime.batch import HopBatch
from claptrap.runtime.candidate_recorder import CandidateSink
from claptrap.runtime.classifier_thread import ClassifierThread
from claptrap.runtime.onset_thread import OnsetThread
from claptrap.runtime.overload import Shedding
from claptrap.runtime.proof import Proof
from claptrap.runtime.runner import JOIN_S, Runner, RunnerContext
from claptrap.sources.base import Source

BATCHES_WAITING = 250  # 5 s that the classifier may be behind
EVENTS_WAITING = 1000
STALLED_S = 5.0
WATCH_S = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerDeps:
    """How a worker makes its parts.

    Attributes:
        build: makes the source of a spec.
        detector: makes an onset detector of so many slots.
        classifier: makes a classifier of so many slots.
        clips: receives the sound around events, of sources that want clips.
        candidates: receives what may be a clap, to learn from.
    """

    build: Callable[[SourceSpec], Source]
    detector: Callable[[int], OnsetDetector]
    classifier: Callable[[int], ClapClassifier]
    clips: ClipSink
    candidates: CandidateSink


class Worker:
    """Detects claps on a set of sources. Start once, stop once; ``apply`` at any time between."""

    def __init__(self, deps: WorkerDeps, events: EventSink, status: StatusSink, clock: Clock) -> None:
        self._events = events
        self._clock = clock
        self._specs: dict[str, SourceSpec] = {}
        self._runners: dict[str, Runner] = {}
        self._revision = -1
        self._is_watched = True
        self._lock = threading.Lock()
        batches: queue.Queue[HopBatch | None] = queue.Queue(BATCHES_WAITING)
        self._event_queue: queue.Queue[tuple[Event, float] | None] = queue.Queue(EVENTS_WAITING)
        self._onset_thread = OnsetThread(lambda: deps.detector(MAX_SOURCES), batches, status, clock)
        self._classifier_thread = ClassifierThread(
            lambda: deps.classifier(MAX_SOURCES),
            batches,
            self._spec,
            lambda event, decided_at: self._event_queue.put((event, decided_at)),
            status,
            clock,
            deps.clips,
            deps.candidates,
        )
        self._context = RunnerContext(deps.build, self._onset_thread.open, status, clock)
        self._event_thread = threading.Thread(target=self._pass_events_on, name="events")
        self._watcher = threading.Thread(target=self._watch, name="watch")
        self._stopping = threading.Event()

    def start(self) -> None:
        """Start all threads, from the receiving end backwards."""
        self._event_thread.start()
        self._classifier_thread.start()
        self._onset_thread.start()
        self._watcher.start()

    def stop(self) -> None:
        """Stop in reverse order; events already made are still passed on."""
        self._stopping.set()
        self._watcher.join()
        with self._lock:
            self._halt(list(self._runners))
            self._specs = {}
        self._onset_thread.stop()
        self._classifier_thread.stop()
        self._event_queue.put(None)
        self._event_thread.join()

    def apply(self, specs: Sequence[SourceSpec], revision: int) -> None:
        """Make ``specs`` the complete set of sources. Idempotent; an older revision than the last changes nothing.

        A change of threshold, delay or name acts at once on the running source; only a new input or placement reopens it.
        """
        with self._lock:
            if revision < self._revision:
                return
            self._revision = revision
            wanted = {spec.id: spec for spec in specs if spec.enabled}
            self._halt([i for i, r in self._runners.items() if i not in wanted or _must_reopen(r.spec, wanted[i])])
            self._specs = wanted
            for spec in wanted.values():
                if spec.id not in self._runners:
                    self._launch(spec)
                self._runners[spec.id].channels.switch(is_on=spec.calibrating)

    def give_yamnet(self, yamnet: YamNet) -> None:
        """Use ``yamnet`` from the next batch on. The classifier thread owns it then: the caller must not use it any more."""
        self._classifier_thread.give_yamnet(yamnet)

    def show(self, source_ids: Iterable[str]) -> None:
        """Publish ``Picture`` news of these sources and of no others."""
        self._onset_thread.show(source_ids)

    def prove(self, source_id: str, proof: Proof) -> None:
        """Mix the claps of ``proof`` into the sound of a source. Harmless where it is not heard here."""
        if (runner := self._runners.get(source_id)) is not None:
            runner.prove(proof)

    def attend(self, *, is_watched: bool) -> None:
        """Publish ``Heard`` news and frequent levels, as at first, or neither. Labels of claps come in any case."""
        self._is_watched = is_watched
        for runner in tuple(self._runners.values()):  # without the lock, under which ``apply`` may wait for a source
            runner.pacing.attend(is_watched=is_watched)
        self._classifier_thread.name_sounds(is_wanted=is_watched)
        self._onset_thread.attend(is_watched=is_watched)

    def statuses(self) -> dict[str, SourceStatus]:
        """Return the status of every running source, by id."""
        with self._lock:
            return {source: runner.status for source, runner in self._runners.items()}

    @property
    def shedding(self) -> Shedding:
        """What is left out because the machine is too slow."""
        return self._classifier_thread.shedding

    def stalled(self) -> list[str]:
        """Return the names of the threads of detection that have not moved for ``STALLED_S``."""
        now = self._clock.monotonic()
        moved = {"tick": self._onset_thread.alive_at, "judge": self._classifier_thread.alive_at}
        return [name for name, at in moved.items() if now - at > STALLED_S]

    def _spec(self, source_id: str) -> SourceSpec | None:
        return self._specs.get(source_id)  # looked up each time: ``apply`` replaces the mapping

    def _launch(self, spec: SourceSpec) -> None:
        slots = {runner.slot for runner in self._runners.values()}
        slot = next(r for r in range(MAX_SOURCES) if r not in slots)
        runner = Runner(spec, slot, self._context)
        runner.pacing.attend(is_watched=self._is_watched)
        self._runners[spec.id] = runner
        runner.start()

    def _halt(self, ids: Sequence[str]) -> None:
        """Stop runners: request all first, then wait for all, together no longer than one may take."""
        halted = [self._runners.pop(i) for i in ids]
        deadline = time.monotonic() + JOIN_S
        for runner in halted:
            runner.halt()
        for runner in halted:
            runner.join(deadline - time.monotonic())

    def _watch(self) -> None:
        """Check the sound of every source once a second."""
        while not self._stopping.wait(WATCH_S):
            with self._lock:
                runners = tuple(self._runners.values())
            for runner in runners:
                runner.watch()

    def _pass_events_on(self) -> None:
        while (item := self._event_queue.get()) is not None:
            event, decided_at = item
            try:
                self._events.record(event, max(0.0, self._clock.elapsed() - decided_at))
            except Exception:  # noqa: BLE001  # a fault of one receiver must not stop the others
                _log.exception("event %s could not be passed on", event.id)


def _must_reopen(running: SourceSpec, wanted: SourceSpec) -> bool:
    return running is not wanted and (running.input, running.epoch_prefix) != (wanted.input, wanted.epoch_prefix)
