"""Recordings are heard whole, or the reason is said in one error."""

from __future__ import annotations

import os
import struct
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from claptrap.audio.frame import Frame
from claptrap.core.clock import Clock
from claptrap.core.errors import InputError
from claptrap.sources.base import StopSignal
from claptrap.sources.file import FileSource
from claptrap.sources.mpeg import mpeg_header
from claptrap.sources.pacing import LONG_S, SHORT_S, Pacing
from claptrap.sources.recording import duration_s, read_frames

FORMS = {
    "wav": ("WAV", "PCM_16", 44_100),
    "wav24": ("WAV", "PCM_24", 48_000),
    "float": ("WAV", "FLOAT", 22_050),
    "adpcm": ("WAV", "IMA_ADPCM", 16_000),
    "rf64": ("RF64", "PCM_16", 44_100),
    "flac": ("FLAC", "PCM_16", 96_000),
    "aiff": ("AIFF", "PCM_16", 44_100),
    "vorbis": ("OGG", "VORBIS", 44_100),
    "opus": ("OGG", "OPUS", 48_000),
    "mp3": ("MP3", "MPEG_LAYER_III", 44_100),
    "mp3-16k": ("MP3", "MPEG_LAYER_III", 16_000),
}
LOSSY = {"adpcm", "vorbis", "opus", "mp3", "mp3-16k"}
GIVEN_UP = {"wav": 0.01, "rf64": 0.01, "aiff": 0.01, "flac": 0.05, "mp3": 0.1, "mp3-16k": 0.2, "vorbis": 0.5, "opus": 0.5}
# ^ the part of these short recordings that may be lost with a cut: a block, in Ogg a whole page and the decoder's headers
SECONDS = 5.3  # more than one block


def music(rate_hz: int, seconds: float = SECONDS, channels: int = 2) -> NDArray[np.float32]:
    time = np.arange(int(rate_hz * seconds))[:, None] / rate_hz
    tones = np.array([440.0, 1_333.0, 220.0])[:channels]
    loudness = 0.2 + 0.1 * np.sin(2 * np.pi * 0.7 * time)
    return (loudness * np.sin(2 * np.pi * tones * time)).astype(np.float32)


def write(folder: Path, form: str, sound: NDArray[np.float32] | None = None) -> Path:
    container, subtype, rate_hz = FORMS[form]
    path = folder / f"{form}.recording"  # the content decides, not the name
    soundfile.write(path, music(rate_hz) if sound is None else sound, rate_hz, format=container, subtype=subtype)
    return path


def hear(path: Path) -> tuple[NDArray[np.float32], InputError | None]:
    """Return all that could be read, and the error that ended it."""
    blocks: list[NDArray[np.float32]] = [np.zeros((0, 2), np.float32)]
    try:
        blocks.extend(frame.samples for frame in read_frames(path))
    except InputError as error:
        return np.concatenate(blocks), error
    return np.concatenate(blocks), None


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_read_whole(tmp_path: Path, form: str) -> None:
    """What was written is heard, in blocks, at its own rate."""
    rate_hz = FORMS[form][2]
    path = write(tmp_path, form)
    frames = list(read_frames(path))
    assert len(frames) > 1
    assert {frame.rate_hz for frame in frames} == {rate_hz}
    assert not any(frame.lost_samples for frame in frames)
    heard, written = np.concatenate([frame.samples for frame in frames]), music(rate_hz)
    assert abs(len(heard) - len(written)) <= (2_000 if form in LOSSY else 0)
    middle = slice(rate_hz, 4 * rate_hz)
    assert np.abs(heard[middle] - written[middle]).max() < (0.06 if form in LOSSY else 1e-4)
    assert duration_s(path) == pytest.approx(SECONDS, abs=0.1)


