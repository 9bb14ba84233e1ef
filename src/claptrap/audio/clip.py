"""The sound around a moment: what was heard last, and a piece of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Clip:
    """The sound around a detection.

    Attributes:
        event_id: the detection's.
        timestamp: its onset, UTC Unix seconds.
        samples: (n,) mono, 16 kHz.
    """

    event_id: str
    timestamp: float
    samples: Samples


class ClipSink(Protocol):
    """Takes clips; never blocks."""

    def offer(self, clip: Clip) -> None:
        """Accept a clip, or drop it and count."""


class SampleHistory:
    """The newest hops of one stream, at their place in its time. What was lost is silence. Not thread-safe: one owner.

    Args:
        capacity_hops: how many hops it holds, ≥ 1; older ones are forgotten.
        start: how many hops of the stream there were before it.
    """

    def __init__(self, capacity_hops: int, start: int = 0) -> None:
        self._hops = np.zeros((capacity_hops, HOP), np.float32)
        self._start = start
        self._heard = start  # hops, those that were lost included

    @property
    def end(self) -> int:
        """How many samples there were so far: those it can give are before it."""
        return self._heard * HOP

    def write(self, hop: Samples, lost: int) -> None:
        """Add a hop (320,), and before it the hops that were lost."""
        capacity = len(self._hops)
        self._hops[(self._heard + np.arange(min(lost, capacity))) % capacity] = 0.0
        if lost > capacity:
            self._hops[:] = 0.0
        self._heard += lost
        self._hops[self._heard % capacity] = hop
        self._heard += 1

    def extract(self, begin: int, end: int) -> Samples:
        """Return the samples from ``begin`` to ``end`` of the stream, without those that are forgotten or not yet there."""
        capacity = len(self._hops)
        begin = max(begin, self._start * HOP, self.end - capacity * HOP)
        end = min(end, self.end)
        if begin >= end:
            return np.zeros(0, np.float32)
        first = begin // HOP
        places = np.arange(first, -(-end // HOP)) % capacity
        return self._hops[places].reshape(-1)[begin - first * HOP : end - first * HOP]
