"""A time of day that can be set for one process, as a person or a time server sets a machine's (libfaketime)."""

from __future__ import annotations

import time
from pathlib import Path

CACHED_S = 1  # a process looks at the file so often
UNSURE_S = CACHED_S + 1.5  # around a step: a clap of that time may have been stamped by the clock before or after it
LIBRARIES = ("/usr/lib/*/faketime/libfaketimeMT.so.1", "/usr/lib*/faketime/libfaketimeMT.so.1")


class TimeOfDay:
    """The time of day of a process that is started with ``environment``; its monotonic clock is the machine's.

    Attributes:
        environment: what the process needs; empty where libfaketime is not installed.

    Args:
        folder: for the file that says what time it is.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / "time-of-day"
        self._steps: list[tuple[float, float]] = []  # since when (UTC Unix seconds), by how much it is ahead
        self.set(0.0)
        found = next((path for pattern in LIBRARIES for path in sorted(Path("/").glob(pattern[1:]))), None)
        self.environment = (
            {
                "LD_PRELOAD": str(found),
                "FAKETIME_TIMESTAMP_FILE": str(self._file),
                "FAKETIME_CACHE_DURATION": str(CACHED_S),
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                "DONT_FAKE_MONOTONIC": "1",  # its name up to version 0.9.9
                "NO_FAKE_STAT": "1",
            }
            if found
            else {}
        )

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
