"""Connections that stay: each is cut when the key with which it came is worth nothing any more.

Socket.IO's own way to part only asks the other end to go, and browsers do not; so a WebSocket is closed below it. An answer
that was kept open for news (long polling) is given to whoever may still have it when it comes.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from claptrap.service.access import Access
from claptrap.web.access import Door, Key
from claptrap.web.asgi import Application, Message, Receive, Scope, Send, by_name

LOOK_EVERY_S = 1.0  # for what no one tells: a session that is over, another process that changed the password
POLICY_VIOLATION = 1008
_END: Message = {"type": "websocket.disconnect", "code": POLICY_VIOLATION}


class Staying:
    """The ASGI application around Socket.IO. Start and stop it in the server's event loop.

    Args:
        app: Socket.IO.
        door: who may stay.
        access: what tells when to look.
    """

    def __init__(self, app: Application, door: Door, access: Access) -> None:
        self._app = app
        self._door = door
        self._access = access
        self._open: set[_WebSocket] = set()
        self._closing: set[asyncio.Task[None]] = set()
        self._look = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look after them."""
        loop = asyncio.get_running_loop()
        self._watch = asyncio.create_task(self._look_after_all())
        self._access.watch(lambda: loop.call_soon_threadsafe(self._look.set))

    async def stop(self) -> None:
        """End."""
        self._access.watch(None)
        if self._watch:
            self._watch.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what comes, as long as it may."""
        key = Key.of(by_name(scope))
        if scope["type"] != "websocket":
            await self._app(scope, receive, self._if_still_in(key, send))
            return
        connection = _WebSocket(key, receive, send)
        self._open.add(connection)
        try:
            await self._app(scope, connection.receive, connection.send)
        finally:
            self._open.discard(connection)

    async def _look_after_all(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._look.wait(), LOOK_EVERY_S)
            self._look.clear()
            for connection in [one for one in self._open if not self._door.admits(one.key)]:
                self._open.discard(connection)
                closing = asyncio.create_task(connection.cut())  # which waits for a slow one; the others must not
                self._closing.add(closing)
                closing.add_done_callback(self._closing.discard)

    def _if_still_in(self, key: Key, send: Send) -> Send:
        is_in = True

        async def sending(message: Message) -> None:
            nonlocal is_in
            if message["type"] == "http.response.start":
                is_in = self._door.admits(key)
                nothing: Message = {"type": "http.response.start", "status": 401, "headers": [(b"content-length", b"0")]}
                await send(message if is_in else nothing)
            elif is_in or not message.get("more_body", False):
                await send(message if is_in else {"type": "http.response.body", "body": b""})

        return sending


class _WebSocket:
    """An open one, which can be cut whatever its other end does."""

    def __init__(self, key: Key, receive: Receive, send: Send) -> None:
        self.key = key
        self._receive = receive
        self._send = send
        self._is_cut = False

    async def receive(self) -> Message:
        message = await self._receive()
        return _END if self._is_cut else message

    async def send(self, message: Message) -> None:
        if not self._is_cut:
            await self._send(message)

    async def cut(self) -> None:
        """Say nothing more, hear nothing more, and close."""
        self._is_cut = True
        with suppress(OSError):  # it has gone by itself
            await self._send({"type": "websocket.close", "code": POLICY_VIOLATION})
