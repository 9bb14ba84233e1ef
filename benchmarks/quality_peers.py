"""How well claps are heard, beside others on the same scenes: ``python -m benchmarks.quality_peers [--part blind]``.

ClapTrap (``claptrap detect``, with and without YAMNet) and the peers of ``peer_loops`` hear the evaluation's scenes, one
after the other, each scene by all in turn. Most do not say when a clap began, so all are scored alike by when they decided,
less the delay that each has as a rule (its median in the clean scene): a clap is heard where that falls within 150 ms of it.

- ``recall``: of claps; ``event``: of rows of claps, any of whose claps was heard; ``double``: of pairs, exactly both;
- ``fa_per_h``: claps reported an hour in scenes that have none;
- ``latency_ms``: from the clap's begin to the decision, median and 95th percentile; ``cpu_s_per_h``: of sound.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import peers, report
from benchmarks.quality import ROOT, rendered

SCENES = ("clean", "reverb", "cam8k", "babble10", "music10", "hard", "everyday")
NEAR_S = 0.150
LONGEST_S = 2.0  # of a delay
PAIR_S = 0.8


def run(command: Sequence[str], environment: Mapping[str, str]) -> tuple[list[float], float]:
    """Return when claps were decided, in seconds of sound, and the processor time that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        command, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return [line["decided"] for line in lines if line["type"] == "clap"], cpu_s


def usual_delay_s(onsets: Sequence[float], decided: Sequence[float]) -> float:
    """Return the median time from a clap to the next decision; 0 where there is none."""
    at = np.array(decided)
    delays = [float(later.min()) for onset in onsets if len(later := at[(at >= onset) & (at <= onset + LONGEST_S)] - onset)]
    return float(np.median(delays)) if delays else 0.0


def figures(truth: Mapping[str, Any], decided: Sequence[float], delay_s: float) -> dict[str, Any]:
    """Return the figures of one scene."""
    if not truth["onsets"]:
        return {"fa_per_h": round(len(decided) / (truth["seconds"] / 3600), 1)}
    onsets, left = truth["onsets"], sorted(at - delay_s for at in decided)
    found: dict[int, float] = {}
    for k, onset in enumerate(onsets):
        near = [at for at in left if abs(at - onset) <= NEAR_S]
        if near:
            found[k] = min(near, key=lambda at: abs(at - onset))
            left.remove(found[k])
    pairs = [g for g in truth["groups"] if len(g) == 2 and onsets[g[1]] - onsets[g[0]] < PAIR_S]
    exact = sum(g[0] in found and g[1] in found for g in pairs)
    latency = [1e3 * (at + delay_s - onsets[k]) for k, at in found.items()]
    return {
        "recall": round(len(found) / len(onsets), 4),
        "event": round(sum(any(k in found for k in g) for g in truth["groups"]) / len(truth["groups"]), 4),
        "double": round(exact / len(pairs), 4) if pairs else None,
        "latency_ms": [round(value) for value in np.percentile(latency, [50, 95])] if latency else None,
    }


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality_peers", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--part", choices=("all", "blind"), default="blind")
    parser.add_argument("--scenes", nargs="+", default=SCENES, choices=SCENES)
    parser.add_argument("--note", default="", help="what ran beside")
    wanted = parser.parse_args()
    shared = Path(os.environ.get("CLAPTRAP_SHARED", ROOT.parent / "shared"))
    os.environ["CLAPTRAP_MODELS_DIR"] = str(shared / "models")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    folder = rendered(shared, wanted.part)
    others = peers.find(*peers.NAMES, "frigate-sensitive")
    detect = [sys.executable, "-m", "claptrap", "detect", "--json", "--engine"]
    subjects = {"ClapTrap": [*detect, "yamnet"], "ClapTrap without YAMNet": [*detect, "embedded"]}
    truths = {scene: json.loads((folder / f"{scene}.json").read_text()) for scene in wanted.scenes}
    decided: dict[str, dict[str, list[float]]] = {name: {} for name in (*subjects, *others.present)}
    cpu_s: dict[str, list[float]] = {name: [] for name in decided}
    for scene, truth in truths.items():
        for name, claps in decided.items():
            source = str(folder / f"{scene}.wav")
            command = [*subjects[name], source] if name in subjects else peers.command(name, source)
            claps[scene], used_s = run(command, environment)
            cpu_s[name].append(used_s / (truth["seconds"] / 3600))
    found: dict[str, Any] = {}
    for name, of_scene in decided.items():
        delay_s = usual_delay_s(truths["clean"]["onsets"], of_scene["clean"]) if "clean" in truths else 0.0
        scenes = {scene: figures(truths[scene], claps, delay_s) for scene, claps in of_scene.items()}
        found[name] = {"usual_delay_s": round(delay_s, 3), "cpu_s_per_h": report.spread(cpu_s[name], 1), "scenes": scenes}
        print(name, json.dumps(found[name]), flush=True)
    report.write("quality-peers", {"part": wanted.part, "missing": others.missing, "runs": found}, wanted.note)


if __name__ == "__main__":
    main()
