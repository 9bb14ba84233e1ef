"""How much faster than real time ``claptrap detect`` is on one core: ``python -m benchmarks.detect_speed RECORDING…``.

Recordings are best those of ``benchmarks.quality`` (``benchmarks/work/scenes-all/clean.wav``, ``everyday.wav``). Each is
heard with and without YAMNet by a process of its own, its start included. With ``--against FOLDER`` another one runs by
turns from that folder (another commit's ``src``). Medians of all turns: seconds of sound per second of processor time.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import soundfile
from tests.peers.service import claptrap_environment

from benchmarks import report

MODELS = Path(os.environ.get("CLAPTRAP_SHARED", Path(__file__).parents[2] / "shared")) / "models"
ENGINES = ("embedded", "yamnet")


def times_real_time(source: Path, recording: Path, engine: str) -> tuple[float, str]:
    """Return how much faster than real time the ClapTrap in a folder hears a recording, and what it prints."""
    environment = claptrap_environment(os.environ) | {
        "PYTHONPATH": str(source),
        "CLAPTRAP_MODELS_DIR": os.environ.get("CLAPTRAP_MODELS_DIR", str(MODELS)),
        "OMP_NUM_THREADS": "1",
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "claptrap", "detect", "--json", "--jobs", "1", "--engine", engine, str(recording)]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return soundfile.info(recording).duration / used_s, done.stdout


def main() -> None:
    """Measure, print, and write the result."""
    parser = report.arguments(__doc__)
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    wanted = parser.parse_args()
    sources = report.sources(wanted.against)
    runs: dict[str, Any] = {}
    for recording in wanted.recordings:
        for engine in ENGINES:
            measured: dict[str, list[float]] = {name: [] for name in sources}
            printed: dict[str, str] = {}
            for _ in range(wanted.turns):
                for name, source in sources.items():
                    speed, printed[name] = times_real_time(source, recording, engine)
                    measured[name].append(speed)
            figures: dict[str, Any] = {
                name: {"median": round(statistics.median(values)), "range": [round(min(values)), round(max(values))]}
                for name, values in measured.items()
            }
            if wanted.against:
                figures["ratio"] = round(figures["this"]["median"] / figures["against"]["median"], 3)
                figures["is_output_the_same"] = len(set(printed.values())) == 1
            runs[f"{recording.stem}, {engine}"] = figures
            print(recording.stem, engine, json.dumps(figures), flush=True)
    report.write("detect-speed", {"turns": wanted.turns, "times_real_time": runs}, wanted.note)


if __name__ == "__main__":
    main()
