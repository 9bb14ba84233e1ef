"""How much of the sound that a peer says is missing can be missing: time passed less sound received. Pure.

Time stamps, counters and places are claims. A camera stamps with a wrong clock or jitters, a sender counts in its own way, a
page may send any number; believed, they turn received sound into silence. What is observed bounds them: over the last ten
seconds no more can have been lost than seconds passed without sound.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

WINDOW_S = 10.0
BUCKET_S = 0.25


class LossBound:
    """Bounds one stream's losses. Not thread-safe: one owner.

    Args:
        credit_s: how many seconds of loss in ``WINDOW_S`` are believed without the time for them, where the claim is good
            evidence of its own (a packet counter) and sound may come in bursts.
    """

    def __init__(self, credit_s: float = 0.0) -> None:
        self._credit_s = credit_s
        # [when its first sound began, seconds received or believed lost since, seconds of them believed lost]
        self._buckets: deque[list[float]] = deque()
        self._full_s = 0.0  # when the newest bucket is full

    def received(self, sound_s: float, now_s: float, claimed_s: float = 0.0) -> float:
        """Record sound; return how many seconds were lost just before it.

        Args:
            sound_s: the sound's length in seconds, ≥ 0.
            now_s: monotonic seconds of its arrival.
            claimed_s: how much the peer says was lost just before it, ≥ 0.

        Returns:
            ``claimed_s``, or less: no more than the time that passed without sound within the last ``WINDOW_S``, or than
            what is left of the credit.
        """
        while self._buckets and self._buckets[0][0] < now_s - WINDOW_S:
            self._buckets.popleft()
        lost_s = min(claimed_s, self._most_s(now_s, sound_s)) if claimed_s > 0 else 0.0
        if not self._buckets or now_s >= self._full_s:
            self._buckets.append([now_s - sound_s - lost_s, 0.0, 0.0])
            self._full_s = now_s + BUCKET_S
        self._buckets[-1][1] += sound_s + lost_s
        self._buckets[-1][2] += lost_s
        return lost_s

    def received_each(self, sound_s: float, at_s: Sequence[float]) -> None:
        """Record pieces of ``sound_s`` seconds each that arrived at ``at_s`` without a loss, as ``received`` would."""
        i = 0
        while i < len(at_s):
            self.received(sound_s, at_s[i])
            end = i + 1
            while end < len(at_s) and at_s[end] < self._full_s:
                end += 1
            self._buckets[-1][1] += (end - i - 1) * sound_s
            i = end

    def _most_s(self, now_s: float, sound_s: float) -> float:
        """Return the most that can be lost just before ``sound_s`` that arrived at ``now_s``."""
        if not self._buckets:
            return 0.0
        missing_s = now_s - self._buckets[0][0] - sound_s - sum(covered_s for _, covered_s, _ in self._buckets)
        return max(0.0, missing_s, self._credit_s - sum(lost_s for _, _, lost_s in self._buckets))
