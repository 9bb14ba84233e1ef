"""One JSON file in the data folder, kept so that neither a crash, a full disk nor a torn write loses a setting.

Saving: check → write beside → fsync → keep the old one as a backup → replace → fsync the folder (the order of Radicale's
``pathutils``). Reading: a damaged file is set aside and the newest good backup used instead.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import filelock

from claptrap.core.errors import ClapTrapError, SettingsError
from claptrap.settings.migrate import migrated
from claptrap.settings.schema import Settings, check

KEPT_BACKUPS = 10
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was found: the settings to use and, where something was wrong, the errors to tell the person."""

    settings: Settings
    problems: tuple[ClapTrapError, ...] = ()


class Store:
    """The settings of one data folder, held by one process at a time.

    Args:
        folder: the data folder; made if absent.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "settings.json"
        self.backups = folder / "backups"
        self._folder = folder
        self._holder = folder / "settings.holder"
        self._lock = filelock.FileLock(folder / "settings.lock", blocking=False)

    def open(self) -> None:
        """Take the folder for this process.

        Raises:
            SettingsError: ``settings.locked`` if another process has it; ``settings.unwritable`` if nothing can be
                written there (reading still works then).
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._holder.write_text(str(os.getpid()))
        except filelock.Timeout as error:
            raise SettingsError("settings.locked", path=str(self._folder), holder=self._read_holder()) from error
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Let the folder go. Harmless when it is not held."""
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()

    def load(self) -> Loaded:
        """Return the settings: the file's, else the newest good backup's, else the defaults. Never raises."""
        try:
            return Loaded(read_settings(self.path))
        except (FileNotFoundError, NotADirectoryError):
            return Loaded(Settings())
        except OSError as error:
            return Loaded(Settings(), (SettingsError("settings.unreadable", path=str(self.path), reason=_why(error)),))
        except SettingsError as error:
            return self._recover(error)

    def save(self, settings: Settings) -> None:
        """Replace the file by ``settings``, whole or not at all.

        Raises:
            SettingsError: ``settings.unwritable``; the old file is untouched then.
        """
        text = json.dumps(settings.whole(), ensure_ascii=False, indent=2) + "\n"
        try:
            beside = self._write_beside(text)
            try:
                self._keep_backup()
                beside.replace(self.path)
            finally:
                beside.unlink(missing_ok=True)
            _sync_folder(self._folder)
        except OSError as error:
            raise self._unwritable(error) from error

    def _write_beside(self, text: str) -> Path:
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".settings-", suffix=".tmp")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as f:
                f.write(text)
                f.flush()
                os.fsync(f.fileno())
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
        return Path(name)

    def _keep_backup(self) -> None:
        if not self.path.exists():
            return
        self.backups.mkdir(exist_ok=True)
        backup = self.backups / f"settings-{_stamp()}.json"
        os.link(self.path, backup)  # the very bytes that were good; the replace below leaves them alone
        for old in self._backups_newest_first()[KEPT_BACKUPS:]:
            old.unlink(missing_ok=True)

    def _backups_newest_first(self) -> list[Path]:
        return sorted(self.backups.glob("settings-*.json"), reverse=True)

    def _recover(self, error: SettingsError) -> Loaded:
        _log.error("settings: %s", error)
        aside = self._set_aside()
        if aside is None:
            return Loaded(Settings(), (error,))
        for backup in self._backups_newest_first():
            try:
                settings = read_settings(backup)
            except (OSError, SettingsError) as fault:
                _log.warning("settings: backup %s is no good either: %s", backup.name, fault)
                continue
            return Loaded(settings, (error, SettingsError("settings.damaged", aside=aside.name)))
        return Loaded(Settings(), (error, SettingsError("settings.damaged_no_backup", aside=aside.name)))

    def _set_aside(self) -> Path | None:
        """Move the damaged file out of the way; None where even that is forbidden (it then stays where it is)."""
        aside = self.path.with_name(f"settings-damaged-{_stamp()}.json")
        try:
            return self.path.rename(aside)
        except OSError as error:
            _log.error("settings: the damaged file could not be set aside: %s", error)
            return None

    def _unwritable(self, error: OSError) -> SettingsError:
        return SettingsError("settings.unwritable", path=str(self._folder), reason=_why(error))

    def _read_holder(self) -> str:
        try:
            return self._holder.read_text() or "?"
        except OSError:
            return "?"


def read_settings(path: Path) -> Settings:
    """Read and check one file; nothing is mended, set aside or written.

    Raises:
        OSError: it cannot be read.
        SettingsError: what is in it: ``settings.not_json``, or ``SettingsFaults``.
    """
    try:
        document = json.loads(path.read_bytes())
    except UnicodeDecodeError as error:
        raise SettingsError("settings.not_json", path=path.name, line=1, column=error.start + 1) from error
    except json.JSONDecodeError as error:
        raise SettingsError("settings.not_json", path=path.name, line=error.lineno, column=error.colno) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, lists within lists without end
        raise SettingsError("settings.not_json", path=path.name, line=1, column=1) from error
    return check(migrated(document))


def _sync_folder(folder: Path) -> None:
    """Make the rename last through a power cut. Windows cannot open folders and needs no such thing."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _stamp() -> str:
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def _why(error: OSError) -> str:
    return error.strerror or str(error)
