"""How much of the sound that a peer says is missing can be missing: time passed less sound received. Pure.

Time stamps, counters and places are claims. A camera stamps with a wrong clock or jitters, a sender counts in its own way, a
page may send any number; believed, they turn received sound into silence. What is observed bounds them: over the last ten
seconds no more can have been lost than seconds passed without sound.
"""

from __future__ import annotations

from collections import deque

WINDOW_S = 10.0
BUCKET_S = 0.25


class LossBound:
    """Bounds one stream's losses. Not thread-safe: one owner."""

    def __init__(self) -> None:
        self._buckets: deque[list[float]] = deque()  # [when its first sound began, seconds received or believed lost since]
        self._full_s = 0.0  # when the newest bucket is full

    def received(self, sound_s: float, now_s: float, claimed_s: float = 0.0) -> float:
        """Record sound; return how many seconds were lost just before it.

        Args:
            sound_s: the sound's length in seconds, ≥ 0.
            now_s: monotonic seconds of its arrival.
            claimed_s: how much the peer says was lost just before it, ≥ 0.

        Returns:
            ``claimed_s``, or less: never more than the time that passed without sound within the last ``WINDOW_S``.
        """
        while self._buckets and self._buckets[0][0] < now_s - WINDOW_S:
            self._buckets.popleft()
        lost_s = min(claimed_s, self._missing_s(now_s, sound_s)) if claimed_s > 0 else 0.0
        if not self._buckets or now_s >= self._full_s:
            self._buckets.append([now_s - sound_s - lost_s, 0.0])
            self._full_s = now_s + BUCKET_S
        self._buckets[-1][1] += sound_s + lost_s
        return lost_s

    def _missing_s(self, now_s: float, sound_s: float) -> float:
        """Return the seconds up to ``now_s`` that neither sound nor losses account for, within the window."""
        if not self._buckets:
            return 0.0
        return max(0.0, now_s - self._buckets[0][0] - sound_s - sum(covered for _, covered in self._buckets))
