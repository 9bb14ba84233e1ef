"""How well claps are heard: ``python -m benchmarks.quality [--part all|blind] [--weights FOLDER]``.

Renders the evaluation's scenes, runs ``claptrap detect`` on them with and without YAMNet, scores it with the evaluation's
own program, and compares with the newest committed result of the same part; ``--curve``: at each tenth of the threshold.
Results go to ``benchmarks/results`` as dated JSON that names the machine by its processor and the weights by their SHA-256.

The recordings are not part of the project: ``CLAPTRAP_SHARED`` names the folder that has ``audio/``, ``eval/`` and
``models/``.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = Path(__file__).parent / "results"
WORK = Path(__file__).parent / "work"
WEIGHTS = ROOT / "src" / "claptrap" / "detect" / "weights"
SCENES = "clean,reverb,cam8k,babble10,music10,noise10,hard,everyday"
CURVE_SCENES = ("clean", "reverb", "music10", "hard", "everyday")
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument(
        "--part", choices=("all", "blind"), default="all", help="all development recordings, or the blind part"
    )
    parser.add_argument(
        "--weights", type=Path, help="other weights than the shipped ones: a folder with clapnet and confirm.npz"
    )
    parser.add_argument("--curve", action="store_true", help="also run every tenth of the threshold, for the plot")
    parser.add_argument("--note", default="", help="kept in the result")
    args = parser.parse_args()
    shared = Path(os.environ.get("CLAPTRAP_SHARED", ROOT.parent / "shared"))
    scenes = rendered(shared, args.part)
    environment = {**os.environ, "CLAPTRAP_MODELS_DIR": str(shared / "models"), "OMP_NUM_THREADS": "1"}
    if args.weights:
        environment["CLAPTRAP_WEIGHTS_DIR"] = str(args.weights.resolve())
    result: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores",
        "part": args.part,
        "note": args.note,
        "weights": {p.name: digest(p) for p in sorted((args.weights or WEIGHTS).glob("*.npz"))},
    }
    for name, engine in (("with YAMNet", "yamnet"), ("embedded alone", "embedded")):
        print(f"\n{name}", flush=True)
        result[name] = figures(shared, scenes, engine, environment)
    compare(result, args.part)
    if args.curve:
        result["curve"] = {
            name: curve(scenes, engine, environment)
            for name, engine in (("with YAMNet", "yamnet"), ("embedded alone", "embedded"))
        }
    path = RESULTS / f"quality-{args.part}-{result['date']}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"\n{path.relative_to(ROOT)}")


def rendered(shared: Path, part: str) -> Path:
    """Return the folder of the scenes of a part, rendering them if they are not there yet."""
    out = WORK / f"scenes-{part}"
    if not (out / "everyday.json").exists():
        recordings = shared / "audio"
        if part == "blind":
            from training.recordings import BLIND, select  # noqa: PLC0415  # needs training's packages

            select(recordings, WORK / "recordings-blind", BLIND)
            recordings = WORK / "recordings-blind"
        renderer = shared / "eval" / "scenes.py"
        subprocess.run([sys.executable, renderer, recordings, out, "--only", SCENES], check=True)
    return out


def figures(shared: Path, scenes: Path, engine: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the figures of the evaluation's program at the default settings."""
    out = WORK / f"score-{engine}.json"
    command = [sys.executable, "-m", "claptrap", "detect", "--json", "--engine", engine]
    scorer: list[str | Path] = [sys.executable, shared / "eval" / "score.py", scenes, "--json", out, "--", *command]
    subprocess.run(scorer, check=True, env=dict(environment))
    found: dict[str, Any] = json.loads(out.read_text())
    for figure in found.values():
        figure.pop("fa_onsets", None)
    return found


def curve(scenes: Path, engine: str, environment: Mapping[str, str]) -> dict[str, dict[str, float]]:
    """Return recall in scenes of claps and false alarms an hour in the others, at every tenth of the threshold.

    Each scene is heard once, at the lowest threshold, and claps are counted by their scores.
    """

    def one(name: str) -> list[float]:
        options = ["--json", "--engine", engine, "--threshold", str(THRESHOLDS[0])]
        done = subprocess.run(
            [sys.executable, "-m", "claptrap", "detect", *options, str(scenes / f"{name}.wav")],
            check=True,
            capture_output=True,
            text=True,
            env=dict(environment),
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        claps = [(line["onset"], line["score"]) for line in lines if line["type"] == "clap"]
        truth = json.loads((scenes / f"{name}.json").read_text())
        heard = [[onset for onset, score in claps if score >= threshold] for threshold in THRESHOLDS]
        if truth["onsets"]:
            return [recall(onsets, truth["onsets"]) for onsets in heard]
        return [len(onsets) / (truth["seconds"] / 3600) for onsets in heard]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        values = list(pool.map(one, CURVE_SCENES))
    rows = zip(THRESHOLDS, zip(*values, strict=True), strict=True)
    return {
        str(threshold): {name: round(value, 4) for name, value in zip(CURVE_SCENES, row, strict=True)}
        for threshold, row in rows
    }


def recall(onsets: list[float], true: list[float], tolerance_s: float = 0.080) -> float:
    """Return the share of true onsets that have a reported one near them; each reported one counts once."""
    left = sorted(onsets)
    found = 0
    for onset in sorted(true):
        near = [o for o in left if abs(o - onset) <= tolerance_s]
        if near:
            found += 1
            left.remove(min(near, key=lambda o: abs(o - onset)))
    return found / len(true)


def compare(result: Mapping[str, Any], part: str) -> None:
    """Print what changed since the newest committed result."""
    earlier = sorted(RESULTS.glob(f"quality-{part}-*.json"))
    if not earlier:
        return
    before = json.loads(earlier[-1].read_text())
    print(f"\nagainst {earlier[-1].name}")
    for engine in ("with YAMNet", "embedded alone"):
        for scene, now in result[engine].items():
            key = "recall" if "recall" in now else "fa_per_h"
            was = before.get(engine, {}).get(scene, {}).get(key)
            if was is not None:
                print(f"  {engine:15} {scene:10} {key:9} {was:8.3f} → {now[key]:8.3f}")


def processor() -> str:
    """Return the processor's name."""
    try:
        found = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        found = None
    return found[1].strip() if found else platform.processor() or platform.machine()


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
