"""Time as an argument: the two clocks of the machine, behind one small interface."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from. Tests give their own."""

    def monotonic(self) -> float:
        """Seconds that never go back; origin unspecified."""

    def elapsed(self) -> float:
        """Seconds for ages of hours: they go on while the machine sleeps, where the clock knows of that."""
        return self.monotonic()

    def unix(self) -> float:
        """UTC seconds since 1970; may jump."""


class SystemClock(Clock):
    """The machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def elapsed(self) -> float:
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()

    def unix(self) -> float:
        return time.time()
