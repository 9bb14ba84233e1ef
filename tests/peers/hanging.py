"""Peers that hang at one point of a conversation and never go on."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

_WELCOME = b"RTSP/1.0 200 OK\r\nCSeq: %d\r\nPublic: OPTIONS, DESCRIBE, SETUP, PLAY\r\n\r\n"


class PoliteCamera:
    """An RTSP server that answers OPTIONS to any number of listeners, and nothing else to anybody.

    Attributes:
        url: its address.
        n_left_waiting: questions that it was asked and did not answer.
    """

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._inside, self._outside = socket.socketpair()
        self.n_left_waiting = 0
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._serve, name="test:polite-camera")
        self.url = f"rtsp://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._outside.close()
        self._thread.join()

    def wait_for_questions(self, n: int, timeout_s: float) -> None:
        """Return once ``n`` questions have been left without an answer."""
        with self._news:
            assert self._news.wait_for(lambda: self.n_left_waiting >= n, timeout_s), self.n_left_waiting

    def _serve(self) -> None:
        with ExitStack() as connections, selectors.DefaultSelector() as selector:
            connections.enter_context(self._listening)
            connections.enter_context(self._inside)
            selector.register(self._listening, selectors.EVENT_READ)
            selector.register(self._inside, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._inside:
                        return
                    if key.fileobj is self._listening:
                        connection = connections.enter_context(self._listening.accept()[0])
                        selector.register(connection, selectors.EVENT_READ)
                    elif isinstance(key.fileobj, socket.socket) and not self._answer(key.fileobj):
                        selector.unregister(key.fileobj)

    def _answer(self, connection: socket.socket) -> bool:
        """Answer what was asked, if at all; return whether more may come."""
        try:
            question = connection.recv(4096)
        except ConnectionResetError:
            return False
        if question.startswith(b"OPTIONS"):
            number = next(int(line[5:]) for line in question.splitlines() if line.startswith(b"CSeq:"))
            connection.sendall(_WELCOME % number)
        elif question:
            with self._news:
                self.n_left_waiting += 1
                self._news.notify_all()
        return bool(question)


@contextmanager
def full_port() -> Iterator[int]:
    """Yield a TCP port of 127.0.0.1 that neither takes nor refuses one more connection (Linux)."""
    with ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        port = int(listening.getsockname()[1])
        for _ in range(4):  # one or two are taken by the system, the rest wait for ever
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.1", port))
        yield port
