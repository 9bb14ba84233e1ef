"""What passes from the tick to the judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.onset import Candidate
from claptrap.runtime.stream import Stream


@dataclass(frozen=True, slots=True)
class HopBatch:
    """As many hops of every source that was ready, and what the gate made of them.

    Attributes:
        opened: streams that begin with this beat.
        slots: (R,) rows heard.
        hops: (R, n · 320) their samples, n ≥ 1.
        lost: (R,) hops missing just before them.
        candidates: onsets that the gate found.
        finished: streams of which no more will come after this beat.
    """

    opened: tuple[Stream, ...]
    slots: NDArray[np.int64]
    hops: NDArray[np.float32]
    lost: NDArray[np.int64]
    candidates: tuple[Candidate, ...]
    finished: tuple[Stream, ...]
