"""The folder of model files: what is there, whether it is the very file, and how a file gets there."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from claptrap.core.errors import ModelError
from claptrap.models.catalogue import ModelFile

_CHUNK = 1 << 20


def find(model: ModelFile, folder: Path) -> Path | None:
    """Return the path of ``model`` in ``folder``, verified, or None if it is not there.

    Raises:
        ModelError: ``model.unreadable`` or ``model.wrong`` if a file of that name is there that must not be loaded.
    """
    path = folder / model.name
    try:
        if not path.exists():
            return None
        verify(model, path)
    except OSError as error:
        raise unreadable(path, error) from error
    return path


def verify(model: ModelFile, path: Path) -> None:
    """Make sure that ``path`` is the very file.

    Raises:
        ModelError: ``model.wrong``.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    if model.is_exact and size != model.size:
        raise ModelError("model.wrong_size", path=str(path), size=size, expected=model.size)
    if _sha256(path) != model.sha256:
        raise ModelError("model.wrong", path=str(path))


def bring(model: ModelFile, source: Path, folder: Path) -> Path:
    """Copy a file that a person got elsewhere into ``folder``, after verifying it; return its new path.

    The copy appears whole or not at all, and replaces whatever stood there.

    Raises:
        ModelError: ``model.wrong``, ``model.unreadable`` or ``model.unwritable``.
    """
    try:
        verify(model, source)
    except OSError as error:
        raise unreadable(source, error) from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=folder, prefix=f".{model.name}-")
        os.close(handle)
        try:
            shutil.copyfile(source, beside)
            return Path(beside).replace(folder / model.name)
        finally:
            Path(beside).unlink(missing_ok=True)
    except OSError as error:
        raise ModelError("model.unwritable", path=str(folder), reason=error.strerror or str(error)) from error


def unreadable(path: Path, error: OSError) -> ModelError:
    """Translate a reading fault."""
    return ModelError("model.unreadable", path=str(path), reason=error.strerror or str(error))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
