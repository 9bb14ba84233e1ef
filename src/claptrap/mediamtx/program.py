"""MediaMTX's program: found, or installed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from claptrap.core.errors import ModelError, ServiceError
from claptrap.core.paths import path_exists
from claptrap.mediamtx.releases import programs_folder
from claptrap.mediamtx.unpack import unpack
from claptrap.models.catalogue import ModelFile
from claptrap.models.download import Progress, download
from claptrap.models.model_store import unreadable, verify

PROGRAM = "mediamtx.exe" if os.name == "nt" else "mediamtx"
_OURS = {
    "model.unreachable": "mediamtx.no_network",
    "model.network": "mediamtx.network",
    "model.status": "mediamtx.status",
    "model.wrong": "mediamtx.wrong",
    "model.unwritable": "mediamtx.unwritable",
    "model.unreadable": "mediamtx.unreadable",
}


def find_program(given: Path | None = None) -> Path:
    """Return the program: the one that is given, else the one on the PATH, else the one that was installed.

    Raises:
        ServiceError: ``mediamtx.absent``; ``mediamtx.not_executable``, where the given one is none.
    """
    if given is not None:
        if not (path_exists(given) and given.is_file() and os.access(given, os.X_OK)):
            raise ServiceError("mediamtx.not_executable", path=str(given))
        return given
    on_path = shutil.which("mediamtx")
    if on_path:
        return Path(on_path)
    installed = programs_folder() / PROGRAM
    if path_exists(installed) and installed.is_file():
        return installed
    raise ServiceError("mediamtx.absent")


def install(release: ModelFile, url: str, folder: Path, progress: Progress = lambda _: True) -> Path:
    """Fetch a release, check it, and take the program out of it; return its path.

    Raises:
        ServiceError: why not; ``retryable`` where trying again may help, and goes on where it was cut.
    """
    try:
        archive = download(release, url, folder, progress)
    except ModelError as error:
        raise _as_ours(error) from error
    try:
        return unpack(archive, PROGRAM, folder)
    finally:
        archive.unlink(missing_ok=True)


def install_file(release: ModelFile, archive: Path, folder: Path) -> Path:
    """Take the program out of an archive that a person got elsewhere, after checking it; return its path.

    Raises:
        ServiceError: ``mediamtx.wrong``, ``mediamtx.unreadable``, ``mediamtx.archive`` or ``mediamtx.unwritable``.
    """
    try:
        verify(release, archive)
    except OSError as error:
        raise _as_ours(unreadable(archive, error)) from error
    except ModelError as error:
        raise _as_ours(error) from error
    return unpack(archive, PROGRAM, folder)


def _as_ours(error: ModelError) -> ServiceError:
    return ServiceError(_OURS.get(error.code, error.code), retryable=error.retryable, **error.params)
