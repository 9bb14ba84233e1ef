"""Recordings as people have them: cut, damaged, joined, with lengths that are not true. All is heard, or it is said.

Each file is made here, once: FFmpeg's encoders (PyAV) make the sound files, and what is odd about them is done by hand. The
claps in it are counted against those of the sound that went in.
"""

from __future__ import annotations

import io
import struct
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from claptrap.audio.claps import recording
from claptrap.audio.frame import RATE_HZ
from claptrap.audio.hopper import Hopper
from claptrap.core.errors import InputError
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.engine import Engine
from claptrap.detect.patterns import Detection, DetectionSettings
from claptrap.sources.recording import read_frames

pytestmark = pytest.mark.slow  # decoding of hundreds of odd files

N_CLAPS = 4
SPACING_S = 1.5
HZ = 48_000


@dataclass(frozen=True)
class Heard:
    """What is heard of a file: seconds of sound, onsets of claps, the code of the error at the end."""

    seconds: float
    claps: tuple[float, ...]
    code: str


@cache
def sound() -> NDArray[np.int16]:
    """Four claps, the first at 1 s."""
    made, _ = recording(N_CLAPS, HZ, spacing_s=SPACING_S)
    return np.round(made * 32_767).astype(np.int16)


@cache
def encoded(format_name: str, codec: str, rate_hz: int = HZ, options: tuple[tuple[str, str], ...] = ()) -> bytes:
    """Return the claps in one file."""
    if codec == "libvorbis":  # PyAV's FFmpeg has no such encoder
        out = io.BytesIO()
        soundfile.write(out, sound(), HZ, format="OGG", subtype="VORBIS")
        return out.getvalue()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"  # some of them are read again while they are written
        _encode(path, format_name, codec, rate_hz, dict(options))
        return path.read_bytes()


