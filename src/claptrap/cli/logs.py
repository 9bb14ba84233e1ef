"""How log lines are written on stderr: time, level, and the English sentence of each failure."""

from __future__ import annotations

import copy
import logging
from typing import Any

from claptrap.core.errors import ClapTrapError
from claptrap.text.catalogue import say


class SentenceFormatter(logging.Formatter):
    """Writes the arguments that are expected failures as English sentences instead of codes."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.args, tuple) and any(isinstance(arg, ClapTrapError) for arg in record.args):
            record = copy.copy(record)  # other handlers see the error itself
            record.args = tuple(map(_sentence, record.args or ()))
        return super().format(record)


def start_logging(level: str) -> None:
    """Write log lines from ``level`` on to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(SentenceFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler])


def _sentence(argument: Any) -> Any:
    return say(argument.code, "en", **argument.params) if isinstance(argument, ClapTrapError) else argument
