"""VBAN streams: network audio that another machine sends to this one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from claptrap.audio.channels import channel_mixer
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.spec import VbanInput
from claptrap.core.vbanname import to_bytes
from claptrap.sources.base import Sink
from claptrap.sources.vban_bursts import Burst
from claptrap.sources.vban_frames import FrameAssembler
from claptrap.sources.vban_packet import Format
from claptrap.sources.vban_ports import VbanPorts
from claptrap.sources.vban_queue import PacketQueue
from claptrap.sources.vban_reorder import COUNTS, HOLD_S, OrderedPacket, ReorderBuffer

LOOK_S = 1.0  # a stream without packets looks at least so often how long it has waited


@dataclass(frozen=True, slots=True)
class AbsenceLimits:
    """How long something may last before the status says so.

    Attributes:
        absent_s: nothing usable has come; then again and again, for the reason may change.
        lost_s: nothing comes any more. Sooner than any watchdog that would have the source reopened (10 s).
    """

    absent_s: float = 5.0
    lost_s: float = 8.0


class VbanSource:
    """A VBAN stream.

    It never gives up: without packets it says why and keeps listening, which costs next to nothing and hears the first
    packet of a stream that comes back.

    Args:
        wanted: which stream, and what of it.
        ports: the process's.
        limits: when the status says that nothing comes.
        clock: measures silence.
    """

    def __init__(
        self, wanted: VbanInput, ports: VbanPorts, *, limits: AbsenceLimits | None = None, clock: Clock | None = None
    ) -> None:
        self._wanted = wanted
        self._ports = ports
        self._limits = limits or AbsenceLimits()
        self._clock = clock or SystemClock()

    def run(self, sink: Sink) -> None:
        """Hear until stopped.

        Raises:
            SourceError: ``vban.port_taken``, ``vban.port_forbidden``, ``vban.port_failed``.
        """
        name = to_bytes(self._wanted.stream)
        session = _Session(self._wanted, self._ports, self._limits, sink, self._clock.monotonic())
        queue = PacketQueue(sink.pacing, session.process, session.counts)
        with sink.stop.waking(queue.end), self._ports.receiving(self._wanted.port, self._wanted.host, name, queue):
            if not sink.stop.is_set():
                queue.wait()


class _Session:
    """One run of a source: what is open, and what was said. ``process`` is called in the thread of the port."""

    def __init__(self, wanted: VbanInput, ports: VbanPorts, limits: AbsenceLimits, sink: Sink, now: float) -> None:
        self._wanted = wanted
        self._ports = ports
        self._limits = limits
        self._sink = sink
        self.counts: Counter[str] = Counter(dict.fromkeys(COUNTS, 0))
        self._reorder = ReorderBuffer(self.counts)
        self._assembler: FrameAssembler | None = None  # None while there is nothing to hear
        self._was_live = False
        self._heard_s = now  # last sound, or when its absence was reported last

    def process(self, bursts: Sequence[Burst], now: float) -> float:
        """Hear what has arrived; say so where nothing has for too long; return how long there is nothing else to do."""
        ordered = [item for burst in bursts for item in self._reorder.push_burst(burst)]
        if not bursts:
            ordered = self._reorder.expire(now)
        for epoch in _epochs(ordered):
            if epoch[0].begins:
                self._begin(epoch[0].packet.format)
            self._hear(epoch, now)
        if self._assembler is None:
            self._report_absence(now)
        elif now - self._heard_s >= self._limits.lost_s:
            self._assembler, self._reorder = None, ReorderBuffer(self.counts)
            self._heard_s = now
            self._wait("vban.lost", seconds=self._limits.lost_s)
        return self._wait_s(now)

    def _wait_s(self, now: float) -> float:
        """Return how long there is nothing to do unless packets come."""
        if self._reorder.is_holding:
            return HOLD_S
        limit_s = self._limits.absent_s if self._assembler is None else self._limits.lost_s
        return min(LOOK_S, max(0.0, self._heard_s + limit_s - now))

    def _begin(self, form: Format) -> None:
        try:
            channel_mixer(self._wanted.channel, form.rate_hz, form.channels)
        except ValueError:
            self._assembler = None
            self._wait("vban.no_channel", channel=self._wanted.channel, channels=form.channels)
            return
        self._assembler = FrameAssembler(form, self._ports.may_predict)
        self._sink.live(form.rate_hz, form.channels)
        self._was_live = True

    def _hear(self, ordered: Sequence[OrderedPacket], now: float) -> None:
        self._heard_s = now
        if self._assembler is None:
            return
        for frame in self._assembler.frames(ordered):
            self._sink.frame(frame)

    def _report_absence(self, now: float) -> None:
        if now - self._heard_s < self._limits.absent_s:
            return
        self._heard_s = now
        absence = self._ports.why_absent(self._wanted.port, self._wanted.host, to_bytes(self._wanted.stream))
        if absence.code == "vban.nothing" and self._was_live:
            return  # that it stopped has been said, and says more
        self._sink.waiting(absence.code, **absence.params)

    def _wait(self, code: str, **params: str | float) -> None:
        self._sink.waiting(code, host=self._wanted.host, stream=self._wanted.stream, **params)


def _epochs(ordered: Sequence[OrderedPacket]) -> list[list[OrderedPacket]]:
    """Cut turns where a new epoch begins."""
    cuts = sorted({0, len(ordered), *(i for i, item in enumerate(ordered) if item.begins)})
    return [list(ordered[begin:end]) for begin, end in pairwise(cuts)]
