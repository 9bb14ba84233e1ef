"""Each person and each maker left out once, with YAMNet: ``python -m training.folds FOLDER… --result FILE``.

The heads that ship have learnt 45 of the 82 people, so what they hear of these is no measure. Here two perceptrons for each
decision, as in ``training.heads``, are learnt from every candidate of whole scenes (``candidates.py``) five times, without a
fifth of the people and makers each time. Those are heard then, by the program's own features, decisions and prior. It is a
measure of what can be learnt from these recordings, not of the heads that ship; what those make of the people whom they have
not learnt stands beside it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import load_weights
from claptrap.detect.yamnet import FEATURES
from training import perceptron
from training.candidates import FOLDS, HALF, ROWS, Candidates, candidates
from training.perceptron import Perceptron
from training.profiles import learnt_before
from training.recalibration import Mixed, calibrated, mixed, scores
from training.recordings import FloatArray

HEARD = (slice(1024, 3072), slice(0, FEATURES))  # by one perceptron each: the ninth layer alone, and all (see README)
SCHEDULE = perceptron.Schedule(hidden=48, epochs=12, decay=2e-3, dropped=0.5, dropped_hidden=0.3, least_deviation=0.05)
SEEDS = (0,)
SNAPS_WEIGHT = 0.25  # of finger snaps of makers who also clap, to other look-alikes
REVERB_WEIGHT = 2.0  # of claps in reverberation, to others
RATES = (2, 5, 8, 12, 20, 40)  # look-alikes an hour at which recall is given


def learnt(scenes: Sequence[Candidates], head: int, left_out: int | None) -> Perceptron:
    """Return the early (0) or the late head (1), learnt from all folds but one (None: from all)."""
    x, y, groups, counts = [], [], [], []
    for scene in scenes:
        rows = scene.has_features & (scene.is_clap | ~scene.is_near)
        if left_out is not None:
            rows &= scene.fold != left_out
        if not SNAPS_WEIGHT:
            rows &= ~scene.is_snap
        x.append(scene.features[scene.feature_row[rows], head].astype(np.float32))
        y.append(scene.is_clap[rows])
        groups += scene.group_names(rows)
        weight = REVERB_WEIGHT if scene.name.startswith("reverb") else 1.0
        counts.append(np.where(scene.is_clap[rows], weight, np.where(scene.is_snap[rows], SNAPS_WEIGHT, 1.0)))
    is_clap, features = np.concatenate(y), np.concatenate(x)
    weights = perceptron.balanced(is_clap, groups, np.concatenate(counts))
    return Perceptron.mean(
        [
            perceptron.learnt(features[:, part], is_clap, weights, SCHEDULE, seed).spread(part, FEATURES)
            for seed in SEEDS
            for part in HEARD
        ]
    )


def folds_heads(folders: Sequence[Path], head: int, left_out: int) -> list[FloatArray]:
    """Return log-odds (k,) by a fold's head for the fold's rows of ``features`` of every scene, in a process of its own."""
    scenes = [candidates(wav, None) for wav in wavs(folders)]
    found = learnt(scenes, head, left_out)
    out = []
    for scene in scenes:
        rows = scene.feature_row[scene.has_features & (scene.fold == left_out)]
        parts = [
            found.log_odds(scene.features[rows[a : a + ROWS], head].astype(np.float32)) for a in range(0, len(rows), ROWS)
        ]
        out.append(np.concatenate(parts) if parts else np.zeros(0))
    return out


def wavs(folders: Sequence[Path]) -> list[Path]:
    """Return the scenes in ``folders``."""
    return [wav for folder in folders for wav in sorted(folder.glob("*.wav"))]


def curves(every: Sequence[Mixed], weights: Mapping[str, NDArray[Any]], people: set[str] | None = None) -> dict[str, Any]:
    """Return what is heard at 0.5, and at ``RATES`` look-alikes an hour (finger snaps counted apart); who is heard worst.

    Args:
        every: the scenes.
        weights: those of ``Confirmer``, calibrated.
        people: who counts; None for all.
    """
    final = [scores(m, weights) for m in every]
    alike = [(m.scene, score) for m, score in zip(every, final, strict=True) if m.scene.name.startswith("hard")]
    hours = sum(scene.hours for scene, _ in alike)
    down = np.sort(np.concatenate([score[~scene.is_snap] for scene, score in alike]))[::-1]
    found: dict[str, Any] = {}
    for m, score in zip(every, final, strict=True):
        of = found[m.scene.name] = {"0.5": m.scene.figures(score, people=people)}
        if not m.scene.n_claps:
            continue
        for rate in RATES:
            of[f"{rate}/h"] = m.scene.figures(score, float(down[int(rate * hours)]) + 1e-9, people)
        recalls = m.scene.recall_by_person(score >= HALF, people)
        of["worst"] = {who: round(recalls[who], 2) for who in sorted(recalls, key=lambda who: (recalls[who], who))[:5]}
    return found


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m training.folds", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="rendered scenes that are heard already")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--result", type=Path, required=True, help="where the figures go, as JSON")
    args = parser.parse_args()
    weights, (_, known) = load_weights("confirm.npz"), learnt_before()
    scenes = [candidates(wav, None) for wav in wavs(args.folders)]
    odds = [np.zeros((len(scene.features), 2)) for scene in scenes]
    with ProcessPoolExecutor(args.processes) as pool:
        jobs = {(k, fold): pool.submit(folds_heads, args.folders, k, fold) for fold in range(FOLDS) for k in range(2)}
        for (k, fold), job in jobs.items():
            for scene, z, of in zip(scenes, odds, job.result(), strict=True):
                z[scene.feature_row[scene.has_features & (scene.fold == fold)], k] = of
    left_out = [mixed(scene, z) for scene, z in zip(scenes, odds, strict=True)]
    shipped = [mixed(scene, scene.heads(weights)[0]) for scene in scenes]
    of_folds = {**weights, **calibrated(left_out, weights["ask_from"], set())}
    strangers = {who for scene in scenes for who in scene.n_claps} - known
    found = {
        "date": datetime.now(UTC).date().isoformat(),
        "note": "claps / mean over people / people below half; look-alikes an hour without and with finger snaps",
        "everybody left out once": curves(left_out, of_folds),
        "people whom the shipped heads have not learnt, left out once": curves(left_out, of_folds, strangers),
        "the same people, by the shipped heads": curves(shipped, weights, strangers),
    }
    args.result.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
