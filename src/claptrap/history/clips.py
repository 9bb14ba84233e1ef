"""The sound around detections, as FLAC files in a folder of their own, written by a thread of their own.

The folder is the whole truth: a file is named after its detection and dated at its onset. Never in the way of hearing: what
comes while ``MOST_WAITING`` clips wait is dropped and counted.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from claptrap.audio.clip import Clip, Samples
from claptrap.audio.frame import RATE_HZ
from claptrap.core.clock import Clock
from claptrap.core.errors import ClapTrapError, ServiceError
from claptrap.core.rate_limit import RateLimitedCounter
from claptrap.history.steady_clock import SteadyClock

MAX_WAITING = 64  # 10 MB of samples
LEAVE_FREE_BYTES = 200_000_000  # of the disk, for what matters more than clips
DAY_S = 86_400.0
MB = 1_000_000
_FOR_EVER = float("inf")
_ID = re.compile(r"[a-z0-9-]+:[A-Za-z0-9-]+:[0-9]+", re.ASCII)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Total:
    """How many clips there are, and how many bytes they take."""

    clips: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _File:
    timestamp: float
    size_bytes: int


class Clips:
    """Owns the thread ``clips``. A ``ClipSink``; safe from any thread. Start once, stop once.

    Args:
        folder: made with the first clip.
        clock: the machine's.
        tried: called after each clip, with its detection's id, or with None where it could not be written.
    """

    def __init__(self, folder: Path, clock: Clock, tried: Callable[[str | None], None]) -> None:
        self._folder = folder
        self._clock = clock
        self._tried = tried
        self._keep_s = _FOR_EVER
        self._max_bytes = _FOR_EVER
        self._files: dict[str, _File] = {}
        self._forgotten = -_FOR_EVER  # no clip from before this moment may appear any more
        self._trouble: ClapTrapError | None = None
        self._lock = threading.Lock()
        self._queue: deque[Clip] = deque()
        self._ready = threading.Condition()
        self._is_ending = False
        self._dropped = RateLimitedCounter()
        self._steady = SteadyClock(clock)
        self._thread = threading.Thread(target=self._run, name="clips")

    # -- life -----------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Find the clips that are there, and begin. Never raises."""
        with self._lock:
            try:
                self._files = _found(self._folder)
            except OSError as error:
                self._fail(error)
        self._thread.start()

    def stop(self) -> None:
        """Write what waits, and end."""
        with self._ready:
            self._is_ending = True
            self._ready.notify()
        self._thread.join()

    def set_limits(self, days: float, megabytes: float) -> None:
        """Bound what is kept, by age and in all; from the next clip or ``maintain`` on."""
        with self._lock:
            self._keep_s, self._max_bytes = days * DAY_S, megabytes * MB
            self._trouble = None  # clips may be switched off by now; else the next one finds out

    def maintain(self) -> None:
        """Forget what is too old or too much. To be called now and then."""
        with self._lock, contextlib.suppress(ServiceError):  # said by ``problems``
            newest_at = max((file.timestamp for file in self._files.values()), default=None)
            if self._steady.is_trusted(newest_at):
                deleted = self._forget_before(self._clock.unix() - self._keep_s)
                if deleted:
                    _log.info("clips: %d were older than %.0f days, and are deleted", deleted, self._keep_s / DAY_S)
            self._forget_beyond()

    def problems(self) -> Sequence[ClapTrapError]:
        """Return why clips cannot be kept, or could not be when that was last tried."""
        return [self._trouble] if self._trouble is not None else []

    # -- clips ----------------------------------------------------------------------------------------------------------

    def offer(self, clip: Clip) -> None:
        """Take a clip to be written; drop it when too many wait."""
        with self._ready:
            if len(self._queue) < MAX_WAITING and not self._is_ending:
                self._queue.append(clip)
                self._ready.notify()
            elif self._dropped.add(time.monotonic()):
                _log.warning("clips: the disk is too slow, %d were dropped in all", self._dropped.total)

    def has(self, event_id: str) -> bool:
        """Return whether there is a clip of a detection."""
        return event_id in self._files

    def find(self, event_id: str) -> Path | None:
        """Return the file of a detection's clip; it may be gone a moment later."""
        return self._path(event_id) if event_id in self._files else None

    def total(self) -> Total:
        """Return how much there is."""
        with self._lock:
            return Total(len(self._files), self._size_bytes())

    def delete(self, event_id: str) -> bool:
        """Delete the clip of a detection; False if there is none.

        Raises:
            ServiceError: ``clips.unwritable``.
        """
        with self._lock:
            if event_id not in self._files:
                return False
            self._remove(event_id)
            return True

    def delete_before(self, before: float = _FOR_EVER) -> int:
        """Delete all clips of detections before a time (UTC Unix seconds), those still to be written too; return how many.

        Raises:
            ServiceError: ``clips.unwritable``.
        """
        with self._lock:
            self._forgotten = max(self._forgotten, min(before, self._clock.unix()))
            return self._forget_before(before)

    # -- inside ---------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while (clip := self._next()) is not None:
            try:
                kept = self._write(clip)
            except Exception:  # noqa: BLE001  # the supervisor contains it: one clip must not end all that follow
                _log.exception("the clip of %s could not be kept", clip.event_id)
                kept = False
            self._tried(clip.event_id if kept else None)

    def _next(self) -> Clip | None:
        with self._ready:
            self._ready.wait_for(lambda: self._queue or self._is_ending)
            return self._queue.popleft() if self._queue else None

    def _write(self, clip: Clip) -> bool:
        """Write a clip to its file, whole or not at all; return whether it is kept."""
        sound = flac(clip.samples)
        part = self._folder / "new.part"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check_room(self._folder)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                file.write(sound)
            os.utime(part, (clip.timestamp, clip.timestamp))
            with self._lock:
                return self._commit(clip, part, len(sound))
        except (OSError, ServiceError) as error:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            self._fail(error)
            return False

    def _commit(self, clip: Clip, part: Path, size_bytes: int) -> bool:
        """Make a file that was written a clip, unless it has been forgotten meanwhile. Under the lock."""
        if clip.timestamp < self._forgotten:
            part.unlink()
            return False
        part.replace(self._path(clip.event_id))
        self._files[clip.event_id] = _File(clip.timestamp, size_bytes)
        self._trouble = None
        with contextlib.suppress(
            ServiceError
        ):  # said by ``problems``: an old one that cannot go makes this one no less kept
            self._forget_beyond()
        return True

    def _forget_before(self, before: float) -> int:
        old = [event_id for event_id, file in self._files.items() if file.timestamp < before]
        for event_id in old:
            self._remove(event_id)
        return len(old)

    def _forget_beyond(self) -> None:
        """Delete the oldest until the rest is not too much."""
        size, deleted = self._size_bytes(), 0
        for event_id, file in sorted(self._files.items(), key=lambda item: item[1].timestamp):
            if size <= self._max_bytes:
                break
            self._remove(event_id)
            size, deleted = size - file.size_bytes, deleted + 1
        if deleted:
            _log.info("clips: the oldest %d are deleted: all together were above %.0f MB", deleted, self._max_bytes / MB)

    def _size_bytes(self) -> int:
        return sum(file.size_bytes for file in self._files.values())

    def _remove(self, event_id: str) -> None:
        try:
            self._path(event_id).unlink(missing_ok=True)
        except OSError as error:
            raise self._fail(error) from error
        del self._files[event_id]

    def _path(self, event_id: str) -> Path:
        if not _ID.fullmatch(event_id):
            raise ValueError(f"no event has the id {event_id!r}")
        return self._folder / f"{event_id.replace(':', '.')}.flac"

    def _fail(self, error: OSError | ServiceError) -> ClapTrapError:
        """Keep why clips cannot be kept, and return it; say it once."""
        problem = error
        if isinstance(problem, OSError):
            problem = ServiceError("clips.unwritable", path=str(self._folder), reason=problem.strerror or str(problem))
        if self._trouble is None or self._trouble.code != problem.code:
            _log.error("clips: %s", problem)
        self._trouble = problem
        return problem


