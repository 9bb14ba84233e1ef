"""The sound of examples, where the person allows it: a FLAC file of a second each, beside the profile of its source."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Collection
from pathlib import Path

from claptrap.audio.clip import Samples
from claptrap.history.clips import flac, flac_samples
from claptrap.settings.document import write_temporary
from claptrap.settings.os_errors import write_error

_ID = re.compile(r"[0-9a-f]{12}", re.ASCII)
_log = logging.getLogger(__name__)


class ExampleClips:
    """Folders ``SOURCE.clips``, with one file per example: there are never more than examples. One owner.

    Args:
        folder: the profiles'.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, source_id: str, example_id: str, samples: Samples) -> None:
        """Keep (n,) samples at 16 kHz. The example counts without them: what cannot be written is logged."""
        path = self._path(source_id, example_id)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_temporary(path, flac(samples)).replace(path)
        except OSError as error:
            _log.warning("%s: the sound of an example could not be kept: %s", source_id, error.strerror or error)

    def has(self, source_id: str, example_id: str) -> bool:
        """Return whether there is the sound of an example."""
        return self._path(source_id, example_id).exists()

    def find(self, source_id: str, example_id: str) -> Path | None:
        """Return the file of an example, None where there is none."""
        return self._path(source_id, example_id) if _ID.fullmatch(example_id) and self.has(source_id, example_id) else None

    def read(self, source_id: str, example_id: str) -> Samples | None:
        """Return the (n,) samples at 16 kHz of an example; None where there are none that can be read."""
        path = self.find(source_id, example_id)
        if path is None:
            return None
        try:
            return flac_samples(path)
        except OSError as error:
            _log.warning("%s: the sound of an example cannot be read: %s", source_id, error)
            return None

    def delete(self, source_id: str, example_id: str) -> None:
        """Delete the sound of an example. Raises SettingsError."""
        path = self._path(source_id, example_id)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise write_error(path, error) from error

    def keep_only(self, source_id: str, example_ids: Collection[str]) -> None:
        """Delete the sound of all other examples of a source, as far as that can be done."""
        folder = self._path(source_id, "").parent
        if not folder.is_dir():
            return
        with contextlib.suppress(OSError):  # tried again with the next change
            for path in folder.iterdir():
                if path.stem not in example_ids:
                    path.unlink(missing_ok=True)
            if not example_ids:
                folder.rmdir()

    def delete_all(self, source_id: str) -> None:
        """Delete all sound of a source, as far as that can be done."""
        self.keep_only(source_id, ())

    def _path(self, source_id: str, example_id: str) -> Path:
        return self._folder / f"{source_id}.clips" / f"{example_id}.flac"
