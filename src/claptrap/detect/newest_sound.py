"""The newest samples of one stream, found again by stream time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ

MEMORY = 4 * RATE_HZ  # samples kept: the longest block (1 s), the longest past (1 s) and room


@dataclass(slots=True)
class NewestSound:
    """A ring of samples.

    Attributes:
        samples: (n,) 16 kHz, at stream time modulo n.
        heard: samples of the stream so far, lost ones included.
    """

    samples: NDArray[np.float32]
    heard: int = 0

    def add(self, block: NDArray[np.float32], lost: int) -> None:
        """Append (n,) samples after ``lost`` hops of silence."""
        silence, memory = lost * HOP, len(self.samples)
        if silence:
            self._put(np.zeros(min(silence, memory), np.float32), self.heard + max(0, silence - memory))
        self._put(block, self.heard + silence)
        self.heard += silence + len(block)

    def _put(self, block: NDArray[np.float32], at: int) -> None:
        begin = at % len(self.samples)
        head = min(len(block), len(self.samples) - begin)
        self.samples[begin : begin + head] = block[:head]
        self.samples[: len(block) - head] = block[head:]

    def window(self, begin: int, end: int) -> NDArray[np.float32]:
        """Return samples [begin, end) of the stream; zero before its beginning and where none have been heard yet."""
        known = min(end, self.heard)
        out = np.zeros(end - begin, np.float32)
        first = max(begin, 0)
        if known > first:
            kept, place = out[first - begin : known - begin], first % len(self.samples)
            head = min(len(kept), len(self.samples) - place)
            kept[:head] = self.samples[place : place + head]
            kept[head:] = self.samples[: len(kept) - head]
        return out
