"""Others that hear claps, beside ClapTrap: ``peer_loops`` in processes of their own, under a Python of their own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import MODELS

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / "build" / "peers" / "bin" / "python"
LOOPS = Path(__file__).with_name("peer_loops.py")
NAMES = ("frigate", "mediapipe", "yamnet", "clap-detector")


@dataclass(frozen=True, slots=True)
class Peers:
    """Which of them this machine can run.

    Attributes:
        present: their names.
        missing: why the others cannot, by name.
    """

    present: tuple[str, ...]
    missing: dict[str, str]


def find(*names: str) -> Peers:
    """Ask each whether it can make ready."""
    missing: dict[str, str] = {}
    for name in names or NAMES:
        if not PYTHON.exists():
            missing[name] = "`make bench-tools` has not been run"
            continue
        done = subprocess.run(command(name), capture_output=True, text=True, check=False)
        if done.returncode:
            missing[name] = (done.stderr.strip().splitlines() or ["?"])[-1]
    for name, why in missing.items():
        print(f"{name} is left out: {why}", flush=True)
    return Peers(tuple(name for name in names or NAMES if name not in missing), missing)


def command(name: str, source: str | Path | None = None, post: str | None = None) -> list[str]:
    """Return the command of a peer that hears a file or an RTSP stream."""
    model = Path(os.environ.get("CLAPTRAP_MODELS_DIR", MODELS)) / "yamnet.tflite"
    given = [str(source)] if source is not None else []
    return [str(PYTHON), str(LOOPS), name, *given, "--model", str(model), *(["--post", post] if post else [])]


@contextmanager
def hearing(name: str, source: str, post: str | None = None) -> Iterator[int]:
    """Run a peer while the block lasts; yield its process number once it is ready."""
    with subprocess.Popen(
        command(name, source, post), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        ready = process.stdout.readline() if process.stdout else ""
        if not ready or json.loads(ready)["type"] != "ready":
            raise RuntimeError(f"{name} did not make ready")
        try:
            yield process.pid
        finally:
            process.kill()
