"""Log lines are for people: they have sentences, not codes."""

from __future__ import annotations

import logging

from claptrap.cli.logs import SentenceFormatter
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


def test_other_lines_stay_as_they_are() -> None:
    """With arguments or without, a lone mapping among them."""
    assert line("100 %") == "100 %"
    assert line("%s and %d", "one", 2) == "one and 2"
