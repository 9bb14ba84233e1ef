"""All UDP ports on which VBAN arrives: opened for the first source that needs one, shared by all, closed after the last."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import SourceError
from claptrap.core.vbanname import to_text
from claptrap.sources.vban_port import VbanPort
from claptrap.sources.vban_queue import PacketQueue
from claptrap.sources.vban_streams import PortCounts, SeenStream, StreamCounts, TokenBucket

SHOWN_NAMES = 4
LISTED_S = 0.2  # a list of streams may be so old that says why one is absent: a thousand sources may ask at once
MOST_LISTENED = 4  # ports without a source are kept open, each with its thread, because a client of the API asked
PREDICTED_PER_S = 100  # gaps of all streams in which sound is predicted, some 3 % of a core


@dataclass(frozen=True, slots=True)
class Absence:
    """Why a stream is not heard.

    Attributes:
        code: a key of ``text.catalogue``.
        params: values for that sentence.
    """

    code: str
    params: Mapping[str, str | int | float]


class VbanPorts:
    """All ports of the process. A port is open while it is needed. Thread-safe.

    Args:
        address: the machine's own address to listen on; all of them by default.
        clock: the machine's.
    """

    def __init__(self, address: str = "0.0.0.0", clock: Clock | None = None) -> None:  # noqa: S104  # senders are elsewhere
        self._address = address
        self._clock = clock or SystemClock()
        self._ports: dict[int, VbanPort] = {}
        self._listed: tuple[float, tuple[SeenStream, ...]] = (-math.inf, ())
        self._predictions, self._predicting = TokenBucket(), threading.Lock()
        self._lock = threading.Lock()

    @contextmanager
    def receiving(self, port: int, host: str, name: bytes, queue: PacketQueue) -> Iterator[None]:
        """Give ``queue`` the packets of one stream until the context ends.

        Raises:
            SourceError: ``vban.port_taken``, ``vban.port_forbidden``, ``vban.port_failed``.
        """
        key = (host, name)
        with self._lock:
            opened = self._opened(port)
            opened.subscribe(key, queue)
        try:
            with queue.pacing.waking(lambda: opened.hurry(queue)):
                yield
        finally:
            queue.close()  # before locking: what hears may ask us why a stream is absent
            with self._lock:
                opened.unsubscribe(key, queue)
                if not opened.is_needed():
                    self._close(opened)

    def listen_for(self, port: int = 6980, for_s: float = 60.0) -> None:
        """Listen on ``port`` for ``for_s`` more seconds, so that ``discovered`` lists its streams.

        ``MOST_LISTENED`` ports without a reader stay open; the one whose time ends first is closed for another.

        Raises:
            SourceError: like ``receiving``.
        """
        with self._lock:
            opened, now = self._opened(port), self._clock.monotonic()
            opened.needed_until = max(opened.needed_until, now + for_s)
            listened = [p for p in self._ports.values() if p.needed_until > now and p is not opened]
            for other in sorted(listened, key=lambda p: p.needed_until)[: -(MOST_LISTENED - 1)]:
                other.needed_until = now
                if not other.is_needed():
                    self._close(other)

    def discovered(self) -> tuple[SeenStream, ...]:
        """Return the streams that arrived on the open ports within 30 s, 64 strangers a port at most.

        VBAN announces nothing: a stream is seen once its sender is pointed at this machine, or at everybody.
        """
        return tuple(stream for port in self._open_ports() for stream in port.seen())

    def stream_counts(self) -> tuple[StreamCounts, ...]:
        """Return what happened to each stream that is heard."""
        return tuple(counts for port in self._open_ports() for counts in port.stream_counts())

    def port_counts(self) -> tuple[PortCounts, ...]:
        """Return what happened on each open port."""
        return tuple(port.counts() for port in self._open_ports())

    def problems(self) -> tuple[SourceError, ...]:
        """Return what is wrong with the open ports: ``vban.small_buffer`` or ``vban.overrun``."""
        return tuple(problem for port in self._open_ports() if (problem := port.problem()) is not None)

    def may_predict(self) -> bool:
        """Return whether one more gap may be filled with predicted sound, ``PREDICTED_PER_S`` a second at most."""
        with self._predicting:
            return bool(self._predictions.admit((self._clock.monotonic(),), PREDICTED_PER_S))

    def why_absent(self, port: int, host: str, name: bytes) -> Absence:
        """Return why no sound of a stream arrives, as far as can be known from what does arrive."""
        wanted = to_text(name)
        params: dict[str, str | int | float] = {"host": host, "stream": wanted, "port": port}
        now, (listed_s, listed) = self._clock.monotonic(), self._listed
        if now - listed_s >= LISTED_S:
            listed = tuple(s for s in self.discovered() if s.rate_hz or s.problem)
            self._listed = now, listed
        here = [s for s in listed if s.port == port]
        for s in here:
            if (s.host, s.stream) == (host, wanted) and s.problem:
                return Absence(s.problem, params)
        if names := [s.stream for s in here if s.host == host and s.stream != wanted and not s.wanted]:
            return Absence("vban.wrong_name", params | {"seen": _quoted(names)})
        if ports := [s.port for s in listed if (s.host, s.stream) == (host, wanted) and s.port != port]:
            return Absence("vban.wrong_port", params | {"actual": ports[0]})
        if hosts := [s.host for s in here if s.stream == wanted and s.host != host]:
            return Absence("vban.wrong_host", params | {"seen": ", ".join(hosts[:SHOWN_NAMES])})
        refusals = (p.nameless_reject_reason(host) for p in self._open_ports() if p.number == port)
        if reason := next(refusals, None):
            return Absence(reason.code, params)
        return Absence("vban.nothing", params)

    def stop(self) -> None:
        """Close every port; who still receives gets ``vban.port_failed``."""
        with self._lock:
            ports = list(self._ports.values())
            self._ports.clear()
        for port in ports:  # without the lock, for which its thread may wait
            port.stop()

    def _open_ports(self) -> list[VbanPort]:
        with self._lock:
            return [self._ports[number] for number in sorted(self._ports)]

    def _opened(self, number: int) -> VbanPort:
        port = self._ports.get(number)
        if port is not None and not port.is_open:
            self._close(port)
            port = None
        if port is None:
            port = VbanPort(self._address, number, self._clock, self._retire)
            port.start()
            self._ports[number] = port
        return port

    def _close(self, port: VbanPort) -> None:
        if self._ports.get(port.number) is port:
            del self._ports[port.number]
            port.stop()

    def _retire(self, port: VbanPort) -> bool:
        """Forget a port that is not needed any more; called in its own thread, which may not wait for our lock."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if port.is_needed():
                return False
            return self._ports.pop(port.number, None) is port
        finally:
            self._lock.release()


def _quoted(names: list[str]) -> str:
    """Return a few names as a person reads them."""
    more = ", …" if len(names) > SHOWN_NAMES else ""
    return ", ".join(f"“{name}”" for name in names[:SHOWN_NAMES]) + more
