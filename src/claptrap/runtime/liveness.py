"""A watchdog on the sound itself, for every kind of source.

Pure: time is an argument. Time is counted as it is observed, at most ``MOST_PASSED_S`` between two observations and never
backwards: a clock that jumps, a laptop that slept or a machine that stood still is no silence of the source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from claptrap.audio.frame import Frame

NO_FRAMES_S = 10
NEVER_OPEN_S = 30  # opening may take its own bounded time first
CONSTANT_S = 10
ZEROS_S = 60
NEARLY_ZERO = 0.001  # A-law has no zero: its silence is a constant 0.0002
WINDOW_S = 20.0  # over which the rate is measured; shorter ones are fooled by a network that hesitates
SETTLING_S = 2.0  # senders begin with a burst of what they had ready
MOST_OFF = 0.05
MOST_PASSED_S = 2.0


@dataclass(frozen=True, slots=True)
class SoundFault:
    """A fault of the sound.

    Attributes:
        code: a key of ``text.catalogue``.
        params: values for that sentence.
        reopen: whether reopening the source can help; else it is a warning about a source that works.
    """

    code: str
    params: Mapping[str, str | float] = field(default_factory=dict)
    reopen: bool = False


class Liveness:
    """Watches one run of a source. Not thread-safe: its owner locks.

    Args:
        now_s: monotonic seconds.
    """

    def __init__(self, now_s: float) -> None:
        self._at_s = now_s
        self._age_s = 0.0
        self._opened_s: float | None = None  # ages, like the next one
        self._heard_s: float | None = None
        self._stuck = StuckValueMonitor()
        self._rate = RateMonitor()

    @property
    def healthy_s(self) -> float:
        """For how long sound came after opening, in observed seconds."""
        return 0.0 if self._opened_s is None or self._heard_s is None else self._heard_s - self._opened_s

    def opened(self, now_s: float) -> None:
        """Record that the source has opened and sound follows; what was before does not count any more."""
        self._pass(now_s)
        self._opened_s, self._heard_s = self._age_s, None
        self._stuck, self._rate = StuckValueMonitor(), RateMonitor()

    def heard(self, frame: Frame, now_s: float) -> None:
        """Record a frame. One without samples is none."""
        jumped = self._pass(now_s)
        if not len(frame.samples):
            return
        self._heard_s = self._age_s
        self._stuck.add(frame)
        if jumped:
            self._rate = RateMonitor()
        if self._opened_s is not None and self._age_s - self._opened_s >= SETTLING_S:
            self._rate.add(frame, self._age_s)

    def check(self, now_s: float) -> SoundFault | None:
        """Return the gravest fault, None without any. To be called about every second."""
        self._pass(now_s)
        return self._missing() or self._stuck.check() or self._rate.check()

    def _missing(self) -> SoundFault | None:
        since_s, limit_s = self._opened_s, NO_FRAMES_S
        if self._heard_s is not None:
            since_s = self._heard_s
        if since_s is None:
            since_s, limit_s = 0.0, NEVER_OPEN_S
        if self._age_s - since_s < limit_s:
            return None
        return SoundFault("source.silent", {"seconds": limit_s}, reopen=True)

    def _pass(self, now_s: float) -> bool:
        """Let observed time pass; return whether the clock jumped."""
        passed_s = now_s - self._at_s
        self._at_s = now_s
        self._age_s += min(max(passed_s, 0.0), MOST_PASSED_S)
        return not 0.0 <= passed_s <= MOST_PASSED_S


class StuckValueMonitor:
    """Counts for how long every sample was the one before it, in the stream's own time."""

    def __init__(self) -> None:
        self._values: bytes = b""  # of the newest sample, all channels
        self._largest = 0.0  # of the newest flat frame
        self._same_s = 0.0

    def add(self, frame: Frame) -> None:
        """Record the next frame, of at least one sample."""
        samples = frame.samples
        first, last = samples[0].tobytes(), samples[-1].tobytes()
        is_flat = first == last and bool((samples == samples[0]).all())  # nearly always decided by the first comparison
        if not is_flat or first != self._values:
            self._same_s = 0.0
        self._values = last
        if is_flat:
            self._same_s += len(samples) / frame.rate_hz
            self._largest = float(np.abs(samples[0]).max())

    def check(self) -> SoundFault | None:
        """Return ``source.zeros`` for a minute of nothing, ``source.constant`` for ten seconds of any other value."""
        if self._largest <= NEARLY_ZERO:
            return SoundFault("source.zeros", {"seconds": ZEROS_S}) if self._same_s >= ZEROS_S else None
        return SoundFault("source.constant", {"seconds": CONSTANT_S}) if self._same_s >= CONSTANT_S else None


class RateMonitor:
    """Measures how many samples come each second, over windows of ``WINDOW_S``.

    Two windows in a row must be off in the same direction: a network that stood still at the seam of two and then caught up
    is off once in each.
    """

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._n = 0
        self._off = 0.0
        self._fault: SoundFault | None = None

    def add(self, frame: Frame, age_s: float) -> None:
        """Record the next frame at ``age_s``. Known losses count as received: they are another fault than a wrong rate."""
        if self._began_s is None:
            self._began_s = age_s  # the first frame only says when it came
            return
        self._n += len(frame.samples) + frame.lost_samples
        lasted_s = age_s - self._began_s
        if lasted_s >= WINDOW_S:
            self._close(self._n / lasted_s, frame.rate_hz)
            self._began_s, self._n = age_s, 0

    def check(self) -> SoundFault | None:
        """Return ``source.wrong_rate`` while it is off by more than ``MOST_OFF``."""
        return self._fault

    def _close(self, measured_hz: float, rate_hz: int) -> None:
        before, self._off = self._off, measured_hz / rate_hz - 1
        if abs(self._off) <= MOST_OFF:
            self._fault = None
        elif abs(before) > MOST_OFF and before * self._off > 0:
            self._fault = SoundFault("source.wrong_rate", {"measured_hz": round(measured_hz), "rate_hz": rate_hz})
