"""Recent samples of one stream, and pieces cut out of them."""

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
        samples: (n,) float32, mono, 16 kHz, in [-1, 1].
    """

    event_id: str
    timestamp: float
    samples: Samples


class ClipSink(Protocol):
    """Takes clips; never blocks."""

    def offer(self, clip: Clip) -> None:
        """Accept a clip, or drop it and count."""


class SampleHistory:
    """A ring buffer of one stream's newest hops, addressed by stream time. Lost hops read as zeros. Not thread-safe.

    Args:
        capacity_hops: hops held, ≥ 1; older ones are overwritten.
        start: hops of the stream that came before the first one written here.
    """

    def __init__(self, capacity_hops: int, start: int = 0) -> None:
        self._hops = np.zeros((capacity_hops, HOP), np.float32)
        self._start = start
        self._heard = start  # hops, those that were lost included

    @property
    def end(self) -> int:
        """Stream time just after the newest sample, in samples at 16 kHz."""
        return self._heard * HOP

    def write(self, hop: Samples, lost: int) -> None:
        """Append ``lost`` ≥ 0 hops of zeros, then ``hop`` (320,) float32 at 16 kHz."""
        capacity = len(self._hops)
        self._hops[(self._heard + np.arange(min(lost, capacity))) % capacity] = 0.0
        if lost > capacity:
            self._hops[:] = 0.0
        self._heard += lost
        self._hops[self._heard % capacity] = hop
        self._heard += 1

    def extract(self, begin: int, end: int) -> Samples:
        """Return a copy (n,) of samples [``begin``, ``end``) of the stream, both in samples at 16 kHz.

        What is overwritten or has not arrived is left out, so n ≤ end − begin; n = 0 where nothing of it is held.
        """
        capacity = len(self._hops)
        begin = max(begin, self._start * HOP, self.end - capacity * HOP)
        end = min(end, self.end)
        if begin >= end:
            return np.zeros(0, np.float32)
        first = begin // HOP
        places = np.arange(first, -(-end // HOP)) % capacity
        return self._hops[places].reshape(-1)[begin - first * HOP : end - first * HOP]
