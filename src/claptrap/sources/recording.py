"""Recordings, decoded by FFmpeg in this process (PyAV, loaded when first needed).

Every part of a file that FFmpeg can decode is heard, and what was not is said. ``sources.container`` says where recordings
begin and end within a file, and corrects lengths that are not true before FFmpeg believes them.
"""

from __future__ import annotations

import importlib
import math
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.convert import to_float32
from claptrap.audio.frame import Frame
from claptrap.core.errors import InputError, SourceError
from claptrap.sources.container import FilePart, next_like, parts

STREAM = "-"  # what a stream is called
BLOCK_S = 4
PCM_PACKET_BYTES = "65536"  # FFmpeg's own choice is a tenth of a second, each with work of its own
WAV_PROBED_BYTES = "262144"  # with such packets FFmpeg would decode two minutes of it to learn what its header says
MOST_BLOCK_VALUES = 4_000_000  # samples × channels: 16 MB, whatever a header says
RATES_HZ = range(1_000, 1_000_001)
# Formats that hold their own sound. Playlists and the like, which name other files and addresses, are none of them.
FORMATS = (
    "aac,ac3,aiff,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,eac3,flac,flv,iff,ircam,loas,matroska,mlp,mov,mp3,mpc,mpc8,mpeg,mpegts,"
    "mxf,nistsphere,nut,ogg,oma,qcp,rm,sbc,shn,sox,tak,truehd,tta,voc,vqf,w64,wav,wv,xwma"
)
EXACT = ("flac", "mov", "tta", "wv", "tak", "ape")  # their number of samples is written in them; elsewhere it is an estimate
# A decoder of these notices damage, and says so if it is asked to.
CHECKED = ("flac", "tta", "wv", "tak", "ape", "ac3", "eac3")
FRAMED = ("aac", "ac3", "dts", "eac3", "mp3", "wv")  # nothing but frames; what is left behind the last is part of another
GAPS_S = {"ogg": 0.05, "matroska": 0.5}  # time stamps that jump by so much: sound is missing between them
DELAY_S = 0.3  # an encoder's delay and padding, at most
_SEEK_SIZE = 0x10000  # FFmpeg's AVSEEK_SIZE
_TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN")  # within a stream of frames; no sound, so nothing is lost with them


def read_frames(path: str | os.PathLike[str] | BinaryIO) -> Iterator[Frame]:
    """Decode a recording.

    Args:
        path: any sound or video file that FFmpeg decodes; any rate, any number of channels. The content decides, not the
            name. Of a stream, like standard input, everything is read before the first frame.

    Yields:
        Frames of about four seconds; one that does not continue the frame before says so (``lost_samples``).

    Raises:
        InputError: when the first frame is asked for ``file.missing``, ``file.folder``, ``file.unreadable``, ``file.empty``,
            ``file.not_audio``; after everything that could be decoded ``file.truncated``, ``file.damaged``,
            ``file.unreadable``.
        SourceError: ``source.no_av``.
    """
    av = _load()
    with _opened(path) as recording:
        for part in parts(recording.file, recording.size):
            yield from _decoded(av, recording, part)
        recording.check()


def duration_s(path: str | os.PathLike[str]) -> float | None:
    """Return how long a recording says it is, for a progress bar; None where it does not say.

    Raises:
        InputError, SourceError: like ``read_frames`` for the first frame.
    """
    av = _load()
    total = 0.0
    with _opened(path) as recording:
        for part in parts(recording.file, recording.size):
            with _container(av, _View(recording, part)) as container:
                if container.duration is None:
                    return None
                total += container.duration / av.time_base
    return total


def _load() -> Any:
    try:
        av = importlib.import_module("av")
        importlib.import_module("av.logging").set_level(None)  # FFmpeg's own lines would come between ours
    except ImportError as error:
        raise SourceError("source.no_av") from error
    return av


# -- opening ----------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Recording:
    """An open file, and what has come of it so far.

    Attributes:
        shown: its name, for people.
        file, size: its bytes.
        heard_s: seconds that were decoded.
        lost_s: seconds within them that could not be.
        is_cut: whether there should have been more at the end.
        failure: why the file could not be read on; None if it could.
    """

    shown: str
    file: BinaryIO
    size: int
    heard_s: float = 0.0
    lost_s: float = 0.0
    is_cut: bool = False
    failure: OSError | None = None

    def at(self, offset: int, n: int) -> bytes:
        """Return at most ``n`` bytes at ``offset``."""
        self.file.seek(offset)
        return self.file.read(n)

    def has_tag(self, offset: int) -> bool:
        """Return whether a tag of a player's begins at ``offset``."""
        return self.at(offset, 11).startswith(_TAGS)

    def check(self) -> None:
        """Raise what must be said at the end."""
        if self.failure is not None:
            raise self.unreadable(self.failure)
        if self.is_cut:
            raise InputError("file.truncated", path=self.shown, seconds=round(self.heard_s, 2))
        if self.lost_s:
            raise InputError("file.damaged", path=self.shown, seconds=max(0.01, round(self.lost_s, 2)))
        if not self.heard_s:
            raise InputError("file.empty", path=self.shown)

    def unreadable(self, error: Exception) -> InputError:
        """Return the error of a file that the system does not give."""
        return InputError("file.unreadable", path=self.shown, reason=getattr(error, "strerror", None) or str(error))

    def refused(self, reason: str, *, is_cut: bool) -> InputError:
        """Return the error of a file that no decoder takes: it was cut within its first bytes, or is no recording."""
        if self.failure is not None:
            return self.unreadable(self.failure)
        if is_cut:
            return InputError("file.truncated", path=self.shown, seconds=0.0)
        return InputError("file.not_audio", path=self.shown, reason=reason)


