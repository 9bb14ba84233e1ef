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
LOSSY = 0.2  # of the sound; less is bridged, or misses a clap now and then
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
        """Record that sound follows. A new epoch of the same run forgets nothing: a fault may be what begins epochs."""
        self._pass(now_s)
        if self._opened_s is None:
            self._opened_s = self._age_s
        else:
            self._rate.interrupted()

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
    """Measures how much sound comes each second, over windows of ``WINDOW_S``.

    Two windows in a row must be off in the same direction: a network that stood still at the seam of two and then caught up
    is off once in each.
    """

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._heard_s = 0.0  # sound received in this window
        self._lost_s = 0.0  # sound known to be lost in it
        self._is_interrupted = False  # an epoch ended in it
        self._off = 0.0
        self._was_lossy = False
        self._fault: SoundFault | None = None

    def add(self, frame: Frame, age_s: float) -> None:
        """Record the next frame at ``age_s``. Known losses count as received: they are another fault than a wrong rate."""
        if self._began_s is None:
            self._began_s = age_s  # the first frame only says when it came
            return
        self._heard_s += len(frame.samples) / frame.rate_hz
        self._lost_s += frame.lost_samples / frame.rate_hz
        lasted_s = age_s - self._began_s
        if lasted_s >= WINDOW_S:
            self._close(lasted_s, frame.rate_hz)
            self._began_s, self._heard_s, self._lost_s, self._is_interrupted = age_s, 0.0, 0.0, False

    def interrupted(self) -> None:
        """Record that an epoch has ended and another one begins; how much lies between is unknown."""
        self._is_interrupted = True

    def check(self) -> SoundFault | None:
        """Return ``source.lossy`` while ``LOSSY`` of the sound is missing, ``source.wrong_rate`` while the rate is wrong.

        The rate is wrong where it is off by more than ``MOST_OFF`` and no known loss explains it.
        """
        return self._fault

    def _close(self, lasted_s: float, rate_hz: int) -> None:
        was_lossy, before = self._was_lossy, self._off
        missing = 1 - self._heard_s / lasted_s
        explained = missing if self._is_interrupted else self._lost_s / lasted_s
        self._was_lossy = min(missing, explained) >= LOSSY
        self._off = 0.0 if self._is_interrupted else (self._heard_s + self._lost_s) / lasted_s - 1
        if abs(self._off) <= MOST_OFF and not self._was_lossy:
            self._fault = None
        if self._was_lossy and was_lossy:
            self._fault = SoundFault("source.lossy", {"percent": round(100 * missing)})
        elif abs(self._off) > MOST_OFF and abs(before) > MOST_OFF and before * self._off > 0:
            measured_hz = round((1 + self._off) * rate_hz)
            self._fault = SoundFault("source.wrong_rate", {"measured_hz": measured_hz, "rate_hz": rate_hz})
