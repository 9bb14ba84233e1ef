"""Wyoming messages from peers that are not trusted, and the sound in them.

A message is a line of JSON, then as many bytes of more JSON and of samples as it announces. The package ``wyoming`` waits
for any number of bytes; here the three parts are bounded, and so is the time that a message may take once it has begun.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from wyoming.event import Event as Message
from wyoming.event import async_write_event

from claptrap.audio.convert import to_float32

MAX_HEADER = 65_536  # bytes; older peers put all data into the line
MAX_DATA = 65_536
MAX_PAYLOAD = 524_288  # 0.3 s of the richest sound below, 16 s of a satellite's usual one
MESSAGE_S = 10.0
RATES_HZ = range(8_000, 192_001)
MAX_CHANNELS = 8
PIECE_S = 0.1


class WyomingError(Exception):
    """What a peer sent is no Wyoming message, or not one within bounds; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class PcmBlock:
    """A stretch of sound: a ``sources.feeds.SoundBlock``.

    Attributes:
        rate_hz: samples per second.
        place: samples of the same connection before its first one.
        samples: float32, shape (n, channels), n ≥ 1.
    """

    rate_hz: int
    place: int
    samples: NDArray[np.float32]

    @property
    def duration_s(self) -> float:
        """Seconds of sound."""
        return len(self.samples) / self.rate_hz

    def pieces(self) -> Iterator[PcmBlock]:
        """Yield the block in parts of at most ``PIECE_S``."""
        step = int(PIECE_S * self.rate_hz)
        for begin in range(0, len(self.samples), step):
            yield PcmBlock(self.rate_hz, self.place + begin, self.samples[begin : begin + step])


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """Return the next message; None where the connection ends instead of beginning another.

    Args:
        reader: made with the limit ``MAX_HEADER``.

    Raises:
        WyomingError: it is none, it is too long, or it takes longer than ``MESSAGE_S``.
        OSError: the connection broke, perhaps within a message.
    """
    first = await reader.read(1)  # a peer may be silent for as long as it likes between messages
    if not first:
        return None
    try:
        async with asyncio.timeout(MESSAGE_S):
            return await _rest_of_message(first, reader)
    except TimeoutError as error:
        raise WyomingError(f"a message took longer than {MESSAGE_S:.0f} s") from error
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError("within a message") from error
    except asyncio.LimitOverrunError as error:
        raise WyomingError("a header has no end") from error


async def _rest_of_message(first: bytes, reader: asyncio.StreamReader) -> Message:
    header = _object(first + await reader.readuntil(b"\n") if first != b"\n" else first)
    kind, data = header.get("type"), header.get("data") or {}
    if not isinstance(kind, str) or not isinstance(data, dict):
        raise WyomingError("a header without a type, or with data that are no object")
    n_data, n_payload = _length(header, "data_length", MAX_DATA), _length(header, "payload_length", MAX_PAYLOAD)
    if n_data:
        data = {**data, **_object(await reader.readexactly(n_data))}
    return Message(kind, data, await reader.readexactly(n_payload) if n_payload else None)


def _object(text: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WyomingError("not JSON") from error
    if not isinstance(parsed, dict):
        raise WyomingError("no JSON object")
    return parsed


def _length(header: dict[str, Any], name: str, most: int) -> int:
    value = header.get(name) or 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise WyomingError(f"{name} is not between 0 and {most}")
    return value


async def write_message(message: Message, writer: asyncio.StreamWriter) -> None:
    """Send a message; cut the connection of a peer that does not take it within ``MESSAGE_S``. Raises OSError."""
    try:
        async with asyncio.timeout(MESSAGE_S):
            await async_write_event(message, writer)
    except TimeoutError:
        writer.transport.abort()


def block_of(message: Message, place: int) -> PcmBlock | None:
    """Return the sound of an ``audio-chunk``; None where it holds no sample.

    Raises:
        WyomingError: a rate, width or number of channels that nothing can be made of, or half a sample.
    """
    rate_hz = _number(message, "rate", RATES_HZ)
    width = _number(message, "width", range(1, 5))
    channels = _number(message, "channels", range(1, MAX_CHANNELS + 1))
    pcm = message.payload or b""
    if len(pcm) % (width * channels):
        raise WyomingError("sound that ends within a sample")
    return PcmBlock(rate_hz, place, _samples(pcm, width).reshape(-1, channels)) if pcm else None


def _number(message: Message, name: str, allowed: range) -> int:
    value = message.data.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value not in allowed:
        raise WyomingError(f"sound whose {name} is {value!s:.20}")
    return value


def _samples(pcm: bytes, width: int) -> NDArray[np.float32]:
    if width == 3:
        wide = np.zeros((len(pcm) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(pcm, np.uint8).reshape(-1, 3)
        return to_float32(wide.view("<i4")[:, 0])
    return to_float32(np.frombuffer(pcm, {1: "u1", 2: "<i2", 4: "<i4"}[width]))  # one byte is unsigned, as in WAV files
