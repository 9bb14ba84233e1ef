"""Calibrates the shipped heads on people and makers in later recordings: ``python -m training.recalibration FOLDER…``.

Heads and embedded model stay. How they are mixed and where a score is 0.5 was chosen on parts that are used up; here it is
found on whom the heads have not learnt, with the scenes that ``training.profiles`` renders and hears. After it, the rules of
profiles must be learnt again.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import load_weights
from claptrap.detect.confirm import EARLY, LATE
from claptrap.detect.prior import RecentClapPrior
from training.candidates import Candidates, candidates
from training.mixtures import EARLY_MIX, FEW, FEW_FA, LATE_MIX
from training.profiles import SHIPPED, learnt_before
from training.recordings import FloatArray
from training.weights import packed, write

# Look-alikes an hour that may be taken for claps: each by itself (in bursts half of them are not: ``detect/prior.py``), and
# by the early decision alone.
FA, DECISIVE_FA = 16.0, 8.0
GIVEN_UP = 0.002  # share of strangers' claps that the early rejection may cost
MOST_REJECTED = 0.05  # the highest score of what the embedded model rejects (``Confirmer.rejected_score``)


@dataclass(frozen=True, slots=True)
class Mixed:
    """What the mixtures with YAMNet say of a scene's candidates: log-odds (n,) early and late, −∞ where it did not run."""

    scene: Candidates
    early: FloatArray
    late: FloatArray


def mixed(scene: Candidates, heads: FloatArray) -> Mixed:
    """Return the mixtures of a scene.

    Args:
        scene: the candidates.
        heads: (m, 2) log-odds of the early and of the late head, for the rows of its features.
    """
    heard, early, late = scene.has_features, *(np.full(len(scene.onset), -np.inf) for _ in range(2))
    of = heads[scene.feature_row[heard]]
    for found, mix, point in ((early, EARLY_MIX, EARLY), (late, LATE_MIX, LATE)):
        found[heard] = mix[0] * of[:, 0] + mix[1] * of[:, 1] + mix[2] * scene.log_odds[heard, point]
    return Mixed(scene, early, late)


def calibrated(every: Sequence[Mixed], ask_from: NDArray[Any], known: set[str]) -> dict[str, FloatArray]:
    """Return the arrays of ``Confirmer`` that say how the heads are mixed, scaled, and when the early one is decisive.

    Args:
        every: scenes of claps, and of look-alikes (named ``hard…``).
        ask_from: (4,) log-odds of the embedded model from which YAMNet runs.
        known: people whom the heads have learnt.
    """
    alike = [m for m in every if m.scene.name.startswith("hard")]
    hours = sum(m.scene.hours for m in alike)
    asked = [~m.scene.is_snap & (m.scene.log_odds >= ask_from).all(axis=1) for m in alike]
    early = np.concatenate([m.early[k] for k, m in zip(asked, alike, strict=True)])
    late = np.concatenate([m.late[k] for k, m in zip(asked, alike, strict=True)])
    decisive = _exceeded(early, DECISIVE_FA * hours)
    later = late[early <= decisive]
    middle = _exceeded(later, (FA - DECISIVE_FA) * hours)
    strangers = np.concatenate([m.early[m.scene.is_clap & ~np.isin(m.scene.who, sorted(known))] for m in every])
    scale = [
        _scale(_exceeded(early, FA * hours), _exceeded(early, FEW_FA * hours)),
        _scale(middle, _exceeded(late, FEW_FA * hours)),
    ]
    return {
        "early_mix": np.array(EARLY_MIX),
        "late_mix": np.array(LATE_MIX),
        "mixed_scale": np.array(scale),
        "early_sure": np.array([np.quantile(strangers, GIVEN_UP), decisive]),
    }


def scores(of: Mixed, weights: Mapping[str, NDArray[Any]]) -> FloatArray:
    """Return (n,) what the classifier makes of a scene with YAMNet: rejections, both decisions, then the recent-clap prior.

    Args:
        of: the mixtures.
        weights: those of ``Confirmer``, calibrated.
    """
    odds = of.scene.log_odds
    score, is_open = np.zeros(len(odds)), np.ones(len(odds), bool)
    for point in range(odds.shape[1]):
        rejected = is_open & (odds[:, point] < weights["ask_from"][point])
        of_net = np.minimum(MOST_REJECTED, logistic(odds[:, point], weights["rejected_scale"][point]))
        score, is_open = np.where(rejected, of_net, score), is_open & ~rejected
        if point == EARLY:
            low, high = weights["early_sure"]
            decided = is_open & ((of.early < low) | (of.early > high))
            score = np.where(decided, logistic(of.early, weights["mixed_scale"][0]), score)
            is_open &= ~decided
    score = np.where(is_open, logistic(of.late, weights["mixed_scale"][1]), score)
    return np.array(RecentClapPrior().apply_all(of.scene.onset.tolist(), score.tolist()))


def logistic(log_odds: FloatArray, scale: FloatArray) -> FloatArray:
    """Return scores of log-odds by slope and offset."""
    score: FloatArray = 1 / (1 + np.exp(-np.clip(scale[0] * np.maximum(log_odds, -1e9) + scale[1], -30, 30)))
    return score


def _exceeded(log_odds: FloatArray, n: float) -> float:
    """Return the log-odds that ``n`` exceed."""
    return float(np.sort(log_odds)[::-1][min(len(log_odds) - 1, round(n))])


def _scale(middle: float, low: float) -> tuple[float, float]:
    """Return slope and offset: 0.5 at ``middle``, ``FEW`` at ``low``."""
    slope = float(np.log((1 - FEW) / FEW) / max(1e-3, middle - low))
    return slope, -slope * middle


def main() -> None:
    """Run, after ``python -m training.profiles``, which hears the scenes."""
    parser = argparse.ArgumentParser(prog="python -m training.recalibration", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="rendered scenes that are heard already")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    args = parser.parse_args()
    weights = load_weights("confirm.npz")
    scenes = [candidates(wav, None) for folder in args.folders for wav in sorted(folder.glob("*.wav"))]
    every = [mixed(scene, scene.heads(weights)[0]) for scene in scenes]
    found = calibrated(every, weights["ask_from"], learnt_before()[1])
    arrays = packed({**weights, **found})
    print(
        f"confirm.npz {write(args.out / 'confirm.npz', arrays) / 1000:.0f} kB",
        {n: np.round(a, 3).tolist() for n, a in found.items()},
    )


if __name__ == "__main__":
    main()
