"""The server: one socket, Flask and Socket.IO behind one guard, and an end that releases everything."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from claptrap.core.errors import ServiceError
from claptrap.selftest.runner import SelfTestRunner
from claptrap.service import Application
from claptrap.service.access import LoginPolicy
from claptrap.web.access import Authenticator
from claptrap.web.announcement import Announcer
from claptrap.web.app import create_app
from claptrap.web.asgi import Receive, Scope, Send
from claptrap.web.connection_limits import (
    ConnectionLimits,
    connections_for,
    file_descriptors,
    log_loop_errors,
)
from claptrap.web.connections import WebSocketConnection, limited_protocol
from claptrap.web.listen_address import Certificate, ListenAddress, is_loopback, machine_addresses
from claptrap.web.live import MAX_MESSAGE_BYTES, LivePublisher
from claptrap.web.page import ASSETS
from claptrap.web.proxies import NO_PROXIES, Proxies
from claptrap.web.security import MAX_HEADER_BYTES, Guard, local_names
from claptrap.web.session_enforcer import SessionEnforcer
from claptrap.web.wsgi import ThreadedWsgi

SEND_BUFFER_BYTES = 131_072  # that the system keeps for a client that does not read; by itself it would keep megabytes
HANDSHAKE_TIMEOUT_S = 5.0  # of TLS, before which the connection limits know of no connection
TLS_CLOSE_S = 2.0  # for a client to take leave
BACKLOG = 64  # connections that the system keeps until they are accepted
DATE_EVERY_S = 1.0
GRACE_S = 1  # for answers under way when the service ends
WSGI_THREADS = 8
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def serve(
    service: Application,
    *,
    host: str,
    port: int,
    on_ready: Callable[[ListenAddress], None],
    allowed_hosts: Sequence[str] = (),
    tls: Certificate | None = None,
    no_auth: bool = False,
    proxies: Proxies = NO_PROXIES,
) -> None:
    """Run ``service`` and its page until SIGTERM or Ctrl-C, then release everything.

    Args:
        service: not yet started.
        host: address or name to listen on.
        port: 0 for any free one.
        on_ready: called with where it listens once it answers.
        allowed_hosts: names under which the page may be called besides this machine's own, as behind a proxy.
        tls: what to prove oneself with; None for plain HTTP.
        no_auth: whether to demand no login even from other machines.
        proxies: the trusted reverse proxies.

    Raises:
        AccessError: ``access.damaged``.
        ServiceError: ``service.port_taken``, ``service.port_forbidden``, ``service.address_unknown``
            or ``service.cannot_listen``; nothing has been started then.
        SettingsError: ``settings.locked``.
    """
    service.access.tokens()  # raises now for a damaged file, which would admit no one
    with listen(host, port) as listener:
        server = Server(service, listener, on_ready, allowed_hosts, tls=tls, no_auth=no_auth, proxies=proxies)
        with _on_signals(server.stop):
            try:
                service.start()
                server.run()
            finally:
                service.stop()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that is bound, so that whatever forbids it is said before anything else starts.

    Raises:
        ServiceError: as ``serve``.
    """
    family, address = _resolve(host, port)
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere the option means that others may take the port over
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listener.bind(address)
        listener.listen()
    except OSError as error:
        listener.close()
        raise _listen_error(error, host, port) from error
    return listener


def _demand(listen_address: ListenAddress, proxies: Proxies, *, no_auth: bool) -> LoginPolicy:
    """Return when a login is demanded: always where others can ask, be it through a proxy."""
    if no_auth:
        return LoginPolicy.NEVER
    return LoginPolicy.IF_SET if is_loopback(listen_address.host) and not proxies.is_any else LoginPolicy.ALWAYS


