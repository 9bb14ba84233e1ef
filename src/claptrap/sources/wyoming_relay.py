"""The same sound for a real wake-word service behind ClapTrap, so that a satellite keeps its spoken wake word.

Nothing here can harm claps: what waits for the other service is bounded and dropped, its messages are read with the same
limits as a satellite's, and where it is away it is tried again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from wyoming.event import Event as Message
from wyoming.info import Describe, Info, WakeModel

from claptrap.core.backoff import Backoff
from claptrap.core.clock import Clock
from claptrap.core.errors import SourceError
from claptrap.core.rate_limit import LogThrottle
from claptrap.sources.rtsp_preflight import Deadline, Stopped, connect
from claptrap.sources.wyoming_wire import MAX_HEADER, WyomingError, read_message, write_message

OPEN_S = 3.0
DESCRIBE_S = 0.7  # Home Assistant waits a second for the whole answer
KEPT_S = 10.0  # an answer to ``describe``, also that there was none
MAX_MODELS = 200
MAX_WAITING = 262_144  # bytes of sound, 8 s of a satellite's usual one
_FAILURES = (SourceError, WyomingError, OSError, TimeoutError)
_log = logging.getLogger(__name__)


class ServiceBehind:
    """The wake-word service behind ClapTrap. For one event loop.

    Args:
        uri: ``tcp://HOST:PORT``.
        clock: the machine's.
    """

    def __init__(self, uri: str, clock: Clock) -> None:
        self.uri = uri
        self._clock = clock
        self._models: list[WakeModel] = []
        self._asked_s = float("-inf")
        self._asking = asyncio.Lock()
        self._throttle = LogThrottle()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """Connect for the length of a block. Raises SourceError, OSError."""
        parts, ended = urlsplit(self.uri), threading.Event()
        deadline = Deadline(self.uri, OPEN_S, ended)
        try:
            connection = await asyncio.to_thread(connect, parts.hostname or "", parts.port or 0, deadline)
        except Stopped as error:
            raise ConnectionAbortedError from error
        finally:
            ended.set()  # where this was cancelled, the thread ends soon
        reader, writer = await asyncio.open_connection(sock=connection, limit=MAX_HEADER)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()

    async def models(self) -> list[WakeModel]:
        """Return its wake words; none where it does not answer at once."""
        async with self._asking:
            if self._clock.monotonic() - self._asked_s >= KEPT_S:
                try:
                    self._models = await asyncio.wait_for(self._ask(), DESCRIBE_S)
                except (*_FAILURES, LookupError, TypeError, ValueError, AttributeError) as error:  # whatever it answers
                    self.complain(error)
                    self._models = []
                self._asked_s = self._clock.monotonic()
            return self._models

    def complain(self, error: Exception) -> None:
        """Log that it cannot be used, once an hour."""
        if self._throttle.is_due("behind", self._clock.monotonic()):
            _log.warning("wake-word service behind, %s: %s", self.uri, error or type(error).__name__)

    async def _ask(self) -> list[WakeModel]:
        async with self.connected() as (reader, writer):
            await write_message(Describe().event(), writer)
            while (message := await read_message(reader)) is not None:
                if Info.is_type(message.type):
                    models = [model for program in Info.from_event(message).wake for model in program.models]
                    return [model for model in models if model.installed][:MAX_MODELS]
        return []


class Relay:
    """One satellite's connection to the service behind: made with the first message, and again and again until ``close``.

    Args:
        behind: the service.
        answer: called with each ``detection`` and ``not-detected`` of it.
    """

    def __init__(self, behind: ServiceBehind, answer: Callable[[Message], Awaitable[None]]) -> None:
        self._behind = behind
        self._answer = answer
        self._beginning: dict[str, Message] = {}  # what another connection must receive first
        self._waiting: deque[Message] = deque()
        self._n_bytes = 0
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.is_connected = False

    def put(self, message: Message) -> None:
        """Pass a message on, soon. Never waits: the oldest is dropped where the service is too slow."""
        if message.type in ("detect", "audio-start"):
            self._beginning[message.type] = message
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        if not self.is_connected:
            return
        self._waiting.append(message)
        self._n_bytes += len(message.payload or b"")
        while self._n_bytes > MAX_WAITING:
            self._n_bytes -= len(self._waiting.popleft().payload or b"")
        self._news.set()

    async def close(self) -> None:
        """End the connection; the next message makes another."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._task, self.is_connected = None, False

    async def _run(self) -> None:
        backoff, failures = Backoff(), 0
        while True:
            try:
                async with self._behind.connected() as (reader, writer):
                    failures = 0
                    await self._converse(reader, writer)
            except _FAILURES as error:
                self._behind.complain(error)
            self.is_connected = False
            failures += 1
            await asyncio.sleep(backoff.wait_s(failures))

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._waiting.clear()
        self._n_bytes = 0
        self._waiting.extend(self._beginning[name] for name in ("detect", "audio-start") if name in self._beginning)
        self._news.set()
        self.is_connected = True
        sending = asyncio.create_task(self._send(writer))
        try:
            while (message := await read_message(reader)) is not None:
                if message.type in ("detection", "not-detected"):
                    await self._answer(message)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    async def _send(self, writer: asyncio.StreamWriter) -> None:
        """Send what waits; the reader notices where the connection ends."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                message = self._waiting.popleft()
                self._n_bytes -= len(message.payload or b"")
                await write_message(message, writer)
