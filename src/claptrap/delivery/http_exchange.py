"""One HTTP/1.1 request and what comes back, read as leniently as small receivers need.

Why not a library's client: they send head and body in two writes, which receivers that answer before the body never take;
and an answer with one line that is not by the book is none to them, though its first line says 200.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

STEPS = ("name", "connection", "tls", "answer")  # of an attempt, in this order; a request is sent in the last
MAX_ANSWER_BYTES = 65_536  # of which a head and an excerpt are read; what comes beyond is dropped
EXCERPT_BYTES = 4096
_COURTESY_S = 0.5  # what the rest of an answer may take; a receiver that trickles must not hold up its next event
_HAPPY_EYEBALLS_S = 0.25  # RFC 8305 §5
_STATUS = re.compile(rb"(?:HTTP(?:/[\d.]*)?:?|ICY|RTSP/[\d.]+)?[ \t]*([1-5]\d\d)(?![\d.])", re.IGNORECASE)
_BARE_OK = re.compile(rb"OK\b", re.IGNORECASE)
_BLANKS = b" \t\r\n\xef\xbb\xbf"  # that may stand before a status line


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """What came back.

    Attributes:
        status: 200…599; None where no line says one.
        headers: names in small letters, the last of several.
        text: how the body begins; all that came, where ``status`` is None.
        has_ended: whether the receiver has closed the connection.
    """

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: bytes = b""
    has_ended: bool = False


class Steps:
    """How long each step of one attempt has taken."""

    def __init__(self) -> None:
        self._taken: dict[str, float] = {}
        self._step = ""
        self._began = 0.0

    def begin(self, step: str) -> None:
        """Go on to a step; one that comes twice is added up."""
        self._taken, self._step, self._began = self.taken(), step, time.monotonic()

    def rename(self, step: str) -> None:
        """Say what the step under way turns out to be."""
        self._step = step

    @property
    def last(self) -> str:
        """The step under way; empty before the first."""
        return self._step

    def taken(self) -> dict[str, float]:
        """Return the seconds of every step so far, the one under way included and last."""
        if not self._step:
            return dict(self._taken)
        before = {step: took for step, took in self._taken.items() if step != self._step}
        now = self._taken.get(self._step, 0.0) + time.monotonic() - self._began
        return {**before, self._step: round(now, 4)}


class Loop(asyncio.SelectorEventLoop):
    """An event loop that looks names up in threads that may be left behind.

    The system's resolver cannot be interrupted, and takes half a minute when the network is down; the threads of asyncio's
    own pool would be waited for when the process ends.
    """

    steps = Steps()

    async def getaddrinfo(self, host: Any, port: Any, **how: Any) -> Any:
        """Look a name up, as ``socket.getaddrinfo``."""
        self.steps.rename("name")
        found: asyncio.Future[Any] = self.create_future()

        def finish(result: Any, error: Exception | None) -> None:
            if found.done():  # the attempt is over
                return
            if error is None:
                found.set_result(result)
            else:
                found.set_exception(error)

        def look_up() -> None:
            result, error = None, None
            try:
                result = socket.getaddrinfo(host, port, **how)
            except (OSError, UnicodeError) as failure:
                error = failure
            with suppress(RuntimeError):  # the loop was closed meanwhile
                self.call_soon_threadsafe(finish, result, error)

        threading.Thread(target=look_up, name="deliver:look-up", daemon=True).start()
        result = await found
        self.steps.begin("connection")
        return result


class _Incoming(asyncio.Protocol):
    """Collects what comes, whatever becomes of the connection meanwhile."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.has_ended = False
        self._changed = asyncio.Event()

    def data_received(self, data: bytes) -> None:
        self.data += data[: MAX_ANSWER_BYTES - len(self.data)]
        self._changed.set()

    def eof_received(self) -> None:
        self.connection_lost(None)

    def connection_lost(self, _: Exception | None) -> None:
        self.has_ended = True
        self._changed.set()

    async def more(self) -> None:
        """Wait for more, or for the end."""
        if not self.has_ended:
            self._changed.clear()
            await self._changed.wait()


