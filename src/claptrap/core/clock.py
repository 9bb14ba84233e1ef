"""Time as an argument: the two clocks of the machine, behind one small interface."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Where time comes from. Tests give their own."""

    def monotonic(self) -> float:
        """Seconds that never go back; origin unspecified."""

    def unix(self) -> float:
        """UTC seconds since 1970; may jump."""


class SystemClock:
    """The machine's clocks."""

    def monotonic(self) -> float:
        return time.monotonic()

    def elapsed(self) -> float:
        """Seconds that never go back and go on while the machine sleeps, where the system has such a clock."""
        return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()

    def unix(self) -> float:
        return time.time()


def elapsed(clock: Clock) -> float:
    """Return seconds for ages of hours: ``SystemClock.elapsed`` of the machine's clock, ``monotonic`` of any other."""
    return clock.elapsed() if isinstance(clock, SystemClock) else clock.monotonic()
