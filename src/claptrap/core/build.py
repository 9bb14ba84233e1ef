"""Which build of ClapTrap this is: the version, and the commit that it was made from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from claptrap import __version__


def commit() -> str:
    """Return the short name of the commit; empty where none is known, e.g. in an archive without one.

    A wheel has it written down (``hatch_build.py``); a checkout is asked.
    """
    written = Path(__file__).parents[1] / "commit.txt"
    if written.is_file():
        return written.read_text("utf-8").strip()
    from claptrap.core.checkout import checkout_commit  # noqa: PLC0415  # runs Git: an installed ClapTrap need not load that

    return checkout_commit()


def version_line() -> str:
    """Return what ``claptrap --version`` says."""
    return f"claptrap, version {version_and_commit()}"


@cache
def version_and_commit() -> str:
    """Return e.g. ``0.1.0 (1a2b3c4d5e6f)``; looked up once, as it was when this process first asked."""
    name = commit()
    return f"{__version__} ({name})" if name else __version__
