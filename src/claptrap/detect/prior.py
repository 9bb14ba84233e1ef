"""The recent-clap prior: who has clapped is likely to clap again; in a burst of look-alikes the next is likely one more."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from claptrap.audio.frame import RATE_HZ

PRIOR_WINDOW = (RATE_HZ * 15 // 100, 2 * RATE_HZ)  # samples after a sound in which it counts; sooner, an echo is likely
PRIOR_LOG_ODDS = 1.2  # what a score gains after a score of 1; chosen on the validation part (see training/README.md)
ALIKE = (0.005, 0.5)  # scores of look-alikes: onsets that resemble a clap somewhat
ALIKE_LOG_ODDS, MOST_ALIKE = 2.0, 2  # what each look-alike but the first takes from a score, and how many count
NEXT_WINDOW = (RATE_HZ // 10, RATE_HZ * 3 // 10)  # samples after a doubtful sound in which the first clap speaks for it
DOUBT = (0.05, 0.5)  # scores of doubtful sounds
NEXT_LEAST, NEXT_LOG_ODDS = 0.5, 2.5  # from which score on it speaks, and what a score of 1 gives


class RecentClapPrior:
    """Raises scores just after likely claps of the same stream, and lowers them in a burst of look-alikes."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, float, bool]] = deque()  # onset, score, whether a look-alike; of the last 2 s

    def waits(self, onset: int, score: float) -> bool:
        """Return whether the score of a sound may rise with the clap that comes next, before ``apply``."""
        return DOUBT[0] <= score < DOUBT[1] and self._changed(onset, score, 0.0) < DOUBT[1]

    def apply(self, onset: int, score: float, next_score: float = 0.0) -> float:
        """Return ``score`` changed by what came just before, and by the clap that comes next.

        To be called once per candidate, in order of onset.

        Args:
            onset: sample where it begins.
            score: by models and profile.
            next_score: of the clap that speaks for a sound that ``waits``; 0 for none.
        """
        changed = self._changed(onset, score, next_score)
        self._recent.append((onset, changed, ALIKE[0] <= score < ALIKE[1]))
        return changed

    def apply_all(self, onsets: Sequence[int], scores: Sequence[float]) -> list[float]:
        """Return (n,) scores of sounds that are all known, in order of onset, changed as the classifier changes them."""
        found = []
        for i, (onset, score) in enumerate(zip(onsets, scores, strict=True)):
            last = i + 1
            while self.waits(onset, score) and last < len(onsets) and onsets[last] <= onset + NEXT_WINDOW[1]:
                last += 1
            claps = [j for j in range(i + 1, last) if scores[j] >= NEXT_LEAST]
            speaks = bool(claps) and onsets[claps[0]] >= onset + NEXT_WINDOW[0]  # sooner, it is one sound with this
            found.append(self.apply(onset, score, scores[claps[0]] if speaks else 0.0))
        return found

    def _changed(self, onset: int, score: float, next_score: float) -> float:
        nearest, farthest = PRIOR_WINDOW
        while self._recent and onset - self._recent[0][0] > farthest:
            self._recent.popleft()
        before = [(likely, is_alike) for at, likely, is_alike in self._recent if onset - at >= nearest]
        likeliest = max((likely for likely, _ in before), default=0.0)
        burst = min(max(sum(is_alike for _, is_alike in before) - 1, 0), MOST_ALIKE)
        gain = math.exp(PRIOR_LOG_ODDS * likeliest - ALIKE_LOG_ODDS * burst + NEXT_LOG_ODDS * next_score)
        return score * gain / (1 - score + score * gain)
