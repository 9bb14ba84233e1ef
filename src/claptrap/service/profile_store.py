"""The profiles of all sources, one file each, in the folder ``profiles`` of the data folder; beside each its clips."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Collection
from pathlib import Path

from claptrap.detect.profile import Profile, read_profile, serialized
from claptrap.settings.document import sync_folder, write_temporary
from claptrap.settings.os_errors import write_error

FOLDER = "profiles"


class ProfileStore:
    """Reads and writes profiles. One owner.

    Args:
        folder: made with the first profile.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def load(self, source_id: str) -> Profile:
        """Return the profile of a source; an empty one where none was kept.

        Raises:
            InputError: as ``read_profile``; the file stays where it is, until another is saved.
        """
        path = self.path(source_id)
        return read_profile(path) if path.exists() else Profile()

    def save(self, source_id: str, profile: Profile) -> None:
        """Keep a profile in the place of the one before; an empty one leaves no file.

        Raises:
            SettingsError: it could not be written; the one before is kept then.
        """
        path = self.path(source_id)
        try:
            if not profile.examples:
                path.unlink(missing_ok=True)
                return
            self._folder.mkdir(mode=0o700, exist_ok=True)
            write_temporary(path, serialized(profile)).replace(path)
            sync_folder(self._folder)
        except OSError as error:
            raise write_error(path, error) from error

    def keep_only(self, source_ids: Collection[str]) -> None:
        """Delete the profiles of all other sources, as far as that can be done."""
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*"):
                if path.stem not in source_ids:
                    path.unlink(missing_ok=True) if path.is_file() else shutil.rmtree(path)

    def path(self, source_id: str) -> Path:
        """Return where the profile of a source is kept, if it has one."""
        return self._folder / f"{source_id}.json"