async def exchange(
    loop: Loop,
    host: str,
    port: int,
    request: bytes | None,
    *,
    tls: ssl.SSLContext | None,
    timeout_s: float,
    connect_s: float,
    on_send: Callable[[], None],
) -> RawAnswer:
    """Connect, send ``request`` in one write, and return the answer as soon as its status is known.

    Args:
        loop: the running one; its ``steps`` say how far this is.
        host: a name or an address.
        port: the port.
        request: head and body; None to send nothing once there is a connection.
        tls: the TLS context; None for plain HTTP.
        timeout_s: bound on everything.
        connect_s: bound on all that comes before sending.
        on_send: called immediately before sending.

    Raises:
        TimeoutError: before the request was sent. Afterwards what has come by then is returned.
        OSError, UnicodeError: there is no connection.
    """
    deadline = loop.time() + timeout_s
    loop.steps.begin("connection")
    incoming = _Incoming()
    transport: asyncio.Transport | None = None
    try:
        async with asyncio.timeout_at(min(deadline, loop.time() + connect_s)):
            transport, _ = await loop.create_connection(lambda: incoming, host, port, happy_eyeballs_delay=_HAPPY_EYEBALLS_S)
            if tls is not None:
                loop.steps.begin("tls")
                transport = await loop.start_tls(transport, incoming, tls, server_hostname=host) or transport
        if request is None:
            return RawAnswer(None)
        on_send()
        loop.steps.begin("answer")
        transport.write(request)
        return await _answer(loop, incoming, deadline)
    finally:
        if transport is not None:
            transport.close()
            await _settle()
            transport.abort()


async def _answer(loop: Loop, incoming: _Incoming, deadline: float) -> RawAnswer:
    """Read until the status is known, then for a moment as much as the receiver wants to say."""
    with suppress(TimeoutError):
        async with asyncio.timeout_at(deadline) as bound:
            while not incoming.has_ended and len(incoming.data) < MAX_ANSWER_BYTES:
                if _read(incoming.data, is_all=False).status is not None:
                    bound.reschedule(min(deadline, loop.time() + _COURTESY_S))
                    break
                await incoming.more()
            while not incoming.has_ended and not _is_whole(_read(incoming.data, is_all=False), incoming.data):
                await incoming.more()
    answer = _read(incoming.data, is_all=True)
    return RawAnswer(answer.status, answer.headers, answer.text[:EXCERPT_BYTES], incoming.has_ended)


def _read(data: bytearray, *, is_all: bool) -> RawAnswer:
    """Return the answer in ``data`` so far; its status is None while that is not known, or where there is none."""
    head, body = _split(bytes(data).lstrip(_BLANKS))
    lines = head.split(b"\n")
    status = _status(lines[0], is_all=is_all or len(lines) > 1)
    while status is not None and 100 <= status < 200 and status != 101:  # interim: the answer proper follows
        head, body = _split(body.lstrip(_BLANKS))
        lines = head.split(b"\n")
        status = _status(lines[0], is_all=is_all or len(lines) > 1)
    if status is None and is_all:  # a line of the receiver's own log before it
        places = [i for i, line in enumerate(lines) if line[:5].upper() == b"HTTP/" and _status(line, is_all=True)]
        lines = lines[places[0] :] if places else lines
        status = _status(lines[0], is_all=True) if places else None
    if status is None:
        return RawAnswer(None, text=bytes(data))
    headers = dict(_header(line) for line in lines[1:] if b":" in line)
    return RawAnswer(status, headers, _without_chunks(body) if "chunked" in headers.get("transfer-encoding", "") else body)


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Return head and body: the blank line between them may be of one or two characters."""
    found = re.search(rb"\r?\n\r?\n", data)
    return (data[: found.start() + 1], data[found.end() :]) if found else (data, b"")


def _status(line: bytes, *, is_all: bool) -> int | None:
    """Return what a status line says, in any form that can be read; None where it says nothing, or may yet go on."""
    found = _STATUS.match(line)
    if found is not None and (is_all or found.end() < len(line)):
        return int(found[1])
    if _BARE_OK.match(line) and (is_all or len(line) > len("OK")):
        return 200
    return None


def _header(line: bytes) -> tuple[str, str]:
    name, _, value = line.decode("latin-1").partition(":")
    return name.strip().lower(), value.strip()


def _is_whole(answer: RawAnswer, data: bytearray) -> bool:
    """Return whether no more is to be waited for."""
    if not re.search(rb"\r?\n\r?\n", data):
        return False
    length = answer.headers.get("content-length", "")
    if answer.status in (204, 304) or len(data) >= EXCERPT_BYTES:
        return True
    if "chunked" in answer.headers.get("transfer-encoding", ""):
        return data.rstrip().endswith(b"\n0")
    return length.isdecimal() and len(answer.text) >= int(length[:9])


def _without_chunks(body: bytes) -> bytes:
    """Return a chunked body's content (RFC 9112 §7.1), as far as it has come."""
    content = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        digits = size.partition(b";")[0].strip()
        if not re.fullmatch(rb"[0-9a-fA-F]{1,8}", digits) or int(digits, 16) == 0:
            break
        n = int(digits, 16)
        content, body = content + rest[:n], rest[n + 2 :]
    return content


async def _settle() -> None:
    """Let the loop carry out what closing has only ordered, so that no connection stays open until the next attempt."""
    for _ in range(3):
        await asyncio.sleep(0)
