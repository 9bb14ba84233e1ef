"""Paths that this user may not be allowed to see."""

from __future__ import annotations

from pathlib import Path


def path_exists(path: Path) -> bool:
    """Return whether ``path`` exists; false, too, without permission to know (where ``Path.exists`` raises)."""
    try:
        path.stat()
    except (OSError, ValueError):  # ValueError: a text that can be no path
        return False
    return True
