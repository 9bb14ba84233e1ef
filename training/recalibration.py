"""Calibrates the shipped heads on people and makers in later recordings: ``python -m training.recalibration``.

Heads and embedded model stay. How they are mixed and where a score is 0.5 was chosen on parts that are used up; here it is
found on whom the heads have not learnt, with the scenes that ``training.profiles`` renders and hears. After it, the rules of
profiles must be learnt again.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import load_weights
from claptrap.detect.confirm import EARLY, LATE
from training.mixtures import EARLY_MIX, FEW, FEW_FA, LATE_MIX
from training.profiles import SHIPPED, is_unlearnt_snap, learnt_before
from training.recordings import FloatArray
from training.weights import packed, write

# Look-alikes an hour that may be taken for claps: each by itself (in bursts half of them are not: ``detect/prior.py``), and
# by the early decision alone.
FA, DECISIVE_FA = 16.0, 3.5
GIVEN_UP = 0.002  # share of strangers' claps that the early rejection may cost


def recalibrated(
    scenes: list[dict[str, NDArray[Any]]], ask_from: NDArray[np.float64], known: set[str]
) -> dict[str, FloatArray]:
    """Return the arrays of ``Confirmer`` that say how the heads are mixed, scaled, and when the early one is decisive."""
    alike = [s for s in scenes if not bool(s["is_clap"])]
    hours = sum(float(s["hours"]) for s in alike)
    asked = [~is_unlearnt_snap(s["event"]) & (s["net"] >= ask_from).all(axis=1) for s in alike]
    early = np.concatenate([_mixed(s, EARLY_MIX, EARLY)[k] for s, k in zip(alike, asked, strict=True)])
    late = np.concatenate([_mixed(s, LATE_MIX, LATE)[k] for s, k in zip(alike, asked, strict=True)])
    decisive = _exceeded(early, DECISIVE_FA * hours)
    later = late[early <= decisive]
    middle = _exceeded(later, (FA - DECISIVE_FA) * hours)
    strangers = np.concatenate(
        [_mixed(s, EARLY_MIX, EARLY)[~np.isin(s["who"], sorted(known))] for s in scenes if bool(s["is_clap"])]
    )
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


def _mixed(scene: dict[str, NDArray[Any]], mix: tuple[float, float, float], point: int) -> FloatArray:
    mixed: FloatArray = mix[0] * scene["heads"][:, 0] + mix[1] * scene["heads"][:, 1] + mix[2] * scene["net"][:, point]
    return mixed


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
    parser.add_argument("--work", type=Path, default=Path("training/work/profiles"))
    parser.add_argument("--out", type=Path, default=SHIPPED)
    args = parser.parse_args()
    weights = load_weights("confirm.npz")
    scenes = [dict(np.load(path)) for path in sorted(args.work.glob("*.npz"))]
    found = recalibrated(scenes, weights["ask_from"], learnt_before()[1])
    arrays = packed({**weights, **found})
    print(
        f"confirm.npz {write(args.out / 'confirm.npz', arrays) / 1000:.0f} kB",
        {n: np.round(a, 3).tolist() for n, a in found.items()},
    )


if __name__ == "__main__":
    main()
