"""The newest lines of the log, kept in memory for the support bundle."""

from __future__ import annotations

import logging
from collections import deque

LINES = 2000
MOST_LINE = 2000


class LogTail(logging.Handler):
    """Keeps the newest lines. Overload rule: the oldest line is dropped."""

    def __init__(self, lines: int = LINES) -> None:
        super().__init__()
        self._lines: deque[str] = deque(maxlen=lines)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record)[:MOST_LINE]
            self._lines.append(line.encode(errors="backslashreplace").decode())  # a path may hold what is no UTF-8
        except Exception:  # noqa: BLE001  # as every handler does: who logs must not fail for a line that cannot be formed
            self.handleError(record)

    def text(self) -> str:
        """Return them, oldest first."""
        return "\n".join(list(self._lines))


def tail_of_log() -> str:
    """Return what the root logger's ``LogTail`` has kept; empty where there is none."""
    return next((handler.text() for handler in logging.getLogger().handlers if isinstance(handler, LogTail)), "")
