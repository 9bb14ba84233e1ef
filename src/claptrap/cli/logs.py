"""How log lines are written on stderr: time, level, and the English sentence of each failure.

What strangers send ends up in them: they are printable, and bounded in length and number.
"""

from __future__ import annotations

import copy
import logging
import os
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TextIO

from claptrap.cli.terminal import printable
from claptrap.core.errors import ClapTrapError
from claptrap.text.catalogue import say

LEVELS = ("debug", "info", "warning", "error")
MOST_MESSAGE = 1_000  # characters of a line
MOST_TRACEBACK = 8_000  # of its end, where the error stands
BURST = 50  # lines of one kind at once
PER_SECOND = 5.0  # and then
_MAX_KINDS = 500


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
        said.msg, said.args = printable(cut) + getattr(record, "left_out", ""), ()
        trace = self.formatException(said.exc_info)[-MOST_TRACEBACK:] if said.exc_info else ""
        said.exc_text = printable(trace, keep="\n\t") or None
        return super().format(said)


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
    handler = logging.StreamHandler(_own_stderr())
    handler.setFormatter(SentenceFormatter())
    handler.addFilter(LogRateLimit())
    logging.basicConfig(level=level.upper(), handlers=[handler])


def _own_stderr() -> TextIO:
    """Return standard error under a descriptor of its own: while PortAudio begins, number 2 leads nowhere."""
    if sys.stderr is not sys.__stderr__ or sys.stderr is None:
        return sys.stderr  # a test's
    return os.fdopen(os.dup(sys.stderr.fileno()), "w", buffering=1, encoding="utf-8", errors="backslashreplace")


def _sentence(argument: Any) -> Any:
    return say(argument.code, "en", **argument.params) if isinstance(argument, ClapTrapError) else argument
