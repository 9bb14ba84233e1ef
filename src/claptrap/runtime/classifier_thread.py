"""The classifier thread: candidates become claps, claps become events."""

from __future__ import annotations

import logging
import math
import queue
import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress

from claptrap.audio.clip import ClipSink
from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.core.clock import Clock
from claptrap.core.events import Clap, Event, Heard, SheddingChanged, StatusSink, TaughtWindow, Verdict
from claptrap.core.rate_limit import RateLimitedCounter
from claptrap.core.spec import SourceSpec
from claptrap.detect.classifier import ClapClassifier, Classification
from claptrap.detect.matching import ProfileMatcher, load_rules
from claptrap.detect.patterns import Detection, Patterns
from claptrap.detect.profile import parse
from claptrap.detect.taught import packed, sound_vector
from claptrap.detect.yamnet import YamNet
from claptrap.runtime.batch import HopBatch
from claptrap.runtime.candidate_recorder import CandidateRecorder, CandidateSink, Waiting
from claptrap.runtime.overload import Overload, Shedding
from claptrap.runtime.proof import Proof
from claptrap.runtime.reference_veto import ReferenceVeto, references_of
from claptrap.runtime.stream import Stream
from claptrap.runtime.stream_context import StreamContext

ALIVE_S = 2.0  # how often the thread reports that it lives while nothing comes
LABELS_PER_BATCH = 2  # at 50 batches a second, what 50 sources that are not silent want; more get fewer
_log = logging.getLogger(__name__)


