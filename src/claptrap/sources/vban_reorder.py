"""One VBAN stream's packets in their order, with what is missing between them. Pure: time is an argument.

The counter counts packets and wraps. The distance of a packet's counter from the expected one says what it is::

    0               in order: played at once
    1 to 8          early: held for 40 ms, in case the missing ones come after all
    −64 to −1       late or twice: dropped
    anything else   a jump: believed only when a second packet continues it

A jump of at most a second is lost sound; any other, like another format, begins a new epoch. One forged packet therefore
neither resets a stream nor moves it. After a second without packets whatever comes is believed.

Some senders do not count packets (they send a constant, milliseconds, samples, the bytes the other way round). Eight
packets in a row that cannot be placed, or eight of the same counter with different sound, show it: such a stream is
counterless, and played as it arrives, until a counter follows the one before it. However a sender counts, no more is
believed lost than ``LossBound`` allows.
"""

from __future__ import annotations

from collections import Counter, deque
from typing import NamedTuple

from claptrap.sources.loss_bound import LossBound
from claptrap.sources.vban_bursts import Burst
from claptrap.sources.vban_packet import Format, Packet

WINDOW = 8  # packets
HOLD_S = 0.04
PAST = 64  # packets
MOST_LOST_S = 1.0
EPOCH_S = 1.0  # least life of an epoch, or two senders of one name would make hundreds a second
COUNTERLESS = 8  # packets that contradict a counter: the sender does not count
FORGIVEN = 0.25  # of such a packet, for each one in order
CREDIT_S = 0.25  # of loss in ten seconds: a network that held packets back delivers them at once, less those that it lost
REMEMBERED = 32.0  # such packets; it takes 96 in order until a counter is believed again
_WRAP = 1 << 32

COUNTS = ("packets", "lost", "late", "duplicate", "doubtful", "epochs")


class OrderedPacket(NamedTuple):
    """The packet, or packets that follow one another, whose turn it is.

    Attributes:
        packet: to be played.
        lost_samples: samples per channel missing just before it, estimated by its predecessor's number of frames and bounded
            by the time that passed.
        begins: it begins a new epoch.
    """

    packet: Packet | Burst
    lost_samples: int = 0
    begins: bool = False


