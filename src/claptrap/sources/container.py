"""How the bytes of a file divide into recordings, and whether their lengths are true.

FFmpeg believes the lengths that a file claims: it is silent about a recording that was cut, stops where a recorder that lost
its power last wrote a length, and hears only the first of several recordings that were written one after the other. So
lengths are checked here first. Only headers are looked at; of Ogg and FLAC also where the next recording begins.

RIFF and RF64: Microsoft and IBM, "Multimedia Programming Interface" (1991), EBU Tech 3306. AIFF: Apple, "Audio IFF 1.3".
Wave64: Sony, 2002. CAF: Apple, "Core Audio Format 1.0". AU: Sun, <audio/au.h>. MP4: ISO/IEC 14496-12. Matroska: RFC 9559.
Ogg: RFC 3533 §6. FLAC: RFC 9639.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from claptrap.sources.mpeg import mpeg_end

MOST_CHUNKS = 10_000
MOST_PARTS = 10_000
OGG_FIRST_PAGE, OGG_LAST_PAGE = 2, 4
_SEARCH_BYTES = 1 << 20
_W64_RIFF, _W64_DATA = (
    b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00",
    b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a",
)
_FLAC = b"fLaC\x00\x00\x00\x22"
_EBML = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"
_TAGS = (b"TAG", b"ID3", b"APETAGEX", b"LYRICSBEGIN")


@dataclass(frozen=True, slots=True)
class FilePart:
    """One recording within a file; most files have one.

    Attributes:
        begin, end: its bytes.
        is_cut: whether it promises more than is there.
        patch: a position in the file, and the bytes to read there instead of a length that is not true.
        is_known: whether it is of a kind that is known here, so that ``end`` is its end. Of others ``end`` is the file's.
    """

    begin: int
    end: int
    is_cut: bool = False
    patch: tuple[int, bytes] | None = None
    is_known: bool = True


def parts(file: BinaryIO, size: int) -> Iterator[FilePart]:
    """Yield the recordings in ``file``, in order; at least one, which may be none.

    Args:
        file: a recording, or anything else; its position is moved.
        size: how many bytes it has, > 0.
    """
    begin = 0
    for _ in range(MOST_PARTS):
        part = _part(_Bytes(file, size), begin)
        yield part
        begin = part.end
        if begin >= size:
            return
    yield FilePart(begin, size, is_known=False)


def next_like(file: BinaryIO, part: FilePart, after: int) -> FilePart | None:
    """Return the next recording of the kind of ``part``, whose sound ends at ``after``; None if there is none."""
    view = _Bytes(file, part.end)
    begin = view.find(view.at(part.begin, 4), after) if part.begin < after < part.end else part.end
    return FilePart(begin, part.end, is_known=False) if begin < part.end else None


class _Bytes:
    """Random access to a file."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size

    def at(self, offset: int, n: int) -> bytes:
        """Return at most ``n`` bytes at ``offset``; fewer at the end."""
        self._file.seek(offset)
        return self._file.read(n)

    def find(self, wanted: bytes, start: int) -> int:
        """Return where ``wanted`` stands next, at ``start`` or after it; the file's size where it does not."""
        kept = b""
        while block := self.at(start, _SEARCH_BYTES):
            found = (kept + block).find(wanted)
            if found >= 0:
                return start - len(kept) + found
            kept = (kept + block)[1 - len(wanted) :]
            start += len(block)
        return self.size

    def rfind(self, wanted: bytes, start: int) -> int:
        """Return where ``wanted`` stands last, at ``start`` or after it; ``start`` where it does not."""
        end = self.size
        while end > start:
            at = max(start, end - _SEARCH_BYTES)
            found = self.at(at, end - at + len(wanted)).rfind(wanted)
            if found >= 0:
                return at + found
            end = at
        return start


def _part(file: _Bytes, begin: int) -> FilePart:
    head = file.at(begin, 40)
    for starts, read in _READERS:
        if starts(head):
            return read(file, begin)
    end, is_cut = mpeg_end(file.at, begin, file.size)
    return FilePart(begin, end, is_cut, is_known=end < file.size)


def _begins_recording(head: bytes) -> bool:
    """Whether a recording of a kind that is known by its first bytes begins here."""
    return any(starts(head) for starts, _ in _READERS)


