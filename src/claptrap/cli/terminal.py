"""What is written on the terminal: nothing that comes from elsewhere can move its cursor or forge a line."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

import click

from claptrap.core.spec import Language

FAILED = 2

# Control characters (C0, DEL, C1), line and paragraph separators, marks of writing direction, lone surrogates.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str, *, keep: str = "") -> str:
    r"""Return ``text`` with control characters, but for those in ``keep``, as ``\u001b``, which JSON allows too."""
    return _CONTROL.sub(lambda found: found[0] if found[0] in keep else f"\\u{ord(found[0]):04x}", text)


def echo(line: str, *, err: bool = False, mark: str = "") -> None:
    """Write a line; ``mark`` is our own and stands before it as it is, colours included."""
    click.echo(f"{mark}{printable(line)}", err=err)


def echo_document(text: str) -> None:
    """Write a text of several lines, and no line break of ours behind it."""
    click.echo(printable(text, keep="\n\t"), nl=False)


def terminal_language(environment: Mapping[str, str] = os.environ) -> Language:
    """Return the terminal's language by POSIX precedence (LC_ALL, LC_MESSAGES, LANG): French if asked for, else English."""
    chosen = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return "fr" if chosen.lower().startswith("fr") else "en"
