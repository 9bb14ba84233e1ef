"""A UDP port on which VBAN arrives: one socket and one thread for all its streams.

A stream is (sender's address, raw name): a selector, not a proof of who sends, for both can be forged. So everything that a
stranger could make grow is bounded: a stream that nobody asked for gets one row of a small table that forgets; every stream
has a budget of packets; junk is counted by its reason and spoken of rarely. Nothing is ever sent.
"""

from __future__ import annotations

import errno
import logging
import selectors
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from claptrap.core.clock import Clock
from claptrap.core.errors import SourceError
from claptrap.core.vbanname import to_text
from claptrap.sources.pacing import LONG_S
from claptrap.sources.vban_packet import Format, Packet, RejectReason, name_of, parse
from claptrap.sources.vban_queue import PacketQueue

BUFFER_BYTES = 16 << 20  # asked of the kernel, which doubles it: two seconds of 64 streams; the default holds 14 ms of them
PACKET_BYTES = 2304  # of the buffer, at most, for a datagram of the usual size
DATAGRAM_BYTES = 65_535  # real senders exceed the 1,464 of the specification, so nothing is cut to it
# Datagrams per look, so that a flood cannot keep the thread from stopping. When much waits, much is taken before any reader
# is woken: with 256, 64 streams that had once fallen behind stayed behind for 20 s and lost packets, on a machine of which
# 1.5 of 2 cores were busy (``benchmarks.load``). The larger buffer came at the same time, so neither is proved alone.
DRAIN = 4096
SHARE = 0.25  # of the buffer that may fill between two looks: many packets per wake-up; the kernel stamps them with the time
LOOK_S = 0.5
ANCILLARY_BYTES = 128
MANY, MANY_REST_S = 8, 0.04  # with more readers the thread rests longer: waking them costs more than their work

ALL_PER_S = 40_000  # packets of a port that are looked at; 64 streams at 48 kHz are 12,000
STRANGERS_PER_S = 5_000  # of those, packets that nobody asked for
STREAM_PER_S = 5_000  # a stream of one frame a packet would be 48,000: legal, and refused
BURST = 64
DROPS_SHOWN_S = 600.0  # for how long it is a problem that the kernel had to drop something
TABLE_ROWS = 64
ROWS_PER_HOST = 8
FORGET_S = 30.0
LOG_EVERY_S = 10.0

_LINUX = sys.platform == "linux"
SO_RCVBUFFORCE = 33  # Linux's numbers, which Python's socket module does not know; the process needs CAP_NET_ADMIN for it
_SO_TIMESTAMPNS = 35
_SO_RXQ_OVFL = 40
_TIMESPEC = struct.Struct("@qq")
_UNNAMEABLE = (
    RejectReason.NOT_VBAN,
    RejectReason.TOO_SHORT,
    RejectReason.NOT_AUDIO,
)  # what they carry is no name of a sound
_log = logging.getLogger(__name__)

Key = tuple[str, bytes]
"""A stream: its sender's address and its raw name."""


# -- what others see --------------------------------------------------------------------------------------------------------


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
        counts: by the keys of ``vban_reorder.COUNTS``; ``overflow``: packets dropped because their reader fell behind.
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


# -- inside a port ----------------------------------------------------------------------------------------------------------


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
    """What a port knows of one stream."""

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


