"""Voice satellites and microphones, by the client and server classes of the package ``wyoming``."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from wyoming.audio import AudioChunk, AudioFormat, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.info import Attribution, Describe, Info, MicProgram, WakeModel, WakeProgram
from wyoming.info import Satellite as SatelliteInfo
from wyoming.ping import Ping
from wyoming.server import AsyncEventHandler, AsyncTcpServer
from wyoming.wake import Detect, Detection, NotDetected

from claptrap.audio.claps import recording

CHUNK_S = 0.064
PATIENT_S = 30.0


def as_pcm(samples: NDArray[np.float32], width: int) -> bytes:
    """Return samples (n, channels) as little-endian integers of ``width`` bytes; those of one byte are unsigned."""
    full_scale = 2.0 ** (8 * width - 1)
    whole = np.clip(np.rint(samples.astype(np.float64) * full_scale), -full_scale, full_scale - 1).astype("<i8")
    whole += 128 * (width == 1)
    return np.ascontiguousarray(whole).view(np.uint8).reshape(-1, 8)[:, :width].tobytes()


class Satellite:
    """One connection, and the sound of its microphone.

    Args:
        port: the service's, on loopback.
        rate_hz, width, channels: how its sound is.
    """

    def __init__(self, port: int, rate_hz: int = 16_000, width: int = 2, channels: int = 1) -> None:
        self.client = AsyncTcpClient("127.0.0.1", port, connect_timeout=PATIENT_S, read_timeout=PATIENT_S)
        self.rate_hz, self.width, self.channels = rate_hz, width, channels
        self.sent_s = 0.0

    async def ask(self, event: Event) -> Event:
        """Send an event and return the answer."""
        await self.client.write_event(event)
        answer = await self.client.read_event()
        assert answer is not None
        return answer

    async def describe(self) -> Info:
        """Return what the service says of itself."""
        return Info.from_event(await self.ask(Describe().event()))

    async def begin(self, names: list[str] | None) -> None:
        """Wait for these wake words from now on."""
        await self.client.write_event(Detect(names=names).event())
        await self.client.write_event(AudioStart(self.rate_hz, self.width, self.channels, timestamp=0).event())

    async def stop(self) -> Event:
        """Stop the sound; return the answer."""
        return await self.ask(AudioStop(timestamp=0).event())

    async def send(self, sound: NDArray[np.float32]) -> None:
        """Send sound (n,) in real time, the same on each channel."""
        step = int(CHUNK_S * self.rate_hz)
        for begin in range(0, len(sound), step):
            part = np.repeat(sound[begin : begin + step, None], self.channels, axis=1)
            pcm, stamp = as_pcm(part, self.width), round(1000 * self.sent_s)
            await self.client.write_event(AudioChunk(self.rate_hz, self.width, self.channels, pcm, stamp).event())
            self.sent_s += len(part) / self.rate_hz
            await asyncio.sleep(len(part) / self.rate_hz)

    async def clap(self, n: int) -> None:
        """Send so many claps in a row, with silence around them."""
        await self.send(recording(n, self.rate_hz, spacing_s=0.4, lead_s=0.4)[0])

    async def hum_until(self, is_so: Callable[[], bool]) -> None:
        """Send the noise of a quiet room until something is so."""
        noise = np.random.default_rng(0).normal(0, 3e-4, int(CHUNK_S * self.rate_hz)).astype(np.float32)
        async with asyncio.timeout(PATIENT_S):
            while not is_so():
                await self.send(noise)

    async def hum_for(self, answer: Awaitable[Event | None]) -> Event:
        """Send the noise of a quiet room until the answer has come."""
        task = asyncio.ensure_future(answer)
        await self.hum_until(task.done)
        event = await task
        assert event is not None
        return event


class ThreadedServer:
    """A Wyoming server in a thread, by the server classes of the package ``wyoming``. Use it as a context.

    Args:
        port: where to listen; any free port by default.
    """

    def __init__(self, port: int = 0) -> None:
        self._server = AsyncTcpServer("127.0.0.1", port)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="test:wyoming-server")
        self.port = 0

    def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncEventHandler:
        """Return what answers a connection."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._server.start(self.handler))
        assert self._server._server is not None
        self.port = self._server._server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self) -> None:
        await self._server.stop()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _call(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENT_S)


