"""``--help`` in the terminal's language: the commands have the English help texts, ``text/fr.json`` the French ones."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterable
from typing import TypeVar

import click

from claptrap.text.catalogue import HELP_IN_FRENCH

C = TypeVar("C", bound=click.Command)
_WORDS = re.compile("default:|env var:|required")


def in_french(command: C) -> C:
    """Return a copy of ``command``, and of those below it, with help texts in French."""
    translated = copy.copy(command)
    translated.help = _french(inspect.cleandoc(command.help or ""))
    translated.context_class = _FrenchContext
    translated.params = [copy.copy(option) for option in command.params]
    for option in translated.params:
        if isinstance(option, click.Option) and option.help:
            option.help = _french(option.help)
    if isinstance(translated, click.Group):
        translated.commands = {name: in_french(below) for name, below in translated.commands.items()}
    return translated


class _FrenchFormatter(click.HelpFormatter):
    """Says click's own words in French."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:  # noqa: ARG002  # click's signature
        super().write_usage(prog, args, f"{_french('Usage:')} ")

    def write_heading(self, heading: str) -> None:
        super().write_heading(f"{_french(heading)} ")

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(name, _described(text)) for name, text in rows], col_max, col_spacing)


class _FrenchContext(click.Context):
    formatter_class = _FrenchFormatter


def _described(text: str) -> str:
    """Return the description of an option, whose default and variable click adds in brackets."""
    said, bracket, added = text.partition("  [")
    return _french(said) + bracket + _WORDS.sub(lambda word: _french(word[0]), added)


def _french(text: str) -> str:
    return HELP_IN_FRENCH.get(text, text)
