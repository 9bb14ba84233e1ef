"""How much sound a source gathers before it hands on a frame."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LONG_S = 0.1  # a candidate is still found before its 112 ms decision point
WATCHED_S = 0.04  # for meters and spectrograms that move evenly
SHORT_S = 0.02
FINE_S = 0.005  # between two looks for sound that is due; a packet of most senders is as long


class Pacing:
    """The length of one source's frames: short while a candidate waits for more sound, else long, less so for a page.

    Each frame wakes the threads of capture and detection, whatever it holds; so a source costs what its number of frames
    costs. Any thread may call ``set_urgent`` and ``wake``; they do not block.
    """

    def __init__(self) -> None:
        self._is_urgent = False
        self._expected_at = math.inf
        self._is_watched = False
        self._woken = threading.Event()
        self._wake: Callable[[], object] = self._woken.set

    @property
    def is_urgent(self) -> bool:
        """Whether frames shall be short."""
        return self._is_urgent

    @property
    def is_patient(self) -> bool:
        """Whether nothing is undecided, and no page is open."""
        return not self._is_urgent and not self._is_watched

    @property
    def block_s(self) -> float:
        """How many seconds of sound to gather before the next frame; a source may round, and give less at any time."""
        if self._is_urgent:
            return SHORT_S
        return WATCHED_S if self._is_watched else LONG_S

    def is_due(self, waiting_s: float) -> bool:
        """Return whether ``waiting_s`` seconds of sound are about ``block_s``."""
        return waiting_s >= 0.75 * self.block_s

    def next_at(self, since_s: float) -> float:
        """Return when to hand on sound again that was handed on at ``since_s``, for a source that can choose.

        While frames are short that is when the sound is there that a decision waits for, and from then on at once.
        """
        if not self._is_urgent or self._expected_at == math.inf:
            return since_s + self.block_s
        return min(self._expected_at, since_s + WATCHED_S) if self._expected_at > since_s else since_s + FINE_S

    def set_urgent(self, is_urgent: bool, expected_at: float = math.inf) -> None:
        """Make frames short, or long again. Where they become short, the source is woken.

        Args:
            is_urgent: whether anything is undecided.
            expected_at: the monotonic time at which the sound that decides it should have come; infinite where none does.
        """
        begins = is_urgent and not self._is_urgent
        self._expected_at, self._is_urgent = expected_at, is_urgent
        if begins:
            self.wake()

    def attend(self, *, is_watched: bool) -> None:
        """Make long frames shorter for a page that is open, or not; from the next frame on."""
        self._is_watched = is_watched

    def wake(self) -> None:
        """Wake the source, for it to look again how long its frames shall be, or whether it shall stop."""
        self._wake()

    def wait(self, seconds: float) -> bool:
        """Wait so long; return True as soon as the source is woken, or was since the last ``wait``. For the source."""
        is_woken = self._woken.wait(seconds)
        self._woken.clear()
        return is_woken

    @contextmanager
    def waking(self, wake: Callable[[], object]) -> Iterator[None]:
        """Wake the source by ``wake``, which must not block, instead of out of ``wait``. For the source."""
        self._wake = wake
        try:
            yield
        finally:
            self._wake = self._woken.set
