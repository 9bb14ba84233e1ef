"""HTTP and WebSocket connections, each of which ends when it has done nothing for too long.

Connections that ask nothing, or do not read what they asked for, uvicorn keeps for ever; and its own limit refuses requests.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from claptrap.core.spec import Language
from claptrap.web.access import Credentials
from claptrap.web.asgi import ABORT, Receive, Scope, Send, headers_by_name
from claptrap.web.connection_limits import ConnectionLimits
from claptrap.web.problems import TYPE, encoded, problem
from claptrap.web.security import HEADERS, MAX_TARGET_BYTES

REQUEST_TIMEOUT_S = 20.0  # until a request is complete but for its body
STALL_TIMEOUT_S = 20.0  # until a client takes some more of what it asked for
STALL_BYTES = 4096  # which is so much
WAITING_S = 2.0  # for a place
LINGER_S = 0.5  # after a request that was none
RETRY_AFTER_S = 5
_LOOK_S = 1.0


class Connection(H11Protocol):
    """One connection: it has a place, or waits for one, until it becomes a WebSocket or ends."""

    limits: ClassVar[ConnectionLimits]
    is_known = False  # whether it has shown valid credentials
    _answer: Any = None  # the application
    _state: tuple[object, ...] = ()  # at the last look
    _changed_at = 0.0
    _is_rejected = False
    _times_drained = 0  # how often the client took what there was, and more was written
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self.connections.discard(self)
        self._answer, self.app = self.app, self._checked
        self.idle_s(time.monotonic())  # from now on
        if self.limits.has_place(self):
            self._take_place()
        elif len(self.limits.waiting) < self.limits.max_waiting:
            self.limits.waiting.add(self)
            self._timer = self.loop.call_later(WAITING_S, reset, transport)
        else:
            reset(transport)

    def data_received(self, data: bytes) -> None:
        if not self._is_rejected:
            super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        super().connection_lost(exc)

    def resume_writing(self) -> None:
        self._times_drained += 1
        super().resume_writing()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        if not self._is_admitted(dict(self.scope)):
            self._reject(503, "api.too_many_connections", {"most": self.limits.most})
        elif len(event.target) > MAX_TARGET_BYTES:
            self._reject(414, "api.too_large", {})  # more than the library for WebSockets reads
        else:
            self._leave()
            super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # which is for people, in English only
        self._reject(400, "api.bad_request", {"reason": "HTTP"})

    def idle_s(self, now: float) -> float:
        """Return the seconds since it last brought some of a request or took some of a response; 0 while it is served."""
        unsent = self.transport.get_write_buffer_size()
        is_asked = self.cycle is not None and not self.cycle.response_complete
        taken = self._times_drained, -(-unsent // STALL_BYTES)
        state = (self.cycle, is_asked, is_asked and self.cycle.more_body, taken)
        if state != self._state:
            self._state, self._changed_at = state, now
        is_served = is_asked and not self.cycle.more_body and not unsent
        return 0.0 if is_served else now - self._changed_at

    def abort(self) -> None:
        """End this connection at once, whatever is unsent."""
        self._leave()
        self.connections.discard(self)
        reset(self.transport)

    async def _checked(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_admitted(scope):
            await self._answer(scope, receive, send)
            return
        most = self.limits.most
        headers, body = _rejection(503, "api.too_many_connections", self.limits.language(), {"most": most})
        await send({"type": "http.response.start", "status": 503, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _is_admitted(self, scope: Scope) -> bool:
        """Return whether a request is answered, now that its credentials are known; if so, it has a place."""
        if not self.is_known:
            headers = headers_by_name(self.limits.proxies.unwrap(scope).scope)
            self.is_known = self.limits.authenticator.is_closed and self.limits.authenticator.admits(Credentials.of(headers))
        if self in self.limits.waiting and self.is_known and len(self.connections) < self.limits.most:
            self._leave()
            self._take_place()
        return self not in self.limits.waiting

    def _take_place(self) -> None:
        self.connections.add(self)
        self.limits.http.add(self)
        self._timer = self.loop.call_later(_LOOK_S, self._look)

    def _leave(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.limits.waiting.discard(self)
        self.limits.http.discard(self)

    def _look(self) -> None:
        """End a connection that has been idle for too long."""
        is_stalled = bool(self.transport.get_write_buffer_size())
        idle_s, is_asked = self.idle_s(time.monotonic()), self.cycle is not None and not self.cycle.response_complete
        if is_stalled and idle_s >= STALL_TIMEOUT_S:
            self.abort()
        elif not is_asked and not is_stalled and idle_s >= REQUEST_TIMEOUT_S:
            self.transport.close()
        else:
            self._timer = self.loop.call_later(_LOOK_S, self._look)

    def _reject(self, status: int, code: str, params: dict[str, Any]) -> None:
        """Answer below HTTP's own machinery, which has no request or a broken one, and close."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.abort()  # in the middle of another answer
            return
        headers, body = _rejection(status, code, self.limits.language(), params)
        first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()
        self.transport.write(b"\r\n".join([first, *(b"%s: %s" % header for header in headers), b"", body]))
        self._is_rejected = True  # who is still sending would miss the answer if we closed at once
        self.loop.call_later(LINGER_S, self.transport.close)


class WebSocketConnection(WebSocketsSansIOProtocol):
    """One WebSocket. The application may end it at once (``ABORT`` among the scope's extensions)."""

    _timer: asyncio.TimerHandle | None = None

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        accept = self.conn.accept

        def accept_with_headers(request: Any) -> Any:
            response = accept(request)
            if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:  # no proper handshake, which the guard will not see
                response.headers.update({name.decode(): value.decode() for name, value in HEADERS})
            return response

        self.conn.accept = accept_with_headers  # type: ignore[method-assign]  # the library has no other place for it

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)
        if not self.transport.is_closing():
            self.scope["extensions"][ABORT] = {ABORT: partial(reset, self.transport)}

    def handle_parser_exception(self) -> None:
        if self.handshake_initiated:
            super().handle_parser_exception()
        else:
            reset(self.transport)  # uvicorn takes every broken message for one of an open WebSocket

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = True  # uvicorn forgets it, and then writes into the log that there was no answer

    def shutdown(self) -> None:
        if not self.transport.is_closing():  # what the client has just closed, uvicorn would close again, and raise
            super().shutdown()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._timer = self.loop.call_later(STALL_TIMEOUT_S, reset, self.transport)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._timer is not None:
            self._timer.cancel()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)


def reset(transport: asyncio.Transport) -> None:
    """End a connection at once; the system does not keep for minutes what the client has not taken, either."""
    connected = transport.get_extra_info("socket")
    with suppress(OSError):  # it has ended by itself
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def limited_protocol(limits: ConnectionLimits) -> type[Connection]:
    """Return the class of one server's connections, as uvicorn wants them."""
    return type("LimitedConnection", (Connection,), {"limits": limits})


def _rejection(
    status: int, code: str, language: Language, params: dict[str, Any]
) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return headers and body of a rejection."""
    body = encoded(problem(status, code, language, params))
    headers = [*HEADERS, (b"content-type", TYPE.encode()), (b"content-length", str(len(body)).encode())]
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", str(RETRY_AFTER_S).encode()))
    return [*headers, (b"connection", b"close")], body
