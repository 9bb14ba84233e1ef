"""One stream as the classifier thread sees it."""

from __future__ import annotations

import math

from claptrap.audio.clip import ClipSink
from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.core.events import Event
from claptrap.core.spec import SourceSpec
from claptrap.detect.patterns import Detection, DetectionSettings, Patterns
from claptrap.detect.rhythm import Rhythms
from claptrap.detect.sounds import SoundTriggers
from claptrap.runtime.clip_extractor import ClipExtractor
from claptrap.runtime.proof import Proof
from claptrap.runtime.stream import HOP_S, Stream


class StreamContext:
    """The state of one stream: its source's settings, its patterns so far, its event sequence, its newest sound."""

    def __init__(self, stream: Stream, spec: SourceSpec, clips: ClipSink) -> None:
        self.stream = stream
        self.extractor = ClipExtractor(clips)
        self.spec = spec
        self.patterns = Patterns(detection_settings(spec))
        self.sounds, self.rhythms = SoundTriggers(spec.sounds), Rhythms(spec.rhythms)
        self.awaited: int | None = None  # the sample that the next look at a candidate needs
        self.is_open = False  # claps wait for more, or for none to follow
        self._sequence = 0
        self._proving: tuple[Proof, Patterns] | None = None

    @property
    def is_undecided(self) -> bool:
        """Whether sound should come soon."""
        return self.is_open or self.awaited is not None

    def expected_at(self) -> float:
        """Return when the sound that is awaited should have come, in monotonic seconds; infinite where none is."""
        return math.inf if self.awaited is None else self.stream.monotonic(-(-self.awaited // HOP) * HOP_S)

    def proof_of(self, onset: int) -> Proof | None:
        """Return the proof whose claps an onset is one of, None for a sound of the room."""
        proof = self.stream.proof
        return proof if proof is not None and proof.clap_at(onset) else None

    @property
    def proof_patterns(self) -> Patterns:
        """The patterns of our own claps, apart: they delay no clap of the room, nor does one delay them."""
        proof = self.stream.proof
        if self._proving is None or self._proving[0] is not proof:
            self._proving = (proof, Patterns(detection_settings(self.spec))) if proof is not None else None
        return self._proving[1] if self._proving is not None else self.patterns

    def apply(self, spec: SourceSpec) -> bool:
        """Use the settings of ``spec`` from the next classification on; return whether it has another profile."""
        if spec is self.spec or spec == self.spec:  # called for every batch: comparing field by field would cost
            return False
        before, self.spec = self.spec, spec
        self.patterns.apply(detection_settings(spec))
        if spec.sounds != before.sounds:
            self.sounds = SoundTriggers(spec.sounds)
        if spec.rhythms != before.rhythms:
            self.rhythms = Rhythms(spec.rhythms)
        return spec.profile != before.profile

    def event(self, found: Detection, timestamp: float, *, test: bool = False) -> Event:
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
            trigger=found.trigger,
            trigger_name=self.spec.trigger_name(found.trigger),
            test=test,
        )


def detection_settings(spec: SourceSpec) -> DetectionSettings:
    """Return the detection settings of a source."""
    return DetectionSettings(spec.threshold, spec.delay_s, spec.patterns, spec.hears)
