"""Whether something is there, for whoever may not look everywhere."""

from __future__ import annotations

from pathlib import Path


def path_exists(path: Path) -> bool:
    """Return whether there is something at ``path``; false, too, where this user may not look (``Path.exists`` raises)."""
    try:
        path.stat()
    except (OSError, ValueError):  # ValueError: a text that can be no path
        return False
    return True
