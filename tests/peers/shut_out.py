"""A folder that is there, and into which this process may not look: another user's."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65_534


@contextmanager
def shut_out() -> Iterator[Path]:
    """Give the folder; root becomes a user who owns nothing meanwhile, for the file system."""
    if sys.platform == "win32":
        pytest.skip("needs POSIX's rights of folders")
    is_root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = Path(name) / "closed"
        folder.mkdir(mode=0o700)
        if is_root:
            os.seteuid(NOBODY)
        else:
            folder.chmod(0)
        try:
            yield folder
        finally:
            if is_root:
                os.seteuid(0)
            else:
                folder.chmod(0o700)
