"""Keeps MediaMTX running: starts it, reads what it says, starts it again when it ends, ends it with us."""

from __future__ import annotations

import logging
import os
import re
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO

from claptrap.core.backoff import Backoff
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import ServiceError
from claptrap.core.weburl import scrubbed

STABLE_S = 30.0  # after so long the next failure counts as the first
TERMINATE_S = 1.5  # then it is killed
JOIN_S = 4.0
DRAIN_S = 1.0
MOST_LINE = 2000
LINES_PER_S = 50  # more is counted, and not passed on
_LEVELS = {"DEB": logging.DEBUG, "INF": logging.INFO, "WAR": logging.WARNING, "ERR": logging.ERROR}
_STAMPED = re.compile(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (DEB|INF|WAR|ERR) ")
_TAKEN = re.compile(r":(\d{1,5}): (?:bind|listen)\w*: .*(?:address already in use|Only one usage of each socket address)")
_log = logging.getLogger(__name__)


class ProgramState(StrEnum):
    """How the program is."""

    IDLE = "idle"
    RUNNING = "running"
    WAITING = "waiting"  # to be started again


@dataclass(frozen=True, slots=True)
class ProgramStatus:
    """How the program is, and why it does not run.

    Attributes:
        stage: how it is.
        starts: how often it was started.
        code, params: why it ended the last time; empty before it first has.
    """

    state: ProgramState = ProgramState.IDLE
    starts: int = 0
    code: str = ""
    params: Mapping[str, str | float] = field(default_factory=dict)


class Supervisor:
    """One MediaMTX, in a thread ``mediamtx`` of its own. ``start`` once, ``stop`` once.

    Args:
        program: MediaMTX's.
        config: its configuration file.
        backoff: how long to wait before it is started again.
        clock: tells how long it ran.
    """

    def __init__(self, program: Path, config: Path, *, backoff: Backoff | None = None, clock: Clock | None = None) -> None:
        self._command: Sequence[str] = (str(program), str(config))
        self._config = config
        self._backoff = backoff or Backoff(first_s=1.0, max_s=60.0)
        self._clock = clock or SystemClock()
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._status = ProgramStatus()
        self._thread = threading.Thread(target=self._run, name="mediamtx", daemon=True)

    @property
    def status(self) -> ProgramStatus:
        """How the program is now."""
        return self._status

    def start(self) -> None:
        """Start it, and again whenever it ends."""
        self._thread.start()

    def stop(self) -> None:
        """End it, by force if it does not by itself; it takes ``TERMINATE_S`` and a moment. Harmless when it never began."""
        with self._lock:
            self._ending.set()
            process = self._process
            if process is not None and process.poll() is None:
                process.terminate()
        if self._thread.ident is None:
            return
        self._thread.join(TERMINATE_S)
        if process is not None and self._thread.is_alive():
            _kill(process)
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        failures = 0
        while not self._ending.is_set():
            began_s = self._clock.monotonic()
            error = self._run_once()
            if self._ending.is_set():
                break
            failures = 1 if self._clock.monotonic() - began_s >= STABLE_S else failures + 1
            wait_s = self._backoff.wait_s(failures)
            self._status = ProgramStatus(ProgramState.WAITING, self._status.starts, error.code, error.params)
            _log.warning("%s (again in %.0f s)", error, wait_s)
            self._ending.wait(wait_s)
        self._status = ProgramStatus(ProgramState.IDLE, self._status.starts, self._status.code, self._status.params)

    def _run_once(self) -> ServiceError:
        """Run it once; return why it ended."""
        try:
            process = self._spawn()
        except OSError as error:
            reason = error.strerror or str(error)
            return ServiceError("mediamtx.cannot_start", retryable=True, path=self._command[0], reason=reason)
        if process is None:
            return ServiceError("mediamtx.ended", status=0)
        reader = _Reader(self._clock, process)
        status = process.wait()
        _kill(process)
        reader.end()
        self._process = None
        if reader.taken is not None:
            return ServiceError("mediamtx.port_taken", retryable=True, port=reader.taken, config=str(self._config))
        return ServiceError("mediamtx.ended", retryable=True, status=status)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        """Start it, unless we end; in a session of its own, so that what it has started can be ended with it."""
        with self._lock:
            if self._ending.is_set():
                return None
            self._process = subprocess.Popen(  # noqa: S603  # the program that the person has chosen
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=self._config.parent,
                start_new_session=True,
            )
        self._status = ProgramStatus(ProgramState.RUNNING, self._status.starts + 1, self._status.code, self._status.params)
        _log.info("MediaMTX: %s started (process %d)", self._command[0], self._process.pid)
        return self._process


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill it with what it has started: an ffmpeg that records must not outlive it."""
    if os.name != "posix":
        process.kill()
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


class _Reader:
    """Passes the program's lines to our log, and notices which port is taken.

    In a thread ``mediamtx:log``: what the program has started has its output too, so that its end is not the program's.

    Attributes:
        taken: the port that is taken, if that was said.
    """

    def __init__(self, clock: Clock, process: subprocess.Popen[bytes]) -> None:
        self.taken: int | None = None
        self._clock = clock
        self._second = 0
        self._lines = 0
        self._unsaid = 0
        self._thread = threading.Thread(target=self._read, args=(process.stdout,), name="mediamtx:log", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Wait for the last lines of a process that has ended."""
        self._thread.join(DRAIN_S)

    def _read(self, output: IO[bytes]) -> None:
        with output:
            while line := output.readline(MOST_LINE):
                text = line.decode("utf-8", "replace").strip()
                if found := _TAKEN.search(text):
                    self.taken = int(found[1])
                if text and self._may_speak():
                    self._say(text)

    def _may_speak(self) -> bool:
        second = int(self._clock.monotonic())
        if second != self._second:
            if self._unsaid:
                _log.warning("MediaMTX: %d more line(s) within a second", self._unsaid)
            self._second, self._lines, self._unsaid = second, 0, 0
        self._lines += 1
        self._unsaid += self._lines > LINES_PER_S
        return self._lines <= LINES_PER_S

    def _say(self, text: str) -> None:
        stamped = _STAMPED.match(text)
        level = _LEVELS[stamped[1]] if stamped else logging.INFO
        said = text[stamped.end() :] if stamped else text
        _log.log(level, "MediaMTX: %s", scrubbed("".join(c if c.isprintable() else " " for c in said)))
