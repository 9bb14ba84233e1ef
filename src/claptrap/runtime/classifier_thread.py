"""The judge's thread: candidates become claps, claps become events."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from claptrap.audio.clip import ClipSink
from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.core.clock import Clock
from claptrap.core.events import Clap, Event, Heard, StatusSink, Verdict
from claptrap.core.rate_limit import RateLimitedCounter
from claptrap.core.spec import SourceSpec
from claptrap.detect.classifier import ClapClassifier, Classification
from claptrap.detect.patterns import Detection, DetectionSettings, Patterns
from claptrap.detect.yamnet import YamNet
from claptrap.runtime.batch import HopBatch
from claptrap.runtime.clip_extractor import ClipExtractor
from claptrap.runtime.stream import Stream

ALIVE_S = 0.5  # how often the thread says that it lives while there is nothing to hear
NAMED_AT_ONCE = 2  # of 50 beats a second: what 50 sources that are not silent want; more are named less often
_log = logging.getLogger(__name__)


class StreamContext:
    """One stream as the judge knows it: its source's wishes, its pattern so far, its count of events, its newest sound."""

    def __init__(self, stream: Stream, spec: SourceSpec, clips: ClipSink) -> None:
        self.stream = stream
        self.cutter = ClipExtractor(clips)
        self.spec = spec
        self.patterns = Patterns(detection_settings(spec))
        self._sequence = 0

    def wish(self, spec: SourceSpec) -> None:
        """Follow the newest wishes from the next ruling on."""
        if spec is not self.spec and spec != self.spec:  # asked at every beat: comparing field by field would cost
            self.spec = spec
            self.patterns.set(detection_settings(spec))

    def event(self, found: Detection, timestamp: float) -> Event:
        """Return the event of a detection, next in sequence."""
        sequence, self._sequence = self._sequence, self._sequence + 1
        return Event(
            source_id=self.spec.id,
            source_name=self.spec.name,
            kind=self.spec.kind,
            epoch=self.stream.epoch,
            sequence=sequence,
            onset_s=found.onset / RATE_HZ,
            decided_s=found.decided / RATE_HZ,
            timestamp=timestamp,
            score=found.score,
            claps=found.claps,
            labels=found.labels,
            applause=found.applause,
        )


def detection_settings(spec: SourceSpec) -> DetectionSettings:
    """Return what a source reacts to."""
    return DetectionSettings(spec.threshold, spec.delay_s, spec.patterns, spec.hears)


