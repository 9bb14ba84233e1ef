"""``--help``, and what is said of a wrong call, in the terminal's language.

The commands have the English help texts, click its own; ``text/fr.json`` has the French ones.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import IO, Any, TypeVar

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


class _FrenchUsageError(click.UsageError):
    """A wrong call, of which all is said in French."""

    def show(self, file: IO[Any] | None = None) -> None:
        if self.ctx is not None:
            hint = f"Try '{self.ctx.command_path} --help' for help."
            click.echo(f"{self.ctx.get_usage()}\n{_french_sentence(hint)}\n", file=file, err=True)
        click.echo(_french_sentence(f"Error: {self.format_message()}"), file=file, err=True)


@contextmanager
def wrong_calls_in_french() -> Iterator[None]:
    """Have what click says of a wrong call in the block said in French."""
    try:
        yield
    except _FrenchUsageError:
        raise
    except click.UsageError as error:
        raise _FrenchUsageError(error.format_message(), error.ctx) from error


def _french_sentence(text: str) -> str:
    """Return a sentence of click's in French, with what it quotes; as it is where it is none that is known."""
    for pattern, french in _sentences():
        if found := pattern.fullmatch(text):
            return french.format(**{name: _french_sentence(part) for name, part in found.groupdict().items()})
    return _french(text)


@cache
def _sentences() -> list[tuple[re.Pattern[str], str]]:
    """Return the known sentences that quote something, each as a pattern, with their French."""
    quoting = [(english, french) for english, french in HELP_IN_FRENCH.items() if "{" in english]
    return [
        (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(english)), re.DOTALL), french)
        for english, french in quoting
    ]
