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
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.detect.clapnet import AFTER, DECISION_POINTS, load_clapnet, load_weights, log_mel
from claptrap.detect.classifier import ClapClassifier
from claptrap.detect.confirm import load_confirmer, signed
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.prior import RecentClapPrior
from training.mixtures import FEW, FEW_FA
from training.profiles import SHIPPED, TOLERANCE_S, is_unlearnt_snap
from training.recordings import PACKS, FloatArray, hashed
from training.weights import packed, write

POINTS = len(DECISION_POINTS)
HIDDEN, SEEDS = 24, (0, 1)  # units of each perceptron; the mean of so many
EPOCHS, BATCH, RATE, DECAY, DROPPED = 15, 512, 2e-3, 1e-3, 0.4
OWN = 0.5  # how much the embedded model's own log-odds count beside them
LEAST = -4.0  # its log-odds below which look-alikes are not learnt from
REVERB_WEIGHT = 2.0  # of claps in reverberation, to others
NEAR_S = 0.15  # what begins so near a clap and is not it teaches nothing
FOLDS = 5
# Look-alikes an hour, each by itself, that may be taken for claps (bursts lose half of them), and decisively so.
FA, DECISIVE_FA = 16.0, 2.5
GIVEN_UP = 0.003  # share of claps that each early rejection may cost
COLLECTIONS = (*PACKS, "esc10", "rational", "minetest", "bucklespring")  # of many makers
Predict = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True)
class Scene:
    """Every candidate of one rendered scene.

    Attributes:
        name: of the scene; hours: its length; n_claps: how many there are.
        hidden, log_odds: (n, 4, 64) and (n, 4) of the embedded model; onset: (n,) samples.
        who, maker: (n,) the person who claps, and who made what is no clap; empty where there is none.
        is_clap, is_near, is_snap: (n,) claps; beside one; finger snaps that nobody learns.
    """

    name: str
    hours: float
    n_claps: int
    hidden: FloatArray
    log_odds: FloatArray
    onset: NDArray[np.int64]
    who: NDArray[np.str_]
    maker: NDArray[np.str_]
    is_clap: NDArray[np.bool_]
    is_near: NDArray[np.bool_]
    is_snap: NDArray[np.bool_]

    @property
    def fold(self) -> NDArray[np.int64]:
        """(n,) by person or maker."""
        return np.array([hashed(w or m) % FOLDS for w, m in zip(self.who.tolist(), self.maker.tolist(), strict=True)])


def maker_of(file: str) -> str:
    """Return who made a look-alike, as far as its name tells: in a collection, what is alike."""
    stem = file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    maker = stem.split("__")[0]
    if maker in PACKS:
        return stem.rsplit("_", 1)[0]
    return stem if maker in COLLECTIONS else maker


def heard(wav: Path) -> Scene:
    """Return the candidates of a rendered scene, with its truth beside it; kept as ``NAME-embedded.npz`` and used again."""
    kept = wav.with_name(f"{wav.stem}-embedded.npz")
    truth = json.loads(wav.with_suffix(".json").read_text())
    if not kept.exists():
        _listen(wav, kept)
    with np.load(kept) as file:
        onset, hidden, log_odds = file["onset"], file["hidden"].astype(np.float32), file["log_odds"]
    at = onset / RATE_HZ
    claps = np.array(truth["onsets"])
    clap = _matched(at, claps)
    starts = np.array([event[0] for event in truth["events"]])
    files = [
        truth["events"][max(0, int(np.searchsorted(starts, t + 0.02)) - 1)][1] if len(starts) else "" for t in at.tolist()
    ]
    return Scene(
        wav.stem,
        truth["seconds"] / 3600,
        len(claps),
        hidden,
        log_odds,
        onset,
        np.array([truth["sources"][k] if k >= 0 else "" for k in clap.tolist()]),
        np.array([maker_of(file) for file in files]),
        clap >= 0,
        np.array([len(claps) > 0 and bool(np.abs(claps - t).min() < NEAR_S) for t in at.tolist()]),
        is_unlearnt_snap(np.array(files)),
    )


def _matched(at: FloatArray, claps: FloatArray) -> NDArray[np.int64]:
    """Return (n,) which clap each candidate is, one to one, nearest first; −1 for none."""
    clap, taken = np.full(len(at), -1), set[int]()
    near = [
        (abs(float(at[i]) - t), i, k)
        for k, t in enumerate(claps.tolist())
        for i in range(int(np.searchsorted(at, t - TOLERANCE_S)), int(np.searchsorted(at, t + TOLERANCE_S)))
    ]
    for _, i, k in sorted(near):
        if clap[i] < 0 and k not in taken:
            clap[i] = k
            taken.add(k)
    return clap


