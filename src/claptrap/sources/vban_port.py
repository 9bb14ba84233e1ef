"""A UDP port on which VBAN arrives: one socket and one thread for all its streams. Nothing is ever sent.

The thread takes datagrams from the kernel; ``vban_streams`` sorts them; then each stream's source hears what has come.
"""

from __future__ import annotations

import errno
import logging
import math
import selectors
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from claptrap.core.clock import Clock
from claptrap.core.errors import SourceError
from claptrap.sources.datagrams import AT_ONCE, DatagramReceiver
from claptrap.sources.pacing import LONG_S, SHORT_S
from claptrap.sources.vban_flood import FloodFilter
from claptrap.sources.vban_packet import RejectReason
from claptrap.sources.vban_queue import PacketQueue
from claptrap.sources.vban_streams import STRANGERS_PER_S, Key, PortCounts, SeenStream, StreamCounts, StreamTable

BUFFER_BYTES = 64 << 20  # asked of the kernel, which doubles it: two seconds of 256 streams; the default holds 14 ms of 64
PACKET_BYTES = 2304  # of the buffer, for one datagram of the usual size
BUFFER_SHARE = 0.25  # of the buffer that may fill between two looks: many packets per wake-up, each stamped by the kernel
DRAIN = 2 * AT_ONCE  # datagrams per look, so that a flood cannot keep the thread from stopping
LOOK_S = 0.5
WAKE_BYTES = 4096
DROPS_SHOWN_S = 600.0  # for how long it is a problem that the kernel had to drop something

SO_RCVBUFFORCE = 33  # Linux's number, which Python's socket module does not know; the process needs CAP_NET_ADMIN for it
_log = logging.getLogger(__name__)


