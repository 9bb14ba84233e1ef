"""What passes from the onset thread to the classifier thread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.onset import Candidate
from claptrap.runtime.stream import Stream


@dataclass(frozen=True, slots=True)
class HopBatch:
    """The same number of hops of every source that was ready, and the onsets in them.

    Attributes:
        opened: streams that begin with this batch.
        slots: (R,) distinct slots, R ≥ 0.
        hops: (R, n · 320) their samples at 16 kHz, n ≥ 1.
        lost: (R,) hops missing just before them.
        candidates: onsets found, in order of time.
        finished: streams that end with this batch.
        due_at: monotonic seconds from which its sound waits to be processed, more or less.
    """

    opened: tuple[Stream, ...]
    slots: NDArray[np.int64]
    hops: NDArray[np.float32]
    lost: NDArray[np.int64]
    candidates: tuple[Candidate, ...]
    finished: tuple[Stream, ...]
    due_at: float
