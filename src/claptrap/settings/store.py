"""One JSON file in the data folder, kept so that neither a crash, a full disk nor a torn write loses a setting.

Saving: check → write beside → fsync → keep the old one as a backup → replace → fsync the folder (the order of Radicale's
``pathutils``). Reading: a damaged file is set aside and the newest good backup put in its place; a file that cannot be
read, or that a newer ClapTrap wrote, is never replaced.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from claptrap.core.errors import ClapTrapError, SettingsError
from claptrap.settings.backups import Backups, Why, link_or_copy, timestamp_now
from claptrap.settings.document import read_settings, sync_folder, write_temporary_settings
from claptrap.settings.folder_lock import FolderLock
from claptrap.settings.os_errors import read_error, write_error
from claptrap.settings.schema import Settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was found: the settings to use and, where something was wrong, the errors to show."""

    settings: Settings
    problems: tuple[ClapTrapError, ...] = ()


class Store:
    """The settings of one data folder, held by one process at a time.

    Args:
        folder: the data folder; made if absent.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "settings.json"
        self.backups = Backups(folder / "backups", beside=folder / "profiles")
        self._folder = folder
        self._folder_lock = FolderLock(folder)
        self._unread: SettingsError | None = None

    def open(self) -> None:
        """Take the folder for this process, and see that settings can be written there. After a failure, to be tried again.

        Raises:
            SettingsError: ``settings.locked`` if another process has it; ``settings.disk_full``, ``settings.read_only``,
                ``settings.wrong_owner`` or ``settings.unwritable`` if nothing can be written (reading may still work then).
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._folder_lock.acquire()
            for left in self._folder.glob(".settings-*.tmp"):  # by a process that was killed while it saved
                left.unlink()
            write_temporary_settings(self.path, Settings()).unlink()
        except OSError as error:
            raise write_error(self._folder, error) from error
        if self.backups.folder.exists():
            try:
                write_temporary_settings(self.backups.folder / "settings.json", Settings()).unlink()
            except OSError as error:
                raise write_error(self.backups.folder, error) from error

    @property
    def is_unread(self) -> bool:
        """Whether there is a file that ``load`` could not read: what it says is not known, and nothing is saved."""
        return self._unread is not None

    def close(self) -> None:
        """Let the folder go. Harmless when it is not held."""
        self._folder_lock.release()

    def load(self) -> Loaded:
        """Return the settings: the file's, else the newest good backup's, else the defaults.

        Raises:
            SettingsError: ``settings.newer``; the file is left as it is.
        """
        try:
            return Loaded(read_settings(self.path))
        except (FileNotFoundError, NotADirectoryError):
            return Loaded(Settings())
        except OSError as error:
            self._unread = read_error(self.path, error)
            return Loaded(Settings(), (self._unread,))
        except SettingsError as error:
            if error.code == "settings.newer":
                raise
            return self._recover(error)

    def save(self, settings: Settings, why: Why = "change") -> None:
        """Replace the file by ``settings``, whole or not at all; what it was is kept as a backup.

        Args:
            settings: the new ones.
            why: before what the old ones are kept.

        Raises:
            SettingsError: as ``open``, or as ``load`` for a file that could not be read; the old file is untouched then.
        """
        if self._unread is not None:
            raise self._unread
        try:
            beside = write_temporary_settings(self.path, settings)
            try:
                if self.path.exists():
                    self.backups.add(self.path, why)
                beside.replace(self.path)
            finally:
                beside.unlink(missing_ok=True)
            sync_folder(self._folder)
        except OSError as error:
            raise write_error(self._folder, error) from error

    def back_up(self) -> str | None:
        """Keep the present file as a backup because a person asks for it; return its name, None where there is no file yet.

        Raises:
            SettingsError: as ``save``.
        """
        try:
            return self.backups.add(self.path, "asked") if self.path.exists() else None
        except OSError as error:
            raise write_error(self._folder, error) from error

    def set_aside(self, how: str) -> str:
        """Keep the file under another name, ``settings-HOW-TIME.json``, where nothing forgets it; return that name.

        Raises:
            SettingsError: as ``save``.
        """
        aside = self.path.with_name(f"settings-{how}-{timestamp_now()}.json")
        try:
            link_or_copy(self.path, aside)
            sync_folder(self._folder)
        except OSError as error:
            raise write_error(self._folder, error) from error
        return aside.name

    def _recover(self, error: SettingsError) -> Loaded:
        """Use the newest good backup instead of a damaged file, and put it in its place once that is safe elsewhere."""
        _log.error("settings: %s", error)
        good = self.backups.newest_good()
        try:
            aside = self.set_aside("damaged")
            self._put_in_place(good)
        except SettingsError as denied:
            return Loaded(good or Settings(), (error, denied))
        code = "settings.damaged" if good else "settings.damaged_no_backup"
        return Loaded(good or Settings(), (error, SettingsError(code, aside=aside)))

    def _put_in_place(self, good: Settings | None) -> None:
        """Replace a damaged file; with nothing good, by nothing."""
        try:
            if good is None:
                self.path.unlink()
            else:
                write_temporary_settings(self.path, good).replace(self.path)
            sync_folder(self._folder)
        except OSError as error:
            raise write_error(self._folder, error) from error
