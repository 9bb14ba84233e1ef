"""Wyoming microphones and satellites that wait for a client: ClapTrap connects, and hears what they send."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress

from wyoming.event import Event as Message
from wyoming.info import Describe
from wyoming.ping import Ping, Pong
from wyoming.satellite import RunSatellite

from claptrap.audio.frame import Frame
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import SourceError
from claptrap.sources.base import Sink
from claptrap.sources.feeds import SpeedLimit
from claptrap.sources.rtsp_preflight import Deadline, Stopped, connected
from claptrap.sources.wyoming_wire import MAX_HEADER, WyomingError, block_of, read_message, write_message

OPEN_S = 8.0
SILENT_S = 8.0  # sooner than any watchdog that would have the source reopened (10 s)
DEAD_S = 30.0  # without any message: the other machine may be gone without a word


class WyomingSource:
    """What a Wyoming peer sends after ``describe``; a satellite is asked to run, and is answered when it pings.

    Args:
        uri: ``tcp://HOST:PORT``.
        silent_s: after how long without sound the status says so.
        dead_s: after how long without any message it is given up.
        clock: measures both.
    """

    def __init__(self, uri: str, *, silent_s: float = SILENT_S, dead_s: float = DEAD_S, clock: Clock | None = None) -> None:
        self._uri = uri
        self._silent_s = silent_s
        self._dead_s = dead_s
        self._clock = clock or SystemClock()

    def run(self, sink: Sink) -> None:
        """Hear until stopped.

        Raises:
            SourceError: ``wyoming.unresolved``, ``wyoming.refused``, ``wyoming.unreachable``, ``wyoming.timeout``,
                ``wyoming.ended``, ``wyoming.bad_protocol``, ``wyoming.silent``; all retryable.
        """
        where = self._uri
        try:
            with connected(self._uri, verify_tls=False, deadline=Deadline(where, OPEN_S, sink.stop)) as connection:
                self._listen(connection, sink)
        except Stopped:
            return
        except WyomingError as error:
            raise SourceError("wyoming.bad_protocol", retryable=True, where=where, reason=str(error)) from error
        except SourceError as error:
            if not error.code.startswith("rtsp."):
                raise
            code = error.code.replace("rtsp.", "wyoming.", 1)  # the same steps lead to any server
            raise SourceError(code, retryable=True, **error.params) from error

    def _listen(self, connection: socket.socket, sink: Sink) -> None:
        loop = asyncio.new_event_loop()  # closing one does not wait for anything, unlike asyncio.run
        try:
            task = loop.create_task(self._converse(connection, sink))

            def stop() -> None:
                with suppress(RuntimeError):  # it has ended just now
                    loop.call_soon_threadsafe(task.cancel)

            with sink.stop.waking(stop), suppress(asyncio.CancelledError):
                if sink.stop.is_set():
                    task.cancel()
                loop.run_until_complete(task)
        finally:
            loop.close()

    async def _converse(self, connection: socket.socket, sink: Sink) -> None:
        reader, writer = await asyncio.open_connection(sock=connection, limit=MAX_HEADER)
        conversation = _Conversation(writer, sink, SpeedLimit(self._clock))
        reading: asyncio.Task[Message | None] | None = None
        try:
            await write_message(Describe().event(), writer)
            heard_s = active_s = self._clock.monotonic()
            while True:
                reading = reading or asyncio.create_task(read_message(reader))
                await asyncio.wait({reading}, timeout=min(self._silent_s, self._dead_s))
                now = self._clock.monotonic()
                if reading.done():
                    message, reading, active_s = reading.result(), None, now
                    if message is None:
                        raise ConnectionResetError
                    if await conversation.process(message):
                        heard_s = self._clock.monotonic()
                if now - active_s >= self._dead_s:
                    raise SourceError("wyoming.silent", retryable=True, where=self._uri, seconds=round(now - heard_s))
                if now - heard_s >= self._silent_s:
                    conversation.pause("wyoming.silent", where=self._uri, seconds=round(now - heard_s))
                    heard_s = now
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
            writer.transport.abort()


class _Conversation:
    """What is said, and the sound that comes, on one connection."""

    def __init__(self, writer: asyncio.StreamWriter, sink: Sink, speed: SpeedLimit) -> None:
        self._writer = writer
        self._sink = sink
        self._speed = speed
        self._form: tuple[int, int] | None = None  # rate and channels; None while nothing is heard

    async def process(self, message: Message) -> bool:
        """Answer a message, or hear it; return whether it was sound."""
        match message.type:
            case "info" if message.data.get("satellite"):
                await write_message(RunSatellite().event(), self._writer)
            case "ping":
                await write_message(Pong(text=Ping.from_event(message).text).event(), self._writer)
            case "audio-start":
                self._form = None
            case "audio-stop":
                self.pause("wyoming.stopped")
            case "audio-chunk":
                return await self._hear(message)
        return False

    def pause(self, code: str, **params: str | float) -> None:
        """End the epoch: nothing is heard for now."""
        self._form = None
        self._sink.waiting(code, **params)

    async def _hear(self, message: Message) -> bool:
        block = block_of(message, 0)
        if block is None:
            return False
        form = block.rate_hz, block.samples.shape[1]
        if self._form != form:
            self._form = form
            self._sink.live(*form)
        for piece in block.pieces():
            if (wait_s := self._speed.too_early_s(piece.duration_s)) > 0:
                await asyncio.sleep(wait_s)
            self._speed.add(piece.duration_s)
            self._sink.frame(Frame(piece.samples, piece.rate_hz))
        return True
