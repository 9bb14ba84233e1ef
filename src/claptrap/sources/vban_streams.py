"""The streams that arrive on a UDP port: which are wanted, what each may cost, what is seen of the others. Pure.

A stream is (sender's address, raw name): a selector, not a proof of who sends, for both can be forged. Everything that a
stranger could make grow is bounded. Whether a datagram is wanted is decided first, by its sender and its name alone;
strangers share a budget of their own, so a stream that is heard does not pay for them.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from claptrap.core.vbanname import to_text
from claptrap.sources.vban_packet import Format, Packet, RejectReason, name_of, parse
from claptrap.sources.vban_queue import PacketQueue

STRANGERS_PER_S = 5_000  # packets of streams without a reader that are looked at
STREAM_PER_S = 5_000  # a stream of one frame a packet would be 48,000: legal, and refused
BURST = 64
TABLE_ROWS = 64
ROWS_PER_HOST = 8
FORGET_S = 30.0
LOG_EVERY_S = 10.0
_UNNAMEABLE = (RejectReason.NOT_VBAN, RejectReason.TOO_SHORT, RejectReason.NOT_AUDIO)  # their bytes 8 to 23 are no name
_log = logging.getLogger(__name__)

Key = tuple[str, bytes]
"""A stream: its sender's address and its raw name."""


@dataclass(frozen=True, slots=True)
class SeenStream:
    """A stream that arrives, asked for or not.

    Attributes:
        host, stream, port: what a ``VbanInput`` needs to select it.
        rate_hz, channels, encoding: its format; 0 and empty where it has sent nothing usable.
        packets: usable ones, since it was first seen.
        last_seen: UTC Unix seconds.
        problem: why its newest packet could not be used, a key of ``text.catalogue``; empty when all is well.
        wanted: whether a source hears it.
    """

    host: str
    stream: str
    port: int
    rate_hz: int
    channels: int
    encoding: str
    packets: int
    last_seen: float
    problem: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class StreamCounts:
    """What happened to one stream that is heard, since its source opened it.

    Attributes:
        host, stream, port: which.
        counts: by the keys of ``vban_reorder.COUNTS``.
        refused: packets not used, by the reason's key of ``text.catalogue``.
    """

    host: str
    stream: str
    port: int
    counts: Mapping[str, int]
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class PortCounts:
    """What happened on one port since it was opened.

    Attributes:
        port: which.
        datagrams: all that were taken from the kernel.
        kernel_drops: datagrams that the kernel had to drop because we fell behind.
        over_ceiling: datagrams beyond what a port or strangers may cost.
        table_full: packets of streams for which the table had no row.
        refused: datagrams not used, by the reason's key of ``text.catalogue``.
        buffer_bytes: what the kernel granted.
    """

    port: int
    datagrams: int
    kernel_drops: int
    over_ceiling: int
    table_full: int
    refused: Mapping[str, int]
    buffer_bytes: int


@dataclass(slots=True)
class TokenBucket:
    """A bucket of packets that fills with time."""

    left: float = 0.0
    at_s: float = float("-inf")

    def admits(self, at_s: float, per_s: float) -> bool:
        """Whether a packet at ``at_s`` is within ``per_s`` a second, and a burst."""
        if at_s > self.at_s:
            self.left = min(BURST + per_s, self.left + (at_s - self.at_s) * per_s)
            self.at_s = at_s
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass(slots=True)
class _StreamEntry:
    """What is known of one stream."""

    seen_s: float
    format: Format | None = None
    packets: int = 0
    problem: str = ""
    refused: Counter[str] = field(default_factory=Counter)
    queues: list[PacketQueue] = field(default_factory=list)
    budget: TokenBucket = field(default_factory=TokenBucket)

    def reject(self, code: str, at_s: float) -> None:
        self.seen_s = at_s
        self.problem = code
        self.refused[code] += 1

    def push(self, packet: Packet, at_s: float) -> None:
        per_s = min(STREAM_PER_S, 2 / packet.duration_s)
        if not self.budget.admits(at_s, per_s):
            self.reject("vban.too_many_packets", at_s)
            return
        self.seen_s = at_s
        self.format = packet.format
        self.packets += 1
        self.problem = ""
        for queue in self.queues:
            queue.put(packet, at_s)


