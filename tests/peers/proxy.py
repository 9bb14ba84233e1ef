"""A real reverse proxy on loopback, as small as one can be: HTTP and WebSocket, under a sub-path, with the usual headers."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Self

_HEAD_END = b"\r\n\r\n"


class Proxy:
    """Passes what comes below ``prefix`` on to a service on ``port``; one request a connection, unless it is upgraded.

    Args:
        port: the service's.
        prefix: the sub-path under which the service is shown.
        strips: whether it takes the sub-path off, as most do.
        keeps_host: whether the service sees the Host that was asked for.
        headers: what it adds.
    """

    def __init__(
        self,
        port: int,
        prefix: str,
        *,
        strips: bool = True,
        keeps_host: bool = True,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._port = port
        self._prefix = prefix
        self._strips = strips
        self._keeps_host = keeps_host
        self._headers = dict(headers or {})
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}{prefix}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                _end(connection)
        for thread in self._threads:
            thread.join()

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name="test:proxy")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        server = socket.create_connection(("127.0.0.1", self._port))
        with self._lock:
            self._open |= {client, server}
        try:
            head, rest = _read_head(client)
            server.sendall(self._rewritten(head, client.getpeername()[0]) + rest)
            back = threading.Thread(target=_pump, args=(server, client), name="test:proxy-back")
            back.start()
            _pump(client, server)
            back.join()
        except OSError:
            pass  # either side has gone: so does the other
        finally:
            with self._lock:
                self._open -= {client, server}
            client.close()
            server.close()

    def _rewritten(self, head: bytes, peer: str) -> bytes:
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, version = first.split(" ")
        headers = [tuple(line.split(": ", 1)) for line in lines]
        named = {name.lower(): value for name, value in headers}
        if self._strips:
            path = path.removeprefix(self._prefix) or "/"
        is_upgrade = "upgrade" in named
        kept = [(name, value) for name, value in headers if is_upgrade or name.lower() != "connection"]
        if not self._keeps_host:
            kept = [(name, value) for name, value in kept if name.lower() != "host"]
            kept.append(("Host", f"127.0.0.1:{self._port}"))
        before = f"{named['x-forwarded-for']}, " if "x-forwarded-for" in named else ""
        kept = [(name, value) for name, value in kept if name.lower() != "x-forwarded-for"]
        added = {"X-Forwarded-For": f"{before}{peer}", **self._headers} | ({} if is_upgrade else {"Connection": "close"})
        lines = [f"{method} {path} {version}", *(f"{name}: {value}" for name, value in [*kept, *added.items()])]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _read_head(connection: socket.socket) -> tuple[bytes, bytes]:
    received = b""
    while _HEAD_END not in received:
        chunk = connection.recv(65_536)
        if not chunk:
            raise ConnectionResetError
        received += chunk
    head, _, rest = received.partition(_HEAD_END)
    return head, rest


def _pump(source: socket.socket, sink: socket.socket) -> None:
    """Pass on until ``source`` ends; then so does ``sink``."""
    try:
        while chunk := source.recv(65_536):
            sink.sendall(chunk)
    except OSError:
        pass  # the other direction ended it
    finally:
        _end(sink)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended already
        connection.shutdown(socket.SHUT_RDWR)
