"""Sounds that YAMNet names, or that were taught, as triggers: which windows count, and when that is enough."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import RATE_HZ
from claptrap.core.events import Labels
from claptrap.core.triggers import SoundSpec
from claptrap.detect.patterns import Detection
from claptrap.detect.slot import LABEL_EVERY
from claptrap.detect.taught import similarity, sound_vector, unpacked
from claptrap.detect.yamnet import SAMPLES


class SoundTriggers:
    """The sounds that one stream reacts to.

    Args:
        specs: which.
    """

    def __init__(self, specs: Sequence[SoundSpec]) -> None:
        self._triggers = [_Trigger(spec) for spec in specs]
        self._is_taught = any(spec.examples for spec in specs)

    @property
    def is_any(self) -> bool:
        """Whether there is any sound to listen for."""
        return bool(self._triggers)

    def process(self, at: int, scores: Mapping[str, float], features: NDArray[np.float32] | None = None) -> list[Detection]:
        """Return what is detected with YAMNet's window that ends at sample ``at``.

        Args:
            at: later than the window before.
            scores: of the window, [0, 1] by class; a silent one need not be given.
            features: YAMNet's, by which taught sounds are known.
        """
        vector = sound_vector(features) if self._is_taught and features is not None and len(features) else None
        return [found for trigger in self._triggers if (found := trigger.process(at, scores, vector)) is not None]


class _Trigger:
    """One sound: the windows in which it was heard."""

    def __init__(self, spec: SoundSpec) -> None:
        self._spec = spec
        self._examples = [unpacked(example) for example in spec.examples]
        self._needed = max(1, math.ceil(spec.persistence_s * RATE_HZ / LABEL_EVERY))
        self._heard: deque[tuple[int, float]] = deque(maxlen=self._needed)
        self._last: int | None = None

    def process(self, at: int, scores: Mapping[str, float], vector: NDArray[np.float32] | None) -> Detection | None:
        """Return the detection that is made with the window that ends at sample ``at``, if any."""
        labels: Labels = tuple((label, round(scores.get(label, 0.0), 3)) for label in self._spec.labels)
        score = max((score for _, score in labels), default=0.0)
        if self._examples:
            score = 0.0 if vector is None else max(0.0, similarity(self._examples, vector))
        if score < self._spec.threshold:
            return None
        self._heard.append((at, score))
        first = self._heard[0][0]
        is_enough = len(self._heard) == self._needed and at - first <= 2 * (self._needed - 1) * LABEL_EVERY
        if not is_enough or (self._last is not None and at - self._last < self._spec.delay_s * RATE_HZ):
            return None
        self._last = at
        best = max(score for _, score in self._heard)
        named = tuple(sorted(labels, key=lambda label: -label[1]))
        return Detection(max(0, first - SAMPLES), at, best, 0, named, trigger=self._spec.id)
