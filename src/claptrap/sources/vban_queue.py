"""One VBAN stream's packets in the thread of their port, until as many wait as the stream's source wants at once."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence

from claptrap.core.errors import SourceError
from claptrap.sources.pacing import Pacing
from claptrap.sources.vban_bursts import Burst


class PacketQueue:
    """A queue of packets, and the counts of the stream.

    What is received is heard in the port's thread too: with a thread for each of 64 streams, waking them and their taking
    turns at the interpreter cost more than the work. Nothing is dropped here: a thread that falls behind leaves datagrams to
    the kernel, whose buffer is bounded and counts what it drops.

    Args:
        pacing: the source's.
        hear: takes packets, oldest first, and the monotonic time; returns after how many seconds to be called again even if
            no packet has come. What it raises ends the reception.
        counts: by the keys of ``vban_reorder.COUNTS``, written by the source.

    Attributes:
        pacing, counts: likewise.
        due_at: monotonic seconds at which ``hear`` shall be called in any case.
    """

    def __init__(self, pacing: Pacing, hear: Callable[[Sequence[Burst], float], float], counts: Counter[str]) -> None:
        self.pacing = pacing
        self.counts = counts
        self.due_at = 0.0
        self._hear = hear
        self._bursts: list[Burst] = []
        self._waiting_s = 0.0
        self._passed_at = 0.0
        self._is_hurried = False
        self._failure: Exception | None = None
        self._ended = threading.Event()
        self._hearing = threading.Lock()

    # -- for the port's thread ------------------------------------------------------------------------------------------

    def put(self, burst: Burst) -> None:
        """Add packets."""
        self._bursts.append(burst)
        self._waiting_s += burst.duration_s

    def pass_on(self, now: float) -> None:
        """Have what waits heard, if it is as much as the source wants at once, or time."""
        is_awaited = self.pacing.is_urgent and now >= self.pacing.next_at(self._passed_at)
        if not (self._is_hurried or is_awaited or now >= self.due_at or self.pacing.is_due(self._waiting_s)):
            return
        self._is_hurried, self._passed_at = False, now
        taken, self._bursts, self._waiting_s = self._bursts, [], 0.0
        with self._hearing:
            if self._ended.is_set():
                return
            try:
                self.due_at = now + self._hear(taken, now)
            except Exception as error:  # noqa: BLE001  # raised again in the thread that waits for the end
                self._failure = error
                self._ended.set()

    # -- for any thread -------------------------------------------------------------------------------------------------

    def hurry(self) -> None:
        """Have what waits heard at the next occasion."""
        self._is_hurried = True

    def fail(self, error: SourceError) -> None:
        """Say that no more will come."""
        self._failure = self._failure or error
        self._ended.set()

    def end(self) -> None:
        """Let ``wait`` return. Does not block."""
        self._ended.set()

    def close(self) -> None:
        """End, and wait until nothing is being heard."""
        self._ended.set()
        with self._hearing:
            pass

    def wait(self) -> None:
        """Wait for the end.

        Raises:
            Exception: the one given to ``fail``, or what hearing has raised.
        """
        self._ended.wait()
        if self._failure is not None:
            raise self._failure
