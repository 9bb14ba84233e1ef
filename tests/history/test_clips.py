"""Clips are kept as far as they may be, never in anybody's way, and gone when they shall be gone."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from claptrap.audio.clip import Clip, Samples
from claptrap.core.clock import SystemClock
from claptrap.core.errors import ServiceError
from claptrap.history import clips as clips_module
from claptrap.history.clips import MAX_WAITING, Clips

PATIENT_S = 30.0


def clip(sequence: int, *, age_s: float = 0.0) -> Clip:
    noise = np.random.default_rng(sequence).uniform(-0.5, 0.5, 40_000).astype(np.float32)
    return Clip(f"salon:19a:{sequence}", time.time() - age_s, noise)


class Keeping:
    """Clips of a folder, and what was told of them."""

    def __init__(self, folder: Path) -> None:
        self.told: list[str | None] = []
        self._grown = threading.Condition()
        self.clips = Clips(folder, SystemClock(), self._tell)

    def _tell(self, event_id: str | None) -> None:
        with self._grown:
            self.told.append(event_id)
            self._grown.notify_all()

    def keep(self, *clips: Clip) -> None:
        """Offer clips and wait until each was tried."""
        n = len(self.told) + len(clips)
        for one in clips:
            self.clips.offer(one)
        with self._grown:
            assert self._grown.wait_for(lambda: len(self.told) >= n, PATIENT_S)


@contextmanager
def keeping(folder: Path) -> Iterator[Keeping]:
    keeping = Keeping(folder)
    keeping.clips.start()
    try:
        yield keeping
    finally:
        keeping.clips.stop()


def test_a_clip_is_a_flac_file_with_its_sound_also_after_a_restart(tmp_path: Path) -> None:
    """To half a step of 16 bits; nobody else may read it."""
    with keeping(tmp_path / "clips") as kept:
        assert not (tmp_path / "clips").exists()
        kept.keep(clip(0), clip(1))
        assert kept.told == ["salon:19a:0", "salon:19a:1"]
    with keeping(tmp_path / "clips") as kept:
        path = kept.clips.find("salon:19a:1")
        assert path is not None
        samples, rate = soundfile.read(path, dtype="float32")
        assert rate == 16_000
        assert np.abs(samples - clip(1).samples).max() < 1e-4
        assert path.stat().st_mode & 0o077 == 0
        assert path.stat().st_mtime == pytest.approx(time.time(), abs=PATIENT_S)
        assert kept.clips.total().clips == 2
        assert kept.clips.total().size_bytes == sum(p.stat().st_size for p in path.parent.iterdir())
        assert kept.clips.find("../../etc/passwd") is None


def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    """Also those that come late: what is old by its onset goes first."""
    with keeping(tmp_path) as kept:
        kept.keep(clip(0, age_s=10))
        one = kept.clips.total().size_bytes
        kept.clips.set_limits(days=7, megabytes=3.5 * one / 1e6)
        kept.keep(clip(1), clip(2), clip(3), clip(4, age_s=20))
        assert [kept.clips.has(f"salon:19a:{i}") for i in range(5)] == [False, True, True, True, False]
        kept.clips.set_limits(days=7, megabytes=1.5 * one / 1e6)
        kept.clips.maintain()
        assert [kept.clips.has(f"salon:19a:{i}") for i in range(5)] == [False, False, False, True, False]
        assert len(list(tmp_path.iterdir())) == 1


def test_what_is_too_old_goes(tmp_path: Path) -> None:
    with keeping(tmp_path) as kept:
        kept.keep(clip(0, age_s=3 * 86_400), clip(1, age_s=86_400))
        kept.clips.set_limits(days=2, megabytes=500)
        kept.clips.maintain()
        assert [path.name for path in tmp_path.iterdir()] == ["salon.19a.1.flac"]


def test_one_some_or_all_are_deleted(tmp_path: Path) -> None:
    """And what is written only afterwards, of what was before, never appears."""
    with keeping(tmp_path) as kept:
        late = clip(9)
        kept.keep(*(clip(i, age_s=100 - i) for i in range(4)))
        assert kept.clips.delete("salon:19a:0")
        assert not kept.clips.delete("salon:19a:0")
        assert kept.clips.delete_before(time.time() - 97.5) == 2
        assert kept.clips.delete_before() == 1
        assert list(tmp_path.iterdir()) == []
        kept.keep(late)
        assert kept.told[-1] is None
        assert list(tmp_path.iterdir()) == []
        kept.keep(clip(10))
        assert kept.clips.has("salon:19a:10")


def test_a_folder_that_cannot_be_written_is_said_and_tried_again(tmp_path: Path) -> None:
    folder = tmp_path / "clips"
    folder.write_text("a file where the folder should be")
    with keeping(folder) as kept:
        kept.keep(clip(0))
        (problem,) = kept.clips.problems()
        assert problem.code == "clips.unwritable"
        assert kept.told == [None]
        folder.unlink()
        kept.keep(clip(1))
        assert kept.told == [None, "salon:19a:1"]
        assert kept.clips.problems() == []


def test_a_full_disk_is_said_before_it_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clips leave room for what matters more."""
    with keeping(tmp_path) as kept:
        monkeypatch.setattr(clips_module, "LEAVE_FREE_BYTES", 1 << 62)
        kept.keep(clip(0))
        (problem,) = kept.clips.problems()
        assert problem.code == "clips.disk_full"
        assert list(tmp_path.iterdir()) == []
        monkeypatch.undo()
        kept.keep(clip(1))
        assert kept.clips.problems() == []