def _listen(wav: Path, kept: Path) -> None:
    """Run the detector and the embedded model on every candidate, at all decision points."""
    x = sf.read(wav, dtype="float32")[0]
    x = np.pad(x, (0, -len(x) % HOP + RATE_HZ))
    net = load_clapnet()
    detector, classifier = OnsetDetector(1), ClapClassifier(1, net, load_confirmer(), None, name_sounds=False)
    slot, none, block = np.zeros(1, np.int64), np.zeros(1, np.int64), RATE_HZ // 2
    rows: dict[str, list[Any]] = defaultdict(list)
    waiting: list[int] = []
    for a in range(0, len(x) - HOP, block):
        waiting += [c.onset for c in detector.process(slot, x[None, a : a + block], none)]
        classifier.process(slot, x[None, a : a + block], none, ())
        ready = [onset for onset in waiting if onset + AFTER[-1] <= classifier.heard(0)]
        waiting = waiting[len(ready) :]
        if not ready:
            continue
        window = classifier._slot(0)  # noqa: SLF001  # the very windows that the model is given
        found = [
            net.run(log_mel(np.stack([window.patch(onset, after) for onset in ready])), frames)
            for after, frames in zip(AFTER, DECISION_POINTS, strict=True)
        ]
        rows["onset"] += ready
        rows["log_odds"] += list(np.stack([odds for odds, _ in found], axis=1))
        rows["hidden"] += list(np.stack([hidden for _, hidden in found], axis=1).astype(np.float16))
    np.savez(kept, **{name: np.array(values) for name, values in rows.items()})


@dataclass(frozen=True, slots=True)
class Perceptron:
    """One hidden layer on ``signed`` values: w (128, h), b (h,), out (h,), out_b."""

    w: FloatArray
    b: FloatArray
    out: FloatArray
    out_b: float

    def log_odds(self, hidden: FloatArray) -> FloatArray:
        """(n,) of (n, 64)."""
        found: FloatArray = np.maximum(signed(hidden) @ self.w + self.b, 0) @ self.out + self.out_b
        return found


def learnt(scenes: Sequence[Scene], point: int, left_out: int | None) -> Perceptron:
    """Return the head of a decision point, learnt from all folds but one (None: from all)."""
    x, y, groups, weight = [], [], [], []
    for scene in scenes:
        rows = ~scene.is_snap & (scene.is_clap | (~scene.is_near & (scene.log_odds[:, point] > LEAST)))
        if left_out is not None:
            rows &= scene.fold != left_out
        x.append(scene.hidden[rows, point])
        y.append(scene.is_clap[rows])
        groups += [w or m for w, m in zip(scene.who[rows].tolist(), scene.maker[rows].tolist(), strict=True)]
        weight.append(np.full(int(rows.sum()), REVERB_WEIGHT if scene.name.startswith("reverb") else 1.0))
    is_clap = np.concatenate(y)
    n_of = Counter(zip(is_clap.tolist(), groups, strict=True))
    rare = np.array([1 / np.sqrt(n_of[key]) for key in zip(is_clap.tolist(), groups, strict=True)])
    weights = np.where(is_clap, np.concatenate(weight), 1.0) * rare
    for side in (is_clap, ~is_clap):
        weights[side] *= 0.5 / weights[side].sum()
    parts = [_perceptron(signed(np.concatenate(x)), is_clap, weights, seed) for seed in SEEDS]
    return Perceptron(
        np.concatenate([part.w for part in parts], axis=1),
        np.concatenate([part.b for part in parts]),
        np.concatenate([part.out for part in parts]) / len(parts),
        float(np.mean([part.out_b for part in parts])),
    )


