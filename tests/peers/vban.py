"""VBAN senders on loopback: our own builder over a plain socket, and aiovban, which knows nothing of us."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray

from claptrap.sources.vban_packet import Encoding, Format, Packet, build, encode

FRAMES = 128
MONO = Format(48_000, 1, Encoding.INT16)


def packets(
    samples: NDArray[np.float32], form: Format = MONO, name: bytes = b"Stream1", first: int = 1, frames: int = FRAMES
) -> list[Packet]:
    """Cut samples (n, channels) into packets."""
    blocks = [samples[at : at + frames] for at in range(0, len(samples), frames)]
    return [Packet(form, len(b), name, (first + i) % 2**32, encode(b, form.encoding)) for i, b in enumerate(blocks)]


def sine(form: Format = MONO, seconds: float = 1.0, hz: float = 440.0) -> NDArray[np.float32]:
    """Return a sine (n, channels), a little quieter on each further channel."""
    wave = 0.5 * np.sin(2 * np.pi * hz * np.arange(round(form.rate_hz * seconds)) / form.rate_hz)
    return (wave[:, None] * 0.9 ** np.arange(form.channels)).astype(np.float32)


class Sender:
    """A plain UDP socket; ends with the ``with`` block.

    Args:
        port: where to send to, on 127.0.0.1.
        host: the address to send from; all of 127.0.0.0/8 are this machine's on Linux.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self._to = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((host, 0))
        self._socket.settimeout(1.0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, sent: Iterable[Packet | bytes]) -> None:
        """Send packets at once."""
        for each in sent:
            self._socket.sendto(each if isinstance(each, bytes) else build(each), self._to)

    def answer(self) -> bytes | None:
        """Return a datagram that came back, if one comes within a second."""
        try:
            return self._socket.recv(2048)
        except TimeoutError:
            return None


def send_with_aiovban(
    port: int,
    name: str,
    rate_hz: int,
    channels: int,
    bits: str,
    payloads: Sequence[bytes],
    frames: int,
    leave_out: frozenset[int],
) -> None:
    """Send payloads with aiovban, in its own counting; those in ``leave_out`` are counted but not sent."""
    from aiovban import VBANApplicationData  # noqa: PLC0415  # only tests that skip without it come here
    from aiovban.asyncio import AsyncVBANClient  # noqa: PLC0415  # only those who have it come here
    from aiovban.asyncio.streams import VBANOutgoingStream  # noqa: PLC0415  # only those who have it come here
    from aiovban.enums import VBANSampleRate  # noqa: PLC0415  # only those who have it come here
    from aiovban.packet import VBANPacket  # noqa: PLC0415  # only those who have it come here
    from aiovban.packet.body.service import DeviceType, Features  # noqa: PLC0415  # only those who have it come here
    from aiovban.packet.headers.audio import BitResolution, Codec, VBANAudioHeader  # noqa: PLC0415  # only those who have it come here

    async def send() -> None:
        about = VBANApplicationData(DeviceType.Unknown, Features.NoFeatures, "1", "test")
        stream = VBANOutgoingStream(name, _client=AsyncVBANClient(about))
        await stream.connect("127.0.0.1", port)
        transport = stream._protocol._transport
        for i, payload in enumerate(payloads):
            header = VBANAudioHeader(
                streamname=name,
                sample_rate=VBANSampleRate[f"RATE_{rate_hz}"],
                samples_per_frame=frames,
                channels=channels,
                bit_resolution=BitResolution[bits],
                codec=Codec.PCM,
            )
            if i in leave_out:
                stream._framecounter += 1
            else:
                await stream.send_packet(VBANPacket(header, payload))
        transport.close()
        await asyncio.sleep(0)  # lets the loop close it

    asyncio.run(send())
