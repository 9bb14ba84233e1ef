"""How log lines are written on stderr: time, level, and the English sentence of each failure, bounded in length and number.

What strangers send ends up in log lines (addresses, names, messages of libraries). Control characters are escaped, because a
terminal obeys them; a line, a traceback, and the lines of one kind in a second are bounded, because a disk is.
"""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unicodedata import category

from claptrap.core.errors import ClapTrapError
from claptrap.text.catalogue import say

MAX_MESSAGE = 1_000  # characters of a line
MAX_TRACEBACK = 8_000  # of its end, where the error stands
BURST = 50  # lines of one kind at once
PER_SECOND = 5.0  # and then
_MAX_KINDS = 500


class SentenceFormatter(logging.Formatter):
    """Writes arguments that are expected failures as English sentences, and everything printable and bounded."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        written = copy.copy(record)  # other handlers see the error itself
        if isinstance(record.args, tuple):
            written.args = tuple(map(_sentence, record.args))
        written.msg, written.args = printable(written.getMessage(), MAX_MESSAGE) + getattr(record, "left_out", ""), None
        written.exc_text = None  # another handler's formatter may have left its own
        return super().format(written)

    def formatException(self, ei: Any) -> str:  # noqa: N802  # logging's name
        text = super().formatException(ei)
        if len(text) > MAX_TRACEBACK:
            text = f"… {text[-MAX_TRACEBACK:]}"
        return "\n".join(printable(line, MAX_MESSAGE) for line in text.split("\n"))


def printable(text: str, limit: int) -> str:
    """Return ``text`` without anything that a terminal would obey, cut after ``limit`` characters."""
    cut = text if len(text) <= limit else f"{text[:limit]} … ({len(text)} characters)"
    return "".join(c if c.isprintable() or category(c) == "Zs" else c.encode("unicode_escape").decode() for c in cut)


@dataclass(slots=True)
class _Bucket:
    """How many lines of a kind may be written now, since when, and how many were left out since the last."""

    tokens: float
    at: float
    left_out: int = 0


class LogRateLimit(logging.Filter):
    """Lets ``BURST`` lines of a kind through and then ``PER_SECOND``; the next line says how many were left out.

    Of one kind are the lines of one logger with one text before its arguments are filled in. Thread-safe.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def filter(self, record: logging.LogRecord) -> bool:
        kind, now = (record.name, str(record.msg)[:200]), self._clock()
        with self._lock:
            bucket = self._kinds.pop(kind, None) or _Bucket(BURST, now)
            self._kinds[kind] = bucket
            if len(self._kinds) > _MAX_KINDS:
                self._kinds.popitem(last=False)
            bucket.tokens = min(BURST, bucket.tokens + (now - bucket.at) * PER_SECOND)
            bucket.at = now
            if bucket.tokens < 1:
                bucket.left_out += 1
                return False
            bucket.tokens -= 1
            left_out, bucket.left_out = bucket.left_out, 0
        record.left_out = f" ({left_out} more like it)" if left_out else ""
        return True


def start_logging(level: str) -> None:
    """Write log lines from ``level`` on to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(SentenceFormatter())
    handler.addFilter(LogRateLimit())
    logging.basicConfig(level=level.upper(), handlers=[handler])


def _sentence(argument: Any) -> Any:
    return say(argument.code, "en", **argument.params) if isinstance(argument, ClapTrapError) else argument