class VbanPort:
    """One socket and its thread ``vban:PORT``. Made open; ``stop`` once.

    Args:
        address: the machine's own address to listen on.
        port: UDP port.
        clock: the machine's.
        retire: asked now and then by the thread whether the port is still needed; True ends it.

    Raises:
        SourceError: ``vban.port_taken``, ``vban.port_forbidden``, ``vban.port_failed``.
    """

    def __init__(self, address: str, port: int, clock: Clock, retire: Callable[[VbanPort], bool]) -> None:
        self.number = port
        self.needed_until = clock.monotonic()
        self._clock = clock
        self._retire = retire
        self._socket, self._buffer_bytes = _open(address, port)
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)
        self._waker.setblocking(False)
        self._lock = threading.Lock()  # guards all below
        self._entries: dict[Key, _StreamEntry] = {}
        self._hosts: dict[str, tuple[RejectReason, float]] = {}  # newest nameless refusal of each sender
        self._counts: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._kernel_drops = 0
        self._dropped_at: float | None = None
        self._all = TokenBucket()
        self._strangers = TokenBucket()
        self._logged_at: dict[tuple[str, str], float] = {}
        self._readers: tuple[PacketQueue, ...] = ()
        self._drained_s = clock.monotonic()
        self._is_stopping = False
        self._failure: SourceError | None = None
        self._thread = threading.Thread(target=self._run, name=f"vban:{port}")
        self._thread.start()

    # -- asked by others ------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether packets can still arrive."""
        return self._failure is None and self._thread.is_alive()

    def subscribe(self, key: Key, queue: PacketQueue) -> None:
        """Give the packets of a stream to ``queue`` from now on."""
        with self._lock:
            entry = self._entries.setdefault(key, _StreamEntry(seen_s=float("-inf")))
            entry.queues.append(queue)
            self._readers = (*self._readers, queue)
            if self._failure is not None:
                queue.fail(self._failure)

    def unsubscribe(self, key: Key, queue: PacketQueue) -> None:
        """Give it none any more."""
        with self._lock:
            self._entries[key].queues.remove(queue)
            self._readers = tuple(reader for reader in self._readers if reader is not queue)

    def hurry(self, queue: PacketQueue) -> None:
        """Give ``queue`` what has come, soon, and look how its reader wants the rest. Does not block."""
        queue.wake()
        with suppress(OSError):  # it is full of such requests, or closed
            self._waker.send(b".")

    def is_needed(self) -> bool:
        """Whether somebody wants its packets."""
        with self._lock:
            return self._clock.monotonic() < self.needed_until or any(entry.queues for entry in self._entries.values())

    def stop(self) -> None:
        """Release socket and thread; who still reads is told."""
        self._is_stopping = True
        with suppress(BlockingIOError):
            self._waker.send(b".")
        self._thread.join()
        self._release()
        self._fail("stopped")

    def seen(self) -> list[SeenStream]:
        """Return the streams of the last 30 s."""
        with self._lock:
            now, unix = self._clock.monotonic(), self._clock.unix()
            entries = [(key, entry) for key, entry in self._entries.items() if now - entry.seen_s < FORGET_S]
            return [
                SeenStream(
                    host,
                    to_text(name),
                    self.number,
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
        with self._lock:
            return [
                StreamCounts(host, to_text(name), self.number, dict(queue.counts), dict(entry.refused))
                for (host, name), entry in self._entries.items()
                for queue in entry.queues
            ]

    def counts(self) -> PortCounts:
        """Return the port's own counts."""
        with self._lock:
            c = self._counts
            drops, refused = self._kernel_drops, dict(self._refused)
            return PortCounts(
                self.number, c["datagrams"], drops, c["over_ceiling"], c["table_full"], refused, self._buffer_bytes
            )

    def problem(self) -> SourceError | None:
        """Return what is wrong where the kernel had to drop datagrams not long ago; None where it had not."""
        with self._lock:
            if self._dropped_at is None or self._clock.monotonic() - self._dropped_at > DROPS_SHOWN_S:
                return None
        if self._buffer_bytes < BUFFER_BYTES:
            granted_kb = self._buffer_bytes // 2048  # the kernel doubles what it grants, and says so
            return SourceError("vban.small_buffer", port=self.number, granted_kb=granted_kb, bytes=BUFFER_BYTES)
        return SourceError("vban.overrun", port=self.number)

    def nameless_reject_reason(self, host: str) -> RejectReason | None:
        """Return why the newest packet of ``host`` that is no stream's could not be used; None where there was none."""
        with self._lock:
            reason, at_s = self._hosts.get(host, (None, 0.0))
            return reason if self._clock.monotonic() - at_s < FORGET_S else None

    # -- the thread -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            if self._listen():
                self._release()
        except Exception as error:  # noqa: BLE001  # the supervisor of this port contains its faults and tells its readers
            _log.exception("VBAN port %d: unexpected fault", self.number)
            self._fail(f"{type(error).__name__}: {error}")
        finally:
            self._socket.close()

    def _release(self) -> None:
        self._wake.close()
        self._waker.close()

    def _listen(self) -> bool:
        """Receive until woken, or until nobody needs it: then True."""
        buffer = memoryview(bytearray(DATAGRAM_BYTES))
        tidied_s = self._clock.monotonic()
        with selectors.DefaultSelector() as selector, selectors.DefaultSelector() as rest:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            rest.register(self._wake, selectors.EVENT_READ)
            while not self._is_stopping:
                ready = {key.fileobj for key, _ in selector.select(LOOK_S)}
                if self._socket in ready and (rest_s := self._drain(buffer)):
                    ready |= {key.fileobj for key, _ in rest.select(rest_s)}
                if self._wake in ready:
                    self._wake.recv(DATAGRAM_BYTES)
                if self._clock.monotonic() - tidied_s >= 1.0:
                    tidied_s = self._clock.monotonic()
                    self._tidy(tidied_s)
                    if self._retire(self):
                        return True
        return False

    def _drain(self, buffer: memoryview) -> float:
        """Take what has arrived, up to a bound, and wake readers; return how long to rest then, 0 where more waits."""
        with self._lock:
            before_s, self._drained_s = self._drained_s, self._clock.monotonic()
            before = self._counts["datagrams"]
            is_drained = self._receive_all(buffer)
            n, readers = self._counts["datagrams"] - before, self._readers
        for reader in readers:
            if reader.is_due:
                reader.wake()
        return self._rest_s(readers, n, self._drained_s - before_s) if is_drained else 0.0

    def _rest_s(self, readers: Sequence[PacketQueue], n_datagrams: int, in_s: float) -> float:
        """Return how long to rest: as readers wish, unless the buffer would fill at the rate of the newest datagrams."""
        wished_s = min((reader.pacing.block_s for reader in readers), default=LONG_S)
        if len(readers) > MANY:
            wished_s = max(wished_s, MANY_REST_S)
        fills_s = in_s * self._buffer_bytes / (PACKET_BYTES * max(1, n_datagrams))
        return min(wished_s, SHARE * fills_s)

    def _receive_all(self, buffer: memoryview) -> bool:
        now = self._clock.monotonic()
        realtime = now - time.time() if _LINUX else 0.0  # what turns the kernel's stamps into monotonic time
        for _ in range(DRAIN):
            try:
                n, ancillary, flags, sender = self._socket.recvmsg_into([buffer], ANCILLARY_BYTES)
            except BlockingIOError:
                return True
            at_s = self._arrival_s(ancillary, realtime, now) if ancillary else now
            self._process(buffer[:n], sender[0], at_s, is_cut=bool(flags & socket.MSG_TRUNC))
        return False

    def _arrival_s(self, ancillary: list[tuple[int, int, bytes]], realtime: float, now: float) -> float:
        """Return when the kernel had the datagram; note what it dropped."""
        at_s = now
        for _, kind, value in ancillary:
            if kind == _SO_TIMESTAMPNS and len(value) == _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack(value)
                at_s = min(now, max(now - FORGET_S, seconds + 1e-9 * nanoseconds + realtime))
            elif kind == _SO_RXQ_OVFL:
                drops = int.from_bytes(value, sys.byteorder)
                if drops != self._kernel_drops:
                    self._kernel_drops, self._dropped_at = drops, now
        return at_s

    def _process(self, datagram: memoryview, host: str, at_s: float, *, is_cut: bool) -> None:
        self._counts["datagrams"] += 1
        if not self._all.admits(at_s, ALL_PER_S):
            self._counts["over_ceiling"] += 1
            return
        parsed = RejectReason.CUT if is_cut else parse(datagram)
        name = name_of(datagram) if isinstance(parsed, RejectReason) else parsed.name
        entry = self._entries.get((host, name))
        if (entry is None or not entry.queues) and not self._strangers.admits(at_s, STRANGERS_PER_S):
            self._counts["over_ceiling"] += 1
            return
        if isinstance(parsed, RejectReason):
            self._reject(parsed, host, name, entry, at_s)
        elif entry := entry or self._new_entry(host, name, at_s):
            entry.push(parsed, at_s)

    def _reject(self, reason: RejectReason, host: str, name: bytes, entry: _StreamEntry | None, at_s: float) -> None:
        self._refused[reason.code] += 1
        self._log_rejection(host, reason.code, at_s)
        if reason in _UNNAMEABLE:
            if host in self._hosts or len(self._hosts) < TABLE_ROWS:
                self._hosts[host] = reason, at_s
        elif entry := entry or self._new_entry(host, name, at_s):
            entry.reject(reason.code, at_s)

    def _new_entry(self, host: str, name: bytes, at_s: float) -> _StreamEntry | None:
        """Return a row for a stream nobody asked for; None where the table is full."""
        hosts = [h for (h, _), entry in self._entries.items() if not entry.queues]
        if len(hosts) >= TABLE_ROWS or hosts.count(host) >= ROWS_PER_HOST:
            self._counts["table_full"] += 1
            return None
        return self._entries.setdefault((host, name), _StreamEntry(at_s))

    def _log_rejection(self, host: str, code: str, at_s: float) -> None:
        """Log a refusal, once in 10 s for each sender and reason."""
        said_s = self._logged_at.get((host, code), float("-inf"))
        if at_s - said_s >= LOG_EVERY_S and ((host, code) in self._logged_at or len(self._logged_at) < TABLE_ROWS):
            self._logged_at[host, code] = at_s
            _log.info("VBAN port %d: packet of %s refused (%s), %d so far", self.number, host, code, self._refused[code])

    def _tidy(self, now: float) -> None:
        with self._lock:
            self._entries = {k: entry for k, entry in self._entries.items() if entry.queues or now - entry.seen_s < FORGET_S}
            self._hosts = {h: entry for h, entry in self._hosts.items() if now - entry[1] < FORGET_S}
            self._logged_at = {k: at_s for k, at_s in self._logged_at.items() if now - at_s < LOG_EVERY_S}

    def _fail(self, reason: str) -> None:
        with self._lock:
            self._failure = self._failure or SourceError("vban.port_failed", retryable=True, port=self.number, reason=reason)
            for entry in self._entries.values():
                for queue in entry.queues:
                    queue.fail(self._failure)


def _open(address: str, port: int) -> tuple[socket.socket, int]:
    """Return a socket on ``port``, not blocking, and its buffer's size.

    No SO_REUSEADDR: of two sockets that share a UDP port, one gets everything.
    """
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.bind((address, port))
        opened.setblocking(False)
        return opened, _enlarge(opened)
    except OSError as exc:
        opened.close()
        codes = {errno.EADDRINUSE: "vban.port_taken", errno.EACCES: "vban.port_forbidden"}
        if exc.errno in codes:
            raise SourceError(codes[exc.errno], retryable=exc.errno == errno.EADDRINUSE, port=port) from exc
        raise SourceError("vban.port_failed", retryable=True, port=port, reason=exc.strerror or str(exc)) from exc


def _enlarge(opened: socket.socket) -> int:
    """Ask for a large buffer and, on Linux, for stamps and the count of drops; return the buffer's size in bytes."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    if _LINUX:
        with suppress(PermissionError):  # without that right it is what the system grants everybody
            opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        opened.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        opened.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
    granted = opened.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    if granted < BUFFER_BYTES // 16:
        _log.warning(
            "the kernel grants only %d bytes of buffer for VBAN; with many streams raise net.core.rmem_max to %d",
            granted,
            BUFFER_BYTES,
        )
    return granted
