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
NEXT_WINDOW = (RATE_HZ // 10, RATE_HZ * 3 // 10)  # samples after a doubtful sound in which the next clap speaks for it
DOUBT = (0.05, 0.5)  # scores of doubtful sounds
NEXT_LEAST, NEXT_LOG_ODDS = 0.5, 2.5  # from which score on it speaks, and what a score of 1 gives


def is_doubtful(score: float) -> bool:
    """Return whether a score may rise with the clap that comes next."""
    return DOUBT[0] <= score < DOUBT[1]


def next_scores(onsets: Sequence[int], scores: Sequence[float]) -> list[float]:
    """Return (n,) the score of the clap that speaks for each sound, in order of onset, as the classifier finds it; or 0."""
    found = [0.0] * len(scores)
    for i, (onset, score) in enumerate(zip(onsets, scores, strict=True)):
        for j in range(i + 1, len(onsets) if is_doubtful(score) else 0):
            if onsets[j] - onset > NEXT_WINDOW[1]:
                break
            if onsets[j] - onset >= NEXT_WINDOW[0] and scores[j] >= NEXT_LEAST:
                found[i] = scores[j]
                break
    return found


class RecentClapPrior:
    """Raises scores just after likely claps of the same stream, and lowers them in a burst of look-alikes."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, float, bool]] = deque()  # onset, score, whether a look-alike; of the last 2 s

    def apply(self, onset: int, score: float, next_score: float = 0.0) -> float:
        """Return ``score`` changed by what came just before, and by the clap that comes next.

        To be called once per candidate, in order of onset.

        Args:
            onset: sample where it begins.
            score: by models and profile.
            next_score: of the clap that speaks for a doubtful sound; 0 for none.
        """
        nearest, farthest = PRIOR_WINDOW
        while self._recent and onset - self._recent[0][0] > farthest:
            self._recent.popleft()
        before = [(likely, is_alike) for at, likely, is_alike in self._recent if onset - at >= nearest]
        likeliest = max((likely for likely, _ in before), default=0.0)
        burst = min(max(sum(is_alike for _, is_alike in before) - 1, 0), MOST_ALIKE)
        gain = math.exp(PRIOR_LOG_ODDS * likeliest - ALIKE_LOG_ODDS * burst + NEXT_LOG_ODDS * next_score)
        is_alike = ALIKE[0] <= score < ALIKE[1]
        score = score * gain / (1 - score + score * gain)
        self._recent.append((onset, score, is_alike))
        return score