class ReorderBuffer:
    """Puts packets in order.

    Args:
        counts: where to count, by the keys of ``COUNTS``.
    """

    def __init__(self, counts: Counter[str] | None = None) -> None:
        self.counts: Counter[str] = Counter() if counts is None else counts
        self._format: Format | None = None
        self._expected = 0
        self._frames = 0  # of the last packet played
        self._came_at = 0.0  # the newest packet that belongs
        self._epoch_at = 0.0
        self._held: dict[int, tuple[Packet, float]] = {}  # early packets and when they came, by counter
        self._past: deque[int] = deque(maxlen=PAST)  # counters played
        self._doubtful: Packet | None = None
        self._last_payload = b""
        self._conflicts = 0.0  # packets with the counter of the one before and another payload, less what is forgiven
        self._unplaced = 0  # packets in a row that had no place
        self._is_counterless = False
        self._bound = LossBound(CREDIT_S)

    @property
    def is_holding(self) -> bool:
        """Whether early packets are held, for ``expire`` to be called in time."""
        return bool(self._held)

    def push_burst(self, burst: Burst) -> list[OrderedPacket]:
        """Take packets that came together; return those whose turn it is now, in one piece where nothing is odd."""
        if self._continues(burst):
            return [self._play_burst(burst)]
        ordered: list[OrderedPacket] = []
        for n, (packet, at_s) in enumerate(burst.packets(), 1):
            ordered += self.push(packet, at_s)
            if n < len(burst.at_s) and self._continues(rest := burst.without_first(n)):
                return [*ordered, self._play_burst(rest)]
        return ordered

    def push(self, packet: Packet, at_s: float) -> list[OrderedPacket]:
        """Take a packet that arrived at ``at_s``; return those whose turn it is now."""
        if self._format is None or at_s - self._came_at > MOST_LOST_S:
            return self.expire(at_s) + self._begin(packet, at_s)
        return self.expire(at_s) + self._classify(packet, at_s)

    def expire(self, at_s: float) -> list[OrderedPacket]:
        """Return the packets for whose predecessors no more is waited at ``at_s``."""
        ordered: list[OrderedPacket] = []
        while self._held and at_s - min(came_at for _, came_at in self._held.values()) >= HOLD_S:
            ordered += self._skip_missing(at_s)
        return ordered

    # -- a burst that is in order, as ``push`` would take its packets ---------------------------------------------------

    def _continues(self, burst: Burst) -> bool:
        is_plain = not self._held and not self._is_counterless and burst.format == self._format
        return is_plain and burst.counter == self._expected and burst.at_s[-1] - self._came_at <= MOST_LOST_S

    def _play_burst(self, burst: Burst) -> OrderedPacket:
        n = len(burst.at_s)
        self._doubtful, self._unplaced = None, 0
        self._conflicts = max(0.0, self._conflicts - n * FORGIVEN)
        self._last_payload = burst.payload[-(len(burst.payload) // n) :]
        self._bound.received_each(burst.frames / burst.format.rate_hz, burst.at_s)
        self.counts["packets"] += n
        self._expected = (burst.counter + n) % _WRAP
        self._past.extend(counter % _WRAP for counter in range(burst.counter, burst.counter + n))
        self._frames = burst.frames
        self._came_at = max(self._came_at, *burst.at_s)
        return OrderedPacket(burst)

    # -- what a packet can be -------------------------------------------------------------------------------------------

    def _classify(self, packet: Packet, at_s: float) -> list[OrderedPacket]:
        distance = self._distance(packet.counter)
        if packet.format != self._format or (not -PAST <= distance <= WINDOW and not self._is_counterless):
            return self._doubt(packet, at_s)
        if self._is_counterless and distance:
            return [self._play(packet, at_s)]
        if distance < 0:
            return self._drop(packet, at_s)
        if distance:
            return self._hold(packet, distance, at_s)
        self._trust(packet)
        return [self._play(packet, at_s), *self._continue(at_s)]

    def _begin(self, packet: Packet, at_s: float) -> list[OrderedPacket]:
        self._format = packet.format
        self._epoch_at = at_s
        self._held.clear()
        self._past.clear()
        self._conflicts, self._bound = 0.0, LossBound(CREDIT_S)
        self._trust(packet)
        self.counts["epochs"] += 1
        return [self._play(packet, at_s)._replace(begins=True)]

    def _trust(self, packet: Packet) -> None:
        """Take a packet in order as evidence that the sender counts."""
        self._doubtful, self._unplaced = None, 0
        self._conflicts = max(0.0, self._conflicts - FORGIVEN)
        self._last_payload = packet.payload
        self._is_counterless = self._is_counterless and self._conflicts >= COUNTERLESS

    def _play(self, packet: Packet, at_s: float, lost_packets: int = 0) -> OrderedPacket:
        rate_hz = packet.format.rate_hz
        lost_s = self._bound.received(packet.duration_s, at_s, lost_packets * self._frames / rate_hz)
        self.counts["packets"] += 1
        self.counts["lost"] += lost_packets
        self._expected = (packet.counter + 1) % _WRAP
        self._past.append(packet.counter)
        self._frames = packet.frames
        self._came_at = max(self._came_at, at_s)
        return OrderedPacket(packet, round(lost_s * rate_hz))

    def _hold(self, packet: Packet, distance: int, at_s: float) -> list[OrderedPacket]:
        if packet.counter in self._held:
            self.counts["duplicate"] += 1
            return []
        self._held[packet.counter] = packet, at_s
        return self._skip_missing(at_s) if distance == WINDOW else []

    def _skip_missing(self, at_s: float) -> list[OrderedPacket]:
        """The packets before the first one held are lost."""
        first = min(self._held, key=self._distance)
        packet, _ = self._held.pop(first)
        return [self._play(packet, at_s, self._distance(first)), *self._continue(at_s)]

    def _continue(self, at_s: float) -> list[OrderedPacket]:
        ordered = []
        while self._expected in self._held:
            packet, _ = self._held.pop(self._expected)
            ordered.append(self._play(packet, at_s))
        return ordered

    def _drop(self, packet: Packet, at_s: float) -> list[OrderedPacket]:
        if packet.counter not in self._past:
            self.counts["late"] += 1
            return self._not_placed(packet, at_s)
        self.counts["duplicate"] += 1
        if self._distance(packet.counter) == -1:
            self._conflicts += packet.payload != self._last_payload
            self._last_payload = packet.payload
            if self._conflicts >= COUNTERLESS and not self._is_counterless:
                self._conflicts, self._is_counterless = REMEMBERED, True
            self._came_at = max(self._came_at, at_s)
        return []

    def _not_placed(self, packet: Packet, at_s: float) -> list[OrderedPacket]:
        """Drop a packet, unless it is one too many of them: then the sender does not count, and it is played."""
        self._unplaced += 1
        if self._unplaced < COUNTERLESS or packet.format != self._format:
            return []
        lost_packets, self._unplaced, self._doubtful, self._is_counterless = self._unplaced - 1, 0, None, True
        self._held.clear()
        return [self._play(packet, at_s, lost_packets)]

    def _doubt(self, packet: Packet, at_s: float) -> list[OrderedPacket]:
        """A jump, or another format: believed when the packet before, doubtful too, leads to it."""
        before, self._doubtful = self._doubtful, packet
        step = 0 if before is None else _signed(packet.counter - before.counter)
        if before is None or before.format != packet.format or not 0 < step <= WINDOW:
            self.counts["doubtful"] += 1
            return self._not_placed(packet, at_s)
        most_lost = MOST_LOST_S * packet.format.rate_hz / self._frames
        if packet.format == self._format and 0 < self._distance(before.counter) <= most_lost:
            return self._jump(before, packet, at_s)
        if at_s - self._epoch_at < EPOCH_S:
            self.counts["doubtful"] += 1
            return []
        return [*self._begin(before, at_s), self._play(packet, at_s, step - 1)]

    def _jump(self, first: Packet, second: Packet, at_s: float) -> list[OrderedPacket]:
        """Sound was lost before ``first``; what is held comes before the loss."""
        ordered: list[OrderedPacket] = []
        while self._held:
            ordered += self._skip_missing(at_s)
        for packet in (first, second):
            if (lost_packets := self._distance(packet.counter)) >= 0:
                ordered.append(self._play(packet, at_s, lost_packets))
        return ordered

    def _distance(self, counter: int) -> int:
        return _signed(counter - self._expected)


def _signed(difference: int) -> int:
    """Return a difference of counters in −2³¹ … 2³¹ − 1."""
    return (difference + _WRAP // 2) % _WRAP - _WRAP // 2
