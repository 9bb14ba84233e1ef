"""Rate limits for the log: against floods of faults, and faults that last for weeks."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class RateLimitedCounter:
    """Counts occurrences and returns when to log them.

    Not thread-safe: one owner. After MediaMTX's counter dumper: the absolute total is kept for metrics, the log gets at most
    one line per ``period_s``.
    """

    period_s: float = 1.0
    total: int = 0
    _unsaid: int = field(default=0, repr=False)
    _spoke_at: float = field(default=float("-inf"), repr=False)

    def add(self, now_s: float, n: int = 1) -> int:
        """Count ``n`` occurrences at monotonic time ``now_s``; return how many to log now, 0 for none."""
        self.total += n
        self._unsaid += n
        if now_s - self._spoke_at < self.period_s:
            return 0
        self._spoke_at = now_s
        unsaid, self._unsaid = self._unsaid, 0
        return unsaid


@dataclass(slots=True)
class LogThrottle:
    """Decides whether to log a message: the first time, and again after ``period_s``.

    A camera that is off for a month is tried once a minute; a line for each would push everything else out of the log, and
    out of a support bundle. Not thread-safe: one owner. It keeps one number for each different key.
    """

    period_s: float = 3600.0
    _said_at: dict[str, float] = field(default_factory=dict, repr=False)

    def is_due(self, what: str, now_s: float) -> bool:
        """Return whether to log ``what`` at monotonic time ``now_s``; if so, it counts as logged."""
        if now_s - self._said_at.get(what, float("-inf")) < self.period_s:
            return False
        self._said_at[what] = now_s
        return True

    def reset(self) -> None:
        """Forget what was logged: all is well again."""
        self._said_at.clear()
