"""Python, the processor, and whether the libraries' machine code runs on it. Imports none of them itself.

NumPy's and LiteRT's packages for x86 are made for "x86-64-v2" (Nehalem of 2008 and later). Tried under QEMU with NumPy 2.4.6
and LiteRT 2.3.0: a Core 2 cannot load NumPy; a Nehalem, without AVX, is killed by a wrong choice in NumPy's OpenBLAS, and
YAMNet runs there once OPENBLAS_CORETYPE=Nehalem is set; a Sandy Bridge needs nothing. ARM's 64 bits always have NEON.
"""

from __future__ import annotations

import platform
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from claptrap.doctor.finding import Finding, Severity
from claptrap.doctor.library_check import STAGES
from claptrap.models.catalogue import has_yamnet_runtime

_V2 = ("ssse3", "sse4_1", "sse4_2", "popcnt")
NEEDED = {"x86_64": _V2, "amd64": _V2, "aarch64": ("asimd",)}
TRIED_MINORS = range(11, 14)
TRIAL_S = 120.0
_ILLEGAL = (-4, 0xC000001D)  # SIGILL; Windows' STATUS_ILLEGAL_INSTRUCTION
_NAMES = {"numpy": "NumPy", "litert": "LiteRT", "yamnet": "YAMNet"}


def examine_processor(yamnet: Path | None, *, within_s: float = TRIAL_S) -> list[Finding]:
    """Look at Python and the processor, and try the libraries, with YAMNet where its verified file is given."""
    return [_python(), *_flags(), _trial(yamnet, within_s)]


def _python() -> Finding:
    version = platform.python_version()
    is_tried = sys.version_info.minor in TRIED_MINORS
    code = "doctor.python" if is_tried else "doctor.python_untried"
    params = {"version": version, "system": f"{platform.system()} {platform.release()}", "machine": platform.machine()}
    return Finding("python", Severity.OK if is_tried else Severity.WARNING, code, params)


def _flags() -> list[Finding]:
    """Return what the processor lacks; nothing where that cannot be known, for the trial decides."""
    needed = NEEDED.get(platform.machine().lower())
    flags = processor_flags()
    if needed is None or not flags:
        return []
    lacking = [flag for flag in needed if flag not in flags]
    if lacking:
        return [Finding("processor", Severity.FAULT, "doctor.processor_old", {"flags": ", ".join(lacking)})]
    fast = [flag for flag in (*needed, "avx", "avx2", "fma", "avx512f", "asimddp") if flag in flags]
    return [Finding("processor", Severity.OK, "doctor.processor", {"flags": ", ".join(fast)})]


def processor_flags(cpuinfo: Path = Path("/proc/cpuinfo")) -> frozenset[str]:
    """Return what the processor says that it can do (Linux); empty elsewhere."""
    try:
        text = cpuinfo.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    line = next((line for line in text.splitlines() if line.startswith(("flags", "Features"))), "")
    return frozenset(line.partition(":")[2].split())


def _trial(yamnet: Path | None, within_s: float) -> Finding:
    command = [sys.executable, "-m", "claptrap.doctor.library_check", *([str(yamnet)] if yamnet else [])]
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=within_s, check=False)  # noqa: S603  # our own module
    except subprocess.TimeoutExpired:
        return Finding("libraries", Severity.FAULT, "doctor.trial_hangs", {"seconds": within_s})
    passed = [stage for stage in STAGES if stage in done.stdout.split()]
    tried: tuple[str, ...] = STAGES[: (3 if yamnet else 2) if has_yamnet_runtime() else 1]
    if done.returncode == 0 and len(passed) == len(tried):
        codes = {1: "doctor.numpy_loads", 2: "doctor.litert_loads", 3: "doctor.litert_hears"}
        return Finding("libraries", Severity.OK, codes[len(tried)])
    return _failure(_NAMES[tried[min(len(passed), len(tried) - 1)]], done.returncode, done.stderr.splitlines())


def _failure(library: str, status: int, said: Sequence[str]) -> Finding:
    if status in _ILLEGAL:
        return Finding("libraries", Severity.FAULT, "doctor.illegal_instruction", {"library": library})
    if status < 0:
        return Finding(
            "libraries", Severity.FAULT, "doctor.killed", {"library": library, "signal": signal.Signals(-status).name}
        )
    reason = next((line.strip() for line in reversed(said) if line.strip()), "?")
    return Finding("libraries", Severity.FAULT, "doctor.library_failed", {"library": library, "reason": reason[:300]})
