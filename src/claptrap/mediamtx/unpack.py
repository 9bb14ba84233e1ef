"""Take one program out of an archive that is not trusted: only its bytes come out, under a name of ours."""

from __future__ import annotations

import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from claptrap.core.errors import ServiceError

MOST_MEMBERS = 100
MOST_PROGRAM_BYTES = 300_000_000
_CHUNK = 1 << 20
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError, RuntimeError)


def unpack(archive: Path, program: str, folder: Path) -> Path:
    """Put the member ``program`` of a .tar.gz or .zip into ``folder``, executable; return its path.

    It appears whole or not at all. Nothing else is written, whatever the archive holds.

    Raises:
        ServiceError: ``mediamtx.archive``, where it is broken, holds a link, a device or a path that leads elsewhere, too
            many or too large members, or not that program; ``mediamtx.unwritable``.
    """
    try:
        with _member(archive, program) as source:
            return _written(source, folder, program)
    except _BROKEN as error:
        raise _refusal(archive, f"{type(error).__name__}: {error}") from error
    except OSError as error:
        raise ServiceError("mediamtx.unwritable", path=str(folder), reason=error.strerror or str(error)) from error


@contextmanager
def _member(archive: Path, program: str) -> Iterator[IO[bytes]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            members = [(info.filename, info.file_size, _is_plain(info)) for info in file.infolist()]
            with file.open(_check(archive, members, program)) as source:
                yield source
    else:
        with tarfile.open(archive, "r:*") as file:
            members = [(info.name, info.size, info.isreg() or info.isdir()) for info in _few(archive, file)]
            source_or_none = file.extractfile(_check(archive, members, program))
            if source_or_none is None:
                raise _refusal(archive, f"{program} is no file")
            with source_or_none as source:
                yield source


def _few(archive: Path, file: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members; stop before a bomb of them has been read."""
    for number, info in enumerate(file):
        if number >= MOST_MEMBERS:
            raise _refusal(archive, f"more than {MOST_MEMBERS} members")
        yield info


def _is_plain(info: zipfile.ZipInfo) -> bool:
    kind = info.external_attr >> 28  # the file type of a Unix mode; 0 where it was packed elsewhere
    return kind in (0, 0o10, 0o04)


def _check(archive: Path, members: list[tuple[str, int, bool]], program: str) -> str:
    """Return the name of the member that is ``program`` (``./mediamtx`` is ``mediamtx``); refuse an unsafe archive."""
    if len(members) > MOST_MEMBERS:
        raise _refusal(archive, f"more than {MOST_MEMBERS} members")
    for name, size, is_plain in members:
        path = PurePosixPath(name.replace("\\", "/"))
        if not is_plain or path.is_absolute() or ".." in path.parts or ":" in name:
            raise _refusal(archive, f"{name[:100]} is a link, a device, or leads elsewhere")
        if size > MOST_PROGRAM_BYTES:
            raise _refusal(archive, f"{name[:100]} is larger than {MOST_PROGRAM_BYTES} bytes")
    found = [name for name, _, _ in members if PurePosixPath(name) == PurePosixPath(program)]
    if not found:
        raise _refusal(archive, f"{program} is not in it")
    return found[0]


def _written(source: IO[bytes], folder: Path, program: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{program}-")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            written = 0
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > MOST_PROGRAM_BYTES:  # whatever its header said
                    raise _refusal(Path(program), f"larger than {MOST_PROGRAM_BYTES} bytes")
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
        beside.chmod(0o755)
        return beside.replace(folder / program)
    finally:
        beside.unlink(missing_ok=True)


def _refusal(archive: Path, reason: str) -> ServiceError:
    return ServiceError("mediamtx.archive", path=archive.name, reason=reason)