class ClassifierThread:
    """Owns the thread ``judge`` and the classifier.

    Args:
        make_classifier: makes the classifier; again after a fault, so that nothing of the fault stays.
        batches: from the onset thread; None only wakes this one.
        spec_of: returns the newest spec of a source, None if it is removed.
        emit: receives events, each with when it was decided (seconds of ``Clock.elapsed``); may block (then detection waits,
            by design: events are never dropped).
        status: receives claps, verdicts and labels.
        clock: the machine's.
        clips: receives the sound around events, of sources that want clips.
        candidates: receives what may be a clap, to learn from.
    """

    def __init__(
        self,
        make_classifier: Callable[[], ClapClassifier],
        batches: queue.Queue[HopBatch | None],
        spec_of: Callable[[str], SourceSpec | None],
        emit: Callable[[Event, float], None],
        status: StatusSink,
        clock: Clock,
        clips: ClipSink,
        candidates: CandidateSink,
    ) -> None:
        self._clips = clips
        self._candidates = CandidateRecorder(candidates)
        self._rules = load_rules()
        self._make_classifier = make_classifier
        self._classifier = make_classifier()
        self._yamnet: YamNet | None = None
        self._batches = batches
        self._spec_of = spec_of
        self._emit = emit
        self._status = status
        self._clock = clock
        self._contexts: dict[int, StreamContext] = {}
        self._veto = ReferenceVeto()
        self._labels_wanted = True
        self._overload = Overload()
        self._stop = threading.Event()
        self._faults = RateLimitedCounter()
        self._thread = threading.Thread(target=self._run, name="judge")
        self.alive_at = clock.monotonic()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; batches still in the queue are not processed."""
        self._stop.set()
        with suppress(queue.Full):  # then the thread is awake, and checks before the next batch
            self._batches.put_nowait(None)
        self._thread.join()

    def give_yamnet(self, yamnet: YamNet) -> None:
        """Hand over YAMNet, from any thread; only the classifier thread uses it, from the next batch on."""
        self._yamnet = yamnet

    def name_sounds(self, *, is_wanted: bool) -> None:
        """Publish labels from the next batch on, or do not; from any thread."""
        self._labels_wanted = is_wanted

    def _run(self) -> None:
        self._rehearse()
        while not self._stop.is_set():
            self.alive_at = self._clock.monotonic()
            try:
                batch = self._batches.get(timeout=ALIVE_S)
            except queue.Empty:
                self._adopt_yamnet()
                self._note_delay(0.0)
                continue
            if batch is None:
                continue
            try:
                self.process(batch)
            except Exception as error:  # noqa: BLE001  # the supervisor contains a fault of classification, and says so
                self._start_over(error)

    def process(self, batch: HopBatch) -> None:
        """Process one batch."""
        self._note_delay(self._clock.monotonic() - batch.due_at)
        self._adopt_yamnet()
        self._classifier.looks_late = self._overload.shedding < Shedding.LATE_LOOK
        for stream in batch.opened:
            self._open(stream)
        if len(batch.slots):
            self._extract_clips(batch)
            for classification in self._classifier.process(batch.slots, batch.hops, batch.lost, batch.candidates):
                self._report(classification)
            self._advance_patterns(batch.slots.tolist())
            self._veto.update(batch.slots.tolist(), self._contexts, self._classifier)
            self._candidates.process(self._classifier)
            self._label_sounds()
        for stream in batch.finished:
            self._finish(stream)

    def _adopt_yamnet(self) -> None:
        if self._yamnet is not None and self._classifier.yamnet is not self._yamnet:
            self._classifier.yamnet = self._yamnet
            self._rehearse()

    def _rehearse(self) -> None:
        with suppress(Exception):  # the first candidate meets the same, and says so
            self._classifier.rehearse()

    @property
    def shedding(self) -> Shedding:
        """What is left out because the machine is too slow."""
        return self._overload.shedding

    def _note_delay(self, behind_s: float) -> None:
        """Leave something out, or do it again, where the sound waits too long, or no longer does; say so."""
        if not self._overload.update(behind_s, self._clock.monotonic()):
            return
        self._status.offer(SheddingChanged(int(self.shedding)))
        if self.shedding:
            _log.warning("hearing is %.1f s behind, and leaves out: %s", behind_s, self.shedding.name.lower())
        else:
            _log.info("hearing keeps up again")

    def _open(self, stream: Stream) -> None:
        self._classifier.reset(stream.slot)
        self._veto.forget(stream.slot)
        spec = self._spec_of(stream.source_id)
        if spec is None:
            self._contexts.pop(stream.slot, None)
        else:
            self._contexts[stream.slot] = StreamContext(stream, spec, self._clips)
            self._apply_profile(stream.slot, spec)

    def _apply_profile(self, slot: int, spec: SourceSpec) -> None:
        matcher = ProfileMatcher(parse(spec.profile.encode()), self._rules) if spec.profile else None
        self._classifier.apply_profile(slot, matcher)

    def _extract_clips(self, batch: HopBatch) -> None:
        """Give hops to the clip extractors of the streams that want clips, or wanted some until now."""
        for i, slot in enumerate(batch.slots.tolist()):
            context = self._contexts.get(slot)
            if context is not None and (context.spec.clips or context.extractor.is_on):
                begin = self._classifier.heard(slot) // HOP + int(batch.lost[i])
                context.extractor.process(batch.hops[i].reshape(-1, HOP), begin, is_wanted=context.spec.clips)

    def _report(self, classification: Classification) -> None:
        context = self._current(classification.slot)
        if context is None:
            return
        at, proof = self._timestamp(context, classification.onset), context.proof_of(classification.onset)
        patterns = context.patterns if proof is None else context.proof_patterns
        explained_by = self._explained_by(context, patterns, classification)
        outcome = (patterns.veto if explained_by else patterns.process)(classification)
        params = {"reference": explained_by.name} if explained_by else {}
        self._status.offer(
            Verdict(
                context.spec.id,
                at,
                classification.score,
                context.spec.threshold,
                outcome.is_clap,
                code=f"verdict.{outcome.reason}",
                params=params,
                labels=classification.labels,
                test=proof is not None,
            )
        )
        if proof is not None:  # it teaches nothing, and touches no clap of the room
            proof.judge(classification, outcome, context.spec.threshold, params)
            self._publish_proof(context, proof, outcome.detections)
            return
        if outcome.is_clap:
            self._status.offer(
                Clap(
                    context.spec.id,
                    classification.onset / RATE_HZ,
                    classification.decided / RATE_HZ,
                    at,
                    classification.score,
                )
            )
        if not explained_by:
            self._remember(context, classification, at, is_clap=outcome.is_clap)
        self._publish(context, outcome.detections)
        if outcome.is_clap:
            self._publish(context, context.rhythms.advance(classification.onset))
            context.rhythms.add(classification)

    def _explained_by(self, context: StreamContext, patterns: Patterns, classification: Classification) -> SourceSpec | None:
        """Return the reference that a would-be clap comes from; while a person calibrates, every sound is examined."""
        if not context.spec.references or context.spec.calibrating or not patterns.may_count(classification):
            return None
        return self._veto.explained_by(classification.slot, classification.onset, self._contexts, self._classifier)

    def _remember(self, context: StreamContext, classification: Classification, at: float, *, is_clap: bool) -> None:
        """Have a candidate kept, to learn from."""
        self._candidates.add(
            Waiting(
                classification,
                context.spec.id,
                context.stream.epoch,
                at,
                is_clap,
                channels=context.stream.channels if context.spec.calibrating else None,
                keeps_sound=context.spec.example_clips,
            )
        )

    def _publish_proof(self, context: StreamContext, proof: Proof, detections: Iterable[Detection]) -> None:
        for found in detections:
            event = context.event(found, self._timestamp(context, found.onset), test=True)
            proof.detected(event)
            self._emit(event, self._decided_at(context, found))

    def _advance_patterns(self, slots: Collection[int]) -> None:
        """Publish patterns that no further clap can continue; have sound come sooner where something is undecided."""
        for slot in slots:
            if (context := self._current(slot)) is not None:
                settled = self._classifier.settled(slot)
                self._publish(context, (*context.patterns.advance(settled), *context.rhythms.advance(settled)))
                if (proof := context.stream.proof) is not None:
                    self._publish_proof(context, proof, context.proof_patterns.advance(settled))
                context.awaited = self._classifier.awaited(slot)
                context.is_open = context.patterns.is_open or context.rhythms.is_open
        self._pace(slots)

    def _pace(self, slots: Iterable[int]) -> None:
        """Have sound come when it decides something, of a source that is undecided and of its references."""
        undecided = [context for context in self._contexts.values() if context.is_undecided]
        at_by_slot: dict[int, float] = {}
        for context in undecided:
            for one in (context, *references_of(context, self._contexts)):
                slot = one.stream.slot
                at_by_slot[slot] = min(context.expected_at(), at_by_slot.get(slot, math.inf))
        for slot in {*slots, *at_by_slot}:
            if (paced := self._contexts.get(slot)) is not None:
                paced.stream.pacing.set_urgent(slot in at_by_slot, at_by_slot.get(slot, math.inf))

    def _publish(self, context: StreamContext, detections: Iterable[Detection]) -> None:
        for found in detections:
            event = context.event(found, self._timestamp(context, found.onset))
            self._emit(event, self._decided_at(context, found))
            context.extractor.request(event)

    def _label_sounds(self) -> None:
        """Name a few sounds where that is wanted, unless a batch waits: a label can be late, a clap cannot."""
        asked = {slot for slot, one in self._contexts.items() if one.sounds.is_any or one.spec.teaching}
        wanted = None if self._labels_wanted else asked
        if self.shedding or (wanted is not None and not wanted):
            return
        for sounds in self._classifier.labels(LABELS_PER_BATCH if self._batches.empty() else 0, wanted):
            if (context := self._current(sounds.slot)) is not None:
                self._publish(context, context.sounds.process(sounds.at, sounds.scores, sounds.features))
                if context.spec.teaching and len(sounds.features):
                    at, vector = self._timestamp(context, sounds.at), packed(sound_vector(sounds.features))
                    self._status.offer(TaughtWindow(context.spec.id, at, sounds.peak, vector, sounds.labels))
                if self._labels_wanted:
                    self._status.offer(Heard(context.spec.id, self._timestamp(context, sounds.at), sounds.labels))

    def _finish(self, stream: Stream) -> None:
        for classification in self._classifier.finish(stream.slot):
            self._report(classification)
        if (context := self._current(stream.slot)) is not None:
            self._publish(context, (*context.patterns.finish(), *context.rhythms.finish()))
            context.extractor.finish()
        self._candidates.forget(stream.slot)
        self._veto.forget(stream.slot)
        self._contexts.pop(stream.slot, None)

    def _current(self, slot: int) -> StreamContext | None:
        """Return the slot's context with the newest settings; None when its source was removed meanwhile."""
        context = self._contexts.get(slot)
        if context is None or (spec := self._spec_of(context.spec.id)) is None:
            return None
        if context.apply(spec):
            self._apply_profile(slot, spec)
        return context

    def _decided_at(self, context: StreamContext, found: Detection) -> float:
        """Return when a detection could be decided, by ``Clock.elapsed``: hearing is behind on a full machine."""
        behind_s = self._clock.monotonic() - context.stream.monotonic(found.decided / RATE_HZ)
        return self._clock.elapsed() - max(0.0, behind_s)

    def _timestamp(self, context: StreamContext, sample: int) -> float:
        """Return the UTC Unix time of a sample of the stream."""
        return context.stream.unix(sample / RATE_HZ, self._clock)

    def _start_over(self, error: Exception) -> None:
        """Contain a fault of the classifier: log it, and have every running stream replaced by a new one."""
        if self._faults.add(self._clock.monotonic()):
            _log.exception("classification failed (%d times in all); it starts over", self._faults.total)
        self._classifier, self._veto = self._make_classifier(), ReferenceVeto()
        for context in self._contexts.values():
            context.extractor.finish()
            context.stream.fail(f"{type(error).__name__}: {error}")
            self._candidates.forget(context.stream.slot)
        self._contexts.clear()
