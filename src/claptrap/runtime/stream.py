"""One uninterrupted stream of one source, between its capture thread and the threads of detection."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.audio.ring import HopRing
from claptrap.core.clock import Clock
from claptrap.runtime.anchor import Anchor
from claptrap.runtime.channel_meter import ChannelMeter
from claptrap.runtime.proof import Proof
from claptrap.sources.pacing import Pacing

HOP_S = HOP / RATE_HZ
RING_HOPS = 250  # 5 s: long enough for a stalled machine, short enough that late claps are not acted on much later


class Stream:
    """A ring of hops with a name for its time.

    The capture thread writes; the onset thread, or the capture thread for it, reads; the classifier thread asks for times.

    Attributes:
        source_id: whose sound.
        slot: the source's index in the arrays of detection.
        epoch: names this stream; part of event ids.
        pacing, channels: its source's.
        failure: why detection gave it up; None while it did not.
        proof: the newest claps of our own that were mixed into it.
    """

    def __init__(
        self,
        source_id: str,
        slot: int,
        epoch: str,
        ring_hops: int = RING_HOPS,
        pacing: Pacing | None = None,
        channels: ChannelMeter | None = None,
    ) -> None:
        self.source_id = source_id
        self.slot = slot
        self.epoch = epoch
        self.ring = HopRing(ring_hops)
        self.pacing = pacing or Pacing()
        self.channels = channels or ChannelMeter()
        self._written: Callable[[Stream], object] = _nothing
        self._finished: Callable[[], object] = _nothing
        self._anchor = Anchor()
        self._anchor_lock = threading.Lock()
        self._written_hops = 0
        self._ended = threading.Event()
        self.failure: str | None = None
        self.proof: Proof | None = None

    def write(self, hops: NDArray[np.float32], lost: NDArray[np.int64], monotonic_s: float) -> int:
        """Add hops (k, 320) that arrived at ``monotonic_s``; return how many old ones had to be dropped for them."""
        if not len(hops):
            return 0
        self._written_hops += len(hops) + int(lost.sum())
        with self._anchor_lock:
            self._anchor.arrived(self._written_hops * HOP_S, monotonic_s)
        n_dropped = self.ring.write(hops, lost)
        self._written(self)
        return n_dropped

    def notify(self, written: Callable[[Stream], object], ended: Callable[[], object]) -> None:
        """Call ``written`` with this stream after every ``write``, ``ended`` after ``end``; neither may block."""
        self._written, self._finished = written, ended

    def end(self) -> None:
        """Mark that nothing more will be written."""
        self._ended.set()
        self._finished()

    def fail(self, reason: str) -> None:
        """Mark that detection on this stream failed; its runner ends it and begins a new one."""
        self.failure = reason
        self.end()

    @property
    def ended(self) -> bool:
        """Whether the writer has finished; what is in the ring is still to be processed."""
        return self._ended.is_set()

    def monotonic(self, stream_s: float) -> float:
        """Return the monotonic time, in seconds, of stream time ``stream_s``."""
        with self._anchor_lock:
            return self._anchor.monotonic(stream_s)

    def unix(self, stream_s: float, clock: Clock) -> float:
        """Return the UTC Unix time, in seconds, of stream time ``stream_s``."""
        return clock.unix() - (clock.monotonic() - self.monotonic(stream_s))


def _nothing(*_: object) -> None:
    pass
