"""ClapTrap as a wake-word service: the TCP port that voice satellites connect to (Wyoming protocol)."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import threading
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from urllib.parse import urlsplit

from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import ClapTrapError, ServiceError
from claptrap.core.events import Event
from claptrap.core.rate_limit import RateLimitedCounter
from claptrap.sources.feeds import Feeds
from claptrap.sources.satellite import canonical_host
from claptrap.sources.wyoming_relay import ServiceBehind
from claptrap.sources.wyoming_session import SatelliteConnection, WakeWordSession
from claptrap.sources.wyoming_wire import MAX_HEADER, WyomingError

MAX_CONNECTIONS = 64
MAX_PER_HOST = 32  # Home Assistant connects for all its satellites
IDLE_S = 30.0  # after so long of nothing a connection gives way to another where there are too many
ALIVE_S = 3.0  # a satellite that has sent no sound for so long may be dead; another from there may have its source
RETRY_S = 10.0
CLOSE_S = 1.0  # for what was sent last
_ERRORS = {errno.EADDRINUSE: "wyoming.port_taken", errno.EACCES: "wyoming.port_forbidden"}
_log = logging.getLogger(__name__)

Claim = Callable[[str, frozenset[int] | None, Collection[str]], str]
"""Returns the id of a satellite's source: of its host, the numbers of claps it waits for, and the ids that are in use."""


