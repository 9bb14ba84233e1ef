"""Log lines are for people: they have sentences, not codes."""

from __future__ import annotations

import logging

from claptrap.cli.logs import BURST, MAX_MESSAGE, MAX_TRACEBACK, PER_SECOND, LogRateLimit, SentenceFormatter
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


def record(message: str, *args: object, name: str = "test") -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, __file__, 1, message, args, None)


def test_nothing_that_a_terminal_obeys_is_written() -> None:
    """Neither from the arguments nor from the message, nor from the error in a traceback; a lone surrogate is text, too."""
    sent = "\x1b]0;owned\x07\r\n\x9b31m\udcff"
    line = SentenceFormatter().format(record("GET %s failed", sent))
    assert line.endswith(r"GET \x1b]0;owned\x07\r\n\x9b31m\udcff failed")
    failed = record("x")
    failed.exc_info = (ValueError, ValueError(sent), None)
    assert all(part.isprintable() for part in SentenceFormatter().format(failed).split("\n"))


def test_a_line_and_a_traceback_are_bounded() -> None:
    """60 kB of a stranger's path made 120 kB of log."""
    assert len(SentenceFormatter().format(record("GET %s failed", "a" * 60_000))) < MAX_MESSAGE + 100
    failed = record("x")
    failed.exc_info = (ValueError, ValueError("b" * 60_000), None)
    assert len(SentenceFormatter().format(failed)) < MAX_TRACEBACK + 2 * MAX_MESSAGE


def test_a_flood_of_lines_is_counted_instead_of_written() -> None:
    """Of one kind; others go on, and the next line of the kind says how many there were."""
    now = 0.0
    limit = LogRateLimit(lambda: now)
    written = [limit.filter(record("wrong %s", number)) for number in range(10_000)]
    assert sum(written) == BURST
    assert limit.filter(record("right"))
    assert limit.filter(record("wrong %s", 1, name="another"))
    now = 1 / PER_SECOND
    late = record("wrong %s", "again")
    assert limit.filter(late)
    assert SentenceFormatter().format(late).endswith(f"wrong again ({10_000 - BURST} more like it)")


def test_kinds_of_lines_are_forgotten() -> None:
    """A library that puts what strangers send into the message itself does not fill the memory."""
    limit = LogRateLimit(lambda: 0.0)
    assert all(limit.filter(record(f"message {number}")) for number in range(5_000))
    assert len(limit._kinds) <= 500
