"""The recent-clap prior: who has clapped is likely to clap again; in a burst of look-alikes the next is likely one more."""

from __future__ import annotations

import math
from collections import deque

from claptrap.audio.frame import RATE_HZ

PRIOR_WINDOW = (RATE_HZ * 15 // 100, 2 * RATE_HZ)  # samples after a sound in which it counts; sooner, an echo is likely
PRIOR_LOG_ODDS = 1.2  # what a score gains after a score of 1; chosen on the validation part (see training/README.md)
ALIKE = (0.005, 0.5)  # scores of look-alikes: onsets that resemble a clap somewhat
ALIKE_LOG_ODDS, MOST_ALIKE = 2.0, 2  # what each look-alike but the first takes from a score, and how many count


class RecentClapPrior:
    """Raises scores just after likely claps of the same stream, and lowers them in a burst of look-alikes."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, float, bool]] = deque()  # onset, score, whether a look-alike; of the last 2 s

    def apply(self, onset: int, score: float) -> float:
        """Return ``score`` changed by what came just before. To be called once per candidate, in order of onset."""
        nearest, farthest = PRIOR_WINDOW
        while self._recent and onset - self._recent[0][0] > farthest:
            self._recent.popleft()
        before = [(likely, is_alike) for at, likely, is_alike in self._recent if onset - at >= nearest]
        likeliest = max((likely for likely, _ in before), default=0.0)
        burst = min(max(sum(is_alike for _, is_alike in before) - 1, 0), MOST_ALIKE)
        gain = math.exp(PRIOR_LOG_ODDS * likeliest - ALIKE_LOG_ODDS * burst)
        is_alike = ALIKE[0] <= score < ALIKE[1]
        score = score * gain / (1 - score + score * gain)
        self._recent.append((onset, score, is_alike))
        return score
