"""What another process costs, read from ``/proc``; and the machine that it runs on."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """How a process was at one moment.

    Attributes:
        at_s: monotonic.
        cpu_s: processor time, user and system, since it began.
        rss_mb: memory in RAM.
        threads, descriptors: how many.
    """

    at_s: float
    cpu_s: float
    rss_mb: float
    threads: int
    descriptors: int

    def cores_since(self, before: Usage) -> float:
        """Return the share of one core used since ``before``."""
        return (self.cpu_s - before.cpu_s) / (self.at_s - before.at_s)


def usage(pid: int) -> Usage:
    """Return how a process is now (Linux)."""
    about = Path("/proc") / str(pid)
    fields = (about / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    rss = re.search(r"VmRSS:\s*(\d+) kB", (about / "status").read_text(encoding="utf-8"))
    return Usage(
        time.monotonic(),
        (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
        int(rss[1]) / 1024 if rss else 0.0,
        len(list((about / "task").iterdir())),
        len(list((about / "fd").iterdir())),
    )


def machine_times() -> dict[str, float]:
    """Return seconds since the machine began, all cores together: busy, and stolen by other virtual machines (Linux)."""
    fields = Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]
    user, nice, system, _, _, irq, soft, steal = (int(field) / os.sysconf("SC_CLK_TCK") for field in fields[:8])
    return {"busy": user + nice + system + irq + soft, "stolen": steal}


def machine_between(before: Mapping[str, float], seconds: float) -> dict[str, float]:
    """Return how many cores of the machine were busy, and stolen, in the ``seconds`` since ``before``."""
    now = machine_times()
    return {f"machine_cores_{name}": round((now[name] - before[name]) / seconds, 2) for name in now}


def machine() -> dict[str, str | int]:
    """Return the machine by its processor."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return {
        "cpu": found[1] if found else platform.machine(),
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
    }