def _perceptron(x: FloatArray, y: NDArray[np.bool_], weights: FloatArray, seed: int) -> Perceptron:
    """Learn by Adam from batches drawn by weight; inputs are dropped."""
    rng = np.random.default_rng(seed)
    mean, deviation = x.mean(axis=0), x.std(axis=0) + 1e-3
    normal = ((x - mean) / deviation).astype(np.float32)
    d, drawn = x.shape[1], np.cumsum(weights / weights.sum())
    params = [rng.normal(0, 1 / np.sqrt(d), (d, HIDDEN)), np.zeros(HIDDEN), rng.normal(0, 1 / np.sqrt(HIDDEN), HIDDEN)]
    params = [p.astype(np.float32) for p in (*params, np.zeros(1))]
    first, second = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params]
    n_steps = EPOCHS * (len(x) // BATCH)
    for step in range(n_steps):
        rows = np.minimum(np.searchsorted(drawn, rng.random(BATCH)), len(x) - 1)
        kept = (rng.random((BATCH, d)) > DROPPED) / (1 - DROPPED)
        a = normal[rows] * kept.astype(np.float32)
        z = a @ params[0] + params[1]
        odds = np.maximum(z, 0) @ params[2] + params[3][0]
        error = (1 / (1 + np.exp(-np.clip(odds, -30, 30))) - y[rows] * 0.98 - 0.01).astype(np.float32) / BATCH
        back = np.outer(error, params[2]) * (z > 0)
        slopes = [
            a.T @ back + DECAY * params[0],
            back.sum(axis=0),
            np.maximum(z, 0).T @ error + DECAY * params[2],
            error.sum(keepdims=True),
        ]
        rate = RATE * (1 - step / n_steps)
        for i, slope in enumerate(slopes):
            first[i] = 0.9 * first[i] + 0.1 * slope
            second[i] = 0.999 * second[i] + 0.001 * slope**2
            stride = first[i] / (1 - 0.9 ** (step + 1)) / (np.sqrt(second[i] / (1 - 0.999 ** (step + 1))) + 1e-8)
            params[i] = (params[i] - rate * stride).astype(np.float32)
    w = params[0] / deviation[:, None]
    return Perceptron(w, params[1] - mean @ w, params[2], float(params[3][0]))


@dataclass(frozen=True, slots=True)
class Numbers:
    """``alone_scale`` (4, 2) and ``alone_sure`` (4, 2) of ``Confirmer``."""

    scale: FloatArray
    sure: FloatArray


def calibrated(scenes: Sequence[Scene], odds: Sequence[FloatArray]) -> Numbers:
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


def scores(scene: Scene, odds: FloatArray, numbers: Numbers) -> FloatArray:
    """Return (n,) what the classifier makes of log-odds (n, 4): decision points, then the recent-clap prior."""
    score, is_open = np.zeros(len(odds)), np.ones(len(odds), bool)
    for point in range(POINTS):
        z, (low, high) = odds[:, point], numbers.sure[point]
        decided = is_open & ((z < low) | (z > high) | (point == POINTS - 1))
        by_scale = 1 / (1 + np.exp(-np.clip(numbers.scale[point][0] * z + numbers.scale[point][1], -30, 30)))
        score, is_open = np.where(decided, by_scale, score), is_open & ~decided
    return np.array(RecentClapPrior().apply_all(scene.onset.tolist(), score.tolist()))


def figures(scenes: Sequence[Scene], odds: Sequence[FloatArray], numbers: Numbers) -> dict[str, Any]:
    """Return recall over claps, mean over people, how many below half; false alarms an hour without and with snaps."""
    found: dict[str, Any] = {}
    for scene, z in zip(scenes, odds, strict=True):
        taken = scores(scene, z, numbers) >= 0.5
        if not scene.n_claps:
            found[scene.name] = [round(float((taken & k).sum() / scene.hours), 1) for k in (~scene.is_snap, True)]
            continue
        by_who: dict[str, list[bool]] = defaultdict(list)
        for who, ok in zip(scene.who[scene.is_clap].tolist(), taken[scene.is_clap].tolist(), strict=True):
            by_who[who].append(ok)
        people = [float(np.mean(ok)) for ok in by_who.values()]
        recall = float(taken[scene.is_clap].sum()) / scene.n_claps
        found[scene.name] = [round(recall, 3), round(float(np.mean(people)), 3), sum(one < 0.5 for one in people)]
    return found


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m training.embedded_heads", description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", help="rendered scenes, NAME.wav and NAME.json each")
    parser.add_argument("--judged", type=Path, help="scenes that are only judged on, with the folds' heads")
    parser.add_argument("--write", action=argparse.BooleanOptionalAction, default=True, help="or only judge")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    args = parser.parse_args()
    scenes = [heard(wav) for folder in args.folders for wav in sorted(folder.glob("*.wav"))]
    judged = [heard(wav) for wav in sorted(args.judged.glob("*.wav"))] if args.judged else []
    every = [*scenes, *judged]
    odds = [OWN * scene.log_odds for scene in every]  # what heads say that have not learnt from who is heard
    for point in range(POINTS):
        for fold in range(FOLDS):
            head = learnt(scenes, point, fold)
            for scene, z in zip(every, odds, strict=True):
                z[scene.fold == fold, point] += head.log_odds(scene.hidden[scene.fold == fold, point])
    numbers = calibrated(scenes, odds[: len(scenes)])
    print(json.dumps(figures(every, odds, numbers), indent=1), flush=True)
    if not args.write:
        return
    weights = load_weights("confirm.npz")
    found: dict[str, NDArray[Any]] = {"alone_mix": np.array(OWN), "alone_scale": numbers.scale, "alone_sure": numbers.sure}
    for point in range(POINTS):
        head = learnt(scenes, point, None)
        parts = {"w": head.w, "b": head.b, "out": head.out, "out_b": np.array(head.out_b)}
        found |= {f"alone{point}_{name}": value for name, value in parts.items()}
    print(f"confirm.npz {write(args.out / 'confirm.npz', packed({**weights, **found})) / 1000:.0f} kB")


if __name__ == "__main__":
    main()
