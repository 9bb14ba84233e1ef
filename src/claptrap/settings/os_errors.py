"""Why a file or folder cannot be read or written, as an error that a person can act on."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from claptrap.core.errors import SettingsError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FORBIDDEN = (errno.EACCES, errno.EPERM)


def write_error(path: Path, error: OSError) -> SettingsError:
    """Return ``settings.disk_full``, ``settings.read_only``, ``settings.wrong_owner`` or ``settings.unwritable``."""
    if error.errno in _FULL:
        return SettingsError("settings.disk_full", path=str(path))
    if error.errno == errno.EROFS:
        return SettingsError("settings.read_only", path=str(path))
    return _wrong_owner(path, error) or SettingsError("settings.unwritable", path=str(path), reason=os_reason(error))


def read_error(path: Path, error: OSError) -> SettingsError:
    """Return ``settings.wrong_owner`` or ``settings.unreadable``."""
    return _wrong_owner(path, error) or SettingsError("settings.unreadable", path=str(path), reason=os_reason(error))


def os_reason(error: OSError) -> str:
    """Return the system's own words."""
    return error.strerror or str(error)


def _wrong_owner(path: Path, error: OSError) -> SettingsError | None:
    """Return ``settings.wrong_owner`` where ``path``, or the folder that hides it, belongs to another user."""
    if sys.platform == "win32" or error.errno not in _FORBIDDEN:
        return None
    for place in (path, *path.absolute().parents):
        try:
            owner = place.stat().st_uid
        except OSError:
            continue  # a folder above it cannot be read
        if owner == os.geteuid():
            return None
        return SettingsError("settings.wrong_owner", path=str(place), owner=_user(owner), user=_user(os.geteuid()))
    return None


def _user(uid: int) -> str:
    """Return a user's name; the number of one who has none, as in a container."""
    import pwd  # noqa: PLC0415  # Windows has none

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
