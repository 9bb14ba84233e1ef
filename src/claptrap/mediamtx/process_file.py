"""A MediaMTX must not outlive its ClapTrap: on Linux the kernel ends it, elsewhere the next ClapTrap."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

END_S = 2.0  # then it is killed
ASK_S = 10.0
_PR_SET_PDEATHSIG = 1
_log = logging.getLogger(__name__)


def ends_with_parent() -> Callable[[], None] | None:
    """Return what a child runs before its program, so that it is asked to end when this process dies; None but on Linux.

    The signal comes when the *thread* that started the child ends, so that thread must live as long as the child shall.
    """
    if sys.platform != "linux":
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died in between
            os._exit(1)

    return ask


def start_time(process: int) -> str:
    """Return when a process started, in the system's own words; empty where it does not run."""
    try:
        if sys.platform == "linux":
            state, *fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(")")[2].split()
            return "" if state == "Z" else fields[18]
        command = ["ps", "-o", "lstart=", "-p", str(process)]
        if os.name == "nt":
            command = ["powershell", "-NoProfile", "-Command", f"(Get-Process -Id {process}).StartTime.Ticks"]
        return subprocess.run(command, capture_output=True, text=True, timeout=ASK_S, check=False).stdout.strip()  # noqa: S603  # the system's own
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return ""


class ProcessFile:
    """Remembers the running MediaMTX and its owner: process numbers with start times, for numbers are used again.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def record(self, process: int) -> None:
        """Write down that this process runs MediaMTX as ``process``; a failure is logged, and costs only the clean-up."""
        known = {"process": process, "started": start_time(process), "owner": os.getpid(), "owned": start_time(os.getpid())}
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(known), "utf-8")
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._path, error.strerror or error)

    def clear(self) -> None:
        """Forget it: it has ended."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def end_leftover(self) -> int | None:
        """End the MediaMTX of a ClapTrap that no longer runs, with what it started; return its process number."""
        try:
            known = json.loads(self._path.read_text("utf-8"))
            process, owner = int(known["process"]), int(known["owner"])
            started, owned = str(known["started"]), str(known["owned"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if not started or start_time(process) != started:
            return None
        if owned and start_time(owner) == owned:
            return None  # another ClapTrap's, which still runs
        _end(process, started)
        return process


def _end(process: int, started: str) -> None:
    if os.name == "nt":
        subprocess.run(["taskkill", "/T", "/F", "/PID", str(process)], capture_output=True, timeout=ASK_S, check=False)  # noqa: S603, S607  # the system's own
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGTERM)  # it leads its session
        until = time.monotonic() + END_S
        while start_time(process) == started and time.monotonic() < until:
            time.sleep(0.05)
        os.killpg(process, signal.SIGKILL)