class MicrophoneServer(ThreadedServer):
    """A Wyoming microphone that waits for a client.

    Args:
        sound: what it plays over and over, 16 kHz mono; empty to be mute.
        is_satellite: whether it only begins when it is asked to run, and pings.
    """

    def __init__(self, sound: NDArray[np.float32], *, is_satellite: bool = False) -> None:
        super().__init__()
        self._sound, self._is_satellite = sound, is_satellite
        self.pongs = 0

    def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncEventHandler:
        """Return what answers a connection."""
        return _MicrophoneHandler(self, reader, writer)

    def info(self) -> Info:
        """Return what it says of itself."""
        about = _about("test")
        form = AudioFormat(rate=16_000, width=2, channels=1)
        return (
            Info(satellite=SatelliteInfo(**about))
            if self._is_satellite
            else Info(mic=[MicProgram(**about, mic_format=form)])
        )

    async def play(self, handler: AsyncEventHandler) -> None:
        """Send the sound in real time until the connection ends."""
        step = int(CHUNK_S * 16_000)
        pieces = np.split(self._sound, range(step, len(self._sound), step)) if len(self._sound) else []
        while True:
            for piece in pieces:
                await handler.write_event(AudioChunk(16_000, 2, 1, as_pcm(piece[:, None], 2)).event())
                await asyncio.sleep(len(piece) / 16_000)
            if self._is_satellite:
                await handler.write_event(Ping().event())
            await asyncio.sleep(0.01)

    def begins_at(self, event_type: str) -> bool:
        """Whether it begins to play at this event."""
        return event_type == ("run-satellite" if self._is_satellite else "describe")


class _MicrophoneHandler(AsyncEventHandler):
    def __init__(self, owner: MicrophoneServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self._owner = owner
        self._playing: asyncio.Task[None] | None = None

    async def handle_event(self, event: Event) -> bool:
        if Describe.is_type(event.type):
            await self.write_event(self._owner.info().event())
        self._owner.pongs += event.type == "pong"
        if self._owner.begins_at(event.type):
            self._playing = asyncio.create_task(self._owner.play(self))
        return True

    async def disconnect(self) -> None:
        if self._playing is not None:
            self._playing.cancel()


SPOKEN = np.full(1_024, 0.25, np.float32)  # what stands for a spoken wake word


class WakeWordPeer(ThreadedServer):
    """Another wake-word service: it knows ``ok_nabu``, and hears it in a chunk of ``SPOKEN``.

    Attributes:
        names: which wake words were asked for last.
    """

    names: list[str] | None = None

    def handler(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncEventHandler:
        """Return what answers a connection."""
        return _WakeWordHandler(self, reader, writer)


class _WakeWordHandler(AsyncEventHandler):
    def __init__(self, owner: WakeWordPeer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__(reader, writer)
        self._owner = owner

    async def handle_event(self, event: Event) -> bool:
        if Describe.is_type(event.type):
            model = WakeModel(**_about("ok_nabu"), languages=["en"], phrase="OK Nabu")
            await self.write_event(Info(wake=[WakeProgram(**_about("peer"), models=[model])]).event())
        elif Detect.is_type(event.type):
            self._owner.names = Detect.from_event(event).names
        elif AudioChunk.is_type(event.type) and event.payload == as_pcm(SPOKEN[:, None], 2):
            await self.write_event(Detection(name="ok_nabu", timestamp=7).event())
        elif AudioStop.is_type(event.type):
            await self.write_event(NotDetected().event())
        return True


def _about(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "attribution": Attribution("test", ""),
        "installed": True,
        "description": None,
        "version": None,
    }