class ClassifierThread:
    """Owns the thread ``judge`` and the judge.

    Args:
        make_judge: builds the judge; again after a fault, so that nothing of the fault stays.
        beats: what the ticker heard; None only wakes the thread.
        spec_of: the newest wishes for a source; None if it is gone.
        tell: takes events; may block (then hearing waits, by design: events are never dropped).
        status: takes claps, verdicts and labels for those who watch.
        clock: the machine's.
        clips: takes the sound around events, of sources that want it.
    """

    def __init__(
        self,
        make_judge: Callable[[], ClapClassifier],
        beats: queue.Queue[HopBatch | None],
        spec_of: Callable[[str], SourceSpec | None],
        tell: Callable[[Event], None],
        status: StatusSink,
        clock: Clock,
        clips: ClipSink,
    ) -> None:
        self._clips = clips
        self._make_judge = make_judge
        self._judge = make_judge()
        self._yamnet: YamNet | None = None
        self._beats = beats
        self._spec_of = spec_of
        self._tell = tell
        self._status = status
        self._clock = clock
        self._ears: dict[int, StreamContext] = {}
        self._names_wanted = True
        self._stop = threading.Event()
        self._faults = RateLimitedCounter()
        self._thread = threading.Thread(target=self._run, name="judge")
        self.heard_at = clock.monotonic()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; beats still in the queue are not judged."""
        self._stop.set()
        with suppress(queue.Full):  # then the thread is awake, and looks before the next beat
            self._beats.put_nowait(None)
        self._thread.join()

    def give_yamnet(self, yamnet: YamNet) -> None:
        """Hand over YAMNet, from any thread; only the judge's thread uses it, from the next beat on."""
        self._yamnet = yamnet

    def name_sounds(self, *, is_wanted: bool) -> None:
        """Name sounds from the next beat on, or do not; from any thread."""
        self._names_wanted = is_wanted

    def _run(self) -> None:
        while not self._stop.is_set():
            self.heard_at = self._clock.monotonic()
            try:
                beat = self._beats.get(timeout=ALIVE_S)
            except queue.Empty:
                continue
            if beat is None:
                continue
            try:
                self.hear(beat)
            except Exception as error:  # noqa: BLE001  # the supervisor contains a fault of judging, and says so
                self._start_afresh(error)

    def hear(self, beat: HopBatch) -> None:
        """Judge one beat."""
        if self._yamnet is not None:
            self._judge.yamnet = self._yamnet
        for stream in beat.opened:
            self._open(stream)
        if len(beat.rows):
            self._remember(beat)
            for ruling in self._judge.hear(beat.rows, beat.hops, beat.lost, beat.candidates):
                self._rule(ruling)
            self._close_rows(beat.rows.tolist())
            self._name_sounds()
        for stream in beat.finished:
            self._finish(stream)

    def _open(self, stream: Stream) -> None:
        self._judge.open(stream.row)
        spec = self._spec_of(stream.source_id)
        if spec is None:
            self._ears.pop(stream.row, None)
        else:
            self._ears[stream.row] = StreamContext(stream, spec, self._clips)

    def _remember(self, beat: HopBatch) -> None:
        """Let each stream keep its newest sound, if its source wants clips."""
        for row, hops, lost in zip(beat.rows.tolist(), beat.hops, beat.lost.tolist(), strict=True):
            if (ear := self._ears.get(row)) is not None:
                ear.cutter.hear(hops.reshape(-1, HOP), lost, is_wanted=ear.spec.clips)

    def _rule(self, ruling: Classification) -> None:
        ear = self._listening(ruling.row)
        if ear is None:
            return
        at = self._timestamp(ear, ruling.onset)
        outcome = ear.patterns.take(ruling)
        self._status.offer(
            Verdict(
                ear.spec.id,
                at,
                ruling.score,
                ear.spec.threshold,
                outcome.is_clap,
                code=f"verdict.{outcome.reason}",
                labels=ruling.labels,
            )
        )
        if outcome.is_clap:
            self._status.offer(Clap(ear.spec.id, ruling.onset / RATE_HZ, ruling.decided / RATE_HZ, at, ruling.score))
        self._tell_of(ear, outcome.detections)

    def _close_rows(self, rows: Iterable[int]) -> None:
        """Tell of rows of claps that cannot go on: as much has been heard, and nothing before that is still being judged."""
        for row in rows:
            if (ear := self._listening(row)) is not None:
                self._tell_of(ear, ear.patterns.until(self._judge.settled(row)))

    def _tell_of(self, ear: StreamContext, detections: Iterable[Detection]) -> None:
        for found in detections:
            event = ear.event(found, self._timestamp(ear, found.onset))
            self._tell(event)
            ear.cutter.want(event)

    def _name_sounds(self) -> None:
        """Name a few sounds where somebody wants to know, unless a beat waits: a name can be late, a clap cannot."""
        if not self._names_wanted:
            return
        for sounds in self._judge.labels(NAMED_AT_ONCE if self._beats.empty() else 0):
            if (ear := self._listening(sounds.row)) is not None:
                self._status.offer(Heard(ear.spec.id, self._timestamp(ear, sounds.at), sounds.labels))

    def _finish(self, stream: Stream) -> None:
        for ruling in self._judge.finish(stream.row):
            self._rule(ruling)
        if (ear := self._listening(stream.row)) is not None:
            self._tell_of(ear, ear.patterns.finish())
            ear.cutter.finish()
        self._ears.pop(stream.row, None)

    def _listening(self, row: int) -> StreamContext | None:
        """Return the row's ear with its newest wishes; None when its source was removed meanwhile."""
        ear = self._ears.get(row)
        if ear is None or (spec := self._spec_of(ear.spec.id)) is None:
            return None
        ear.wish(spec)
        return ear

    def _timestamp(self, ear: StreamContext, sample: int) -> float:
        """Return the UTC Unix time of a sample of the stream."""
        return ear.stream.unix(sample / RATE_HZ, self._clock)

    def _start_afresh(self, error: Exception) -> None:
        """Contain a fault of the judge: say it, and have every running stream replaced by a new one."""
        if self._faults.add(self._clock.monotonic()):
            _log.exception("judging failed (%d times in all); it starts afresh", self._faults.total)
        self._judge = self._make_judge()
        for ear in self._ears.values():
            ear.cutter.finish()
            ear.stream.fail(f"{type(error).__name__}: {error}")
        self._ears.clear()