class StreamTable:
    """The streams of one port. Not thread-safe: its owner locks.

    Args:
        port: its number, for the log and for those who ask.

    Attributes:
        counts: ``datagrams``, ``over_ceiling`` and ``table_full``, as in ``PortCounts``; ``strangers``: without a reader.
        refused: datagrams not used, by the reason's code.
    """

    def __init__(self, port: int) -> None:
        self.counts: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._port = port
        self._entries: dict[Key, _StreamEntry] = {}
        self._hosts: dict[str, tuple[RejectReason, float]] = {}  # newest nameless refusal of each sender
        self._strangers = TokenBucket()
        self._logged_at: dict[tuple[str, str], float] = {}
        self._queues: tuple[PacketQueue, ...] = ()

    # -- readers --------------------------------------------------------------------------------------------------------

    def subscribe(self, key: Key, queue: PacketQueue) -> None:
        """Give the packets of a stream to ``queue`` from now on."""
        self._entries.setdefault(key, _StreamEntry(seen_s=float("-inf"))).queues.append(queue)
        self._queues = (*self._queues, queue)

    def unsubscribe(self, key: Key, queue: PacketQueue) -> None:
        """Give it none any more."""
        self._entries[key].queues.remove(queue)
        self._queues = tuple(other for other in self._queues if other is not queue)

    def wanted(self) -> list[Key]:
        """Return the streams that have a reader."""
        return [key for key, entry in self._entries.items() if entry.queues]

    def queues(self) -> tuple[PacketQueue, ...]:
        """Return the queues of all readers."""
        return self._queues

    # -- datagrams ------------------------------------------------------------------------------------------------------

    def process(self, datagram: memoryview, host: str, at_s: float, *, is_cut: bool) -> None:
        """Sort one datagram of ``host`` that arrived at ``at_s`` seconds; ``is_cut``: it was longer than the buffer."""
        self.counts["datagrams"] += 1
        name = name_of(datagram)
        entry = self._entries.get((host, name))
        if entry is None or not entry.queues:
            self.counts["strangers"] += 1
            if not self._strangers.admits(at_s, STRANGERS_PER_S):
                self.counts["over_ceiling"] += 1
                return
        parsed = RejectReason.CUT if is_cut else parse(datagram)
        if isinstance(parsed, RejectReason):
            self._reject(parsed, host, name, entry, at_s)
        elif entry := entry or self._new_entry(host, name, at_s):
            entry.push(parsed, at_s)

    def _reject(self, reason: RejectReason, host: str, name: bytes, entry: _StreamEntry | None, at_s: float) -> None:
        self.refused[reason.code] += 1
        self._log_rejection(host, reason.code, at_s)
        if reason in _UNNAMEABLE:
            if host in self._hosts or len(self._hosts) < TABLE_ROWS:
                self._hosts[host] = reason, at_s
        elif entry := entry or self._new_entry(host, name, at_s):
            entry.reject(reason.code, at_s)

    def _new_entry(self, host: str, name: bytes, at_s: float) -> _StreamEntry | None:
        """Return an entry for a stream without a reader; None where the table is full."""
        hosts = [h for (h, _), entry in self._entries.items() if not entry.queues]
        if len(hosts) >= TABLE_ROWS or hosts.count(host) >= ROWS_PER_HOST:
            self.counts["table_full"] += 1
            return None
        return self._entries.setdefault((host, name), _StreamEntry(at_s))

    def _log_rejection(self, host: str, code: str, at_s: float) -> None:
        """Log a refusal, once in 10 s for each sender and reason."""
        logged_s = self._logged_at.get((host, code), float("-inf"))
        if at_s - logged_s >= LOG_EVERY_S and ((host, code) in self._logged_at or len(self._logged_at) < TABLE_ROWS):
            self._logged_at[host, code] = at_s
            _log.info("VBAN port %d: packet of %s refused (%s), %d so far", self._port, host, code, self.refused[code])

    def tidy(self, now: float) -> None:
        """Forget what has not been seen for ``FORGET_S`` and has no reader."""
        self._entries = {k: entry for k, entry in self._entries.items() if entry.queues or now - entry.seen_s < FORGET_S}
        self._hosts = {h: entry for h, entry in self._hosts.items() if now - entry[1] < FORGET_S}
        self._logged_at = {k: at_s for k, at_s in self._logged_at.items() if now - at_s < LOG_EVERY_S}

    # -- asked by others ------------------------------------------------------------------------------------------------

    def seen(self, now: float, unix: float) -> list[SeenStream]:
        """Return the streams of the last 30 s before ``now`` (monotonic; ``unix`` in UTC Unix seconds)."""
        entries = [(key, entry) for key, entry in self._entries.items() if now - entry.seen_s < FORGET_S]
        return [
            SeenStream(
                host,
                to_text(name),
                self._port,
                entry.format.rate_hz if entry.format else 0,
                entry.format.channels if entry.format else 0,
                entry.format.encoding.name.lower() if entry.format else "",
                entry.packets,
                unix - (now - entry.seen_s),
                entry.problem,
                bool(entry.queues),
            )
            for (host, name), entry in entries
        ]

    def stream_counts(self) -> list[StreamCounts]:
        """Return the counts of the streams that are heard; of a stream that several sources hear, one for each."""
        return [
            StreamCounts(host, to_text(name), self._port, dict(queue.counts), dict(entry.refused))
            for (host, name), entry in self._entries.items()
            for queue in entry.queues
        ]

    def nameless_reject_reason(self, host: str, now: float) -> RejectReason | None:
        """Return why the newest packet of ``host`` that is no stream's could not be used; None where there was none."""
        reason, at_s = self._hosts.get(host, (None, 0.0))
        return reason if now - at_s < FORGET_S else None
