"""Which build of ClapTrap this is: the version, the commit that it was made from, and how it is called."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from functools import cache
from importlib.resources import files
from pathlib import Path

from claptrap import __version__

_PATIENCE_S = 5.0


def commit() -> str:
    """Return the short name of the commit; empty where none is known, e.g. in an archive without one.

    A wheel has it written down (``hatch_build.py``); a checkout is asked, and says ``-dirty`` when files were changed.
    """
    written = files("claptrap") / "commit.txt"
    if written.is_file():
        return written.read_text("utf-8").strip()
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


@cache
def version_and_commit() -> str:
    """Return e.g. ``0.1.0 (1a2b3c4d5e6f)``; looked up once, as it was when this process first asked."""
    name = commit()
    return f"{__version__} ({name})" if name else __version__


@cache
def program() -> str:
    """Return how this very ClapTrap is called in a terminal: ``claptrap`` where that finds it, else its whole path.

    ``CLAPTRAP_PROGRAM`` says it where a service is meant, which has a user and folders of its own.
    """
    if said := os.environ.get("CLAPTRAP_PROGRAM"):
        return said
    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return shlex.join([sys.executable, "-m", "claptrap"])
    if called.name != "claptrap" or not called.is_file() or shutil.which("claptrap") == str(called.absolute()):
        return "claptrap"
    return shlex.quote(str(called.absolute()))
