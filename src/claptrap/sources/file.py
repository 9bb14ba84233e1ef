"""Recordings: read as fast as asked for, or played in real time as if they were a microphone."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from claptrap.audio.frame import Frame
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import InputError
from claptrap.sources.base import Sink
from claptrap.sources.container import claimed_size

BLOCK_S = 4
MAX_BLOCK_VALUES = 4_000_000  # samples × channels: 16 MB, whatever a header says
RATES_HZ = range(1_000, 1_000_001)
UNKNOWN_FRAMES = 1 << 40  # libsndfile answers 2⁶³ - 1 for a FLAC that was written to a pipe
SEEK_FAILED = 39  # libsndfile's SFE_INTERNAL_SEEK: how the end of such a FLAC shows

LATE_S = 1.0  # behind by more than this (the machine slept), playing goes on from here instead of racing


def read_frames(path: str | os.PathLike[str]) -> Iterator[Frame]:
    """Read a recording.

    Args:
        path: WAV, FLAC, MP3, OGG (Vorbis, Opus), AIFF or what else libsndfile knows; any rate, any number of channels. The
            content decides, not the name.

    Yields:
        Frames of about four seconds, without a seam.

    Raises:
        InputError: when the first frame is asked for ``file.missing``, ``file.folder``, ``file.unreadable``, ``file.empty``,
            ``file.not_audio``; after everything that could be read ``file.truncated``, ``file.unreadable``.
    """
    with _opened(path) as (recording, sound):
        n_read = 0
        for block in _blocks(recording, sound):
            n_read += len(block)
            yield Frame(block, sound.samplerate)
        recording.check_read_whole(n_read, sound)


def duration_s(path: str | os.PathLike[str]) -> float | None:
    """Return how long a recording says it is (MP3: about), for a progress bar; None where it does not say.

    Raises:
        InputError: like ``read_frames`` for the first frame.
    """
    with _opened(path) as (_, sound):
        return float(sound.frames / sound.samplerate) if sound.frames < UNKNOWN_FRAMES else None


class FileSource:
    """A recording played in real time, as a live source would give it.

    Args:
        path: as for ``read_frames``.
        loop: begin again at the end; the seam is told, so that it is not taken for an onset.
        clock: paces the playing.
    """

    def __init__(self, path: str | os.PathLike[str], *, loop: bool = False, clock: Clock | None = None) -> None:
        self._path = path
        self._loop = loop
        self._clock = clock or SystemClock()

    def run(self, sink: Sink) -> None:
        """Play; ends with the recording unless it loops. Raises InputError like ``read_frames``, at the same place."""
        pace = Pace(self._clock)
        is_live = False
        with sink.stop.waking(sink.pacing.wake):
            for block in self._blocks():
                if not is_live:
                    sink.live(block.rate_hz, block.samples.shape[1])
                    is_live = True
                for frame in _played(block, pace, sink):
                    sink.frame(frame)
                if sink.stop.is_set():
                    return

    def _blocks(self) -> Iterator[Frame]:
        """Yield the recording in large frames, once or for ever."""
        yield from read_frames(self._path)
        while self._loop:
            again = read_frames(self._path)
            first = next(again)
            yield Frame(first.samples, first.rate_hz, lost_samples=1)
            yield from again


class Pace:
    """When the next frame is due: each when its sound is over, counted from the first, so that waits do not add up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begin: float | None = None
        self._played_s = 0.0

    def wait_s(self, duration_s: float) -> float:
        """Return how long to wait until ``duration_s`` more seconds are over; 0 where that is past."""
        now = self._clock.monotonic()
        begin = now if self._begin is None else self._begin
        late_s = now - (begin + self._played_s + duration_s)
        self._begin = begin + late_s if late_s > LATE_S else begin
        return max(0.0, -late_s)

    def play(self, duration_s: float) -> None:
        """Count ``duration_s`` more seconds as played."""
        self._played_s += duration_s


def _played(block: Frame, pace: Pace, sink: Sink) -> Iterator[Frame]:
    """Yield ``block`` in frames as long as the sink wants them, each when its sound is over; end when it is to stop."""
    done, lost_samples = 0, block.lost_samples
    while done < len(block.samples):
        samples = block.samples[done : done + max(1, round(sink.pacing.block_s * block.rate_hz))]
        duration_s = len(samples) / block.rate_hz
        is_early = (wait_s := pace.wait_s(duration_s)) > 0 and sink.pacing.wait(wait_s)
        if sink.stop.is_set():
            return
        if not is_early:
            pace.play(duration_s)
            yield Frame(samples, block.rate_hz, lost_samples)
            done, lost_samples = done + len(samples), 0


# -- opening and reading ----------------------------------------------------------------------------------------------------


