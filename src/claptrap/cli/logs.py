"""How log lines are written on stderr: time, level, and the English sentence of each failure."""

from __future__ import annotations

import copy
import logging
import os
import sys
from typing import Any, TextIO

from claptrap.cli.terminal import printable
from claptrap.core.errors import ClapTrapError
from claptrap.text.catalogue import say

MOST_MESSAGE = 4_000


class SentenceFormatter(logging.Formatter):
    """Writes expected failures among the arguments as English sentences, and each message as one bounded printable line."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        said = copy.copy(record)  # other handlers see the record as it is
        if isinstance(said.args, tuple):
            said.args = tuple(map(_sentence, said.args))
        message = said.getMessage()
        cut = message if len(message) <= MOST_MESSAGE else f"{message[:MOST_MESSAGE]}…"
        said.msg, said.args = printable(cut), ()
        said.exc_text = printable(self.formatException(said.exc_info), keep="\n\t") if said.exc_info else None
        return super().format(said)


def start_logging(level: str) -> None:
    """Write log lines from ``level`` on to stderr."""
    handler = logging.StreamHandler(_own_stderr())
    handler.setFormatter(SentenceFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler])


def _own_stderr() -> TextIO:
    """Return standard error under a descriptor of its own: while PortAudio begins, number 2 leads nowhere."""
    if sys.stderr is not sys.__stderr__ or sys.stderr is None:
        return sys.stderr  # a test's
    return os.fdopen(os.dup(sys.stderr.fileno()), "w", buffering=1, encoding="utf-8", errors="backslashreplace")


def _sentence(argument: Any) -> Any:
    return say(argument.code, "en", **argument.params) if isinstance(argument, ClapTrapError) else argument
