"""One uninterrupted stretch of sound from one source, between the thread that captures it and those that hear it."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.audio.ring import HopRing
from claptrap.core.clock import Clock
from claptrap.runtime.anchor import Anchor

HOP_S = HOP / RATE_HZ
RING_HOPS = 250  # 5 s: long enough for a stalled machine, short enough that late claps are not acted on much later


class Stream:
    """A ring of hops with a name for its time.

    The capture thread writes; the tick thread reads; the judge asks when a moment was.

    Attributes:
        source_id: whose sound.
        slot: the source's row in the arrays of hearing.
        epoch: names this stretch; part of event ids.
        failure: why those who hear gave it up; None while they do not.
    """

    def __init__(self, source_id: str, slot: int, epoch: str, ring_hops: int = RING_HOPS) -> None:
        self.source_id = source_id
        self.slot = slot
        self.epoch = epoch
        self.ring = HopRing(ring_hops)
        self._anchor = Anchor()
        self._anchor_lock = threading.Lock()
        self._written_hops = 0
        self._ended = threading.Event()
        self.failure: str | None = None

    def write(self, hops: NDArray[np.float32], lost: NDArray[np.int64], monotonic_s: float) -> int:
        """Add hops (k, 320) that arrived at ``monotonic_s``; return how many old ones had to be dropped for them."""
        if not len(hops):
            return 0
        self._written_hops += len(hops) + int(lost.sum())
        with self._anchor_lock:
            self._anchor.arrived(self._written_hops * HOP_S, monotonic_s)
        return self.ring.write(hops, lost)

    def end(self) -> None:
        """Say that nothing more will be written."""
        self._ended.set()

    def fail(self, reason: str) -> None:
        """Say that hearing this stream broke down; its runner ends it and begins a new one."""
        self.failure = reason
        self.end()

    @property
    def ended(self) -> bool:
        """Whether the writer has finished; what is in the ring is still to be heard."""
        return self._ended.is_set()

    def monotonic(self, stream_s: float) -> float:
        """Return when ``stream_s`` seconds of this stream were heard, on the monotonic clock."""
        with self._anchor_lock:
            return self._anchor.monotonic(stream_s)

    def unix(self, stream_s: float, clock: Clock) -> float:
        """Return when ``stream_s`` seconds of this stream were heard, in UTC Unix seconds."""
        return clock.unix() - (clock.monotonic() - self.monotonic(stream_s))
