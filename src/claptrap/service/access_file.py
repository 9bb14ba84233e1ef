"""``access.json``: what is kept of the password, of sessions and of tokens, and how it is read and replaced.

Only its owner may read it, and neither exports nor backups of the settings carry it. It holds no secret itself: the password
is there as an argon2id hash, tokens and sessions, which are 256 random bits each, as SHA-256. Another process (``claptrap
password``) may change it while the service runs: it is looked at before it is relied on, and replaced whole.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import filelock
from pydantic import TypeAdapter, ValidationError

from claptrap.core.errors import AccessError
from claptrap.settings.document import restrict_to_owner, sync_folder, write_temporary
from claptrap.settings.os_errors import os_reason, read_error, write_error

_LOCK_S = 5.0


@dataclass(frozen=True, slots=True)
class Token:
    """A script's key, as it is remembered.

    Attributes:
        id: by which it is revoked.
        name: what a person calls it.
        created: UTC Unix seconds.
        digest: SHA-256 of the token, in figures of 16.
    """

    id: str
    name: str
    created: float
    digest: str


@dataclass(frozen=True, slots=True)
class Session:
    """A login.

    Attributes:
        digest: SHA-256 of the cookie.
        ends: UTC Unix seconds.
    """

    digest: str
    ends: float


@dataclass(frozen=True, slots=True)
class AccessDocument:
    """The file's content. An empty ``password`` means that none is set."""

    version: Literal[1] = 1
    password: str = ""
    tokens: tuple[Token, ...] = ()
    sessions: tuple[Session, ...] = ()


Change = Callable[[AccessDocument], AccessDocument]
_DOCUMENT = TypeAdapter(AccessDocument)


class AccessFile:
    """The file of one data folder. Thread-safe.

    Args:
        path: of the file; its folder is made when something is first kept.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._document = AccessDocument()
        self._seen: tuple[int, ...] | None = ()

    def read(self) -> AccessDocument:
        """Return what the file says now; what an absent one says is that nothing is set.

        Raises:
            AccessError: ``access.damaged`` or ``settings.wrong_owner``.
        """
        with self._lock:
            try:
                seen = _version_of(self.path)
            except OSError as error:
                raise self._unread(error) from error
            if seen != self._seen:
                self._document = self._load() if seen is not None else AccessDocument()
                self._seen = seen
            return self._document

    def change(self, change: Change) -> AccessDocument:
        """Replace the file by what ``change`` makes of it, whole or not at all; return that.

        ``change`` runs while no other thread or process can write: what it looks at is what it replaces. What it raises
        comes out, and nothing has changed then.

        Raises:
            AccessError: ``access.unwritable``, ``settings.wrong_owner`` or ``access.damaged``; nothing has changed then.
        """
        with self._locked():
            changed = change(self.read())
            _write(self.path, _DOCUMENT.dump_json(changed, indent=2))
            with self._lock:  # not before: who only reads must not wait for the disk
                self._document, self._seen = changed, _version_of(self.path)
            return changed

    def change_in_memory(self, change: Change) -> None:
        """Have ``read`` return what ``change`` makes of the file, until that is written again or the process ends.

        Raises:
            AccessError: as ``read``.
        """
        self.read()
        with self._lock:
            self._document = change(self._document)

    def check_writable(self) -> None:
        """Make sure that a change could be kept; nothing changes.

        Raises:
            AccessError: as ``change``.
        """
        with self._locked():
            write_temporary(self.path, _DOCUMENT.dump_json(self.read(), indent=2)).unlink()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep other threads and processes from writing; say in our words why the file cannot be written."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._writing, filelock.FileLock(self.path.with_suffix(".lock"), timeout=_LOCK_S):
                yield
        except (OSError, filelock.Timeout) as error:
            raise self._unwritten(error) from error

    def _load(self) -> AccessDocument:
        try:
            restrict_to_owner(self.path)
            return _DOCUMENT.validate_json(self.path.read_bytes())
        except OSError as error:
            raise self._unread(error) from error
        except ValidationError:
            raise AccessError("access.damaged", path=str(self.path)) from None  # the cause would quote the file

    def _unread(self, error: OSError) -> AccessError:
        reason = read_error(self.path, error)
        if reason.code == "settings.wrong_owner":
            return AccessError(reason.code, retryable=False, **reason.params)
        return AccessError("access.damaged", path=str(self.path))

    def _unwritten(self, error: OSError | filelock.Timeout) -> AccessError:
        if isinstance(error, filelock.Timeout):
            return AccessError("access.unwritable", path=str(self.path), reason=str(error))
        reason = write_error(Path(error.filename or self.path.parent), error)
        if reason.code == "settings.wrong_owner":
            return AccessError(reason.code, retryable=False, **reason.params)
        return AccessError("access.unwritable", path=str(self.path), reason=os_reason(error))


def _version_of(path: Path) -> tuple[int, ...] | None:
    """Return what changes whenever the file does; None where there is none."""
    try:
        seen = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return seen.st_ino, seen.st_mtime_ns, seen.st_size


def _write(path: Path, content: bytes) -> None:
    beside = write_temporary(path, content)
    try:
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    sync_folder(path.parent)  # else a power cut could bring a token back that was revoked
