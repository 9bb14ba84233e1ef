"""The profiles of all sources, one file each, in the folder ``profiles`` of the data folder; beside each its clips.

What cannot be used (other models made it, or it is damaged) is never overwritten: it is set aside, in ``SOURCE.aside``.
"""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

from claptrap.core.errors import InputError
from claptrap.detect.profile import Profile, read_profile, serialized
from claptrap.settings.document import sync_folder, write_temporary
from claptrap.settings.os_errors import write_error

FOLDER = "profiles"
MOST_ASIDE = 20  # files of a source; the oldest go


class ProfileStore:
    """Reads and writes profiles. One owner.

    Args:
        folder: made with the first profile.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._unusable: set[str] = set()  # sources whose file in place is not of these models, or damaged

    def load(self, source_id: str) -> Profile:
        """Return the profile of a source; an empty one where none was kept.

        Raises:
            InputError: as ``read_profile``; the file stays where it is, and is set aside when another is saved.
        """
        path = self.path(source_id)
        self._unusable.add(source_id)
        profile = read_profile(path) if path.exists() else Profile()
        self._unusable.discard(source_id)
        return profile

    def save(self, source_id: str, profile: Profile) -> None:
        """Keep a profile in the place of the one before; an empty one leaves no file.

        Raises:
            SettingsError: it could not be written; the one before is kept then.
        """
        path = self.path(source_id)
        try:
            if source_id in self._unusable:
                self.set_aside(source_id)
            if not profile.examples:
                path.unlink(missing_ok=True)
                return
            self._folder.mkdir(mode=0o700, exist_ok=True)
            write_temporary(path, serialized(profile)).replace(path)
            sync_folder(self._folder)
        except OSError as error:
            raise write_error(path, error) from error

    def unused(self, source_id: str) -> list[dict[str, Any]]:
        """Return the examples, as in files, of what is set aside and of a file in place that cannot be used."""
        in_place = [self.path(source_id)] if source_id in self._unusable else []
        return [entry for path in (*self._aside(source_id), *in_place) for entry in _entries(path)]

    def set_aside(self, source_id: str, without: Collection[str] = ()) -> None:
        """Move the file in place aside, but for the examples with these ids, which have been learnt again.

        Raises:
            OSError: it cannot be done; nothing has changed then.
        """
        path, folder = self.path(source_id), self._aside_folder(source_id)
        left = [entry for entry in _entries(path) if entry.get("id") not in without]
        if left or not without:
            folder.mkdir(mode=0o700, exist_ok=True)
            newest = max((int(other.stem) for other in self._aside(source_id)), default=0)
            target = folder / f"{newest + 1}.json"
            if without:
                document = {**json.loads(path.read_bytes()), "examples": left}
                write_temporary(target, json.dumps(document).encode()).replace(target)
            else:
                path.replace(target)
            sync_folder(folder)
        path.unlink(missing_ok=True)
        self._unusable.discard(source_id)
        for old in self._aside(source_id)[:-MOST_ASIDE]:
            old.unlink(missing_ok=True)

    def fault(self, source_id: str) -> InputError | None:
        """Return what to say of what is set aside; None where nothing is."""
        folder = self._aside_folder(source_id)
        n = len(self.unused(source_id))
        return InputError("learning.set_aside", n=n, folder=str(folder)) if self._aside(source_id) else None

    def forget_aside(self, source_id: str) -> None:
        """Delete what is set aside. Raises SettingsError."""
        folder = self._aside_folder(source_id)
        try:
            if folder.exists():
                shutil.rmtree(folder)
        except OSError as error:
            raise write_error(folder, error) from error

    def keep_only(self, source_ids: Collection[str]) -> None:
        """Delete the profiles of all other sources, as far as that can be done."""
        with contextlib.suppress(OSError):
            for path in self._folder.glob("*"):
                if path.stem not in source_ids:
                    path.unlink(missing_ok=True) if path.is_file() else shutil.rmtree(path)

    def path(self, source_id: str) -> Path:
        """Return where the profile of a source is kept, if it has one."""
        return self._folder / f"{source_id}.json"

    def _aside_folder(self, source_id: str) -> Path:
        return self._folder / f"{source_id}.aside"

    def _aside(self, source_id: str) -> list[Path]:
        """Return the files that are set aside, oldest first."""
        found = self._aside_folder(source_id).glob("*.json")
        return sorted((path for path in found if path.stem.isdecimal()), key=lambda path: int(path.stem))


def _entries(path: Path) -> list[dict[str, Any]]:
    """Return the examples in a profile of any models; none where it is damaged."""
    try:
        listed = json.loads(path.read_bytes())["examples"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    return [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
