"""Socket.IO: events of the hub are sent to all pages; a page that connects gets the whole state first."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import socketio

from claptrap.core.events import SourceStatus
from claptrap.core.rate_limit import RateLimitedCounter
from claptrap.runtime.hub import Subscription
from claptrap.service import Application
from claptrap.web.micro import BoundedPacket, BrowserMicrophones
from claptrap.web.spectrogram_subscriptions import SpectrogramSubscriptions, room_of
from claptrap.web.wire import LEVEL, PICTURE, Message, message

LEVELS_EVERY_S = 0.1
IDLE_S = 2.0  # news wakes the thread at once; without any it looks so often whether a snapshot is due
SNAPSHOT_EVERY_S = 5.0  # at most, where pages are too slow for their news: it is large
MAX_MESSAGE_BYTES = 64_000
_log = logging.getLogger(__name__)


class LivePublisher:
    """Owns the Socket.IO server and the thread ``web:live``, which publishes the hub's events.

    Start and stop it in the server's event loop.
    """

    def __init__(self, service: Application) -> None:
        self._service = service
        self._io = socketio.AsyncServer(
            async_mode="asgi",
            cors_allowed_origins=[],  # Origin is checked for everything alike, in ``security``
            max_http_buffer_size=MAX_MESSAGE_BYTES,
            always_connect=True,
            allow_upgrades=False,  # from polling: a page tries WebSocket first, and what is cut is then one connection
            ping_interval=10,  # a phone that leaves the network says nothing: both ends notice within 20 s
            ping_timeout=10,
            serializer=BoundedPacket,
            engineio_logger=_protocol_log(),
        )
        self._io.on("connect", self._on_connect)
        self._io.on("disconnect", self._on_disconnect)
        self._micro = BrowserMicrophones(service, self._io)
        self._spectrograms = SpectrogramSubscriptions(service, self._io)
        self.app = socketio.ASGIApp(self._io)
        self._order_lock = asyncio.Lock()
        self._pages: set[str] = set()  # the event loop's; others only ask whether there are any
        self._statuses = ChangedStatuses()
        self._subscription: Subscription | None = None
        self._thread: threading.Thread | None = None

    async def start(self) -> None:
        """Subscribe to the hub and start publishing."""
        subscription = self._subscription = self._service.hub.subscribe()
        subscription.is_paused = not self._pages
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._pump, args=(subscription, loop), name="web:live")
        self._thread.start()

    async def stop(self) -> None:
        """Stop publishing and close all connections."""
        if self._subscription and self._thread:
            self._subscription.close()
            await asyncio.to_thread(self._thread.join)
        await self._io.shutdown()

    async def _on_connect(self, sid: str, _environ: object, _auth: object = None) -> None:
        """Send a new page the whole state; events wait meanwhile, so that none older than the state follows it."""
        self._set_pages({*self._pages, sid})  # before the snapshot: events after it are sent, and sounds are named
        async with self._order_lock:
            await self._io.emit("state", await asyncio.to_thread(self._service.snapshot), to=sid)

    def _on_disconnect(self, sid: str, *_: object) -> None:
        """Forget a page that has left."""
        self._set_pages(self._pages - {sid})
        self._micro.forget(sid)
        self._spectrograms.forget(sid)

    def _set_pages(self, pages: set[str]) -> None:
        """Set the connected pages; without any, the service makes no live events."""
        if not self._pages:
            self._statuses.forget()  # nor with any of before the first page, which gets the state
        self._pages = pages
        if self._subscription is not None:
            self._subscription.is_paused = not pages
        self._service.detection.attend(is_watched=bool(pages))

    async def _publish_snapshot(self) -> None:
        """Send all pages the whole state: what was dropped may have been the last change of something."""
        async with self._order_lock:
            await self._io.emit("state", await asyncio.to_thread(self._service.snapshot))

    async def _publish(self, messages: list[Message]) -> None:
        async with self._order_lock:
            for event, data in messages:
                await self._io.emit(event, data, to=room_of(data["source_id"]) if event == PICTURE else None)

    def _pump(self, subscription: Subscription, loop: asyncio.AbstractEventLoop) -> None:
        levels = LevelBatcher()
        dropped, snapshot_due = 0, 0.0
        while not subscription.closed:
            news = subscription.get(levels.due_in_s())
            if not self._pages:
                levels.forget()
                dropped = subscription.dropped  # a page that connects gets the whole state
                continue
            if dropped < subscription.dropped and time.monotonic() >= snapshot_due:
                dropped, snapshot_due = subscription.dropped, time.monotonic() + SNAPSHOT_EVERY_S
                self._statuses.forget()  # the state may have what was dropped: what follows is compared with none of before
                self._run_in_loop(self._publish_snapshot(), ["state"], loop)
            is_repeated = isinstance(news, SourceStatus) and not self._statuses.is_new(news)
            outgoing = message(news) if news is not None and not is_repeated else None
            batch: list[Message] = []
            if outgoing is not None and outgoing[0] == LEVEL:
                levels.add(outgoing[1])
            elif outgoing is not None:
                batch.append(outgoing)
            batch += levels.pop_due()
            if batch:
                self._run_in_loop(self._publish(batch), [event for event, _ in batch], loop)

    def _run_in_loop(self, coroutine: Coroutine[Any, Any, None], events: list[str], loop: asyncio.AbstractEventLoop) -> None:
        """Run a coroutine in the event loop and wait for it, so that a slow loop makes the hub drop its oldest events."""
        try:
            asyncio.run_coroutine_threadsafe(coroutine, loop).result()
        except Exception:  # noqa: BLE001  # one event that cannot be sent must not stop the others
            _log.exception("news could not be passed on: %s", events)


class _MalformedMessageFilter(logging.Filter):
    """Logs malformed messages of peers at most once a second, as warnings without a traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._faults = RateLimitedCounter()

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, ValueError | IndexError):  # as for a packet of a kind that there is not
            return True
        unsaid = self._faults.add(time.monotonic(), 1)
        record.msg, record.args = "%d malformed message(s) over Socket.IO: %s", (unsaid, error)
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        record.exc_info = record.exc_text = None
        return bool(unsaid)


