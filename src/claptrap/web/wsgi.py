"""Flask in threads behind the event loop: a thread stops when the loop has ended or its client has disconnected.

a2wsgi's own threads do not: a response of many parts (the history's export) hands each part to the loop and waits until it
is taken. A part handed over just before the loop is closed is never taken, and the shutdown of the threads waits for ever.
Parts for a closed connection are taken as any others, so that a few interrupted downloads would keep all threads busy.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from a2wsgi import WSGIMiddleware
from a2wsgi.asgi_typing import Receive, ReceiveEvent, Scope, Send, SendEvent
from a2wsgi.wsgi import WSGIResponder
from a2wsgi.wsgi_typing import ExceptionInfo, WriteCallable

POLL_S = 0.2  # how often a thread that waits looks whether the loop is still there


class ThreadedWsgi(WSGIMiddleware):
    """The ASGI application of a WSGI one. Bodies must come whole (``security``)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        responder = _Responder(self.app, self.executor, self.send_queue_size)
        whole = await receive()

        async def body() -> ReceiveEvent:
            return whole

        looking = asyncio.create_task(responder.watch_disconnect(receive))
        try:
            with suppress(_ClientDisconnectedError):
                await responder(scope, body, send)
        finally:
            looking.cancel()


class _ClientDisconnectedError(Exception):  # it says what it is
    """The client has closed the connection."""


class _Responder(WSGIResponder):
    is_disconnected = False

    async def watch_disconnect(self, receive: Receive) -> None:
        """Wait until the client has disconnected: after its body, nothing else can come from it."""
        await receive()
        self.is_disconnected = True

    def start_response(
        self, status: str, response_headers: list[tuple[str, str]], exc_info: ExceptionInfo | None = None
    ) -> WriteCallable:
        """Begin the answer; never raises, for an application that fails here cannot close its file: its first part will."""
        with suppress(_ClientDisconnectedError, RuntimeError):
            super().start_response(status, response_headers, exc_info)
        return lambda chunk: self.send({"type": "http.response.body", "body": chunk, "more_body": True})

    def send(self, message: SendEvent | None) -> None:
        """Hand a part of the answer to the loop, and wait until it is taken.

        Raises:
            RuntimeError: the loop has ended.
            _ClientDisconnectedError: the client has closed the connection.
        """
        if self.is_disconnected:
            raise _ClientDisconnectedError
        put = self.send_queue.put(message)
        try:
            taken = asyncio.run_coroutine_threadsafe(put, loop=self.loop)
            while not self.loop.is_closed():
                with suppress(TimeoutError):
                    return taken.result(POLL_S)
        finally:
            if self.loop.is_closed():
                put.close()
        raise RuntimeError("the service has ended")