@pytest.mark.parametrize("form", ["wav", "rf64", "flac", "aiff", "vorbis", "opus", "mp3", "mp3-16k", "mp3 without Xing"])
def test_any_cut_is_noticed_after_all_that_remains_was_heard(tmp_path: Path, form: str) -> None:
    """Wherever a recording is cut, what remains of its sound is heard first, then one error says how far."""
    base = form.removesuffix(" without Xing")
    path = write(tmp_path, base)
    content = path.read_bytes()
    if form != base:
        content = content[mpeg_length(content) :]
        path.write_bytes(content)
    whole, error = hear(path)
    assert error is None
    rng = np.random.default_rng(0)
    for n in (300, len(content) // 2, len(content) - 2, len(content) - 1, *rng.integers(300, len(content), 12).tolist()):
        path.write_bytes(content[:n])
        heard, error = hear(path)
        assert error is not None
        assert error.code == "file.truncated", n
        assert error.params["seconds"] == round(len(heard) / FORMS[base][2], 2)
        assert len(heard) <= len(whole)
        assert len(heard) >= len(whole) * (n / len(content) - GIVEN_UP[base]), n
        sure = max(0, len(heard) - 3_000)  # a decoder fades or guesses at the cut itself
        assert np.abs(heard[:sure] - whole[:sure]).max(initial=0) < 1e-3


def mpeg_length(content: bytes) -> int:
    header = mpeg_header(content[:4])
    assert header is not None
    return header.length


@pytest.mark.parametrize("size", [0x7FFF_FFFF, 0x7FFF_F024, 0x8000_0000, 0xFFFF_FFFF])
def test_a_wav_from_a_pipe_is_not_taken_for_cut(tmp_path: Path, size: int) -> None:
    """A program that writes to a pipe cannot know the length; what it writes instead means "until the end"."""
    path = write(tmp_path, "wav")
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[4:8] = content[at : at + 4] = struct.pack("<I", size)
    path.write_bytes(content)
    heard, error = hear(path)
    assert error is None
    assert len(heard) == len(music(44_100))


def test_a_wav_that_was_never_closed_is_heard(tmp_path: Path) -> None:
    """A recorder that lost its power left an empty length behind, and sound."""
    path = write(tmp_path, "wav")
    content = bytearray(path.read_bytes())
    at = content.index(b"data") + 4
    content[4:8], content[at : at + 4] = struct.pack("<I", 8), bytes(4)
    path.write_bytes(content)
    assert len(hear(path)[0]) == len(music(44_100))


def test_a_flac_from_a_pipe_is_read_whole_and_its_cut_is_noticed(tmp_path: Path) -> None:
    """A FLAC without a length ends well at its end, and not in the middle of a block."""
    path = write(tmp_path, "flac")
    whole, _ = hear(path)
    content = bytearray(path.read_bytes())
    content[21] &= 0xF0
    content[22:26] = bytes(4)  # STREAMINFO's number of samples: unknown
    path.write_bytes(content)
    assert duration_s(path) is None
    heard, error = hear(path)
    assert error is None
    assert np.array_equal(heard, whole)
    path.write_bytes(content[: len(content) // 2])
    heard, error = hear(path)
    assert error is not None
    assert error.code == "file.truncated"
    assert len(heard) > len(whole) * 0.4


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"once upon a time " * 1_000, "file.not_audio"),
        (bytes(5_000), "file.not_audio"),
        (bytes(range(256)) * 100, "file.not_audio"),
        (b"RIFF\x00\x00\x00\x00WAVE" + b"junk\x00\x00\x00\x00" * 5_000, "file.not_audio"),
        (b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f", "file.truncated"),
    ],
)
@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.raw", "a"])
def test_what_is_no_recording_is_one_error_and_no_noise(
    tmp_path: Path, name: str, content: bytes, code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever its name, the content decides; decoders do not speak to the terminal."""
    path = tmp_path / name
    path.write_bytes(content)
    heard, error = hear(path)
    assert error is not None
    assert error.code == code
    assert not len(heard)
    assert str(path) in str(error)
    assert capfd.readouterr().err == ""


def test_a_recording_of_nothing_is_empty(tmp_path: Path) -> None:
    """A header without a sample is an empty recording, not a success."""
    for form in ("wav", "flac", "aiff"):
        _, error = hear(write(tmp_path, form, np.zeros((0, 2), np.float32)))
        assert error is not None
        assert error.code == "file.empty"


def test_missing_folder_and_fifo_are_told_apart(tmp_path: Path) -> None:
    """Each has its own words; none of them blocks."""
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "plain").write_bytes(b"x")
    cases = {"none": "file.missing", ".": "file.folder", "fifo": "file.unreadable", "plain/none": "file.missing"}
    for name, code in cases.items():
        _, error = hear(tmp_path / name)
        assert error is not None
        assert error.code == code
    _, error = hear(Path("a\0b"))
    assert error is not None
    assert error.code == "file.unreadable"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_says_so(tmp_path: Path) -> None:
    """Missing permission is told with the system's own reason."""
    path = write(tmp_path, "wav")
    path.chmod(0)
    _, error = hear(path)
    assert error is not None
    assert error.code == "file.unreadable"
    assert "ermission" in str(error)


def test_a_name_that_is_no_text_can_be_told(tmp_path: Path) -> None:
    """A file name may hold any bytes; its error can be printed and sent as JSON."""
    _, error = hear(tmp_path / os.fsdecode(b"caf\xe9.wav"))
    assert error is not None
    str(error).encode()


class PatientSink(Clock):
    """A sink whose clock moves only when somebody waits: an hour plays in milliseconds."""

    def __init__(self, stop_after: int = 1 << 40) -> None:
        self.stop = self.pacing = self  # the source waits on it, and reads the clock of the one that waits
        self.block_s = 0.02
        self.now = 1_000.0
        self.frames: list[Frame] = []
        self.arrivals: list[float] = []
        self.form: tuple[int, int] | None = None
        self._stop_after = stop_after

    def wait(self, timeout: float) -> bool:
        assert timeout <= 0.5
        self.now += timeout
        return False

    def is_set(self) -> bool:
        return len(self.frames) >= self._stop_after

    def wake(self) -> None:
        raise AssertionError("nothing wakes a source here but the test")

    def waking(self, wake: object) -> AbstractContextManager[None]:  # noqa: ARG002  # as of a stop signal
        return nullcontext()

    def monotonic(self) -> float:
        return self.now

    def unix(self) -> float:
        raise AssertionError("playing needs no calendar")

    def live(self, rate_hz: int, channels: int) -> None:
        assert self.form is None
        self.form = (rate_hz, channels)

    def frame(self, frame: Frame) -> None:
        self.now += 0.003  # hearing takes its time
        self.frames.append(frame)
        self.arrivals.append(self.now)


def play(path: Path, sink: PatientSink, *, loop: bool = False) -> None:
    FileSource(path, loop=loop, clock=sink).run(sink)


def test_a_recording_plays_in_real_time_without_drift(tmp_path: Path) -> None:
    """Each frame comes when its sound is over, however long hearing takes; nothing is left out."""
    path = write(tmp_path, "wav")
    sink = PatientSink()
    play(path, sink)
    assert sink.form == (44_100, 2)
    assert np.array_equal(np.concatenate([f.samples for f in sink.frames]), hear(path)[0])
    ends = np.cumsum([len(f.samples) for f in sink.frames]) / 44_100
    assert np.allclose(np.array(sink.arrivals) - 1_000.0, ends + 0.003)


def test_after_a_sleep_playing_goes_on_instead_of_racing(tmp_path: Path) -> None:
    """A machine that slept for a minute does not hear a minute at once."""
    sink = PatientSink()
    hear_once = sink.frame

    def sleepy(frame: Frame) -> None:
        hear_once(frame)
        if len(sink.frames) == 50:
            sink.now += 60

    sink.frame = sleepy
    play(write(tmp_path, "wav"), sink)
    waits = np.diff(sink.arrivals)
    assert waits[49] > 59
    assert np.median(waits[50:]) == pytest.approx(0.02, abs=0.001)


def test_a_frame_that_is_wanted_sooner_comes_sooner(tmp_path: Path) -> None:
    """A candidate waits for the sound after it: what is played is then given in short frames, without a gap."""

    class WakingSink(PatientSink):
        def __init__(self) -> None:
            super().__init__(stop_after=7)
            self.block_s = LONG_S

        def wait(self, timeout: float) -> bool:
            if len(self.frames) != 1 or self.block_s == SHORT_S:
                return super().wait(timeout)
            self.now += 0.03  # into the second frame: a candidate was found
            self.block_s = SHORT_S
            return True

    sink = WakingSink()
    path = write(tmp_path, "wav")
    play(path, sink)
    assert [len(f.samples) for f in sink.frames] == [4410, *[882] * 6]
    assert np.array_equal(np.concatenate([f.samples for f in sink.frames]), hear(path)[0][: 4410 + 6 * 882])
    assert np.allclose(np.array(sink.arrivals[2:]) - 1_000.0, 0.1 + np.arange(2, 7) * 0.02 + 0.003)
    assert sink.arrivals[1] - sink.arrivals[0] == pytest.approx(0.033)


def test_a_loop_goes_on_and_tells_the_seam(tmp_path: Path) -> None:
    """A looped recording plays again and again; each seam is marked, the time is not disturbed."""
    path = write(tmp_path, "wav", music(44_100, 0.5))
    sink = PatientSink(stop_after=60)
    play(path, sink, loop=True)
    assert [i for i, f in enumerate(sink.frames) if f.lost_samples] == [25, 50]
    assert sink.arrivals[-1] - 1_000 == pytest.approx(60 * 0.02, abs=0.005)


def test_a_cut_recording_is_played_before_it_is_told(tmp_path: Path) -> None:
    """What there is is heard; then the error ends the run."""
    path = write(tmp_path, "wav")
    path.write_bytes(path.read_bytes()[:-100_000])
    sink = PatientSink()
    with pytest.raises(InputError) as caught:
        play(path, sink)
    assert caught.value.code == "file.truncated"
    assert sum(len(f.samples) for f in sink.frames) == len(hear(path)[0])


def test_stop_ends_a_recording_that_waits(tmp_path: Path) -> None:
    """The stop event of a real sink ends playing at once."""

    class RealSink:
        stop = StopSignal()
        pacing = Pacing()
        n_frames = 0

        def live(self, rate_hz: int, channels: int) -> None: ...

        def frame(self, frame: Frame) -> None:  # noqa: ARG002  # Sink's signature
            self.n_frames += 1
            self.stop.set()

    sink = RealSink()
    FileSource(write(tmp_path, "wav"), loop=True).run(sink)
    assert sink.n_frames == 1
