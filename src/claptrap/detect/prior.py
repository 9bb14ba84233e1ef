"""The recent-clap prior: who has clapped is likely to clap again."""

from __future__ import annotations

import math
from collections import deque

from claptrap.audio.frame import RATE_HZ

PRIOR_WINDOW = (RATE_HZ * 15 // 100, 2 * RATE_HZ)  # samples after a likely clap: another is likely; sooner, an echo is
PRIOR_LOG_ODDS = 1.2  # what a score gains after a score of 1; chosen on the validation part (see training/README.md)


class RecentClapPrior:
    """Raises scores just after likely claps of the same stream."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, float]] = deque()  # onsets and scores of the last 2 s

    def apply(self, onset: int, score: float) -> float:
        """Return ``score`` raised by the likely claps just before it. To be called once per candidate, in order of onset."""
        nearest, farthest = PRIOR_WINDOW
        while self._recent and onset - self._recent[0][0] > farthest:
            self._recent.popleft()
        likeliest = max((s for at, s in self._recent if onset - at >= nearest), default=0.0)
        gain = math.exp(PRIOR_LOG_ODDS * likeliest)
        score = score * gain / (1 - score + score * gain)
        self._recent.append((onset, score))
        return score
