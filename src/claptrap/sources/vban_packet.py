"""VBAN packets: parsing and building, pure (VB-Audio, "VBAN Protocol Specifications", revision 13).

A datagram holds 28 bytes of header and interleaved samples, all little-endian:

====== ====== =============================================================
offset length meaning
====== ====== =============================================================
0      4      ``VBAN``
4      1      bits 0-4 sample rate (index), bits 5-7 sub-protocol (0: audio)
5      1      frames (samples per channel) − 1
6      1      channels − 1
7      1      bits 0-2 type of samples, bit 3 reserved (0), bits 4-7 codec (0: PCM)
8      16     name, padded with NUL; 16 characters have no NUL behind them
24     4      counter, + 1 a packet, wraps
28     …      samples
====== ====== =============================================================
"""

from __future__ import annotations

import struct
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.convert import to_float32
from claptrap.core.vbanname import NAME_BYTES

MAGIC = b"VBAN"
HEADER = struct.Struct("<4s4B16sI")
RATES_HZ = (
    6000, 12000, 24000, 48000, 96000, 192000, 384000,
    8000, 16000, 32000, 64000, 128000, 256000, 512000,
    11025, 22050, 44100, 88200, 176400, 352800, 705600,
)  # fmt: skip
MOST_CHANNELS = 64
MOST_FRAMES = 256
LOUDEST_FLOAT = 4.0  # nominal floats stay within ±1; beyond this a number is a fault and would poison filters


class Encoding(IntEnum):
    """How a sample is written; the values are those of the header."""

    UINT8 = 0
    INT16 = 1
    INT24 = 2
    INT32 = 3
    FLOAT32 = 4
    FLOAT64 = 5

    @property
    def n_bytes(self) -> int:
        """Bytes of one sample."""
        return (1, 2, 3, 4, 4, 8)[self]


class RejectReason(StrEnum):
    """Why a datagram gives no sound. Each is, behind ``vban.``, a key of ``text.catalogue``."""

    TOO_SHORT = "too_short"
    NOT_VBAN = "not_vban"
    NOT_AUDIO = "not_audio"
    RESERVED_BIT = "reserved_bit"
    NOT_PCM = "not_pcm"
    UNKNOWN_TYPE = "unknown_type"
    UNKNOWN_RATE = "unknown_rate"
    TOO_MANY_CHANNELS = "too_many_channels"
    WRONG_LENGTH = "wrong_length"

    @property
    def code(self) -> str:
        """The key of its sentence."""
        return f"vban.{self.value}"


class Format(NamedTuple):
    """What may not change within one stretch of sound. The number of frames in a packet may.

    Attributes:
        rate_hz: one of ``RATES_HZ``.
        channels: 1 to 64.
        encoding: of each sample.
    """

    rate_hz: int
    channels: int
    encoding: Encoding


class Packet(NamedTuple):
    """One datagram of sound.

    Attributes:
        format: of its samples.
        frames: samples per channel, 1 to 256.
        name: raw, without NUL.
        counter: 0 to 2³² − 1.
        payload: ``frames × channels`` samples, interleaved.
    """

    format: Format
    frames: int
    name: bytes
    counter: int
    payload: bytes

    @property
    def duration_s(self) -> float:
        """Seconds of sound in it."""
        return self.frames / self.format.rate_hz


def parse(datagram: bytes | bytearray | memoryview) -> Packet | RejectReason:
    """Return what a datagram holds, or why it holds nothing usable; never raises, whatever the bytes are."""
    if len(datagram) <= HEADER.size:
        return RejectReason.TOO_SHORT if bytes(datagram[:4]) == MAGIC else RejectReason.NOT_VBAN
    magic, rate, frames, channels, kind, name, counter = HEADER.unpack_from(datagram)
    if magic != MAGIC:
        return RejectReason.NOT_VBAN
    form = _format(rate, channels, kind)
    if isinstance(form, RejectReason):
        return form
    if len(datagram) - HEADER.size != (frames + 1) * form.channels * form.encoding.n_bytes:
        return RejectReason.WRONG_LENGTH
    return Packet(form, frames + 1, name.partition(b"\0")[0], counter, bytes(datagram[HEADER.size :]))


