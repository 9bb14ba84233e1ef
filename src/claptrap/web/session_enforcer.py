"""Connections that stay: each is cut when the key with which it came is worth nothing any more.

Socket.IO's own way to part only asks the other end to go, and browsers do not; so a WebSocket is closed below it. An answer
that was kept open for news (long polling) is given to whoever may still have it when it comes.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from claptrap.service.access import Access
from claptrap.web.access import Authenticator, Credentials
from claptrap.web.asgi import Application, Message, Receive, Scope, Send, headers_by_name

CHECK_EVERY_S = 1.0  # for what no one tells: a session that is over, another process that changed the password
POLICY_VIOLATION = 1008
_END: Message = {"type": "websocket.disconnect", "code": POLICY_VIOLATION}


class SessionEnforcer:
    """The ASGI application around Socket.IO. Start and stop it in the server's event loop.

    Args:
        app: Socket.IO.
        door: who may stay.
        access: what tells when to look.
    """

    def __init__(self, app: Application, authenticator: Authenticator, access: Access) -> None:
        self._app = app
        self._authenticator = authenticator
        self._access = access
        self._open: set[_WebSocket] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._check_now = asyncio.Event()
        self._checking: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look after them."""
        loop = asyncio.get_running_loop()
        self._checking = asyncio.create_task(self._enforce())
        self._access.on_revoked(lambda: loop.call_soon_threadsafe(self._check_now.set))

    async def stop(self) -> None:
        """End."""
        self._access.on_revoked(None)
        if self._checking:
            self._checking.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes, as long as it may."""
        credentials = Credentials.of(headers_by_name(scope))
        if scope["type"] != "websocket":
            await self._app(scope, receive, self._send_if_admitted(credentials, send))
            return
        connection = _WebSocket(credentials, receive, send)
        self._open.add(connection)
        try:
            await self._app(scope, connection.receive, connection.send)
        finally:
            self._open.discard(connection)

    async def _enforce(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._check_now.wait(), CHECK_EVERY_S)
            self._check_now.clear()
            for connection in [one for one in self._open if not self._authenticator.admits(one.credentials)]:
                self._open.discard(connection)
                closing = asyncio.create_task(connection.close_now())  # which waits for a slow one; the others must not
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)

    def _send_if_admitted(self, credentials: Credentials, send: Send) -> Send:
        is_admitted = True

        async def sending(message: Message) -> None:
            nonlocal is_admitted
            if message["type"] == "http.response.start":
                is_admitted = self._authenticator.admits(credentials)
                nothing: Message = {"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]}
                await send(message if is_admitted else nothing)
            elif is_admitted or not message.get("more_body", False):
                await send(message if is_admitted else {"type": "http.response.body", "body": b""})

        return sending


class _WebSocket:
    """An open one, which can be cut whatever its other end does."""

    def __init__(self, credentials: Credentials, receive: Receive, send: Send) -> None:
        self.credentials = credentials
        self._receive = receive
        self._send = send
        self._is_closed_now = False

    async def receive(self) -> Message:
        message = await self._receive()
        return _END if self._is_closed_now else message

    async def send(self, message: Message) -> None:
        if not self._is_closed_now:
            await self._send(message)

    async def close_now(self) -> None:
        """Say nothing more, hear nothing more, and close."""
        self._is_closed_now = True
        with suppress(OSError):  # it has gone by itself
            await self._send({"type": "websocket.close", "code": POLICY_VIOLATION})
