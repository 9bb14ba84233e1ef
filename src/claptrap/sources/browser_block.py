"""What a page sends: stretches of sound with their place in the page's stream. Parsing and building, pure.

A block holds 16 bytes of header and mono samples of 16 bits, all little-endian; ``frontend/src/micro/worklet.ts`` is the
other end:

====== ====== ============================================================================
offset length meaning
====== ====== ============================================================================
0      1      1, the version of this layout
1      3      0
4      4      samples per second
8      8      how many samples the page's microphone gave before the first one in here
16     …      samples
====== ====== ============================================================================

The place makes every loss known to the sample, wherever it happened: in the page, on the way, or here.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

VERSION = 1
HEADER = struct.Struct("<B3xIQ")
LEAST_RATE_HZ, MOST_RATE_HZ = 8_000, 192_000
MOST_SAMPLES = 16_384
MOST_BYTES = HEADER.size + 2 * MOST_SAMPLES
MOST_PLACE = 2**53  # JavaScript counts no further; at 192 kHz that is a thousand years


class Block(NamedTuple):
    """A stretch of sound.

    Attributes:
        rate_hz: samples per second.
        place: samples of the same stream before its first one.
        pcm: int16, shape (n,), 1 ≤ n ≤ ``MOST_SAMPLES``.
    """

    rate_hz: int
    place: int
    pcm: NDArray[np.int16]

    @property
    def duration_s(self) -> float:
        """Seconds of sound."""
        return len(self.pcm) / self.rate_hz

    @property
    def samples(self) -> NDArray[np.float32]:
        """float32 samples of shape (n, 1) in [−1, 1)."""
        return (self.pcm.astype(np.float32) / np.float32(32_768))[:, None]


def parse(data: object) -> Block:
    """Return the block that ``data`` holds.

    Raises:
        ValueError: it is none; the message says why.
    """
    if not isinstance(data, bytes):
        raise ValueError("a block is bytes")  # noqa: TRY004  # a peer's fault like any other below
    n, odd = divmod(len(data) - HEADER.size, 2)
    if n < 1 or odd or n > MOST_SAMPLES:
        raise ValueError(f"a block has a header and 1 to {MOST_SAMPLES} samples, not {len(data)} bytes")
    version, rate_hz, place = HEADER.unpack_from(data)
    if version != VERSION:
        raise ValueError(f"unknown version {version}")
    if not LEAST_RATE_HZ <= rate_hz <= MOST_RATE_HZ:
        raise ValueError(f"unlikely rate {rate_hz} Hz")
    if place > MOST_PLACE:
        raise ValueError(f"unlikely place {place}")
    return Block(rate_hz, place, np.frombuffer(data, "<i2", offset=HEADER.size))


def build(rate_hz: int, place: int, pcm: NDArray[np.int16]) -> bytes:
    """Return the bytes of a block; ``parse`` gives it back."""
    return HEADER.pack(VERSION, rate_hz, place) + pcm.astype("<i2").tobytes()
