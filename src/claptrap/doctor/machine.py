"""The machine's own things: the data folder, the disk, the clock, the programs that are called."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import filelock

from claptrap.core.clock import Clock
from claptrap.core.errors import ServiceError
from claptrap.core.paths import path_exists
from claptrap.doctor.finding import Finding, Severity
from claptrap.mediamtx.program import find_program
from claptrap.settings.os_errors import write_error

LITTLE_BYTES, TOO_LITTLE_BYTES = 500_000_000, 50_000_000
FIRST_YEAR = 2025  # no ClapTrap is older: a clock that says less was never set
LAST_YEAR = 2100
MOST_DRIFT_S = 0.5
_TIMEX_BYTES = 512  # more than the C library's ``struct timex`` has anywhere
_TIME_ERROR = 5  # what adjtimex returns while no time service keeps the clock
WRITTEN = ("settings.json", "history.sqlite", "access.json")


def who_serves(data_dir: Path) -> str | None:
    """Return the process that has the data folder, as it wrote itself down; None where there is none.

    The lock is tried only where a process says that it has it, so that no service that is just starting is disturbed.
    """
    try:
        pid = (data_dir / "settings.holder").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
    lock = filelock.FileLock(data_dir / "settings.lock", blocking=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        return pid or "?"
    except OSError:
        return None
    lock.release()
    return None  # it was killed, and left its name


def examine_folder(data_dir: Path, served_by: str | None) -> list[Finding]:
    """Look whether the data folder can be written, also while a service has it."""
    is_served = Finding("service", Severity.OK, "doctor.running", {"pid": served_by}) if served_by else None
    service = is_served or Finding("service", Severity.OK, "doctor.not_running")
    return [service, *_writing(data_dir), _disk(data_dir)]


def _writing(data_dir: Path) -> list[Finding]:
    folder = _nearest(data_dir)
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as trial:
            trial.write(b"a trial")
            trial.flush()
            os.fsync(trial.fileno())
    except OSError as error:
        return [Finding.of("data", Severity.FAULT, write_error(folder, error))]
    if folder != data_dir:
        return [Finding("data", Severity.OK, "doctor.folder_to_be", {"path": str(data_dir)})]
    foreign = [data_dir / name for name in WRITTEN if (data_dir / name).exists() and not os.access(data_dir / name, os.W_OK)]
    if foreign:
        return [Finding("data", Severity.FAULT, "doctor.file_unwritable", {"path": str(path)}) for path in foreign]
    return [Finding("data", Severity.OK, "doctor.folder", {"path": str(data_dir)})]


def _nearest(folder: Path) -> Path:
    """Return ``folder``, or where it would be made; what this user may not look into is not there."""
    places = (folder, *folder.absolute().parents)
    return next((place for place in places if path_exists(place) and place.is_dir()), Path("/"))


def _disk(data_dir: Path) -> Finding:
    free = shutil.disk_usage(_nearest(data_dir)).free
    params: dict[str, str | float] = {"path": str(data_dir), "free_mb": round(free / 1e6)}
    if free < TOO_LITTLE_BYTES:
        return Finding("disk", Severity.FAULT, "doctor.disk_full", params)
    if free < LITTLE_BYTES:
        return Finding("disk", Severity.WARNING, "doctor.disk_low", params)
    return Finding("disk", Severity.OK, "doctor.disk", params)


@dataclass(frozen=True, slots=True)
class ClockReading:
    """Both clocks at one moment, to see later whether they went alike."""

    unix_s: float
    monotonic_s: float

    @classmethod
    def read(cls, clock: Clock) -> ClockReading:
        """Return what both say now."""
        return cls(clock.unix(), clock.monotonic())


def is_clock_kept() -> bool | None:
    """Return whether a time service keeps the clock; None where the system does not tell (Linux does)."""
    if sys.platform != "linux":
        return None
    ask = getattr(ctypes.CDLL(None), "adjtimex", None)
    answer = -1 if ask is None else ask(ctypes.create_string_buffer(_TIMEX_BYTES))  # all zeros: to look, not to set
    return None if answer < 0 else answer != _TIME_ERROR


def examine_clock(began: ClockReading, ended: ClockReading, *, is_kept: bool | None = None) -> Finding:
    """Look at the year, whether the clock was set or ran away while everything else was examined, and who keeps it."""
    now = datetime.fromtimestamp(ended.unix_s, UTC)
    if not FIRST_YEAR <= now.year <= LAST_YEAR:
        return Finding("clock", Severity.FAULT, "doctor.clock_year", {"year": now.year})
    drift_s = (ended.unix_s - began.unix_s) - (ended.monotonic_s - began.monotonic_s)
    if abs(drift_s) > MOST_DRIFT_S:
        return Finding("clock", Severity.WARNING, "doctor.clock_jumps", {"seconds": round(drift_s, 1)})
    params = {"now": now.strftime("%Y-%m-%d %H:%M:%S")}
    if is_kept is False:
        return Finding("clock", Severity.WARNING, "doctor.clock_alone", params)
    return Finding("clock", Severity.OK, "doctor.clock", params)


def examine_programs(environment: Mapping[str, str] = os.environ) -> list[Finding]:
    """Look for the programs that some sources need."""
    ffmpeg = shutil.which("ffmpeg", path=environment.get("PATH"))
    if ffmpeg:
        about_ffmpeg = Finding("ffmpeg", Severity.OK, "doctor.ffmpeg", {"path": ffmpeg})
    else:
        about_ffmpeg = Finding("ffmpeg", Severity.OK, "doctor.ffmpeg_absent")
    return [about_ffmpeg, _mediamtx()]


def _mediamtx() -> Finding:
    try:
        return Finding("mediamtx", Severity.OK, "doctor.mediamtx", {"path": str(find_program())})
    except ServiceError:
        return Finding("mediamtx", Severity.OK, "doctor.mediamtx_absent")


def may_hear(devices: Path = Path("/dev/snd")) -> bool:
    """Return whether this user may open the machine's sound cards (Linux); True where that is unknown."""
    if sys.platform != "linux":
        return True
    cards = list(devices.glob("pcmC*c"))
    return not cards or any(os.access(card, os.R_OK | os.W_OK) for card in cards)