def _encode(path: Path, format_name: str, codec: str, rate_hz: int, options: dict[str, str]) -> None:
    with av.open(str(path), "w", format=format_name, options=options) as container:
        stream = container.add_stream(codec, rate=rate_hz, layout="mono")
        stream.bit_rate = 128_000
        frame = av.AudioFrame.from_ndarray(sound().reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = HZ
        resampler = av.AudioResampler(stream.codec_context.format, "mono", rate_hz, frame_size=stream.frame_size or 1_024)
        for piece in (*resampler.resample(frame), *resampler.resample(None), None):
            container.mux(stream.encode(piece))


NOXING = (("write_xing", "0"), ("id3v2_version", "0"))
FORMATS: dict[str, tuple[object, ...]] = {
    "wav": ("wav", "pcm_s16le"),
    "wav24": ("wav", "pcm_s24le"),
    "adpcm": ("wav", "adpcm_ms"),
    "w64": ("w64", "pcm_s16le"),
    "aiff": ("aiff", "pcm_s16be"),
    "caf": ("caf", "pcm_s16be"),
    "au": ("au", "pcm_s16be"),
    "flac": ("flac", "flac"),
    "mp3": ("mp3", "libmp3lame"),
    "mp3 without header": ("mp3", "libmp3lame", HZ, NOXING),
    "aac": ("adts", "aac"),
    "m4a": ("ipod", "aac"),
    "mp4 for streaming": ("mp4", "aac", HZ, (("movflags", "+faststart"),)),
    "mp4 in fragments": ("mp4", "aac", HZ, (("movflags", "frag_keyframe+empty_moov"),)),
    "alac": ("ipod", "alac"),
    "vorbis": ("ogg", "libvorbis"),
    "opus": ("ogg", "libopus"),
    "webm": ("webm", "libopus"),
    "mka": ("matroska", "aac"),
    "ts": ("mpegts", "aac"),
    "ac3": ("ac3", "ac3"),
    "wavpack": ("wv", "wavpack"),
    "tta": ("tta", "tta"),
    "avi": ("avi", "pcm_s16le"),
    "mulaw": ("wav", "pcm_mulaw", 8_000),
}


def made(name: str) -> bytes:
    return encoded(*FORMATS[name])


@cache
def models() -> tuple[object, object]:
    return load_clapnet(), load_confirmer()


def hear(content: bytes, folder: Path) -> Heard:
    path = folder / "recording"
    path.write_bytes(content)
    clapnet, confirmer = models()
    engine, hopper = Engine(clapnet, confirmer, None, DetectionSettings(0.5, 0.5)), Hopper()
    found: list[object] = []
    seconds, code = 0.0, ""
    try:
        for frame in read_frames(path):
            seconds += len(frame.samples) / frame.rate_hz
            found += engine.process(*hopper.push(frame))
    except InputError as error:
        code = error.code
    found += [*engine.process(*hopper.finish()), *engine.finish()]
    claps = tuple(one.onset / RATE_HZ for one in found if isinstance(one, Detection))
    return Heard(seconds, claps, code)


def near(onsets: Iterable[float], *wanted: float) -> bool:
    return np.allclose(tuple(onsets), wanted, atol=0.1) if len(tuple(onsets)) == len(wanted) else False


WHOLE_S = 1.0 + N_CLAPS * SPACING_S
ONSETS = tuple(1.0 + i * SPACING_S for i in range(N_CLAPS))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_heard_whole(tmp_path: Path, name: str) -> None:
    heard = hear(made(name), tmp_path)
    assert heard.code == ""
    assert heard.seconds == pytest.approx(WHOLE_S, abs=0.1)
    assert near(heard.claps, *ONSETS)


@pytest.mark.parametrize("name", FORMATS)
def test_two_recordings_in_one_file_are_both_heard(tmp_path: Path, name: str) -> None:
    """As ``cat a b`` joins them; chained Ogg is that by definition."""
    heard = hear(made(name) * 2, tmp_path)
    assert heard.code == ""
    assert heard.seconds == pytest.approx(2 * WHOLE_S, abs=0.2)
    assert near(heard.claps[:N_CLAPS], *ONSETS)
    assert len(heard.claps) >= 2 * N_CLAPS - 1  # a seam is no clap, and may hide one that follows it closely


@pytest.mark.parametrize(("first", "second"), [("vorbis", "opus"), ("wav", "wav24"), ("flac", "flac"), ("wav", "flac")])
def test_recordings_of_two_kinds_in_one_file_are_both_heard(tmp_path: Path, first: str, second: str) -> None:
    heard = hear(made(first) + made(second), tmp_path)
    assert heard.code == ""
    assert heard.seconds == pytest.approx(2 * WHOLE_S, abs=0.2)
    assert len(heard.claps) == 2 * N_CLAPS


def test_another_rate_after_the_first(tmp_path: Path) -> None:
    slow = encoded("wav", "pcm_s16le", 16_000)
    assert len(hear(made("wav") + slow, tmp_path).claps) == 2 * N_CLAPS


CUTTABLE = [
    name for name in FORMATS if name not in ("m4a", "alac", "ts", "ac3")
]  # the first two follow; broadcasts have no end


@pytest.mark.parametrize("name", CUTTABLE)
def test_a_cut_is_said_and_what_is_left_is_heard(tmp_path: Path, name: str) -> None:
    content = made(name)
    heard = hear(content[: len(content) * 6 // 10], tmp_path)
    assert heard.code in ("file.truncated", "file.damaged")
    assert heard.seconds > 0.45 * WHOLE_S
    assert len(heard.claps) >= 2


@pytest.mark.parametrize("name", ["m4a", "alac"])
def test_without_its_index_at_the_end_nothing_can_be_heard_and_that_is_said(tmp_path: Path, name: str) -> None:
    content = made(name)
    assert hear(content[: len(content) * 6 // 10], tmp_path).code in ("file.truncated", "file.not_audio")


def garbage(n: int) -> bytes:
    return np.random.default_rng(7).integers(0, 256, n, dtype=np.uint8).tobytes()


DAMAGED = ["flac", "mp3", "mp3 without header", "aac", "vorbis", "opus", "webm", "mka", "ac3", "ts"]


@pytest.mark.parametrize("inserted", [False, True], ids=["overwritten", "inserted"])
@pytest.mark.parametrize("name", DAMAGED)
def test_behind_a_damaged_middle_hearing_goes_on(tmp_path: Path, name: str, inserted: bool) -> None:
    """Between the second clap and the third; the last is heard, and the damage is said."""
    content, n = made(name), 2_000
    middle = len(content) * 46 // 100
    heard = hear(content[:middle] + garbage(n) + content[middle + (0 if inserted else n) :], tmp_path)
    assert heard.code == "file.damaged"
    assert heard.claps
    assert heard.claps[-1] == pytest.approx(ONSETS[-1], abs=1.2)  # Matroska loses a whole cluster
    assert heard.seconds > 0.3 * WHOLE_S


@pytest.mark.parametrize("name", ["vorbis", "opus", "mp3", "flac", "aac"])
def test_behind_much_garbage_hearing_goes_on(tmp_path: Path, name: str) -> None:
    """More than the 64 kB in which FFmpeg looks for the next page of an Ogg."""
    content = made(name)
    middle = len(content) * 46 // 100
    heard = hear(content[:middle] + garbage(200_000) + content[middle:], tmp_path)
    assert heard.code == "file.damaged"
    assert heard.claps[-1] > ONSETS[1]


# -- lengths that are not true ----------------------------------------------------------------------------------------------


def with_length(content: bytes, name: bytes, order: str, length: int, width: int = 4) -> bytes:
    at = content.index(name) + len(name)
    return content[:at] + length.to_bytes(width, "little" if order == "<" else "big") + content[at + width :]


W64_DATA = b"data\xf3\xac\xd3\x11\x8c\xd1\x00\xc0\x4f\x8e\xdb\x8a"
LENGTHS: dict[str, Callable[[int], bytes]] = {
    "wav": lambda n: with_length(made("wav"), b"data", "<", n),
    "wav24": lambda n: with_length(made("wav24"), b"data", "<", n),
    "w64": lambda n: with_length(made("w64"), W64_DATA, "<", n + 24, 8),
    "aiff": lambda n: with_length(made("aiff"), b"SSND", ">", n),
    "caf": lambda n: with_length(made("caf"), b"data", ">", n, 8),
    "au": lambda n: made("au")[:8] + struct.pack(">I", n) + made("au")[12:],
}


@pytest.mark.parametrize("length", [0, 9_600])
@pytest.mark.parametrize("name", LENGTHS)
def test_a_length_that_was_never_brought_up_to_date_is_not_believed(tmp_path: Path, name: str, length: int) -> None:
    """A recorder that was killed left a length of nothing, or of its first tenth of a second."""
    heard = hear(LENGTHS[name](length), tmp_path)
    assert heard.code == ""
    assert heard.seconds == pytest.approx(WHOLE_S, abs=0.1)
    assert near(heard.claps, *ONSETS)


@pytest.mark.parametrize("length", [0x7FFF_FFFF, 0x7FFF_F024, 0x8000_0000, 0xFFFF_FFFF])
def test_a_wav_from_a_pipe_before_another_is_heard_and_so_is_the_other(tmp_path: Path, length: int) -> None:
    heard = hear(LENGTHS["wav"](length) * 2, tmp_path)
    assert (heard.code, len(heard.claps)) == ("", 2 * N_CLAPS)


@pytest.mark.parametrize(
    "chunk",
    [
        b"LIST" + struct.pack("<I", 26) + b"INFOISFT" + struct.pack("<I", 13) + b"a program 1.0\0",
        b"id3 " + struct.pack("<I", 60_000) + garbage(60_000),
        b"TAG" + b"title".ljust(125, b"\0"),
        b"\0" * 5,
    ],
    ids=["LIST", "id3", "ID3v1", "padding"],
)
def test_what_follows_the_sound_is_not_heard_as_sound(tmp_path: Path, chunk: bytes) -> None:
    heard = hear(made("wav") + chunk, tmp_path)
    assert heard == hear(made("wav"), tmp_path)


@pytest.mark.parametrize("tag", [b"TAG" + b"title".ljust(125, b"\0"), b"APETAGEX" + bytes(24)], ids=["ID3v1", "APE"])
@pytest.mark.parametrize("name", ["mp3", "mp3 without header", "wavpack", "tta", "aac"])
def test_a_tag_at_the_end_is_no_damage(tmp_path: Path, name: str, tag: bytes) -> None:
    heard = hear(made(name) + tag, tmp_path)
    assert (heard.code, len(heard.claps)) == ("", N_CLAPS)


@pytest.mark.parametrize("padding", [bytes(70_000), b"hello world " * 200], ids=["zeros", "text"])
@pytest.mark.parametrize("name", ["mp3", "mp3 without header", "flac", "opus", "m4a", "webm", "aac"])
def test_padding_at_the_end_is_no_damage(tmp_path: Path, name: str, padding: bytes) -> None:
    heard = hear(made(name) + padding, tmp_path)
    assert (heard.code, len(heard.claps)) == ("", N_CLAPS)


def test_a_chunk_behind_an_odd_length_that_was_not_padded_is_not_heard(tmp_path: Path) -> None:
    """As some programs write it."""
    content = LENGTHS["wav"](len(made("wav")) - made("wav").index(b"data") - 9)[:-1]
    heard = hear(content + b"LIST" + struct.pack("<I", 4) + b"INFO", tmp_path)
    assert (heard.code, len(heard.claps)) == ("", N_CLAPS)


def test_a_tag_between_two_mp3_is_no_damage(tmp_path: Path) -> None:
    """With a cover in it, as music players write it."""
    size = 30_000
    tag = b"ID3\x03\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + garbage(size)
    heard = hear(tag + made("mp3") + tag + made("mp3"), tmp_path)
    assert (heard.code, len(heard.claps)) == ("", 2 * N_CLAPS)


def test_a_playlist_leads_nowhere(tmp_path: Path) -> None:
    """A file that names other files or addresses is no recording: nothing is opened but what a person chose."""
    (tmp_path / "a.wav").write_bytes(made("wav"))
    lists = [b"ffconcat version 1.0\nfile a.wav\n", b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\na.wav\n#EXT-X-ENDLIST\n"]
    for content in lists:
        assert hear(content, tmp_path) == Heard(0.0, (), "file.not_audio")
