"""Open connections end when their credentials are no longer valid.

Socket.IO's own disconnect only asks the client to close, and some do not; so the WebSocket below it is closed. A response
that waits for events (long polling) is checked again when it is sent.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from claptrap.service.access import Access
from claptrap.web.access import Authenticator, Credentials
from claptrap.web.asgi import Application, Message, Receive, Scope, Send, headers_by_name

CHECK_EVERY_S = 1.0  # for what sends no notice: an expired session, a password changed by another process
POLICY_VIOLATION = 1008
_END: Message = {"type": "websocket.disconnect", "code": POLICY_VIOLATION}


class SessionEnforcer:
    """The ASGI application around Socket.IO. Start and stop it in the server's event loop.

    Args:
        app: Socket.IO.
        authenticator: checks credentials.
        access: gives notice when sessions or tokens end.
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
        """Start checking."""
        loop = asyncio.get_running_loop()
        self._checking = asyncio.create_task(self._enforce())
        self._access.on_revoked(lambda: loop.call_soon_threadsafe(self._check_now.set))

    async def stop(self) -> None:
        """Stop checking."""
        self._access.on_revoked(None)
        if self._checking:
            self._checking.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application while the credentials are valid."""
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
    """An open WebSocket, which can be closed whatever its client does."""

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
        """Close; nothing more is sent or received."""
        self._is_closed_now = True
        with suppress(OSError):  # it has gone by itself
            await self._send({"type": "websocket.close", "code": POLICY_VIOLATION})
