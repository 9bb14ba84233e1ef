"""Who has a data folder: one process at a time, which the others can name."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import filelock

from claptrap.core.errors import SettingsError


class FolderLock:
    """The lock of one data folder. Ends with the process, however that ends.

    Args:
        folder: must be there when it is taken.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pid_file = folder / "settings.holder"
        # the process's, whichever of its threads takes it
        self._lock = filelock.FileLock(folder / "settings.lock", thread_local=False, blocking=False)

    def acquire(self) -> None:
        """Take the folder for this process; harmless when it has it.

        Raises:
            SettingsError: ``settings.locked``, naming the process that has it and since when.
            OSError: nothing can be written there.
        """
        try:
            if not self._lock.is_locked:
                self._lock.acquire()
        except filelock.Timeout as error:
            pid, since = self._owner()
            raise SettingsError("settings.locked", path=str(self._folder), holder=pid, since=since) from error
        self._pid_file.write_text(str(os.getpid()))

    def release(self) -> None:
        """Let the folder go. Harmless when it is not held."""
        if self._lock.is_locked:
            self._pid_file.unlink(missing_ok=True)
            self._lock.release()

    def _owner(self) -> tuple[str, str]:
        """Return the process that has the folder, and since when by the local clock; ``?`` where it has not said it yet."""
        try:
            since = datetime.fromtimestamp(self._pid_file.stat().st_mtime).astimezone()
            return self._pid_file.read_text() or "?", since.strftime("%Y-%m-%d %H:%M:%S")
        except OSError:
            return "?", "?"
