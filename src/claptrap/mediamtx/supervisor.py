"""Keeps MediaMTX running: starts it, reads what it says, starts it again when it ends, ends it with us."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from claptrap.core.backoff import Backoff
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import ServiceError
from claptrap.mediamtx.config import starts_ffmpeg
from claptrap.mediamtx.output import OutputReader
from claptrap.mediamtx.process_file import ProcessFile, ends_with_parent

STABLE_S = 30.0  # after so long the next failure counts as the first
WELL_S = 3.0  # it runs for so long before its last failure is over: one that ends at once would be well every few seconds
PROCESS_FILE = "mediamtx.process.json"
TERMINATE_S = 1.5  # then it is killed
JOIN_S = 4.0
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
        code, params: why it ended the last time; empty before it first has, and once it has run for ``WELL_S``.
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
        process_file: where the running process is written down; by default beside the configuration.
        backoff: how long to wait before it is started again.
        clock: measures how long it ran.

    Attributes:
        on_change: called, in the supervisor's thread, when ``problems`` may have changed.
    """

    def __init__(
        self,
        program: Path,
        config: Path,
        *,
        process_file: Path | None = None,
        backoff: Backoff | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.on_change: Callable[[], object] = lambda: None
        self._command: Sequence[str] = (str(program), str(config))
        self._config = config
        self._process_file = ProcessFile(process_file or config.parent / PROCESS_FILE)
        self._missing: tuple[ServiceError, ...] = ()
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

    def problems(self) -> tuple[ServiceError, ...]:
        """Return why it does not run, or cannot do what its configuration says: for the page, health and metrics."""
        status = self._status
        failed = (ServiceError(status.code, retryable=True, **status.params),) if status.code else ()
        return (*failed, *self._missing)

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
        if (leftover := self._process_file.end_leftover()) is not None:
            _log.warning("MediaMTX (process %d) had outlived its ClapTrap, and was ended", leftover)
        while not self._ending.is_set():
            self._look_for_ffmpeg()
            began_s = self._clock.monotonic()
            error = self._run_once()
            if self._ending.is_set():
                break
            failures = 1 if self._clock.monotonic() - began_s >= STABLE_S else failures + 1
            wait_s = self._backoff.wait_s(failures)
            self._change(ProgramStatus(ProgramState.WAITING, self._status.starts, error.code, error.params))
            _log.warning("%s (again in %.0f s)", error, wait_s)
            self._ending.wait(wait_s)
        self._status = ProgramStatus(ProgramState.IDLE, self._status.starts, self._status.code, self._status.params)

    def _look_for_ffmpeg(self) -> None:
        """Say before it starts that a program is missing which its configuration has it start."""
        is_missing = starts_ffmpeg(self._config) and shutil.which("ffmpeg") is None
        found = (ServiceError("mediamtx.no_ffmpeg", config=str(self._config)),) if is_missing else ()
        if found and not self._missing:
            _log.warning("%s", found[0])
        self._missing = found
        self.on_change()

    def _run_once(self) -> ServiceError:
        """Run it once; return why it ended."""
        try:
            process = self._spawn()
        except OSError as error:
            reason = error.strerror or str(error)
            return ServiceError("mediamtx.cannot_start", retryable=True, path=self._command[0], reason=reason)
        if process is None:
            return ServiceError("mediamtx.ended", status=0, line="")
        reader = OutputReader(self._clock, process)
        reader.start()
        self._process_file.record(process.pid)
        status = self._wait(process)
        _kill(process)
        reader.end()
        self._process = None
        self._process_file.clear()
        if reader.taken is not None:
            return ServiceError("mediamtx.port_taken", retryable=True, port=reader.taken, config=str(self._config))
        return ServiceError("mediamtx.ended", retryable=True, status=status, line=reader.last_line or "–")

    def _wait(self, process: subprocess.Popen[bytes]) -> int:
        """Wait for its end; after ``WELL_S`` its last failure is over."""
        try:
            return process.wait(WELL_S)
        except subprocess.TimeoutExpired:
            self._change(ProgramStatus(ProgramState.RUNNING, self._status.starts))
            return process.wait()

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
                preexec_fn=ends_with_parent(),  # noqa: PLW1509  # two system calls, prepared before the fork
            )
        status = self._status
        self._change(ProgramStatus(ProgramState.RUNNING, status.starts + 1, status.code, status.params))
        _log.info("MediaMTX: %s started (process %d)", self._command[0], self._process.pid)
        return self._process

    def _change(self, status: ProgramStatus) -> None:
        self._status = status
        self.on_change()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill it with what it has started: an ffmpeg that records must not outlive it."""
    if os.name != "posix":
        process.kill()
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