class Recording(io.FileIO):
    """An open file that knows what it should hold, and remembers what went wrong while libsndfile read it.

    libsndfile reads it through callbacks, from which no exception comes out. Opened by name, it would believe an
    ending ``.mp3`` against the content.

    Attributes:
        is_broken: set when the decoder gave up before the end.

    Raises:
        InputError: it cannot be opened, or is empty.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.is_broken = False
        self._shown = os.fsencode(path).decode("utf-8", "replace")
        self._failure: OSError | None = None
        try:
            self._check_kind(path)
            super().__init__(path)
            self._size = super().seek(0, os.SEEK_END)
            self._claimed = claimed_size(self, self._size) or 0
            super().seek(0)
        except (FileNotFoundError, NotADirectoryError) as exc:
            raise self.fault("file.missing") from exc
        except (OSError, ValueError) as exc:
            raise self._unreadable(exc) from exc

    def _check_kind(self, path: str | os.PathLike[str]) -> None:
        status = Path(path).stat()
        if stat.S_ISDIR(status.st_mode):
            raise self.fault("file.folder")
        if not stat.S_ISREG(status.st_mode):
            raise self.fault("file.unreadable", reason="not a regular file")
        if not status.st_size:
            raise self.fault("file.empty")

    @property
    def is_cut(self) -> bool:
        """Whether the container promises more than the file has."""
        return self._claimed > self._size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Like any file's; a position that cannot be leaves the file where it is, and libsndfile notices."""
        try:
            return super().seek(offset, whence)
        except OSError:
            return self.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer in typeshed; libsndfile gives a memoryview
        """Like any file's; a failure is kept for ``check_read_whole`` and looks like the end."""
        try:
            return super().readinto(buffer)
        except OSError as exc:
            self._failure = exc
            return 0

    def check_read_whole(self, n_read: int, sound: soundfile.SoundFile) -> None:
        """Raise what must be said after ``n_read`` samples per channel were read from ``sound`` and no more came."""
        if self._failure is not None:
            raise self._unreadable(self._failure) from self._failure
        promised = sound.frames if _knows_its_length(sound) else 0
        if self.is_cut or self.is_broken or n_read < promised:
            raise self._truncated(n_read / sound.samplerate)
        if not n_read:
            raise self.fault("file.empty")

    def refused(self, reason: str) -> InputError:
        """Return the error of a file that no decoder takes: it is cut within its first bytes, or no recording."""
        return self._truncated(0.0) if self.is_cut else self.fault("file.not_audio", reason=reason)

    def fault(self, code: str, reason: str | None = None) -> InputError:
        """Return an error that names this file."""
        params = {} if reason is None else {"reason": reason}
        return InputError(code, retryable=False, path=self._shown, **params)

    def _truncated(self, seconds: float) -> InputError:
        return InputError("file.truncated", path=self._shown, seconds=round(seconds, 2))

    def _unreadable(self, exc: Exception) -> InputError:
        return self.fault("file.unreadable", reason=getattr(exc, "strerror", None) or str(exc))


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[tuple[Recording, soundfile.SoundFile]]:
    with Recording(path) as recording, _decoder(recording) as sound:
        if sound.samplerate not in RATES_HZ:
            raise recording.fault("file.not_audio", reason=f"{sound.samplerate} Hz")
        yield recording, sound


def _decoder(recording: Recording) -> soundfile.SoundFile:
    try:
        return soundfile.SoundFile(recording)
    except soundfile.LibsndfileError as exc:
        raise recording.refused(exc.error_string.rstrip(".")) from exc
    except TypeError as exc:  # a name that ends in .raw: sound without a header
        raise recording.refused("no header") from exc


def _knows_its_length(sound: soundfile.SoundFile) -> bool:
    """Whether the number of samples is written in the file; for MP3 it is but an estimate."""
    return sound.format != "MP3" and int(sound.frames) < UNKNOWN_FRAMES


def _blocks(recording: Recording, sound: soundfile.SoundFile) -> Iterator[NDArray[np.float32]]:
    """Yield what can be decoded; end at the end or, having yielded what there was, at a fault."""
    n = max(1, min(BLOCK_S * sound.samplerate, MAX_BLOCK_VALUES // sound.channels))
    while True:
        block = np.full((n, sound.channels), np.nan, np.float32)  # NaN marks what a failing read did not fill
        try:
            block = sound.read(out=block)
        except soundfile.LibsndfileError as exc:
            unfilled = np.isnan(block).all(axis=1)
            yield block[: int(unfilled.argmax())] if unfilled.any() else block
            recording.is_broken = sound.frames < UNKNOWN_FRAMES or exc.code != SEEK_FAILED
            return
        if not len(block):
            return
        yield block
