"""Log lines are for people: they have sentences, not codes."""

from __future__ import annotations

import logging
import sys

from claptrap.cli.logs import BURST, MOST_MESSAGE, MOST_TRACEBACK, PER_SECOND, LogRateLimit, SentenceFormatter
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


def record(message: str, *args: object, name: str = "test") -> logging.LogRecord:
    return logging.LogRecord(name, logging.WARNING, __file__, 1, message, args, None)


def test_a_traceback_is_bounded() -> None:
    """60 kB of a stranger's path made 120 kB of log."""
    failed = record("x")
    failed.exc_info = (ValueError, ValueError("b" * 60_000), None)
    assert len(SentenceFormatter().format(failed)) < MOST_TRACEBACK + MOST_MESSAGE


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
