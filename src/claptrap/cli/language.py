"""Which language a terminal speaks, and how it says what failed."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from claptrap.cli import COMMANDS
from claptrap.cli.terminal import FAILED, echo, terminal_language
from claptrap.core.errors import ClapTrapError
from claptrap.core.program import program
from claptrap.text.catalogue import say

_COMMAND = re.compile(rf"(?<![\w/.-])claptrap (?=(?:{'|'.join(COMMANDS)})\b)")


def error_message(error: ClapTrapError) -> str:
    """Return the sentence of ``error`` in the terminal's language."""
    return with_program_name(say(error.code, terminal_language(), **error.params))


def with_program_name(sentence: str) -> str:
    """Return ``sentence`` with each ``claptrap …`` in it as this very ClapTrap is called: a checkout has no command."""
    return _COMMAND.sub(lambda _: f"{program()} ", sentence)


@contextmanager
def exit_on_error() -> Iterator[None]:
    """Say what fails in the block, and end with the status ``FAILED``."""
    try:
        yield
    except ClapTrapError as error:
        echo(error_message(error), err=True)
        sys.exit(FAILED)