@lru_cache(maxsize=1024)  # a handful in practice; bounded against a stranger who tries them all
def _format(rate: int, channels: int, kind: int) -> Format | RejectReason:
    """Read bytes 4, 6 and 7 of a header."""
    checks = (
        (rate & 0xE0, RejectReason.NOT_AUDIO),
        (kind & 0x08, RejectReason.RESERVED_BIT),
        (kind & 0xF0, RejectReason.NOT_PCM),
        (kind > Encoding.FLOAT64, RejectReason.UNKNOWN_TYPE),
        (rate >= len(RATES_HZ), RejectReason.UNKNOWN_RATE),
        (channels >= MOST_CHANNELS, RejectReason.TOO_MANY_CHANNELS),
    )
    for is_wrong, reason in checks:
        if is_wrong:
            return reason
    return Format(RATES_HZ[rate], channels + 1, Encoding(kind))


def build(packet: Packet) -> bytes:
    """Return the datagram of a packet; ``parse`` gives it back.

    Raises:
        ValueError: what the header cannot say.
    """
    form = packet.format
    if len(packet.name) > NAME_BYTES or b"\0" in packet.name:
        raise ValueError(f"a name has {NAME_BYTES} bytes at most and no NUL, not {packet.name!r}")
    if not (1 <= packet.frames <= MOST_FRAMES and 1 <= form.channels <= MOST_CHANNELS):
        raise ValueError(f"a packet has 1 to 256 frames and 1 to 64 channels, not {packet.frames} and {form.channels}")
    if len(packet.payload) != packet.frames * form.channels * form.encoding.n_bytes:
        raise ValueError(f"{len(packet.payload)} bytes are not {packet.frames} frames of {form}")
    rate = RATES_HZ.index(form.rate_hz)
    kind = Encoding(form.encoding)
    return HEADER.pack(MAGIC, rate, packet.frames - 1, form.channels - 1, kind, packet.name, packet.counter) + packet.payload


def decode(payload: bytes, form: Format) -> NDArray[np.float32]:
    """Return samples (n, channels) in [-1, 1]; floats may exceed that up to ±4, and NaN and infinities become 0.

    Args:
        payload: one packet's or several packets' one after the other; whole frames.
        form: how to read it.
    """
    return _samples(payload, form.encoding).reshape(-1, form.channels)


def _samples(payload: bytes, encoding: Encoding) -> NDArray[np.float32]:
    match encoding:
        case Encoding.INT16:  # by far the most frequent, so without the detour by float64
            samples = np.frombuffer(payload, "<i2").astype(np.float32)
            samples *= np.float32(2.0**-15)
            return samples
        case Encoding.UINT8:
            return to_float32(np.frombuffer(payload, np.uint8))
        case Encoding.INT24:
            wide = np.zeros((len(payload) // 3, 4), np.uint8)
            wide[:, 1:] = np.frombuffer(payload, np.uint8).reshape(-1, 3)
            return to_float32(wide.view("<i4")[:, 0])
        case Encoding.INT32:
            return to_float32(np.frombuffer(payload, "<i4"))
        case Encoding.FLOAT32:
            return _tamed(np.frombuffer(payload, "<f4"))
        case Encoding.FLOAT64:
            return _tamed(np.frombuffer(payload, "<f8"))


def _tamed(samples: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return floats without what is no number, clipped to ±4."""
    finite = np.where(np.isfinite(samples), samples, 0)
    return np.clip(finite, -LOUDEST_FLOAT, LOUDEST_FLOAT).astype(np.float32)


def encode(samples: NDArray[np.float32], encoding: Encoding) -> bytes:
    """Return samples (n, channels) as a payload; the reverse of ``decode`` up to rounding.

    Args:
        samples: in [-1, 1]; integers saturate.
        encoding: how to write them.
    """
    match encoding:
        case Encoding.FLOAT32:
            return samples.astype("<f4").tobytes()
        case Encoding.FLOAT64:
            return samples.astype("<f8").tobytes()
    full_scale = 2.0 ** (8 * encoding.n_bytes - 1)
    whole = np.clip(np.rint(samples.astype(np.float64) * full_scale), -full_scale, full_scale - 1).astype("<i8")
    if encoding is Encoding.UINT8:
        whole += 128
    return np.ascontiguousarray(whole).view(np.uint8).reshape(-1, 8)[:, : encoding.n_bytes].tobytes()
