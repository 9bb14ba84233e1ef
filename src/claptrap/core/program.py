"""How this very ClapTrap is called in a terminal."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from functools import cache
from pathlib import Path


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