def _protocol_log() -> logging.Logger:
    """Return the logger for protocol errors of Socket.IO."""
    log = logging.Logger(f"{__name__}.protocol", logging.ERROR)  # noqa: LOG001  # one of its own, with its own count
    log.parent = logging.getLogger()
    log.addFilter(_MalformedMessageFilter())
    return log


class ChangedStatuses:
    """Tells statuses that differ from the last one of their source from those that come with every second of sound."""

    def __init__(self) -> None:
        self._last: dict[str, SourceStatus] = {}

    def is_new(self, status: SourceStatus) -> bool:
        """Return whether anything but ``last_heard`` differs from the last status of that source."""
        fresh = replace(status, last_heard=None)
        known, self._last[status.source_id] = self._last.get(status.source_id), fresh
        return fresh != known

    def forget(self) -> None:
        """Take the next status of every source for new."""
        self._last.clear()


class LevelBatcher:
    """Collects levels, sent together every ``LEVELS_EVERY_S``: the newest of each source, with its highest peak."""

    def __init__(self) -> None:
        self._newest: dict[str, dict[str, Any]] = {}
        self._sent_at = float("-inf")

    def add(self, levels: list[dict[str, Any]]) -> None:
        """Add ``levels``; of two peaks of a source that were not sent yet the higher one is kept."""
        for level in levels:
            waiting = self._newest.get(level["source_id"])
            peak = max(level["peak_dbfs"], waiting["peak_dbfs"]) if waiting else level["peak_dbfs"]
            self._newest[level["source_id"]] = {**level, "peak_dbfs": peak}

    def forget(self) -> None:
        """Drop what waits."""
        self._newest.clear()

    def due_in_s(self) -> float:
        """Return seconds until ``pop_due`` gives something, ``IDLE_S`` where nothing waits."""
        return max(0.0, self._sent_at + LEVELS_EVERY_S - time.monotonic()) if self._newest else IDLE_S

    def pop_due(self) -> list[Message]:
        """Return the message to send now in a list; empty where no level waits or it is too early."""
        if not self._newest or time.monotonic() < self._sent_at + LEVELS_EVERY_S:
            return []
        self._sent_at = time.monotonic()
        newest, self._newest = list(self._newest.values()), {}
        return [(LEVEL, newest)]
