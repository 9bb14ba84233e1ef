"""What MediaMTX writes: passed to our log, bounded and without secrets; its last words, and which port it found in use."""

from __future__ import annotations

import logging
import re
import subprocess
import threading
from typing import IO

from claptrap.core.clock import Clock
from claptrap.core.weburl import scrubbed

DRAIN_S = 1.0
MAX_LINE = 2000
MAX_LAST_LINE = 300
LINES_PER_S = 50  # more is counted, and not passed on
_LEVELS = {"DEB": logging.DEBUG, "INF": logging.INFO, "WAR": logging.WARNING, "ERR": logging.ERROR}
_STAMPED = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (DEB|INF|WAR|ERR) ")
_TAKEN = re.compile(r":(\d{1,5}): (?:bind|listen)\w*: .*(?:address already in use|Only one usage of each socket address)")
_log = logging.getLogger("claptrap.mediamtx.supervisor")


class OutputReader:
    """Reads one process's output in a thread ``mediamtx:log``: what it has started writes there too, and may live longer.

    Attributes:
        taken: the port that is in use, if it said so.
        last_line: its last error, else its last line; empty before the first.
    """

    def __init__(self, clock: Clock, process: subprocess.Popen[bytes]) -> None:
        self.taken: int | None = None
        self.last_line = ""
        self._has_failed = False
        self._clock = clock
        self._second = 0
        self._lines = 0
        self._suppressed = 0
        self._thread = threading.Thread(target=self._read, args=(process.stdout,), name="mediamtx:log", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def end(self) -> None:
        """Wait for the last lines of a process that has ended."""
        self._thread.join(DRAIN_S)

    def _read(self, output: IO[bytes]) -> None:
        with output:
            while line := output.readline(MAX_LINE):
                text = line.decode("utf-8", "replace").strip()
                if found := _TAKEN.search(text):
                    self.taken = int(found[1])
                if text:
                    self._process(text)

    def _process(self, text: str) -> None:
        stamped = _STAMPED.match(text)
        level = _LEVELS[stamped[1]] if stamped else logging.INFO
        message = text[stamped.end() :] if stamped else text
        message = scrubbed("".join(c if c.isprintable() else " " for c in message))
        if level >= logging.ERROR or not self._has_failed:
            self.last_line, self._has_failed = message[:MAX_LAST_LINE], level >= logging.ERROR
        if self._is_admitted():
            _log.log(level, "MediaMTX: %s", message)

    def _is_admitted(self) -> bool:
        second = int(self._clock.monotonic())
        if second != self._second:
            if self._suppressed:
                _log.warning("MediaMTX: %d more line(s) within a second", self._suppressed)
            self._second, self._lines, self._suppressed = second, 0, 0
        self._lines += 1
        self._suppressed += self._lines > LINES_PER_S
        return self._lines <= LINES_PER_S
