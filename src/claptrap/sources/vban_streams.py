"""The streams that arrive on a UDP port: which are wanted, what each may cost, what is seen of the others. Pure.

A stream is (sender's address, raw name): a selector, not a proof of who sends, for both can be forged. Everything that a
stranger could make grow is bounded. Whether a datagram is wanted is decided first, by its sender and its name alone;
strangers share a budget of their own, so a stream that is heard does not pay for them.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from claptrap.core.vbanname import to_text
from claptrap.sources.datagrams import Datagrams
from claptrap.sources.vban_bursts import Burst, Run, runs
from claptrap.sources.vban_packet import Format, RejectReason
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

    def admit(self, at_s: Sequence[float], per_s: float) -> int:
        """Return how many of the packets that came at ``at_s`` are within ``per_s`` a second, and a burst."""
        if self.left >= len(at_s):  # whatever time passes between them
            self.left -= len(at_s)
            self._fill(at_s[-1], per_s)
            return len(at_s)
        n = 0
        for each_s in at_s:
            self._fill(each_s, per_s)
            if self.left >= 1:
                self.left -= 1
                n += 1
        return n

    def _fill(self, at_s: float, per_s: float) -> None:
        if at_s > self.at_s:
            self.left = min(BURST + per_s, self.left + (at_s - self.at_s) * per_s)
            self.at_s = at_s


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

    def reject(self, code: str, at_s: Sequence[float]) -> None:
        self.seen_s = at_s[-1]
        self.problem = code
        self.refused[code] += len(at_s)

    def push(self, burst: Burst) -> None:
        n = self.budget.admit(burst.at_s, min(STREAM_PER_S, 2 * burst.format.rate_hz / burst.frames))
        if n:
            self.seen_s = burst.at_s[-1]
            self.format = burst.format
            self.packets += n
            self.problem = ""
            for queue in self.queues:
                queue.put(burst if n == len(burst.at_s) else burst.first(n))
        if n < len(burst.at_s):
            self.reject("vban.too_many_packets", burst.at_s[n:])


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

    def process(self, received: Datagrams) -> None:
        """Sort datagrams."""
        self.counts["datagrams"] += len(received)
        for run in runs(received):
            entry = self._entries.get((run.host, run.name))
            if entry is not None and entry.queues:
                self._process_run(run, entry)
                continue
            self.counts["strangers"] += len(run.at_s)
            n = self._strangers.admit(run.at_s, STRANGERS_PER_S)
            self.counts["over_ceiling"] += len(run.at_s) - n
            if n:
                self._process_run(run.first(n), entry)

    def _process_run(self, run: Run, entry: _StreamEntry | None) -> None:
        parsed = run.parse()
        if isinstance(parsed, RejectReason):
            self._reject(parsed, run, entry)
        elif entry := entry or self._new_entry(run):
            entry.push(parsed)

    def _reject(self, reason: RejectReason, run: Run, entry: _StreamEntry | None) -> None:
        self.refused[reason.code] += len(run.at_s)
        self._log_rejection(run.host, reason.code, run.at_s[-1])
        if reason in _UNNAMEABLE:
            if run.host in self._hosts or len(self._hosts) < TABLE_ROWS:
                self._hosts[run.host] = reason, run.at_s[-1]
        elif entry := entry or self._new_entry(run):
            entry.reject(reason.code, run.at_s)

    def _new_entry(self, run: Run) -> _StreamEntry | None:
        """Return an entry for a stream without a reader; None where the table is full."""
        hosts = [h for (h, _), entry in self._entries.items() if not entry.queues]
        if len(hosts) >= TABLE_ROWS or hosts.count(run.host) >= ROWS_PER_HOST:
            self.counts["table_full"] += len(run.at_s)
            return None
        return self._entries.setdefault((run.host, run.name), _StreamEntry(run.at_s[-1]))

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
