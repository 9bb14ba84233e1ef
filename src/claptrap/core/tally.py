"""Count always, speak once a second: turns a flood of faults into one log line with a total."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """Counts occurrences and says when it is time to speak of them.

    Not thread-safe: one owner. After MediaMTX's counter dumper: the absolute total is kept for metrics, the log gets at most
    one line per ``period_s``.
    """

    period_s: float = 1.0
    total: int = 0
    _unsaid: int = field(default=0, repr=False)
    _spoke_at: float = field(default=float("-inf"), repr=False)

    def add(self, now_s: float, n: int = 1) -> int:
        """Count ``n`` occurrences at monotonic time ``now_s``; return how many to speak of now, or 0 to stay quiet."""
        self.total += n
        self._unsaid += n
        if now_s - self._spoke_at < self.period_s:
            return 0
        self._spoke_at = now_s
        unsaid, self._unsaid = self._unsaid, 0
        return unsaid
