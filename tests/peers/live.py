"""A real Socket.IO client, as a page or a script would be."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Self

import socketio

PATIENT_S = 30.0


class LiveClient:
    """Connected while the ``with`` block lasts; keeps everything that it is told.

    Args:
        url: the service's.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._told: list[tuple[str, Any]] = []
        self._grown = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._client = socketio.AsyncClient(reconnection=False)
        self._client.on("*", self._take)
        self._gone = threading.Event()
        self._client.on("disconnect", lambda *_: self._gone.set())
        self._thread = threading.Thread(target=self._loop.run_forever, name="test:live-client")

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._client.connect(self._url, transports=["websocket"], headers={"Origin": self._url}))
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._client.disconnect())
        self._call(self._settle())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def told(self, event: str) -> list[Any]:
        """Return the data of all events of that name so far."""
        with self._grown:
            return [data for name, data in self._told if name == event]

    def wait_for(self, event: str, where: Callable[[Any], bool] = lambda _: True, n: int = 1) -> list[Any]:
        """Return the data of the events of that name that fit, once there are ``n``."""
        with self._grown:
            found: list[Any] = []

            def enough() -> bool:
                found[:] = [data for name, data in self._told if name == event and where(data)]
                return len(found) >= n

            assert self._grown.wait_for(enough, PATIENT_S), f"{len(found)} of {n} {event!r}: {self._told[-5:]}"
            return found

    def emit(self, event: str, data: Any) -> None:
        """Tell the service something."""
        self._call(self._client.emit(event, data))

    def ask(self, event: str, data: Any) -> Any:
        """Tell the service something; return what it answers."""
        return self._call(self._client.call(event, data))

    @property
    def is_gone(self) -> bool:
        """Whether the connection has ended."""
        return self._gone.is_set()

    def wait_until_disconnected(self) -> None:
        """Return once the service has ended the connection."""
        assert self._gone.wait(PATIENT_S)

    async def _take(self, event: str, data: Any) -> None:
        with self._grown:
            self._told.append((event, data))
            self._grown.notify_all()

    async def _settle(self) -> None:
        await asyncio.sleep(0)  # aiohttp closes its connections a turn later (its documentation, "Graceful Shutdown")

    def _call(self, what: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(what, self._loop).result(PATIENT_S)