# -- chunks: RIFF, RF64, AIFF, Wave64, CAF ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Chunks:
    """How a kind of file writes its chunks: a name and a length each.

    Attributes:
        first: where the first chunk begins, from the file's beginning.
        sound: the name of the chunk that holds the sound.
        order: of the length's bytes.
        length_bytes: how many they are.
        counts_head: whether the length counts name and length too.
        align: chunks begin at multiples of this.
    """

    first: int
    sound: bytes
    order: str = "little"
    length_bytes: int = 4
    counts_head: bool = False
    align: int = 2

    @property
    def head(self) -> int:
        """Bytes of a name and a length."""
        return len(self.sound) + self.length_bytes

    def read(self, file: _Bytes, begin: int) -> FilePart:
        """Walk the chunks to the one that holds the sound, and from there to the end of this recording."""
        offset = begin + self.first
        long_sound = self._ds64(file, begin)
        for _ in range(MOST_CHUNKS):
            head = file.at(offset, self.head)
            if len(head) < self.head:
                return FilePart(begin, file.size, is_cut=offset > file.size or len(head) > 0)
            length = self._length(head)
            if head.startswith(self.sound):
                length = long_sound if long_sound is not None and length == 0xFFFF_FFFF else length
                return self._sound(file, begin, offset, length)
            offset = self._next(offset, length)
        return FilePart(begin, file.size)

    def _ds64(self, file: _Bytes, begin: int) -> int | None:
        """Return the length of the sound that an RF64 has in its first chunk."""
        head = file.at(begin, 36)
        return int.from_bytes(head[28:36], "little") if head[:4] in (b"RF64", b"BW64") and head[12:16] == b"ds64" else None

    def _sound(self, file: _Bytes, begin: int, offset: int, length: int) -> FilePart:
        data = offset + self.head
        if not self.is_open(length):
            end = data + length - (self.head if self.counts_head else 0)
            if end > file.size:
                return FilePart(begin, file.size, is_cut=True)
            for following in {self._next(offset, length), end}:  # some programs forget to pad
                if (after := self._after(file, following)) is not None:
                    return FilePart(begin, after)
        # the length was never written, or is an old one: the sound goes on to the end, or to the next recording
        end = self._next_recording(file, begin, data)
        true = end - data + (self.head if self.counts_head else 0)
        most = (1 << (8 * self.length_bytes - 1)) - 1 if self.order == "big" else (1 << 8 * self.length_bytes) - 1
        written = min(true, most).to_bytes(self.length_bytes, "little" if self.order == "little" else "big")
        return FilePart(begin, end, patch=(offset + len(self.sound), written))

    def _after(self, file: _Bytes, offset: int) -> int | None:
        """Return where the recording ends whose sound ends at ``offset``; None if what follows cannot follow it."""
        for n in range(MOST_CHUNKS):
            head = file.at(offset, 40)
            if len(head) < self.head or head.startswith(_TAGS):
                return file.size
            if _begins_recording(head):
                return offset
            offset = self._next(offset, self._length(head))
            if not head[:4].isascii() or not head[:4].decode().isprintable() or offset > file.size + 1:
                return file.size if n else None
        return file.size

    def _next_recording(self, file: _Bytes, begin: int, data: int) -> int:
        kind = file.at(begin, 4)
        offset = data
        while (offset := file.find(kind, offset + 1)) < file.size:
            if file.at(offset, self.first)[8:] == file.at(begin, self.first)[8:] and _begins_recording(file.at(offset, 40)):
                return offset
        return file.size

    def _length(self, head: bytes) -> int:
        return int.from_bytes(head[len(self.sound) : self.head], "little" if self.order == "little" else "big")

    def _next(self, offset: int, length: int) -> int:
        end = offset + (0 if self.counts_head else self.head) + max(length, self.head if self.counts_head else 0)
        return end + -(end - offset) % self.align

    def is_open(self, length: int) -> bool:
        """Whether a length means "until the end": what programs write that cannot go back and correct it."""
        if self.length_bytes == 8:
            return length <= (self.head if self.counts_head else 0) or length >= 1 << 62
        return length == 0 or 0x7FFF_0000 <= length <= 0x8000_0100 or length >= 0xFFFF_0000


_RIFF, _RIFX = _Chunks(12, b"data"), _Chunks(12, b"data", "big")
_AIFF = _Chunks(12, b"SSND", "big")
_W64 = _Chunks(40, _W64_DATA, length_bytes=8, counts_head=True, align=8)
_CAF = _Chunks(8, b"data", "big", length_bytes=8, align=1)


def _avi(file: _Bytes, begin: int) -> FilePart:
    """Its index may be elsewhere and its sound anywhere; but it says how long the whole is."""
    length = int.from_bytes(file.at(begin + 4, 4), "little")
    return FilePart(begin, file.size, is_cut=not _RIFF.is_open(length) and begin + 8 + length > file.size)


