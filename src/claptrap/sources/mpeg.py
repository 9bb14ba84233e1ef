"""Frames of MPEG audio (MP3): where a file of them ends, and whether it was cut.

ISO/IEC 11172-3 §2.4.1.3 and 13818-3, with the Xing header that encoders put into the first frame; ID3v2: id3.org.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
    """Read a frame's header; None where it is none, or of the "free" bit rate, which is not used."""
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


def mpeg_end(at: Callable[[int, int], bytes], begin: int, size: int) -> tuple[int, bool]:
    """Return where MPEG audio ends that begins at ``begin``, and whether it promises more than there is.

    The frames are followed to the end, or to the ID3v2 tag of another recording. A Xing header is believed if it promises
    more.

    Args:
        at: returns at most so many bytes at an offset.
        begin: where to look; anything may be there.
        size: of the file; returned where what is found is no frame, and no tag.
    """
    offset = begin
    while tag := _id3_length(at(offset, 10)):
        offset += tag
    first = mpeg_header(at(offset, 4))
    if first is None:
        return size, offset > size
    claim = _xing_bytes(at(offset + first.xing_at, 16)) or 0
    if offset + claim > size:
        return size, True
    header: MpegHeader | None = first
    head = b""
    while header is not None:
        offset += header.length
        head = at(offset, 4)
        header = mpeg_header(head)
    if head[:3] == b"ID3" and head[3:4] in (b"\x02", b"\x03", b"\x04"):
        return offset, False
    return size, not claim and (offset > size or (len(head) < 4 and head[:1] == b"\xff"))


def _id3_length(tag: bytes) -> int:
    """Return the length of the ID3v2 tag that begins so, which it tells in four times seven bits; 0 for what is none."""
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