class Server:
    """The web side of a service, on a socket that is bound. ``run`` once; ``stop`` from any thread or a signal handler."""

    def __init__(
        self,
        service: Application,
        listener: socket.socket,
        on_ready: Callable[[ListenAddress], None],
        allowed_hosts: Iterable[str] = (),
        assets: Path = ASSETS,
        tls: Certificate | None = None,
        no_auth: bool = False,
        proxies: Proxies = NO_PROXIES,
        most_connections: int | None = None,
    ) -> None:
        self._service = service
        self._listener = listener
        listen_address = ListenAddress.of(listener, is_tls=tls is not None)
        names = local_names() | {host.lower() for host in allowed_hosts}
        service.own_address.declare(
            listen_address.port,
            lambda: names | {str(address) for address in machine_addresses()},
            listen_address.network_address,
        )
        service.access.login_policy = _demand(listen_address, proxies, no_auth=no_auth)
        authenticator = Authenticator(service.access, assets)
        self._trials = _self_tests() if service.dev else None
        self._flask = ThreadedWsgi(
            create_app(service, assets, listen_address, self._trials),  # type: ignore[arg-type]  # Flask names the environ otherwise
            workers=WSGI_THREADS,
            send_queue_size=1000,
        )
        self._live = LivePublisher(service)
        self._listen_address, self._base_path = listen_address, proxies.base_path
        self._session_enforcer = SessionEnforcer(self._live.app, authenticator, service.access)
        most = connections_for(file_descriptors()) if most_connections is None else most_connections
        config = uvicorn.Config(
            Guard(self._dispatch, allowed_hosts, lambda: service.language, authenticator, proxies),
            http=limited_protocol(ConnectionLimits(most, lambda: service.language, authenticator, proxies)),
            h11_max_incomplete_event_size=MAX_HEADER_BYTES,
            backlog=BACKLOG,
            ws=WebSocketConnection,
            ws_max_size=MAX_MESSAGE_BYTES,
            lifespan="on",
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
            ssl_certfile=tls.chain if tls else None,
            ssl_keyfile=tls.key if tls else None,
        )
        self._uvicorn = _Uvicorn(config, lambda: on_ready(listen_address), service.cancel_probes)

    def run(self) -> None:
        """Answer until ``stop``."""
        try:
            self._uvicorn.run([self._listener])
        finally:
            self._service.cancel_probes()  # where it never began
            if self._trials is not None:
                self._trials.stop()
            self._flask.executor.shutdown()

    def stop(self) -> None:
        """Ask ``run`` to end soon; also before it has begun."""
        self._uvicorn.end()

    async def _dispatch(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "websocket" or scope["path"].startswith("/socket.io/"):
            await self._session_enforcer(scope, receive, send)
        else:
            await self._flask(scope, receive, send)  # type: ignore[arg-type]  # a2wsgi names the same shapes otherwise

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        asyncio.get_running_loop().set_exception_handler(log_loop_errors())
        await receive()
        await self._live.start()
        await self._session_enforcer.start()
        announcer = Announcer(self._service.settings, self._listen_address, self._base_path)
        await announcer.start()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await announcer.stop()
        await self._session_enforcer.stop()
        await self._live.stop()
        await send({"type": "lifespan.shutdown.complete"})


class _Uvicorn(uvicorn.Server):
    """Uvicorn, which says when it answers, and when it begins to end, for it waits for requests that wait themselves.

    It would look ten times a second whether to end; here ``end`` and signals wake it.
    """

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None], hurry: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce
        self._hurry = hurry
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending = asyncio.Event()

    def end(self) -> None:
        """Ask for the end, from any thread or a signal handler."""
        self.should_exit = True
        self._wake()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: it has ended
                self._loop.call_soon_threadsafe(self._ending.set)

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):  # each renews the answers' Date
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), DATE_EVERY_S)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self.config.is_ssl:  # uvicorn has no settings for these, and by itself asyncio waits for minutes
            loop = asyncio.get_running_loop()
            waits = {"ssl_handshake_timeout": HANDSHAKE_TIMEOUT_S, "ssl_shutdown_timeout": TLS_CLOSE_S}
            loop.create_server = partial(loop.create_server, **waits)  # type: ignore[method-assign]  # this loop is ours
        await super().startup(sockets)
        if not self.should_exit:
            self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hurry()
        await super().shutdown(sockets)


def _self_tests() -> SelfTestRunner:
    from claptrap.selftest.cases import CASES  # noqa: PLC0415  # for ``--dev`` alone; they bring a server of their own

    return SelfTestRunner(CASES)


@contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` on SIGTERM and Ctrl-C, before and after uvicorn's own handling.

    Uvicorn raises the signals that it caught once more when it has ended; with these handlers below its own that is
    harmless, and the exit status is 0.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {sign: signal.signal(sign, lambda *_: stop()) for sign in _SIGNALS}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, Any]:
    """Return family and socket address of ``host``; of several the IPv4 one, which is what people type."""
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise ServiceError("service.address_unknown", host=host) from error
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return family, address


def _listen_error(error: OSError, host: str, port: int) -> ServiceError:
    if error.errno == errno.EADDRINUSE:
        return ServiceError("service.port_taken", host=host, port=port)
    if error.errno == errno.EACCES:
        return ServiceError("service.port_forbidden", port=port)
    if error.errno == errno.EADDRNOTAVAIL:
        return ServiceError("service.address_unknown", host=host)
    return ServiceError("service.cannot_listen", host=host, port=port, reason=error.strerror or str(error))