def test_what_cannot_be_deleted_is_said(tmp_path: Path) -> None:
    """A folder in the place of the file: even root cannot unlink that."""
    with keeping(tmp_path) as kept:
        kept.keep(clip(0))
        path = kept.clips.find("salon:19a:0")
        assert path is not None
        path.unlink()
        path.mkdir()
        with pytest.raises(ServiceError, match=str(tmp_path)):
            kept.clips.delete_before()
        assert kept.clips.has("salon:19a:0")
        path.rmdir()
        assert kept.clips.delete_before() == 1


def test_a_clip_is_kept_though_an_old_one_cannot_go(tmp_path: Path) -> None:
    """What could not be deleted is said, and deleted by and by; the new clip is there and is told."""
    with keeping(tmp_path) as kept:
        kept.keep(clip(0, age_s=60))
        old = kept.clips.find("salon:19a:0")
        assert old is not None
        size_mb = old.stat().st_size / 1e6
        kept.clips.set_limits(days=1, megabytes=1.5 * size_mb)
        old.unlink()
        old.mkdir()
        kept.keep(clip(1))
        assert kept.told == ["salon:19a:0", "salon:19a:1"]
        assert kept.clips.has("salon:19a:1")
        assert [problem.code for problem in kept.clips.problems()] == ["clips.unwritable"]
        old.rmdir()
        kept.clips.maintain()
        assert [path.name for path in tmp_path.iterdir()] == ["salon.19a.1.flac"]


def test_a_slow_disk_delays_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes while too many wait is dropped; what waited is written when the disk moves again, also at the end."""
    go_on = threading.Event()
    encode: Callable[[Samples], bytes] = clips_module.flac

    def slow(one: Samples) -> bytes:
        assert go_on.wait(PATIENT_S)
        return encode(one)

    monkeypatch.setattr(clips_module, "flac", slow)
    with keeping(tmp_path) as kept:
        for i in range(MAX_WAITING + 30):
            kept.clips.offer(clip(i))  # returns, whatever the disk does
        go_on.set()
    assert MAX_WAITING <= len(kept.told) <= MAX_WAITING + 1
    assert None not in kept.told


def test_what_was_half_written_is_cleared_away_and_strangers_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "new.part").write_bytes(b"half")
    (tmp_path / "holiday.flac").write_bytes(b"not ours")
    os.utime(tmp_path / "holiday.flac", (0, 0))
    with keeping(tmp_path) as kept:
        kept.clips.set_limits(days=1, megabytes=1)
        kept.clips.maintain()
        assert kept.clips.delete_before() == 0
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.flac"]
