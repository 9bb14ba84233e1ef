"""Heads on the embedded model's hidden layer, for hearing without YAMNet: ``python -m training.embedded_heads FOLDER…``.

The embedded model stays. It has learnt from the training part only; its output is one weighting of 64 hidden values, the
same at every decision point. Here a small perceptron per decision point weighs them anew, learnt from all people and makers,
in scenes that are rendered already (by ``training.profiles``, and ``hard`` and ``everyday`` of the evaluation's renderer).
Scores are calibrated as each person and maker is heard by heads that have not learnt from them (five grouped folds). Run
``training.profiles`` after it: its rules follow the scores.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import DECISION_POINTS, load_weights
from claptrap.detect.confirm import signed
from claptrap.detect.prior import RecentClapPrior
from training import perceptron
from training.candidates import FOLDS, Candidates, candidates
from training.mixtures import FEW, FEW_FA
from training.perceptron import Perceptron
from training.profiles import SHIPPED
from training.recordings import FloatArray
from training.weights import packed, write

POINTS = len(DECISION_POINTS)
SEEDS = (0, 1)  # the mean of so many
SCHEDULE = perceptron.Schedule(hidden=24, epochs=15)
OWN = 0.5  # how much the embedded model's own log-odds count beside them
LEAST = -4.0  # its log-odds below which look-alikes are not learnt from
REVERB_WEIGHT = 2.0  # of claps in reverberation, to others
# Look-alikes an hour, each by itself, that may be taken for claps (bursts lose half of them), and decisively so.
FA, DECISIVE_FA = 16.0, 2.5
GIVEN_UP = 0.003  # share of claps that each early rejection may cost


def learnt(scenes: Sequence[Candidates], point: int, left_out: int | None) -> Perceptron:
    """Return the head of a decision point, learnt from all folds but one (None: from all)."""
    x, y, groups, counts = [], [], [], []
    for scene in scenes:
        rows = ~scene.is_snap & (scene.is_clap | (~scene.is_near & (scene.log_odds[:, point] > LEAST)))
        if left_out is not None:
            rows &= scene.fold != left_out
        x.append(scene.hidden[rows, point])
        y.append(scene.is_clap[rows])
        groups += scene.group_names(rows)
        weight = REVERB_WEIGHT if scene.name.startswith("reverb") else 1.0
        counts.append(np.where(scene.is_clap[rows], weight, 1.0))
    is_clap, signed_values = np.concatenate(y), signed(np.concatenate(x))
    weights = perceptron.balanced(is_clap, groups, np.concatenate(counts))
    return Perceptron.mean([perceptron.learnt(signed_values, is_clap, weights, SCHEDULE, seed) for seed in SEEDS])


@dataclass(frozen=True, slots=True)
class Numbers:
    """``alone_scale`` (4, 2) and ``alone_sure`` (4, 2) of ``Confirmer``."""

    scale: FloatArray
    sure: FloatArray


def calibrated(scenes: Sequence[Candidates], odds: Sequence[FloatArray]) -> Numbers:
    """Return the scale that fits log-odds (n, 4) of each scene: 0.5 where ``FA`` look-alikes an hour are taken for claps."""
    alike = [(scene, z) for scene, z in zip(scenes, odds, strict=True) if scene.name.startswith("hard")]
    hours = sum(scene.hours for scene, _ in alike)
    scale, sure = [], []
    for point in range(POINTS):
        down = np.sort(np.concatenate([z[~scene.is_snap, point] for scene, z in alike]))[::-1]
        middle, low, high = (float(down[int(per_hour * hours)]) for per_hour in (FA, FEW_FA, DECISIVE_FA))
        slope = float(np.log((1 - FEW) / FEW)) / (middle - low)
        scale.append((slope, -slope * middle))
        claps = np.concatenate([z[scene.is_clap, point] for scene, z in zip(scenes, odds, strict=True)])
        sure.append((float(np.quantile(claps, GIVEN_UP)), high))
    return Numbers(np.array(scale), np.array(sure))


def scores(scene: Candidates, odds: FloatArray, numbers: Numbers) -> FloatArray:
    """Return (n,) what the classifier makes of log-odds (n, 4): decision points, then the recent-clap prior."""
    score, is_open = np.zeros(len(odds)), np.ones(len(odds), bool)
    for point in range(POINTS):
        z, (low, high) = odds[:, point], numbers.sure[point]
        decided = is_open & ((z < low) | (z > high) | (point == POINTS - 1))
        by_scale = 1 / (1 + np.exp(-np.clip(numbers.scale[point][0] * z + numbers.scale[point][1], -30, 30)))
        score, is_open = np.where(decided, by_scale, score), is_open & ~decided
    return np.array(RecentClapPrior().apply_all(scene.onset.tolist(), score.tolist()))


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m training.embedded_heads", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="rendered scenes, NAME.wav and NAME.json each")
    parser.add_argument("--judged", type=Path, help="scenes that are only judged on, with the folds' heads")
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, default=True, help="or only judge")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    args = parser.parse_args()
    scenes = [candidates(wav, None) for folder in args.folders for wav in sorted(folder.glob("*.wav"))]
    judged = [candidates(wav, None) for wav in sorted(args.judged.glob("*.wav"))] if args.judged else []
    every = [*scenes, *judged]
    odds = [OWN * scene.log_odds for scene in every]  # what heads say that have not learnt from who is heard
    for point in range(POINTS):
        for fold in range(FOLDS):
            head = learnt(scenes, point, fold)
            for scene, z in zip(every, odds, strict=True):
                z[scene.fold == fold, point] += head.log_odds(signed(scene.hidden[scene.fold == fold, point]))
    numbers, weights = calibrated(scenes, odds[: len(scenes)]), load_weights("confirm.npz")
    shipped = Numbers(weights["alone_scale"], weights["alone_sure"])
    for name, by in (("calibrated anew", numbers), ("at the calibration that ships", shipped)):
        found = {scene.name: scene.figures(scores(scene, z, by)) for scene, z in zip(every, odds, strict=True)}
        print(json.dumps({name: found}, indent=1), flush=True)
    if not args.write:
        return
    arrays: dict[str, NDArray[Any]] = {"alone_mix": np.array(OWN), "alone_scale": numbers.scale, "alone_sure": numbers.sure}
    for point in range(POINTS):
        head = learnt(scenes, point, None)
        parts = {"w": head.w, "b": head.b, "out": head.out, "out_b": np.array(head.out_b)}
        arrays |= {f"alone{point}_{name}": value for name, value in parts.items()}
    print(f"confirm.npz {write(args.out / 'confirm.npz', packed({**weights, **arrays})) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