def flac(samples: Samples) -> bytes:
    """Return the FLAC file of samples (n,) at 16 kHz, in [-1, 1]: mono, 16 bits."""
    file = io.BytesIO()
    import soundfile  # noqa: PLC0415  # takes 1.5 MB: not loaded where no source wants clips

    sound = np.rint(np.clip(samples, -1.0, 1.0) * 32_767).astype(np.int16)
    soundfile.write(file, sound, RATE_HZ, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def flac_samples(path: Path) -> Samples:
    """Return the (n,) float32 samples in a file that ``flac`` made. Raises OSError where it cannot be read."""
    import soundfile  # noqa: PLC0415  # as above

    try:
        samples: Samples = soundfile.read(path, dtype="float32")[0]
    except soundfile.SoundFileError as error:
        raise OSError(str(error)) from error
    return samples


def _check_room(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < LEAVE_FREE_BYTES:
        raise ServiceError("clips.disk_full", free_mb=free // MB, leave_mb=LEAVE_FREE_BYTES // MB)


def _found(folder: Path) -> dict[str, _File]:
    """Return the clips in a folder; what was being written when the power went is deleted."""
    files: dict[str, _File] = {}
    if not folder.exists():
        return files
    for path in folder.iterdir():
        event_id = path.stem.replace(".", ":")
        if path.suffix == ".part":
            path.unlink(missing_ok=True)
        elif path.suffix == ".flac" and _ID.fullmatch(event_id):
            found = path.stat()
            files[event_id] = _File(found.st_mtime, found.st_size)
    return files
