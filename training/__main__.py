"""From a folder of recordings to the shipped weights: ``python -m training RECORDINGS YAMNET SCENES_PY``.

Twice the same recipe: first with the recordists and makers of the training part only (the trial), then with all, to be
shipped. What a model says of sounds that it has learnt is no measure. So the trial is calibrated on the validation part and
judged on the blind part (``work/blind.json``); the scores of the shipped model are calibrated on both, as the trial hears
them.
"""

from __future__ import annotations

import argparse
import json
import pickle
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training import heads, network, scenes
from training.calibration import Calibration, calibrated, figures, scores, scores_alone
from training.recordings import BLIND, TRAIN, VALIDATION
from training.renderings import Rendering, prepared
from training.weights import narrowed, write

SHIPPED = Path(__file__).parent.parent / "src" / "claptrap" / "detect" / "weights"
TAUGHT = 96  # directions of YAMNet's features that the embedded model learns to repeat
HEAD_SEEDS = (1,)
APPLAUSE = 0.4  # how much a clap out of applause counts, to another


@dataclass(frozen=True, slots=True)
class Model:
    """What was learnt: a head for the early and one for the late look, and, unless it stays, the embedded network."""

    net: network.Net | None
    early: heads.Head
    late: heads.Head

    def parts(self) -> tuple[network.Net | None, heads.Head, heads.Head]:
        """Return all three."""
        return self.net, self.early, self.late


def learnt(renderings: list[Rendering], passes: int, kept: Path) -> Model:
    """Return what was learnt from ``renderings``; the embedded network goes through them ``passes`` times, or not at all.

    ``kept``: where the heads are kept, and taken from when they are there.
    """
    weights = heads.balanced([r.is_clap for r in renderings], [r.maker for r in renderings])
    for rendering, weight in zip(renderings, weights, strict=True):
        weight[rendering.kind == "applause"] *= APPLAUSE
    if not kept.exists():
        apart = [r.without_applause() for r in renderings]
        weights_apart = heads.balanced([r.is_clap for r in apart], [r.maker for r in apart])
        early = heads.learn(renderings, 0, weights, heads.Schedule(), HEAD_SEEDS)
        late = heads.learn(apart, 1, weights_apart, heads.Schedule(), HEAD_SEEDS)
        kept.write_bytes(pickle.dumps([early, late]))
    early, late = pickle.loads(kept.read_bytes())  # noqa: S301  # our own file
    if not passes:
        return Model(None, early, late)
    directions = principal(renderings, TAUGHT)
    training_sets = []
    for rendering, weight in zip(renderings, weights, strict=True):
        features = rendering.features(1)
        believed = 1 / (1 + np.exp(-late.logits(features)))
        target = (0.5 * rendering.is_clap + 0.5 * believed).astype(np.float32)
        training_sets.append(network.TrainingSet(rendering.patches, target, weight, directions(features)))
    return Model(network.learn(training_sets, network.Schedule(passes=passes)), early, late)


def principal(renderings: list[Rendering], n: int) -> Callable[[NDArray[np.float16]], NDArray[np.float16]]:
    """Return what makes of (N, FEATURES) late features (N, n): their strongest directions, each of unit variance."""
    features = renderings[0].features(1)
    sample = features[:: max(1, len(features) // 12_000)].astype(np.float32)
    mean, deviation = sample.mean(axis=0), sample.std(axis=0) + 0.05
    normal = (sample - mean) / deviation
    _, vectors = np.linalg.eigh(normal.T @ normal / len(normal))
    axes = vectors[:, -n:] / (normal @ vectors[:, -n:]).std(axis=0)

    def along(features: NDArray[np.float16]) -> NDArray[np.float16]:
        out = np.empty((len(features), n), np.float16)
        for a in range(0, len(features), heads.ROWS):
            out[a : a + heads.ROWS] = ((features[a : a + heads.ROWS].astype(np.float32) - mean) / deviation) @ axes
        return out

    return along


def written(model: Model, scale: Calibration, folder: Path) -> None:
    """Write ``confirm.npz`` and, if the embedded network is new, ``clapnet.npz``."""
    if model.net is not None:
        print(f"{folder}: clapnet.npz {write(folder / 'clapnet.npz', network.exported(model.net)) / 1000:.0f} kB")
    elif folder != SHIPPED:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(SHIPPED / "clapnet.npz", folder / "clapnet.npz")
    with np.load(SHIPPED / "confirm.npz") as file:  # what ``training.embedded_heads`` has made
        arrays: dict[str, NDArray[Any]] = {name: file[name] for name in file.files if name.startswith("alone")}
    arrays |= {name: np.array(value, np.float32) for name, value in scale.arrays().items()}
    for name, head in (("early", model.early), ("late", model.late)):
        arrays |= narrowed(f"{name}_w", head.w)
        arrays |= {f"{name}_b": head.b, f"{name}_out": head.out, f"{name}_out_b": np.array(head.out_b, np.float32)}
    print(f"{folder}: confirm.npz {write(folder / 'confirm.npz', arrays) / 1000:.0f} kB")


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("recordings", type=Path, help="folder with claps/ neg/ speech/ music/ onsets.csv rooms.npz")
    parser.add_argument("yamnet", type=Path, help="yamnet.tflite")
    parser.add_argument("renderer", type=Path, help="the evaluation's scenes.py")
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3, 4, 5], help="one rendering of all recordings each")
    parser.add_argument(
        "--passes", type=int, default=2, help="of the embedded network through all renderings; 0: the one that ships stays"
    )
    parser.add_argument("--only", choices=("trial", "shipped"), help="learn only this one, to do both at the same time")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    def model(name: str, parts: tuple[int, ...]) -> Model:
        path = args.work / f"{name}.pickle"
        if not path.exists():
            known = (args.recordings, args.yamnet, args.work, args.seeds, parts)
            renderings = prepared(*known, only_worth=not args.passes, processes=args.threads)
            print(
                f"{name}: {sum(len(r.rows) for r in renderings)} examples, {sum(r.is_clap.sum() for r in renderings)} claps",
                flush=True,
            )
            path.write_bytes(pickle.dumps(learnt(renderings, args.passes, args.work / f"{name}-heads.pickle")))
        found: Model = pickle.loads(path.read_bytes())  # noqa: S301  # our own file, just written
        return found

    if args.only == "shipped":
        model("shipped", (TRAIN, VALIDATION, BLIND))
        return
    trial = model("trial", (TRAIN,))
    validation, blind = (
        scenes.of_part(args.recordings, args.renderer, args.yamnet, args.work, part) for part in (VALIDATION, BLIND)
    )
    scale = calibrated(scenes.answers(validation, *trial.parts()))
    written(trial, scale, args.work / "trial")
    found = scenes.answers(blind, *trial.parts())
    report = {"with YAMNet": figures(found, scores(found, scale)[0]), "alone": figures(found, scores_alone(found, scale)[0])}
    (args.work / "blind.json").write_text(json.dumps(report, indent=1))
    print(json.dumps(report, indent=1))
    if args.only == "trial":
        return
    scale = calibrated(scenes.answers(scenes.together([validation, blind]), *trial.parts()))
    written(model("shipped", (TRAIN, VALIDATION, BLIND)), scale, SHIPPED)


if __name__ == "__main__":
    main()
