"""How long a recording's container says that it is: a file that is shorter was cut.

libsndfile is silent about most cuts (a WAV that was cut in the middle is simply shorter), but a recording of which half is
missing shall not pass as heard. Only sizes are looked at, and every read is bounded.

RIFF and RF64: Microsoft and IBM, "Multimedia Programming Interface" (1991), EBU Tech 3306. AIFF: Apple, "Audio IFF 1.3".
Ogg: RFC 3533 §6. MPEG audio: ISO/IEC 11172-3 §2.4.1.3 and 13818-3, with the Xing header that encoders put first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Literal

MAX_CHUNKS = 1_000
MAX_OGG_PAGE = 27 + 255 + 255 * 255
OGG_LAST_PAGE = 4


def claimed_size(file: BinaryIO, size: int) -> int | None:
    """Return how many bytes the container says that ``file`` has, at least; None where it does not say.

    Args:
        file: a recording, or anything else; its position is moved.
        size: how many bytes it really has. A claim above that means that the end is missing.
    """
    start = _at(file, 0, 12)
    match start[:4], start[8:12]:
        case (b"RIFF", b"WAVE"):
            return _chunks(file, size, b"data", "little")
        case (b"RF64" | b"BW64", b"WAVE"):
            return _rf64(file, size)
        case (b"RIFX", b"WAVE") | (b"FORM", b"AIFF" | b"AIFC"):
            return _chunks(file, size, b"data" if start[:4] == b"RIFX" else b"SSND", "big")
        case (b"OggS", _):
            return _ogg(file, size)
    return _mpeg(file, size)


def _at(file: BinaryIO, offset: int, n: int) -> bytes:
    file.seek(offset)
    return file.read(n)


# -- RIFF, AIFF -------------------------------------------------------------------------------------------------------------


def _chunks(file: BinaryIO, size: int, sound: bytes, order: Literal["little", "big"]) -> int | None:
    """Walk the chunks up to the one that holds the sound; return where it should end."""
    offset = 12
    for _ in range(MAX_CHUNKS):
        head = _at(file, offset, 8)
        if len(head) < 8:
            whole = 8 + int.from_bytes(_at(file, 4, 4), order)
            return None if _is_open(whole - 8) else whole
        length = int.from_bytes(head[4:], order)
        if head[:4] == sound:
            return None if _is_open(length) else offset + 8 + length
        offset += 8 + length + length % 2
        if offset > size + 1:
            return offset
    return None


def _is_open(length: int) -> bool:
    """Whether a length means "until the end": what programs write that cannot go back and mend it (pipes, lost power)."""
    return length == 0 or 0x7FFF_0000 <= length <= 0x8000_0100 or length >= 0xFFFF_0000


def _rf64(file: BinaryIO, size: int) -> int | None:
    """Like RIFF, but the sound's 64-bit length is in the chunk ds64, which must come first."""
    head = _at(file, 12, 24)
    offset = 20 + int.from_bytes(head[4:8], "little")
    length = int.from_bytes(head[16:24], "little")
    if len(head) < 24 or head[:4] != b"ds64":
        return None
    for _ in range(MAX_CHUNKS):
        chunk = _at(file, offset, 8)
        if len(chunk) < 8:
            return size + 1
        if chunk[:4] == b"data":
            return offset + 8 + length if length else None
        offset += 8 + int.from_bytes(chunk[4:], "little")
    return None


# -- Ogg --------------------------------------------------------------------------------------------------------------------


def _ogg(file: BinaryIO, size: int) -> int:
    """Look at the last page: it must be whole, and say that it is the last."""
    begin = max(0, size - MAX_OGG_PAGE - 4)
    tail = _at(file, begin, MAX_OGG_PAGE + 4)
    page = tail[max(0, tail.rfind(b"OggS")) :]
    if len(page) < 27 or len(page) < 27 + page[26]:
        return size + 1
    length = 27 + page[26] + sum(page[27 : 27 + page[26]])
    after = page[length:]
    if len(page) < length:
        return size + length - len(page)
    if not page[5] & OGG_LAST_PAGE or (after and b"OggS".startswith(after)):
        return size + 1
    return size


# -- MPEG audio -------------------------------------------------------------------------------------------------------------

_V1_L1 = (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448)
_V1_L2 = (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_V1_L3 = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_V2_L1 = (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256)
_V2_L23 = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_KBITS = {(1, 1): _V1_L1, (1, 2): _V1_L2, (1, 3): _V1_L3, (2, 1): _V2_L1, (2, 2): _V2_L23, (2, 3): _V2_L23}
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


@dataclass(frozen=True, slots=True)
class MpegHeader:
    """What the first four bytes of a frame of MPEG audio say.

    Attributes:
        length: the frame's bytes, these four included.
        xing_at: where in the frame a Xing header would be.
    """

    length: int
    xing_at: int


def mpeg_header(head: bytes) -> MpegHeader | None:
    """Read a frame's header; None where it is none, or of the "free" bit rate that nobody uses."""
    if len(head) < 4 or head[0] != 0xFF or head[1] < 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    rate, kbits, padding, mode = head[2] >> 2 & 3, head[2] >> 4, head[2] >> 1 & 1, head[3] >> 6
    if version == 1 or layer == 4 or rate == 3 or kbits in (0, 15):
        return None
    generation = 1 if version == 3 else 2
    bits, rate_hz = 1000 * _KBITS[generation, layer][kbits - 1], _RATES_HZ[version][rate]
    if layer == 1:
        return MpegHeader((12 * bits // rate_hz + padding) * 4, 0)
    per_frame = 72 if (generation, layer) == (2, 3) else 144
    side = {(1, False): 32, (1, True): 17, (2, False): 17, (2, True): 9}[generation, mode == 3]
    return MpegHeader(per_frame * bits // rate_hz + padding, 4 + side)


def _mpeg(file: BinaryIO, size: int) -> int | None:
    """Trust the Xing header where there is one; otherwise walk from frame to frame and see whether the last one is whole."""
    offset = _after_id3(file)
    first = mpeg_header(_at(file, offset, 4))
    if first is None:
        return offset if offset > size else None
    claim = _xing_bytes(_at(file, offset + first.xing_at, 16))
    if claim is not None:
        return offset + claim
    header: MpegHeader | None = first
    while header is not None:
        offset += header.length
        head = _at(file, offset, 4)
        header = mpeg_header(head)
    return offset + 4 if len(head) < 4 and head[:1] == b"\xff" else offset


def _after_id3(file: BinaryIO) -> int:
    """Return where the sound begins: behind the ID3v2 tag, which tells its length in four times seven bits."""
    tag = _at(file, 0, 10)
    if len(tag) < 10 or tag[:3] != b"ID3":
        return 0
    length = 0
    for byte in tag[6:10]:
        length = length << 7 | byte & 0x7F
    return 10 + length + (10 if tag[5] & 0x10 else 0)


def _xing_bytes(xing: bytes) -> int | None:
    """Return the bytes of sound, this frame included, that a Xing header promises; None where there is none."""
    if xing[:4] not in (b"Xing", b"Info") or len(xing) < 16:
        return None
    has_frames, has_bytes = xing[7] & 1, xing[7] & 2
    at = 12 if has_frames else 8
    return int.from_bytes(xing[at : at + 4], "big") if has_bytes else None