class VbanPort:
    """One socket, opened here, and its thread ``vban:PORT``. ``start`` once, ``stop`` once.

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
        self._receiver = DatagramReceiver(self._socket, clock.monotonic())
        self._wake, self._waker = socket.socketpair()
        self._wake.setblocking(False)
        self._waker.setblocking(False)
        self._is_stopping = False
        self._drained_s = clock.monotonic()
        self._lock = threading.Lock()  # guards all below
        self._streams = StreamTable(port)
        self._flood = FloodFilter(self._socket, port)
        self._flood_per_s = 0.0
        self._strangers = 0  # counted when the flood was looked at last
        self._kernel_drops = 0
        self._filtered = 0  # of those, what the filter dropped
        self._dropped_at: float | None = None
        self._failure: SourceError | None = None
        self._thread = threading.Thread(target=self._run, name=f"vban:{port}")

    def start(self) -> None:
        """Begin to receive."""
        self._thread.start()

    # -- asked by others ------------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether packets can still arrive."""
        return self._failure is None and self._thread.is_alive()

    def subscribe(self, key: Key, queue: PacketQueue) -> None:
        """Give the packets of a stream to ``queue`` from now on."""
        with self._lock:
            self._streams.subscribe(key, queue)
            self._look_at_flood(0.0)
            if self._failure is not None:
                queue.fail(self._failure)

    def unsubscribe(self, key: Key, queue: PacketQueue) -> None:
        """Give it none any more."""
        with self._lock:
            self._streams.unsubscribe(key, queue)

    def hurry(self, queue: PacketQueue) -> None:
        """Give ``queue`` soon what has come, and look again how much its reader wants at once. Does not block."""
        queue.hurry()
        with suppress(OSError):  # it is full of such requests, or closed
            self._waker.send(b".")

    def is_needed(self) -> bool:
        """Whether a source or a listing needs its packets."""
        with self._lock:
            return self._clock.monotonic() < self.needed_until or bool(self._streams.queues())

    def stop(self) -> None:
        """Release socket and thread; readers get ``vban.port_failed``."""
        self._is_stopping = True
        with suppress(BlockingIOError):  # it is full of requests, and wakes
            self._waker.send(b".")
        self._thread.join()
        self._release()
        self._fail("stopped")

    def seen(self) -> list[SeenStream]:
        """Return the streams of the last 30 s."""
        with self._lock:
            return self._streams.seen(self._clock.monotonic(), self._clock.unix())

    def stream_counts(self) -> list[StreamCounts]:
        """Return the counts of the streams that are heard; of a stream that several sources hear, one for each."""
        with self._lock:
            return self._streams.stream_counts()

    def counts(self) -> PortCounts:
        """Return the port's own counts."""
        with self._lock:
            c = self._streams.counts
            drops, refused = self._kernel_drops - self._filtered, dict(self._streams.refused)
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
            return self._streams.nameless_reject_reason(host, self._clock.monotonic())

    # -- the thread -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            if self._listen():
                self._release()
        except Exception as error:  # noqa: BLE001  # the supervisor of this port contains its faults, and fails its readers
            _log.exception("VBAN port %d: unexpected fault", self.number)
            self._fail(f"{type(error).__name__}: {error}")
        finally:
            self._socket.close()

    def _release(self) -> None:
        self._wake.close()
        self._waker.close()

    def _listen(self) -> bool:
        """Receive until woken; return True where it ends because it is not needed any more."""
        tidied_s = self._clock.monotonic()
        with selectors.DefaultSelector() as selector, selectors.DefaultSelector() as rest:
            selector.register(self._socket, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            rest.register(self._wake, selectors.EVENT_READ)
            while not self._is_stopping:
                ready = {key.fileobj for key, _ in selector.select(self._idle_s())}
                drained = self._drain() if self._socket in ready else None
                queues = self._streams.queues()
                for queue in queues:
                    queue.pass_on(self._clock.monotonic())
                if drained and (rest_s := self._rest_s(queues, *drained)) > 0:
                    ready |= {key.fileobj for key, _ in rest.select(rest_s)}
                if self._wake in ready:
                    self._wake.recv(WAKE_BYTES)
                if self._clock.monotonic() - tidied_s >= 1.0:
                    tidied_s = self._clock.monotonic()
                    self._tidy(tidied_s)
                    if self._retire(self):
                        return True
        return False

    def _idle_s(self) -> float:
        """Return how long to wait for a datagram: about until a source wants to be called without one, at most."""
        due_at = min((queue.due_at for queue in self._streams.queues()), default=math.inf)
        return max(SHORT_S, min(LOOK_S, due_at - self._clock.monotonic()))  # no sooner, however many sources there are

    def _drain(self) -> tuple[int, float] | None:
        """Take what has arrived, up to a bound; return how many datagrams in how many seconds, None where more waits."""
        with self._lock:
            before_s, self._drained_s = self._drained_s, self._clock.monotonic()
            n_before = self._streams.counts["datagrams"]
            is_drained = self._receive_all(self._drained_s)
            n_datagrams = self._streams.counts["datagrams"] - n_before
        return (n_datagrams, self._drained_s - before_s) if is_drained else None

    def _rest_s(self, queues: Sequence[PacketQueue], n_datagrams: int, in_s: float) -> float:
        """Return how long to rest: as the sources wish, unless the buffer would fill, at the rate of late, meanwhile."""
        now = self._clock.monotonic()
        wished_at = min((queue.pacing.next_at(self._drained_s) for queue in queues), default=self._drained_s + LONG_S)
        due_s = min((queue.due_at for queue in queues), default=math.inf) - now
        fills_s = in_s * self._buffer_bytes / (PACKET_BYTES * max(1, n_datagrams))
        return min(min(wished_at, self._drained_s + BUFFER_SHARE * fills_s) - now, due_s)

    def _receive_all(self, now: float) -> bool:
        """Sort what has arrived, up to a bound; return whether no more waits."""
        for _ in range(DRAIN // AT_ONCE):
            received = self._receiver.receive(now)
            if len(received):
                self._streams.process(received)
                self._note_drops(now)
            if len(received) < AT_ONCE:
                return True
        return False

    def _note_drops(self, now: float) -> None:
        drops, self._kernel_drops = self._receiver.drops - self._kernel_drops, self._receiver.drops
        if drops and self._flood.share < 1:
            self._filtered += drops
        elif drops:
            self._dropped_at = now

    def _tidy(self, now: float) -> None:
        with self._lock:
            self._streams.tidy(now)
            self._look_at_flood(1.0)

    def _look_at_flood(self, in_s: float) -> None:
        """Thin a flood in the kernel, ``in_s`` seconds after the last look; 0 where only the wanted streams have changed."""
        if in_s:
            before, self._strangers = self._strangers, self._streams.counts["strangers"]
            self._flood_per_s = (self._strangers - before) / in_s
        self._flood.update(self._flood_per_s, STRANGERS_PER_S, self._streams.wanted())

    def _fail(self, reason: str) -> None:
        with self._lock:
            self._failure = self._failure or SourceError("vban.port_failed", retryable=True, port=self.number, reason=reason)
            for queue in self._streams.queues():
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
    """Ask for a large buffer; return the size in bytes of the one that is granted."""
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    if sys.platform == "linux":
        with suppress(PermissionError):  # without that right it is what the system grants everybody
            opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
    granted = opened.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    if granted < BUFFER_BYTES // 64:
        _log.warning(
            "the kernel grants only %d bytes of buffer for VBAN; with many streams raise net.core.rmem_max to %d",
            granted,
            BUFFER_BYTES,
        )
    return granted
