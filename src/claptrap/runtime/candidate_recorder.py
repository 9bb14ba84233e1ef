"""Candidates that may be claps, kept by their embeddings once enough of them has been heard: to learn without sound."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import RATE_HZ
from claptrap.core.events import Labels
from claptrap.detect.clapnet import AFTER
from claptrap.detect.classifier import ClapClassifier, Classification
from claptrap.detect.embedding import Embedding
from claptrap.detect.enrolment import AFTER_S, BEFORE_S, Enroller, Refusal
from claptrap.runtime.channel_meter import ChannelMeter

LEAST_SCORE = 0.1  # with the profile, or by the models alone
SOUND_S = 1  # of sound around an onset, where it is kept
MOST_WAITING = 64  # on all sources; more come only in a storm of sounds, and are not kept


@dataclass(frozen=True, slots=True, eq=False)
class KeptCandidate:
    """A sound that may have been a clap, or, while a person calibrates, any sound.

    Attributes:
        source_id, epoch: of its stream; onset: sample of that stream at 16 kHz where it begins.
        at: UTC Unix seconds of its onset.
        score: [0, 1], with profile and prior; by_models: without either.
        is_clap: whether it was accepted as a clap.
        labels: what YAMNet called it.
        embedding: by which it is compared with others.
        refusal: why it cannot be a given clap; None if it can be, or no calibration is under way.
        was_calibrating: whether it was examined for that.
        channels: how well each channel heard it, where it was calibrated: as ``ChannelMeter.rises``.
        sound: float32 (16000,), 16 kHz, half a second before and after its onset; None where the person has not allowed it.
    """

    source_id: str
    epoch: str
    onset: int
    at: float
    score: float
    by_models: float
    is_clap: bool
    labels: Labels
    embedding: Embedding
    refusal: Refusal | None
    was_calibrating: bool
    channels: Mapping[str, float] = field(default_factory=dict)
    sound: NDArray[np.float32] | None = None

    @property
    def id(self) -> str:
        """Unique among the candidates of its source."""
        return f"{self.epoch}-{self.onset}"


class CandidateSink(Protocol):
    """Receives candidates, in the classifier thread; must not block."""

    def offer(self, candidate: KeptCandidate) -> None:
        """Take a candidate."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A candidate of which not enough has been heard yet; attributes as of ``KeptCandidate``.

    Attributes:
        channels: compares the channels of its source, while that is calibrated; else None.
    """

    classification: Classification
    source_id: str
    epoch: str
    at: float
    is_clap: bool
    channels: ChannelMeter | None = None
    keeps_sound: bool = False

    @property
    def ready_at(self) -> int:
        """The sample that must have been heard."""
        calibrates = self.channels is not None
        after = round(AFTER_S * RATE_HZ) if calibrates or self.keeps_sound else AFTER[-1]
        return self.classification.onset + after


class CandidateRecorder:
    """Keeps candidates of all slots. Lives in the classifier thread."""

    def __init__(self, sink: CandidateSink) -> None:
        self._sink = sink
        self._waiting: deque[Waiting] = deque()

    def add(self, candidate: Waiting) -> None:
        """Keep a candidate as soon as enough of it has been heard, if it may be a clap, or a person calibrates."""
        likely = max(candidate.classification.score, candidate.classification.by_models) >= LEAST_SCORE
        if (likely or candidate.channels is not None) and len(self._waiting) < MOST_WAITING:
            self._waiting.append(candidate)

    def process(self, classifier: ClapClassifier) -> None:
        """Offer the candidates of which enough has been heard by now."""
        for _ in range(len(self._waiting)):
            candidate = self._waiting.popleft()
            if classifier.heard(candidate.classification.slot) < candidate.ready_at:
                self._waiting.append(candidate)
            else:
                self._sink.offer(_kept(candidate, classifier))

    def forget(self, slot: int) -> None:
        """Forget what waits on a slot: its stream has ended."""
        self._waiting = deque(one for one in self._waiting if one.classification.slot != slot)


def _kept(waiting: Waiting, classifier: ClapClassifier) -> KeptCandidate:
    found = waiting.classification
    return KeptCandidate(
        waiting.source_id,
        waiting.epoch,
        found.onset,
        waiting.at,
        found.score,
        found.by_models,
        waiting.is_clap,
        found.labels,
        classifier.embedding(found.slot, found.onset, found.layers),
        None if waiting.channels is None else _refusal(found, classifier),
        waiting.channels is not None,
        {} if waiting.channels is None else waiting.channels.rises(found.onset),
        _sound(found, classifier) if waiting.keeps_sound else None,
    )


def _sound(found: Classification, classifier: ClapClassifier) -> NDArray[np.float32]:
    return classifier.samples(found.slot, found.onset - SOUND_S * RATE_HZ // 2, found.onset + SOUND_S * RATE_HZ // 2)


def _refusal(found: Classification, classifier: ClapClassifier) -> Refusal | None:
    """Return why a sound cannot be a given clap, by the very examination of ``claptrap profile learn``."""
    begin = found.onset - round(BEFORE_S * RATE_HZ)
    samples = classifier.samples(found.slot, begin, found.onset + round(AFTER_S * RATE_HZ))
    enroller = Enroller(classifier.clapnet, classifier.confirmer, classifier.yamnet)
    made = enroller.example(samples, found.onset - begin, is_clap=True)
    return made if isinstance(made, Refusal) else None