@contextmanager
def _opened(path: str | os.PathLike[str] | BinaryIO) -> Iterator[_Recording]:
    shown = os.fsencode(path).decode("utf-8", "replace") if isinstance(path, str | os.PathLike) else STREAM
    try:
        file = _regular(Path(path), shown) if isinstance(path, str | os.PathLike) else _copied(path)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError("file.missing", path=shown) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError("file.unreadable", path=shown, reason=reason) from error
    with file:
        recording = _Recording(shown, file, file.seek(0, os.SEEK_END))
        if not recording.size:
            raise InputError("file.empty", path=shown)
        yield recording


def _regular(path: Path, shown: str) -> BinaryIO:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise InputError("file.folder", path=shown)
    if not stat.S_ISREG(status.st_mode):
        raise InputError("file.unreadable", path=shown, reason="not a regular file")
    return path.open("rb")


def _copied(stream: BinaryIO) -> BinaryIO:
    """Return all that a stream gives, as a file: many formats must be read back and forth."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the caller closes it
    while block := stream.read(1 << 20):
        file.write(block)
    return file


class _View:
    """The bytes of one part, as FFmpeg reads them."""

    def __init__(self, recording: _Recording, part: FilePart) -> None:
        self.recording = recording
        self.part = part
        self._at = part.begin

    def read(self, n: int) -> bytes:
        """Return at most ``n`` bytes; none at the end, and after a failure, which the recording keeps."""
        try:
            self.recording.file.seek(self._at)
            data = self.recording.file.read(max(0, min(n, self.part.end - self._at)))
        except OSError as error:
            self.recording.failure = error
            return b""
        at, self._at = self._at, self._at + len(data)
        return data if self.part.patch is None else _patched(data, at, *self.part.patch)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; return the new position, or the size if that is asked."""
        size = self.part.end - self.part.begin
        if whence & _SEEK_SIZE:
            return size
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: size}[whence & 3]
        self._at = self.part.begin + max(0, base + offset)
        return self.tell()

    def tell(self) -> int:
        """Return the position."""
        return self._at - self.part.begin


def _patched(data: bytes, at: int, patch_at: int, patch: bytes) -> bytes:
    first, last = max(at, patch_at), min(at + len(data), patch_at + len(patch))
    return data if first >= last else data[: first - at] + patch[first - patch_at : last - patch_at] + data[last - at :]


@contextmanager
def _container(av: Any, view: _View) -> Iterator[Any]:
    try:
        options = {"format_whitelist": FORMATS, "protocol_whitelist": "none", "max_size": PCM_PACKET_BYTES}
        if view.recording.at(view.part.begin, 4) in (b"RIFF", b"RF64"):
            options["probesize"] = WAV_PROBED_BYTES
        container = av.open(view, metadata_errors="replace", options=options)
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise view.recording.refused(reason, is_cut=view.part.is_cut) from error
    with container:
        yield container


# -- decoding ---------------------------------------------------------------------------------------------------------------


def _decoded(av: Any, recording: _Recording, part: FilePart) -> Iterator[Frame]:
    """Yield what can be decoded of a part, and write down in ``recording`` what was not."""
    view = _View(recording, part)
    with _container(av, view) as container:
        stream = next(iter(container.streams.audio), None)
        if stream is None or stream.codec_context is None:
            reason = "no audio track" if stream is None else "unknown codec"
            raise recording.refused(reason, is_cut=part.is_cut)
        decoder = _Decoder(av, container, stream, view.tell)
        for frame in decoder.frames():
            recording.heard_s += len(frame.samples) / frame.rate_hz
            yield frame
    rest = part.begin + decoder.end
    following = None if part.is_known else next_like(recording.file, part, rest)
    has_half_frame = decoder.is_framed and recording.at(rest, 1) == recording.at(part.begin + decoder.begin, 1)
    if following is None and not recording.has_tag(rest):
        recording.is_cut |= decoder.is_cut or (has_half_frame and not part.is_known and rest < part.end)
    recording.is_cut |= part.is_cut
    recording.lost_s += decoder.lost_s
    if following is None:
        recording.lost_s += decoder.short_s
    elif not recording.has_tag(rest):  # garbage between the two: about as long as so many bytes of sound
        recording.lost_s += decoder.heard_s * (following.begin - rest) / (rest - part.begin)
    if following is not None:
        yield from _decoded(av, recording, following)


