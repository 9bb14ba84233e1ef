"""One settings file: its bytes, what they say, and whether that may be."""

from __future__ import annotations

import errno
import json
import os
import stat
import tempfile
from pathlib import Path

from claptrap.core.errors import SettingsError
from claptrap.settings.migrate import migrated
from claptrap.settings.schema import Settings
from claptrap.settings.validation import check


def parsed(raw: bytes, name: str) -> object:
    """Return what ``raw`` says, as JSON data.

    Args:
        raw: the bytes of a file.
        name: the file's, for people.

    Raises:
        SettingsError: ``settings.not_json``, with the place.
    """
    try:
        return json.loads(raw)
    except UnicodeDecodeError as error:
        raise SettingsError("settings.not_json", path=name, line=1, column=error.start + 1) from error
    except json.JSONDecodeError as error:
        raise SettingsError("settings.not_json", path=name, line=error.lineno, column=error.colno) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, lists within lists without end
        raise SettingsError("settings.not_json", path=name, line=1, column=1) from error


def read_settings(path: Path, *, strict: bool = False) -> Settings:
    """Read, bring up to date and check one file.

    Args:
        path: the file.
        strict: whether its body templates are tried, too: one that an older ClapTrap took must not cost all the settings.

    Raises:
        OSError: it cannot be read.
        SettingsError: ``settings.not_json``, ``settings.newer``, or what is wrong with what it says (``SettingsFaults``).
    """
    document = migrated(parsed(path.read_bytes(), path.name))
    return check(document, () if strict else _templates(document))


def _templates(document: object) -> list[str]:
    """Return the body templates of a document that is not checked yet."""
    webhooks = [webhook for source in _entries(document, "sources") for webhook in _entries(source, "webhooks")]
    return [text for webhook in webhooks if isinstance(webhook, dict) and isinstance(text := webhook.get("template"), str)]


def _entries(document: object, name: str) -> list[object]:
    found = document.get(name) if isinstance(document, dict) else None
    return found if isinstance(found, list) else []


def write_temporary_settings(path: Path, settings: Settings) -> Path:
    """Write a document beside ``path``, synced to the disk; return its path, to be moved to ``path``.

    Raises:
        OSError: nothing is left behind then.
    """
    return write_temporary(path, settings.stored().encode())


def write_temporary(path: Path, content: bytes) -> Path:
    """Write a file that only its owner may read beside ``path``, synced to the disk; return its path, ``.STEM-….tmp``.

    Raises:
        OSError: nothing is left behind then.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=".tmp")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    return beside


def sync_folder(folder: Path) -> None:
    """Make what was moved into ``folder`` last through a power cut, where the file system can.

    Windows cannot open folders and needs no such thing; a folder that a virtual machine shares (vboxsf) cannot do it.
    """
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def restrict_to_owner(path: Path) -> None:
    """Let only its owner read a file; where that is so already, nothing is written: the disk may be read-only.

    Raises:
        OSError: it is open to others, and that cannot be changed.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077 or not mode & 0o400:
        path.chmod(0o600)
