"""Stream time against the machine's monotonic clock."""

from __future__ import annotations

import math

WINDOW_S = 10.0


class Anchor:
    """Estimates when, on the machine's monotonic clock, a stream's time was zero.

    Sound arrives in blocks, always late and never early, so the smallest (arrival − stream time) of a window is the best
    estimate: the minimum over the last one to two windows forgets slowly and thus follows the drift between the sound
    card's clock and the machine's (50 ppm is 4 s a day; here it costs 1 ms). No clock inside: time is an argument.
    """

    def __init__(self, window_s: float = WINDOW_S) -> None:
        self._window_s = window_s
        self._previous = math.inf
        self._current = math.inf
        self._turn_at = -math.inf

    def arrived(self, stream_s: float, monotonic_s: float) -> None:
        """Record that the stream's first ``stream_s`` seconds had arrived at ``monotonic_s``."""
        if monotonic_s >= self._turn_at:
            self._previous, self._current = self._current, math.inf
            self._turn_at = monotonic_s + self._window_s
        self._current = min(self._current, monotonic_s - stream_s)

    def monotonic(self, stream_s: float) -> float:
        """Return the monotonic time, in seconds, at which stream time ``stream_s`` was recorded.

        Raises:
            ValueError: nothing has arrived yet.
        """
        zero = min(self._previous, self._current)
        if math.isinf(zero):
            raise ValueError("nothing has arrived yet")
        return zero + stream_s