class WakeWordServer:
    """The service, in a thread ``wyoming`` of its own from the first ``apply`` of an address on. Thread-safe.

    Args:
        feeds: where the satellites' sound goes.
        claim: finds or makes a satellite's source; may block, raises ClapTrapError.
        on_change: called when ``problems`` has changed.
        clock: the machine's.
    """

    def __init__(self, feeds: Feeds, claim: Claim, on_change: Callable[[], None], clock: Clock | None = None) -> None:
        self._feeds = feeds
        self._claim_source = claim
        self._on_change = on_change
        self._clock = clock or SystemClock()
        self._lock = threading.Lock()  # of the next four
        self._wanted = "", ""  # where to listen, and which service is behind
        self._is_stopping = False
        self._thread: threading.Thread | None = None
        self._changed: tuple[asyncio.AbstractEventLoop, asyncio.Event] | None = None
        self._problem: ServiceError | None = None
        self._port: int | None = None
        self._behind: ServiceBehind | None = None
        self._bound = threading.Condition()
        self._sessions: dict[WakeWordSession, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._claims = asyncio.Lock()
        self._refused, self._failed = RateLimitedCounter(), RateLimitedCounter()

    # -- from any thread ------------------------------------------------------------------------------------------------

    def apply(self, listen: str, forward: str = "") -> None:
        """Serve again where one of these has changed; satellites reconnect.

        Args:
            listen: address to listen on (``tcp://HOST:PORT``, port 0 for any free one); empty for none.
            forward: address of another wake-word service that gets the same sound; empty for none.
        """
        with self._lock:
            if (listen, forward) == self._wanted or self._is_stopping:
                return
            self._wanted = listen, forward
            if not listen and self._thread is None:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), name="wyoming")
                self._thread.start()
            self._wake()

    def stop(self) -> None:
        """End the connections and the thread."""
        with self._lock:
            self._is_stopping = True
            self._wake()
            thread = self._thread
        if thread is not None:
            thread.join()

    def detected(self, event: Event) -> None:
        """Send a detection to the satellite whose sound it was in. Does not wait."""
        with self._lock:
            if self._changed is not None and not self._is_stopping:
                self._changed[0].call_soon_threadsafe(self._deliver, event)

    def problems(self) -> list[ServiceError]:
        """Return why the service cannot listen, where it should."""
        problem = self._problem
        return [problem] if problem is not None else []

    def port(self, timeout_s: float = 0.0) -> int | None:
        """Return the port that it listens on, None while it does not; wait ``timeout_s`` for that it does."""
        with self._bound:
            self._bound.wait_for(lambda: self._port is not None, timeout_s)
            return self._port

    def _wake(self) -> None:
        if self._changed is not None:
            loop, changed = self._changed
            loop.call_soon_threadsafe(changed.set)

    # -- in the thread --------------------------------------------------------------------------------------------------

    async def _main(self) -> None:
        changed = asyncio.Event()
        with self._lock:
            self._changed = asyncio.get_running_loop(), changed
        while True:
            changed.clear()
            with self._lock:
                (listen, forward), is_stopping = self._wanted, self._is_stopping
            if is_stopping:
                break
            self._behind = ServiceBehind(forward, self._clock) if forward else None
            server = await self._open(listen)
            is_failed = bool(listen) and server is None
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), RETRY_S if is_failed else None)
            if server is not None:
                await self._close(server)
        with self._lock:
            self._changed = None

    async def _open(self, listen: str) -> asyncio.Server | None:
        """Listen; return None where that cannot be, or shall not be."""
        server, problem = None, None
        if listen:
            parts = urlsplit(listen)
            host, port = parts.hostname or "", parts.port or 0
            try:
                server = await asyncio.start_server(self._accept, host, port, limit=MAX_HEADER)
            except (OSError, ValueError) as error:  # ValueError: the text can be no name at all
                code = _ERRORS.get(getattr(error, "errno", None) or 0, "wyoming.cannot_listen")
                reason = getattr(error, "strerror", None) or str(error)
                problem = ServiceError(code, retryable=True, where=f"{host}:{port}", reason=reason)
        if problem is not None and self._problem is None:
            _log.warning("%s", problem)
        with self._bound:
            self._port = server.sockets[0].getsockname()[1] if server is not None else None
            self._bound.notify_all()
        if server is not None:
            _log.info("wake-word service: listening on %s, port %d", urlsplit(listen).hostname, self._port)
        before, self._problem = self._problem, problem
        if (before and before.code) != (problem and problem.code):
            self._on_change()
        return server

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        with self._bound:
            self._port = None
        tasks = [*self._sessions.values(), *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            host = canonical_host(str(writer.get_extra_info("peername")[0]))
        except (ValueError, TypeError):  # it has gone already
            writer.transport.abort()
            return
        if not self._has_place(host):
            if n := self._refused.add(time.monotonic()):
                _log.warning("wake-word service: %d connections were refused, the last from %s: too many", n, host)
            writer.transport.abort()
            return
        _keep_alive(writer)
        session = WakeWordSession(
            SatelliteConnection(host, reader, writer), self._feeds, self._claim, self._clock, self._behind
        )
        self._sessions[session] = task = asyncio.create_task(self._run(session))
        task.add_done_callback(lambda _: self._sessions.pop(session, None))

    def _has_place(self, host: str) -> bool:
        """Return whether another connection from ``host`` has a place; the one that is idle for longest gives its own up."""
        mine = [session for session in self._sessions if session.peer.host == host]
        if len(self._sessions) < MAX_CONNECTIONS and len(mine) < MAX_PER_HOST:
            return True
        candidates = mine if len(mine) >= MAX_PER_HOST else list(self._sessions)
        oldest = min(candidates, key=lambda session: session.active_s)
        if self._clock.monotonic() - oldest.active_s < IDLE_S:
            return False
        self._sessions.pop(oldest).cancel()
        return True

    async def _run(self, session: WakeWordSession) -> None:
        """Run a session to its end, whatever the peer does."""
        host, writer = session.peer.host, session.peer.writer
        _log.info("wake-word service: %s connects", host)
        try:
            await session.run()
            _log.info("wake-word service: %s has gone", host)
        except (WyomingError, ClapTrapError, OSError) as error:
            if n := self._failed.add(time.monotonic()):
                _log.warning("wake-word service: %d connections failed, the last from %s: %s", n, host, error)
        except Exception:  # noqa: BLE001  # the supervisor contains any fault of one connection, and says so
            _log.exception("wake-word service: unexpected fault of a connection from %s", host)
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), CLOSE_S)
            writer.transport.abort()  # a peer that takes nothing keeps no connection open

    async def _claim(self, session: WakeWordSession) -> str:
        """Return the source of a session: of its host the first that no living connection speaks for.

        In a thread of its own: the settings may have to be written.
        """
        async with self._claims:
            now = self._clock.monotonic()
            others = [one for one in self._sessions if one is not session and one.source_id]
            in_use = {one.source_id for one in others if now - one.heard_s < ALIVE_S}
            source_id = await asyncio.to_thread(self._claim_source, session.peer.host, session.wanted, in_use)
            for one in others:
                if one.source_id == source_id:
                    one.source_id = ""
            session.source_id, session.heard_s = source_id, now
            return source_id

    def _deliver(self, event: Event) -> None:
        for session in self._sessions:
            if session.source_id == event.source_id:
                task = asyncio.create_task(self._send(session, event))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _send(self, session: WakeWordSession, event: Event) -> None:
        with suppress(OSError):  # it has gone; its own task ends for that
            await session.deliver(event)


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """Have the system notice within some minutes where the other machine is gone, or switched off."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
