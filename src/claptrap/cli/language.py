"""Which language a terminal speaks, and how it says what failed."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from claptrap.cli import COMMANDS
from claptrap.cli.terminal import echo
from claptrap.core.errors import ClapTrapError
from claptrap.core.spec import Language

FAILED = 2
_COMMAND = re.compile(rf"(?<![\w/.-])claptrap (?=(?:{'|'.join(COMMANDS)})\b)")


def terminal_language(environment: Mapping[str, str] = os.environ) -> Language:
    """Return the terminal's language by POSIX precedence (LC_ALL, LC_MESSAGES, LANG): French if asked for, else English."""
    chosen = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return "fr" if chosen.lower().startswith("fr") else "en"


def error_message(error: ClapTrapError) -> str:
    """Return the sentence of ``error`` in the terminal's language."""
    from claptrap.text.catalogue import say  # noqa: PLC0415  # the sentences cost a tenth of a second, and most commands need none

    return with_program_name(say(error.code, terminal_language(), **error.params))


def with_program_name(sentence: str) -> str:
    """Return ``sentence`` with each ``claptrap …`` in it as this very ClapTrap is called: a checkout has no command."""
    from claptrap.core.program import program  # noqa: PLC0415  # likewise

    return _COMMAND.sub(lambda _: f"{program()} ", sentence)


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Say what fails in the block, and end with the status ``FAILED``."""
    try:
        yield
    except ClapTrapError as error:
        echo(error_message(error), err=True)
        sys.exit(FAILED)
