"""Flask in threads behind the event loop: none of them may wait for a loop that has ended.

a2wsgi's own threads do: an answer of many parts (the history's export) hands each part to the loop and waits until it is
taken. One that is handed over just before the loop is closed is never taken, and whoever ends the threads waits for ever.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from a2wsgi import WSGIMiddleware
from a2wsgi.asgi_typing import Receive, Scope, Send, SendEvent
from a2wsgi.wsgi import WSGIResponder

LOOK_S = 0.2  # how often a thread that waits looks whether the loop is still there


class Threads(WSGIMiddleware):
    """The ASGI application of a WSGI one."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await _Responder(self.app, self.executor, self.send_queue_size)(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class _Responder(WSGIResponder):
    def send(self, message: SendEvent | None) -> None:
        """Hand a part of the answer to the loop, and wait until it is taken.

        Raises:
            RuntimeError: the loop has ended, and nobody takes it.
        """
        put = self.send_queue.put(message)
        try:
            taken = asyncio.run_coroutine_threadsafe(put, loop=self.loop)
            while not self.loop.is_closed():
                with suppress(TimeoutError):
                    return taken.result(LOOK_S)
        finally:
            if self.loop.is_closed():
                put.close()
        raise RuntimeError("the service has ended")
