"""A real HTTP receiver on loopback that can also be slow, dead, rude or endless."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from tests.peers.ports import free_port

PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Request:
    """What a client sent.

    Attributes:
        method, path: of the request line.
        headers: names in small letters.
        body: as it came.
        at: monotonic seconds when it had come whole.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        """The body, which must be JSON."""
        return json.loads(self.body)


Behaviour = Callable[[socket.socket, threading.Event], None]
"""What to do with a connection whose request has been read; the event is set when the receiver ends."""


def answer(status: int = 204, body: bytes = b"", **headers: str) -> Behaviour:
    """Answer at once. Header names are written with ``_`` for ``-``."""
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if status != 204:
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join([f"HTTP/1.1 {status} Whatever", "Connection: close", *lines, "", ""])

    def behave(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(head.encode() + body)

    return behave


def silence(_: socket.socket, ended: threading.Event) -> None:
    """Take the request and never answer."""
    ended.wait()


def late(behaviour: Behaviour, gate: threading.Event) -> Behaviour:
    """Do ``behaviour`` once ``gate`` is set."""

    def behave(connection: socket.socket, ended: threading.Event) -> None:
        while not gate.wait(0.01) and not ended.is_set():
            pass
        behaviour(connection, ended)

    return behave


def hang_up(_: socket.socket, __: threading.Event) -> None:
    """Close without a word."""


def reset(connection: socket.socket, _: threading.Event) -> None:
    """Break the connection off (TCP RST)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def trickle(head: bytes) -> Behaviour:
    """Send ``head``, then one byte every 20 ms for ever."""

    def behave(connection: socket.socket, ended: threading.Event) -> None:
        connection.sendall(head)
        while not ended.wait(0.02):
            connection.sendall(b"x")

    return behave


class Receiver:
    """Serves on a free port of loopback until the ``with`` block ends.

    Args:
        script: what to do with the first requests, in order.
        then: what to do with the others.
        tls: speak TLS with this.
        port: 0 for a free one.
    """

    def __init__(
        self, *script: Behaviour, then: Behaviour | None = None, tls: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        self._script = list(script)
        self._then = then or answer(204)
        self._tls = tls
        self._requests: list[Request] = []
        self._grown = threading.Condition()
        self._ended = threading.Event()
        self._connections: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", port), backlog=300)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/hook"
        self._acceptor = threading.Thread(target=self._accept, name="test:receiver")
        self._acceptor.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with suppress(OSError):  # wakes the acceptor
            self._listener.shutdown(socket.SHUT_RDWR)
        self._acceptor.join()
        self._listener.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    @property
    def requests(self) -> list[Request]:
        """All that have come so far."""
        with self._grown:
            return list(self._requests)

    def wait_for(self, n: int, timeout_s: float = PATIENCE_S) -> list[Request]:
        """Return the requests once ``n`` have come."""
        with self._grown:
            assert self._grown.wait_for(lambda: len(self._requests) >= n, timeout_s), f"{len(self._requests)} of {n} came"
            return list(self._requests)

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.settimeout(PATIENCE_S)
            self._connections.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), name="test:receiver-connection")
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # a client that goes away is none of the receiver's business
            spoken = self._tls.wrap_socket(connection, server_side=True) if self._tls else connection
            with spoken:
                request = read_request(spoken)
                if request is None:
                    return
                with self._grown:
                    self._requests.append(request)
                    behaviour = self._script.pop(0) if self._script else self._then
                    self._grown.notify_all()
                behaviour(spoken, self._ended)


def read_request(connection: socket.socket) -> Request | None:
    """Read one request with a body of known length; None where the client went away before."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return None
        data += more
        if not data[:1].isalpha():  # TLS where none is spoken
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
            return None
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        if not (more := connection.recv(65536)):
            return None
        body += more
    method, path, _ = first.split(" ", 2)
    return Request(method, path, headers, body, time.monotonic())


def dead_url() -> str:
    """Return the address of a port where nobody listens."""
    return f"http://127.0.0.1:{free_port()}/hook"


class HalfOpen:
    """A machine that takes the connection and then neither reads nor answers, as one that lost its power would."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/hook"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
