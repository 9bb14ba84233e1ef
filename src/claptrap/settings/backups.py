"""Documents of before, in the folder ``backups``: the very files that were in force, newest last.

Beside each, in a folder of the same name, are the files of another folder as they were then: what the sources had learnt.
Of those that were kept before a change stay the newest five, the first of each hour and the first of each day; of all others
ten: some moves of a slider must push out neither last week nor what a person kept, or what there was before an import.

Their names say when and before what: ``settings-20260131T120000.000000Z-restore.json``. They sort by time even where the
clock was set back, as on a machine that has none of its own: a new one is always named after the newest.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from claptrap.core.errors import InputError, SettingsError
from claptrap.settings.document import read_settings, sync_folder
from claptrap.settings.os_errors import read_error, write_error
from claptrap.settings.schema import Settings

KEPT = 10
"""How many of those stay that were kept before anything but a change."""
RECENT, HOURS, DAYS = 5, 24, 30
"""Of those before a change: how many of the newest, of how many hours and of how many days in which there were any."""
Why = Literal["change", "restore", "import", "undo", "asked"]
"""Before what a document was kept: a change on the page or over REST, a restore, an import, the undoing of one of them; or
because a person asked."""

_NAME = re.compile(r"settings-(\d{8}T\d{6}\.\d{6}Z)(?:-([a-z]+))?\.json")
_STAMP = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True, slots=True)
class Backup:
    """One document of before.

    Attributes:
        name: of its file, in the folder of backups.
        at: when it was kept, in UTC Unix seconds.
        why: before what; a file that a person put there says ``asked``.
        size: in bytes.
        settings: what it says; None where it cannot be used.
        fault: why it cannot; None for a good one.
    """

    name: str
    at: float
    why: str
    size: int
    settings: Settings | None
    fault: SettingsError | None


class Backups:
    """The folder of backups beside a settings file.

    Args:
        folder: made with the first backup.
        beside: the folder whose files (``*.json``) are kept with each backup, as names of the same files where that can be
            done: they must be replaced, never written to; None for none.
    """

    def __init__(self, folder: Path, beside: Path | None = None) -> None:
        self.folder = folder
        self._beside = beside

    def add(self, path: Path, why: Why) -> str:
        """Keep the file at ``path``, without copying where the file system can, and forget the oldest; return its name.

        Raises:
            OSError: it could not be kept.
        """
        self.folder.mkdir(mode=0o700, exist_ok=True)  # a file that was put there by hand may be open to all
        suffix = "" if why == "change" else f"-{why}"
        backup = self._place(path, suffix)
        for other in () if self._beside is None else self._beside.glob("*.json"):
            kept = backup.with_suffix("")
            kept.mkdir(mode=0o700, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # it has just been forgotten
                link_or_copy(other, kept / other.name)
        sync_folder(self.folder)
        found = [path.name for path in self._newest_first()]
        before_changes = [name for name in found if _why(name) == "change"]
        others = [name for name in found if _why(name) != "change"]
        for old in {*before_changes[RECENT:]} - first_of_each(before_changes) | {*others[KEPT:]}:
            (self.folder / old).unlink(missing_ok=True)
            shutil.rmtree((self.folder / old).with_suffix(""), ignore_errors=True)
        return backup.name

    def beside(self, name: str) -> list[Path]:
        """Return the files that are kept with a backup."""
        return sorted((self.folder / name).with_suffix("").glob("*.json")) if _NAME.fullmatch(name) else []

    def forget_beside(self, name: str) -> None:
        """Delete a file of this name from all backups.

        Raises:
            SettingsError: one cannot be deleted.
        """
        for path in self.folder.glob(f"settings-*/{name}"):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise write_error(path, error) from error

    def all(self) -> list[Backup]:
        """Return all, newest first, each looked into."""
        return [backup for path in self._newest_first() if (backup := _look_into(path)) is not None]

    def read(self, name: str) -> Settings:
        """Return what a backup says.

        Raises:
            InputError: ``settings.unknown_backup``.
            SettingsError: it cannot be read, is of a newer version, or is not valid.
        """
        path = next((path for path in self._newest_first() if path.name == name), None)
        if path is None:
            raise InputError("settings.unknown_backup", name=name[:100])
        try:
            return read_settings(path)
        except FileNotFoundError as error:
            raise InputError("settings.unknown_backup", name=name[:100]) from error
        except OSError as error:
            raise read_error(path, error) from error

    def newest_good(self) -> Settings | None:
        """Return what the newest backup that can be used says; None where there is none."""
        for path in self._newest_first():
            with contextlib.suppress(
                OSError, SettingsError
            ):  # the next one may be good; ``found`` says what is wrong with it
                return read_settings(path)
        return None

    def _place(self, path: Path, suffix: str) -> Path:
        """Give the file a name among the backups that none has; a command may add one at the same time as the service."""
        while True:
            backup = self.folder / f"settings-{self._stamp()}{suffix}.json"
            with contextlib.suppress(FileExistsError):  # another took it meanwhile: the next stamp is later
                link_or_copy(path, backup)
                return backup

    def _newest_first(self) -> list[Path]:
        try:
            return sorted(self.folder.glob("settings-*.json"), key=lambda path: path.name, reverse=True)
        except PermissionError as error:
            raise read_error(self.folder, error) from error

    def _stamp(self) -> str:
        now = datetime.now(UTC)
        times = [_when(path.name) for path in self._newest_first()]
        newest = max((at for at in times if at is not None), default=now)
        return max(now, newest + timedelta(microseconds=1) if times else now).strftime(_STAMP)


def first_of_each(names: Sequence[str]) -> set[str]:
    """Return the backups that were the first of their hour (UTC), for the newest ``HOURS``, or day, for the newest ``DAYS``.

    Args:
        names: of backups, newest first.
    """
    kept: set[str] = set()
    for length, most in ((len("settings-20260131T12"), HOURS), (len("settings-20260131"), DAYS)):
        firsts = {name[:length]: name for name in names}  # the last one given for a time, which is its oldest, stays
        kept.update(list(firsts.values())[:most])
    return kept


def link_or_copy(path: Path, other: Path) -> None:
    """Give a file a second name that outlives the replacement of the first; a copy where the file system has no such names.

    Raises:
        FileExistsError: there is an ``other`` already; it is left as it is.
        OSError: neither could be done; then there is no ``other``.
    """
    try:
        os.link(path, other)
    except FileExistsError:
        raise
    except OSError:
        _copy(path, other)


def _copy(path: Path, other: Path) -> None:
    copy = other.open("xb")
    try:
        with copy, path.open("rb") as file:
            shutil.copyfileobj(file, copy)
            copy.flush()
            os.fsync(copy.fileno())
        shutil.copystat(path, other)
    except OSError:
        other.unlink(missing_ok=True)
        raise


def timestamp_now() -> str:
    """Return the present time as it is written in names."""
    return datetime.now(UTC).strftime(_STAMP)


def _look_into(path: Path) -> Backup | None:
    """Return what is known of a backup; None for one that has just been forgotten."""
    try:
        status = path.stat()
    except OSError:
        return None
    at = _when(path.name)
    settings, fault = _read(path)
    return Backup(path.name, at.timestamp() if at else status.st_mtime, _why(path.name), status.st_size, settings, fault)


def _read(path: Path) -> tuple[Settings | None, SettingsError | None]:
    try:
        return read_settings(path), None
    except SettingsError as error:
        return None, error
    except OSError as error:
        return None, read_error(path, error)


def _why(name: str) -> str:
    named = _NAME.fullmatch(name)
    return (named.group(2) or "change") if named else "asked"


def _when(name: str) -> datetime | None:
    named = _NAME.fullmatch(name)
    try:
        return datetime.strptime(named.group(1), _STAMP).replace(tzinfo=UTC) if named else None
    except ValueError:
        return None