def _au(file: _Bytes, begin: int) -> FilePart:
    head = file.at(begin, 12)
    end = begin + int.from_bytes(head[4:8], "big") + int.from_bytes(head[8:12], "big")
    if int.from_bytes(head[8:12], "big") == 0xFFFF_FFFF or end == file.size:
        return FilePart(begin, file.size)
    if end > file.size:
        return FilePart(begin, file.size, is_cut=True)
    return (
        FilePart(begin, end)
        if _begins_recording(file.at(end, 40))
        else FilePart(begin, file.size, patch=(begin + 8, b"\xff" * 4))
    )


# -- boxes: MP4, Matroska ---------------------------------------------------------------------------------------------------


def _mp4(file: _Bytes, begin: int) -> FilePart:
    offset, n = begin, 0
    while offset < file.size and n < MOST_CHUNKS:
        head = file.at(offset, 16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        if head[4:8] == b"ftyp" and n:
            return FilePart(begin, offset)
        if length == 0 or not head[4:8].isalnum():
            return FilePart(begin, file.size)
        offset, n = offset + max(length, 8), n + 1
    return FilePart(begin, file.size, is_cut=offset > file.size)


def _matroska(file: _Bytes, begin: int) -> FilePart:
    head_length, header = _ebml_length(file.at(begin + 4, 8))
    segment = begin + 4 + head_length + (header or 0)
    size_length, length = _ebml_length(file.at(segment + 4, 8))
    if file.at(segment, 4) != _SEGMENT:
        return FilePart(begin, file.size)
    if length is None:
        offset = file.find(_EBML, segment)
        while offset < file.size and b"\x42\x82" not in file.at(offset, 48):  # DocType
            offset = file.find(_EBML, offset + 1)
        return FilePart(begin, offset)
    end = segment + 4 + size_length + length
    is_next = end < file.size and _begins_recording(file.at(end, 40))
    return FilePart(begin, end if is_next else file.size, is_cut=end > file.size)


def _ebml_length(data: bytes) -> tuple[int, int | None]:
    """Return how long a length is, and the length; None for "unknown"."""
    n = 9 - data[0].bit_length() if data and data[0] else 8
    value = int.from_bytes(data[:n], "big") & ((1 << 7 * n) - 1)
    return n, None if value == (1 << 7 * n) - 1 else value


# -- Ogg and FLAC -----------------------------------------------------------------------------------------------------------


def _ogg(file: _Bytes, begin: int) -> FilePart:
    """A chained Ogg begins again with first pages; the last page of each must be whole, and say that it is the last."""
    offset = begin
    while (page := _ogg_page(file, offset)) and page[1] & OGG_FIRST_PAGE:  # one for each stream
        offset += page[0]
    end = file.find(b"OggS\x00\x02", offset)
    if end < file.size:
        return FilePart(begin, end)
    last = file.rfind(b"OggS", begin)
    page = _ogg_page(file, last)
    after = b"" if page is None else file.at(last + page[0], 4)
    is_whole = page is not None and last + page[0] <= file.size and page[1] & OGG_LAST_PAGE
    return FilePart(begin, file.size, is_cut=not is_whole or bool(after and b"OggS".startswith(after)))


def _ogg_page(file: _Bytes, offset: int) -> tuple[int, int] | None:
    """Return the length and the flags of a page; None where there is none."""
    head = file.at(offset, 27 + 255)
    if len(head) < 27 or head[:4] != b"OggS" or len(head) < 27 + head[26]:
        return None
    return 27 + head[26] + sum(head[27 : 27 + head[26]]), head[5]


def _flac(file: _Bytes, begin: int) -> FilePart:
    return FilePart(begin, file.find(_FLAC, begin + 1))


_Reader = tuple[Callable[[bytes], bool], Callable[[_Bytes, int], FilePart]]
_READERS: tuple[_Reader, ...] = (
    (lambda head: head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE", _RIFF.read),
    (lambda head: head[:4] == b"RIFF" and head[8:12] == b"AVI ", _avi),
    (lambda head: head[:4] == b"RIFX" and head[8:12] == b"WAVE", _RIFX.read),
    (lambda head: head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"), _AIFF.read),
    (lambda head: head[:16] == _W64_RIFF, _W64.read),
    (lambda head: head[:4] == b"caff" and head[4:6] == b"\x00\x01", _CAF.read),
    (lambda head: head[:4] == b".snd", _au),
    (lambda head: head[4:8] == b"ftyp", _mp4),
    (lambda head: head[:4] == _EBML, _matroska),
    (lambda head: head[:4] == b"OggS", _ogg),
    (lambda head: head[:8] == _FLAC, _flac),
)
