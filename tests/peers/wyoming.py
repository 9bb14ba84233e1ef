"""A voice satellite, by the client classes of the package ``wyoming``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import numpy as np
from numpy.typing import NDArray
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.event import Event
from wyoming.info import Describe, Info
from wyoming.wake import Detect

from claptrap.selftest.claps import recording

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
