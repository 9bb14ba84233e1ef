"""How much faster than real time ``claptrap detect`` is on one core: ``python -m benchmarks.detect_speed RECORDING…``.

Recordings are best those of ``benchmarks.quality`` (``benchmarks/work/scenes-all/clean.wav``, ``everyday.wav``). Each is
heard with and without YAMNet by a process of its own, its start included. With ``--against FOLDER`` another one runs by
turns from that folder (another commit's ``src``). Medians of all turns: seconds of sound per second of processor time.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import soundfile
from tests.peers.service import claptrap_environment

from benchmarks.process import machine

RESULTS = Path(__file__).parent / "results"
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
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recordings", nargs="+", type=Path)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--against", type=Path, help="the src folder of another commit, to run by turns")
    parser.add_argument("--note", default="", help="what ran beside")
    wanted = parser.parse_args()
    sources = {"this": Path(__file__).parents[1] / "src"} | ({"against": wanted.against} if wanted.against else {})
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
    now = datetime.now(UTC)
    about = {"date": now.isoformat(timespec="seconds"), **machine(), "load_average": round(os.getloadavg()[0], 2)}
    path = RESULTS / f"detect-speed-{now:%Y-%m-%d-%H%M}.json"
    result = {**about, "note": wanted.note, "turns": wanted.turns, "times_real_time": runs}
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
