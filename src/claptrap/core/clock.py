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

    def unix(self) -> float:
        return time.time()
