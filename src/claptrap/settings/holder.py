"""Who has a data folder: one process at a time, which the others can name."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import filelock

from claptrap.core.errors import SettingsError


class Holder:
    """The lock of one data folder. Ends with the process, however that ends.

    Args:
        folder: must be there when it is taken.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._said = folder / "settings.holder"
        self._lock = filelock.FileLock(folder / "settings.lock", blocking=False)

    def take(self) -> None:
        """Take the folder for this process.

        Raises:
            SettingsError: ``settings.locked``, naming the process that has it and since when.
            OSError: nothing can be written there.
        """
        try:
            self._lock.acquire()
        except filelock.Timeout as error:
            pid, since = self._who()
            raise SettingsError("settings.locked", path=str(self._folder), holder=pid, since=since) from error
        now = datetime.now(UTC).isoformat(timespec="seconds")
        self._said.write_text(json.dumps({"pid": os.getpid(), "since": now}), encoding="utf-8")

    def release(self) -> None:
        """Let the folder go. Harmless when it is not held."""
        if self._lock.is_locked:
            self._said.unlink(missing_ok=True)
            self._lock.release()

    def _who(self) -> tuple[str, str]:
        """Return the process that has the folder, and since when by the local clock; ``?`` where it has not said it yet."""
        try:
            said = json.loads(self._said.read_bytes())
            return str(int(said["pid"])), datetime.fromisoformat(said["since"]).astimezone().strftime("%Y-%m-%d %H:%M:%S")
        except (OSError, ValueError, KeyError, TypeError):
            return "?", "?"
