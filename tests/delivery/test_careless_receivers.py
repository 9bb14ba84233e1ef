"""Sixty careless receivers, as raw sockets, and how often each acts on one clap: once, or the history says why not."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Self

import pytest
from tests.delivery.test_dispatcher import QUICK, Attempts, clap, done

from claptrap.core.clock import SystemClock
from claptrap.core.events import Attempt
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.history.deliveries import DeliveryFilter
from claptrap.history.journal import Journal
from claptrap.receivers import WebhookSpec

TIMEOUT_S = 3.0
WAIT_S = 40.0
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nOK"
Step = bytes | float | str
"""Bytes to send, seconds to wait, or a word: ``act``, ``read`` (first: the whole request), ``close``, ``reset``,
``shut`` (one way), ``hang``."""


@dataclass(frozen=True, slots=True)
class Careless:
    """What a receiver does with its connections, one script after the other; the last again and again.

    Attributes:
        name: of the kind.
        scripts: what it does once the head of a request has come.
        acts: how often it must act on one clap.
        state: of the delivery in the history afterwards.
        code: why; empty where it was taken.
    """

    name: str
    scripts: tuple[tuple[Step, ...], ...]
    acts: int = 1
    state: str = "taken"
    code: str = ""


def says(name: str, answer: bytes, *, acts: int = 1, state: str = "taken", code: str = "") -> Careless:
    """It acts, answers, and closes."""
    return Careless(name, (("read", "act", answer, "close"),), acts, state, code)


def unknown(name: str, *steps: Step, code: str) -> Careless:
    return Careless(name, (steps,), state="unknown", code=code)


def then_ok(name: str, *first: tuple[Step, ...]) -> Careless:
    """It does not act at first, says so, and then does."""
    return Careless(name, (*first, ("read", "act", OK, "close")))


def status(line: str) -> bytes:
    return f"HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()


KINDS = (
    # any readable 2xx is success
    says("by the book", OK),
    says("204", b"HTTP/1.1 204 No Content\r\n\r\n"),
    says("202", status("202 Accepted")),
    says("299", status("299 Whatever")),
    says("HTTP/1.0", b"HTTP/1.0 200 OK\r\n\r\n"),
    says("a bad header line", b"HTTP/1.1 200 OK\r\nuserdata not supported\r\n\r\nOK"),
    says("a header line without a name", b"HTTP/1.1 200 OK\r\n: x\r\n\r\nOK"),
    says("a header with a space before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nOK"),
    says("a folded header", b"HTTP/1.1 200 OK\r\nX: a\r\n  b\r\n\r\nOK"),
    says("bytes that are no text in a header", b"HTTP/1.1 200 OK\r\nX: \xff\x00\xfe\r\n\r\nOK"),
    says("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nOK"),
    says("a length that is none", b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nOK"),
    says("a length above what comes", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nOK"),
    says("a length below what comes", b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nOKOKOK"),
    says("chunks that are none", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nOK"),
    says("chunks that end early", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nOK"),
    says("gzip that is none", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nOK"),
    says("ICY", b"ICY 200 OK\r\n\r\nOK"),
    says("a bare OK", b"OK\n"),
    says("OK without a line end", b"OK"),
    says("200 OK without a protocol", b"200 OK\r\n"),
    says("no reason", b"HTTP/1.1 200\r\n\r\n"),
    says("no space before the reason", b"HTTP/1.1 200OK\r\n\r\n"),
    says("small letters", b"http/1.1 200 ok\r\n\r\n"),
    says("a status line alone", b"HTTP/1.1 200 OK\r\n"),
    says("a status line without its end", b"HTTP/1.1 200 OK"),
    says("line feeds only", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nOK"),
    says("a blank line first", b"\r\n\r\nHTTP/1.1 200 OK\r\n\r\nOK"),
    says("a line of its log first", b"client connected\r\nHTTP/1.1 200 OK\r\n\r\nOK"),
    says("a version that nobody knows", b"HTTP/7 200 Fine\r\n\r\n"),
    says("100 Continue first", b"HTTP/1.1 100 Continue\r\n\r\n" + OK),
    says("103 Early Hints first", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK),
    says("a header of 100 kB", b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\nOK"),
    says("a body of 1 MB", b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1_000_000),
    Careless("byte by byte", (("read", "act", *(bytes([b]) for b in OK), "close"),)),
    Careless("the status line in two parts", (("read", "act", b"HTTP/1.1 2", 0.2, b"00 OK\r\n\r\n", "close"),)),
    Careless("never closes", (("read", "act", b"HTTP/1.1 200 OK\r\n\r\n", "hang"),)),
    Careless("closes one way only", (("read", "act", OK, "shut", "hang"),)),
    Careless("resets after its answer", (("read", "act", OK, 0.2, "reset"),)),
    Careless("answers before it has read the body", (("act", OK, "close"),)),
    Careless("answers before it has read the body, and resets", (("act", OK, 0.2, "reset"),)),
    Careless("closes after its first line", (("act", b"HTTP/1.1 200 OK\r\n", "close"),)),
    Careless("thinks before it answers", (("read", "act", 1.0, OK, "close"),)),
    # sent, and no answer that can be read: it may have acted, and is not sent again
    unknown("closes without a word", "read", "act", "close", code="delivery.hung_up_plain"),
    unknown("resets without a word", "read", "act", "reset", code="delivery.hung_up_plain"),
    unknown("closes before it has read all", "act", "close", code="delivery.hung_up_plain"),
    unknown("never answers", "read", "act", "hang", code="delivery.no_answer"),
    unknown("answers too late", "read", "act", TIMEOUT_S + 1.0, OK, "close", code="delivery.no_answer"),
    unknown("half a status line", "read", "act", b"HTTP/1.1 2", "close", code="delivery.unreadable"),
    unknown("half a status line, and hangs", "read", "act", b"HTTP/1.1 20", "hang", code="delivery.unreadable"),
    unknown("a page instead of HTTP", "read", "act", b"<html>done</html>", "close", code="delivery.unreadable"),
    unknown("JSON instead of HTTP", "read", "act", b'{"ok": true}', "close", code="delivery.unreadable"),
    unknown("another protocol", "read", "act", b"220 mail.example ESMTP\x00"[4:], "close", code="delivery.unreadable"),
    # it says that it failed while it worked on it
    says("500 after acting", status("500 Oops"), state="unknown", code="delivery.server_error"),
    says("502 of a proxy after acting", status("502 Bad Gateway"), state="unknown", code="delivery.server_error"),
    says("504 of a proxy", status("504 Gateway Timeout"), state="unknown", code="delivery.server_error"),
    says("507 after acting", status("507 Full"), state="unknown", code="delivery.server_error"),
    # it says that it did not take it, and does later
    then_ok("503, then well", ("read", status("503 Busy"), "close"), ("read", status("503 Busy"), "close")),
    then_ok("503 six times, then well", *[("read", status("503 Busy"), "close")] * 6),
    then_ok("429, then well", ("read", b"HTTP/1.1 429 Slowly\r\nRetry-After: 0\r\n\r\n", "close")),
    then_ok("425, then well", ("read", status("425 Too Early"), "close")),
    then_ok("408, then well", ("read", status("408 Timeout"), "close")),
    # it says what a person must mend
    says("404", status("404 Not Found"), acts=1, state="given_up", code="delivery.status"),
    says(
        "a redirection",
        b"HTTP/1.1 302 Found\r\nLocation: https://x.example/\r\n\r\n",
        state="given_up",
        code="delivery.redirected",
    ),
    says("501", status("501 Not Implemented"), state="given_up", code="delivery.status"),
    Careless("speaks TLS", (("read", b"\x15\x03\x01\x00\x02\x02\x46", "close"),), 0, "given_up", "delivery.wants_https"),
    Careless(
        "speaks TLS, and says so in HTTP",
        (("read", b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n", "close"),),
        0,
        "given_up",
        "delivery.wants_https",
    ),
)


@dataclass
class Server:
    """Serves one kind on a free port of loopback."""

    kind: Careless
    acted: list[str] = field(default_factory=list)
    pieces: list[int] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/hook"
        self._thread = threading.Thread(target=self._serve, name="test:careless")
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _serve(self) -> None:
        scripts = list(self.kind.scripts)
        while not self._ended.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, suppress(OSError):
                connection.settimeout(WAIT_S)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._run(connection, scripts.pop(0) if len(scripts) > 1 else scripts[0])

    def _run(self, connection: socket.socket, script: tuple[Step, ...]) -> None:
        got = self._request(connection) if script[0] == "read" else connection.recv(20)  # the rest stays unread
        for step in script if got else ():
            match step:
                case bytes():
                    connection.sendall(step)
                case float():
                    self._ended.wait(step)
                case "act":
                    self.acted.append(got[:20].decode())
                case "shut":
                    connection.shutdown(socket.SHUT_WR)
                case "reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                case "hang":
                    self._ended.wait()

    def _request(self, connection: socket.socket) -> bytes:
        """Return a request, all of it; nothing where the client went away."""
        got = b""
        while b"\r\n\r\n" not in got or len(got.partition(b"\r\n\r\n")[2]) < _length(got):
            got += (piece := connection.recv(65_536))
            self.pieces.append(len(piece))
            if not piece:
                return b""
        return got


def _length(request: bytes) -> int:
    head = request.partition(b"\r\n\r\n")[0].lower()
    return int(head.partition(b"content-length:")[2].split(b"\r\n")[0])


@contextmanager
def told(*servers: Server, **how: object) -> Iterator[tuple[Attempts, Journal]]:
    """One clap for each of ``servers``, all at once."""
    attempts, journal = Attempts(), Journal(None, SystemClock())
    journal.open()
    dispatcher = Dispatcher(journal, attempts, None, QUICK, probes=QUICK)
    rooms = [f"room-{i}" for i in range(len(servers))]
    specs = [
        WebhookSpec(f"{room}.w", room, s.url, TIMEOUT_S, max_age_s=WAIT_S) for room, s in zip(rooms, servers, strict=True)
    ]
    try:
        dispatcher.apply([replace(spec, **how) for spec in specs])  # type: ignore[arg-type]  # by name
        for room in rooms:
            dispatcher.dispatch(clap(0, room))
        yield attempts, journal
    finally:
        dispatcher.stop(0.0)
        journal.close()


@pytest.mark.slow
def test_each_careless_receiver_acts_once_or_the_history_says_why_not() -> None:
    servers = [Server(kind) for kind in KINDS]
    with everything(servers), told(*servers) as (attempts, journal):
        attempts.wait_for(done, len(KINDS))
        states = {row.source_id: (row.state, row.code) for row in journal.deliveries(DeliveryFilter(), 500).rows}
        found = {s.kind.name: (len(s.acted), *states[f"room-{i}"]) for i, s in enumerate(servers)}
    assert len(found) == len(KINDS) >= 60
    assert found == {kind.name: (kind.acts, kind.state, kind.code) for kind in KINDS}


def test_who_is_said_to_ignore_repeats_gets_them_after_an_unclear_answer() -> None:
    """As often as its attempts allow, each under the same key."""
    unclear = [k for k in KINDS if k.state == "unknown" and k.code != "delivery.no_answer" and "hang" not in k.scripts[0]]
    servers = [Server(kind) for kind in unclear]
    with everything(servers), told(*servers, idempotent=True, max_attempts=3) as (attempts, _):
        attempts.wait_for(done, len(unclear))
        assert {s.kind.name: len(s.acted) for s in servers} == {kind.name: 3 for kind in unclear}


def test_head_and_body_come_in_one_piece() -> None:
    """Small receivers answer what they got first."""
    with Server(KINDS[0]) as server, told(server) as (attempts, _):
        (attempt,) = attempts.wait_for(done)
        assert attempt.ok
        assert len(server.pieces) == 1


@pytest.mark.parametrize("n", [8])
def test_a_receiver_that_answers_early_loses_no_answer(n: int) -> None:
    """Eight of eight, though it closes with the body unread."""
    early = next(kind for kind in KINDS if kind.name == "answers before it has read the body")
    servers = [Server(early) for _ in range(n)]
    with everything(servers), told(*servers) as (attempts, _):
        ended: list[Attempt] = attempts.wait_for(done, n)
        assert [attempt.status for attempt in ended] == [200] * n


@contextmanager
def everything(servers: list[Server]) -> Iterator[None]:
    began = time.monotonic()
    for server in servers:
        server.__enter__()
    try:
        yield
    finally:
        assert time.monotonic() - began < 2 * WAIT_S
        for server in servers:
            server.__exit__()
