"""Log lines are for people: they have sentences, not codes."""

from __future__ import annotations

import logging
import sys

from claptrap.cli.logs import MOST_MESSAGE, SentenceFormatter
from claptrap.core.errors import SourceError
from claptrap.text.catalogue import say


def line(message: str, *args: object) -> str:
    record = logging.LogRecord("claptrap", logging.WARNING, __file__, 1, message, args, None)
    return SentenceFormatter().format(record).partition("WARNING ")[2]


def test_an_expected_failure_is_a_sentence_in_the_log() -> None:
    """The record itself keeps the error, for other handlers."""
    error = SourceError("source.device_lost", device="USB")
    assert str(error) == "source.device_lost (device='USB')"
    sentence = say("source.device_lost", "en", device="USB")
    assert line("%s: %s (again in %.1f s)", "salon", error, 0.5) == f"salon: {sentence} (again in 0.5 s)"


def test_a_line_is_one_line_that_cannot_move_the_cursor() -> None:
    """Whatever a source is called, or a library says; and it is bounded."""
    assert line("%s: %s", "a\x1b[2J\nb", "c\x9bd\u202e") == r"a\u001b[2J\u000ab: c\u009bd\u202e"
    assert len(line("x" * 100_000)) == MOST_MESSAGE + 1


def test_a_traceback_keeps_its_lines() -> None:
    try:
        int("a\x1bb")
    except ValueError:
        record = logging.LogRecord("claptrap", logging.ERROR, __file__, 1, "broke", (), sys.exc_info())
    text = SentenceFormatter().format(record)
    assert "\x1b" not in text
    assert len(text.splitlines()) > 3


def test_other_lines_stay_as_they_are() -> None:
    """With arguments or without, a lone mapping among them."""
    assert line("100 %") == "100 %"
    assert line("%s and %d", "one", 2) == "one and 2"
