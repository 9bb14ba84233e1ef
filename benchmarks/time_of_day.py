"""A time of day that can be set for one process, as a person or a time server sets a machine's."""

from __future__ import annotations

import os
import time
from pathlib import Path

UNSURE_S = 1.5  # around a step: a clap of that time may have been stamped by the clock before or after it
SETTABLE = Path(__file__).with_name("settable_clock")


class TimeOfDay:
    """The time of day of a Python process that is started with ``environment``; its monotonic clock is the machine's.

    libfaketime would set the C library's too, but made the service three times as dear.

    Attributes:
        environment: what the process needs.

    Args:
        folder: for the file that says how far ahead it is.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "time-of-day"
        self._steps: list[tuple[float, float]] = []  # since when (UTC Unix seconds), by how much it is ahead
        self.set(0.0)
        paths = os.pathsep.join([str(SETTABLE), *filter(None, [os.environ.get("PYTHONPATH")])])
        self.environment = {"BENCH_TIME_OF_DAY": str(self._file), "PYTHONPATH": paths}

    def set(self, ahead_s: float) -> None:
        """Set it so many seconds ahead of the machine's."""
        self._steps.append((time.time(), ahead_s))
        written = self._file.with_suffix(".new")
        written.write_text(f"{ahead_s:+.0f}\n", encoding="ascii")
        written.replace(self._file)

    def meant(self, stamp: float) -> list[float]:
        """Return the machine's times of day (UTC Unix seconds) at which the process's may have been ``stamp``."""
        ends = [since for since, _ in self._steps[1:]] + [float("inf")]
        return [
            stamp - ahead_s
            for (since, ahead_s), end in zip(self._steps, ends, strict=True)
            if since - UNSURE_S <= stamp - ahead_s <= end + UNSURE_S
        ]