class _Decoder:
    """Decodes the packets of one stream, beyond those that are damaged.

    Attributes:
        begin, end: the byte of the first packet, and that after the last; 0 where packets have no position.
        heard_s: seconds that were decoded.
        lost_s: seconds within them that are missing or could not be.
        short_s: seconds that were promised, and did not come.
        is_cut: whether there should have been more at the end.
        is_framed: whether the file is nothing but packets, one behind the other.
    """

    def __init__(self, av: Any, container: Any, stream: Any, position: Callable[[], int]) -> None:
        self.begin = self.end = 0
        self.heard_s = self.lost_s = self.short_s = 0.0
        self.is_cut = False
        self._av = av
        self._container = container
        self._stream = stream
        self._position = position
        kind = container.format.name.split(",")[0]
        self.is_framed = kind in FRAMED
        self._has_sync = kind in ("mp3", "aac")
        is_exact = kind in EXACT
        self._promised_s = float(stream.duration * stream.time_base) if is_exact and stream.duration is not None else 0.0
        self._tolerance_s = 5e-4 if kind == "flac" else DELAY_S
        self._least_gap_s = GAPS_S.get(kind, math.inf)
        stream.codec_context.thread_count = 1
        if kind in CHECKED:
            stream.codec_context.options = {"err_detect": "crccheck+explode"}

    def frames(self) -> Iterator[Frame]:
        """Yield the sound in frames of about ``BLOCK_S``."""
        batch, missing_s, is_sound_missing = _Batch(), 0.0, False
        expected_s: float | None = None
        for packet in self._packets():
            try:
                decoded = packet.decode()
            except self._av.FFmpegError:
                decoded = []
                missing_s += self._duration_s(packet)
                is_sound_missing |= self._is_sound(packet)
            for one in decoded:
                if expected_s is not None and one.time is not None and one.time - expected_s >= self._least_gap_s:
                    missing_s = max(missing_s, one.time - expected_s)
                if missing_s or not batch.accepts(one):
                    yield from batch.frames()
                    batch = _Batch(missing_s)
                self.lost_s, missing_s, is_sound_missing = self.lost_s + missing_s, 0.0, False
                batch.add(one)
                self.heard_s += one.samples / one.sample_rate
                expected_s = None if one.time is None else one.time + one.samples / one.sample_rate
        yield from batch.frames()
        self.is_cut |= missing_s > 0 and is_sound_missing
        short_s = self._promised_s - self.heard_s - self.lost_s
        self.short_s = short_s if short_s > self._tolerance_s else 0.0

    def _packets(self) -> Iterator[Any]:
        """Yield the packets; behind a place where FFmpeg finds none, it is asked again as long as it gets on."""
        failed_at = -1
        while True:
            try:
                for packet in self._container.demux(self._stream):
                    if packet.pos is not None and packet.size:
                        self.begin = packet.pos if self.end == 0 else self.begin
                        self.end = max(self.end, packet.pos + packet.size)
                    yield packet
            except self._av.FFmpegError:
                if self._position() <= failed_at:
                    self.is_cut = True
                    return
                failed_at = self._position()
            else:
                return

    def _is_sound(self, packet: Any) -> bool:
        """Return whether a packet that cannot be decoded was meant to be sound: not padding behind the last frame."""
        return not self._has_sync or bytes(packet)[:1] == b"\xff"

    def _duration_s(self, packet: Any) -> float:
        """Return how much sound a packet had that cannot be decoded; 0 for a tag between frames of sound."""
        if not packet.size or bytes(packet)[:11].startswith(_TAGS):
            return 0.0
        return max(1e-3, float((packet.duration or 0) * self._stream.time_base))


class _Batch:
    """Decoded frames of one format that are passed on as one.

    Args:
        missing_s: seconds that are missing just before them.
    """

    def __init__(self, missing_s: float = 0.0) -> None:
        self._missing_s = missing_s
        self._format: tuple[int, int, str] | None = None
        self._values: list[NDArray[Any]] = []
        self._n = 0

    def accepts(self, decoded: Any) -> bool:
        """Return whether ``decoded`` may be added: of the same format, and not too much."""
        is_full = self._n >= BLOCK_S * decoded.sample_rate or self._n * decoded.layout.nb_channels >= MOST_BLOCK_VALUES
        return self._format in (None, _format(decoded)) and not is_full

    def add(self, decoded: Any) -> None:
        """Append it."""
        self._format = _format(decoded)
        self._values.append(decoded.to_ndarray())
        self._n += decoded.samples

    def frames(self) -> Iterator[Frame]:
        """Yield all as one frame, if there is any."""
        if self._format is None or not self._n:
            return
        rate_hz, channels, _ = self._format
        if rate_hz not in RATES_HZ:
            raise ValueError(rate_hz)
        values = np.concatenate(self._values, axis=1)
        samples = to_float32(values.T if len(values) == channels else values.reshape(-1, channels))
        yield Frame(samples, rate_hz, max(1, round(self._missing_s * rate_hz)) if self._missing_s else 0)


def _format(decoded: Any) -> tuple[int, int, str]:
    return decoded.sample_rate, decoded.layout.nb_channels, decoded.format.name
