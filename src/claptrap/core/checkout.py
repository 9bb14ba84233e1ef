"""Which commit a checkout is at."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_PATIENCE_S = 5.0


def checkout_commit() -> str:
    """Return the short name of this checkout's commit, ``-dirty`` where files were changed; empty where there is none."""
    checkout = Path(__file__).parents[3]
    git = shutil.which("git")
    if git is None or not (checkout / ".git").exists():
        return ""
    command = [git, "-C", str(checkout), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_PATIENCE_S)  # noqa: S603  # fixed words
    except (OSError, subprocess.TimeoutExpired):
        return ""  # the version alone still says which release it is
    return said.stdout.strip() if said.returncode == 0 else ""
