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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training import examples, heads, network, scenes
from training.calibration import Calibration, calibrated, figures, scores, scores_alone
from training.hear import hear
from training.recordings import BLIND, TRAIN, VALIDATION
from training.weights import narrowed, write

SHIPPED = Path(__file__).parent.parent / "src" / "claptrap" / "detect" / "weights"
TAUGHT = 96  # directions of YAMNet's features that the embedded model learns to repeat
HEAD_SEEDS = (1,)


@dataclass(frozen=True, slots=True)
class Lessons:
    """What is learnt from: the examples of all renderings. ``features``: (n, 2, FEATURES), early and late look."""

    patches: list[NDArray[np.float16]]
    features: NDArray[np.float16]
    is_clap: NDArray[np.bool_]
    maker: NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Model:
    """What was learnt: the embedded network, and a head for the early and one for the late look."""

    net: network.Net
    early: heads.Head
    late: heads.Head

    def parts(self) -> tuple[network.Net, heads.Head, heads.Head]:
        """Return all three."""
        return self.net, self.early, self.late


def prepared(recordings: Path, yamnet: Path, work: Path, seeds: list[int], parts: tuple[int, ...]) -> Lessons:
    """Render, listen, and return the examples of some parts; what is in ``work`` already is used again."""
    folders = [work / f"seed-{seed}" for seed in seeds]
    for seed, folder in zip(seeds, folders, strict=True):
        if not (folder / "examples.npz").exists():
            examples.make(recordings, folder, seed=seed)
        if not (folder / "features.npy").exists():
            hear(yamnet, folder)
        _keep_patches(folder)
    files = [np.load(folder / "examples.npz") for folder in folders]
    kept = [np.isin(file["part"], parts) for file in files]
    return Lessons(
        [_gathered([folder / f"patches{shift}.npy" for folder in folders], kept) for shift in network.JITTER],
        _gathered([folder / "features.npy" for folder in folders], kept),
        np.concatenate([file["is_clap"][k] for file, k in zip(files, kept, strict=True)]),
        np.concatenate([file["maker"][k] for file, k in zip(files, kept, strict=True)]),
    )


def _keep_patches(folder: Path) -> None:
    with np.load(folder / "examples.npz") as file:
        scale = file["scale"]
    for shift in network.JITTER:
        path = folder / f"patches{shift}.npy"
        if not path.exists():
            np.save(path, network.patches(examples.samples(folder), scale, shift))


def _gathered(paths: list[Path], kept: list[NDArray[np.bool_]]) -> NDArray[np.float16]:
    """Return the kept rows of several arrays on disk, without ever holding them twice."""
    arrays = [np.load(path, mmap_mode="r") for path in paths]
    out = np.empty((sum(int(k.sum()) for k in kept), *arrays[0].shape[1:]), np.float16)
    at = 0
    for array, keep in zip(arrays, kept, strict=True):
        rows = np.flatnonzero(keep)
        for a in range(0, len(rows), heads.ROWS):
            pick = rows[a : a + heads.ROWS]
            out[at : at + len(pick)] = array[pick]
            at += len(pick)
    return out


def learnt(lessons: Lessons, epochs: int) -> Model:
    """Return all three parts, learnt from ``lessons``."""
    weight = heads.balanced(lessons.is_clap, lessons.maker)
    late = heads.learn(lessons.features[:, 1], lessons.is_clap, weight, heads.Schedule(), HEAD_SEEDS)
    early = heads.learn(lessons.features[:, 0], lessons.is_clap, weight, heads.Schedule(), HEAD_SEEDS)
    taught = principal(lessons.features[:, 1], TAUGHT)
    believed = 1 / (1 + np.exp(-late.logits(lessons.features[:, 1])))
    target = (0.5 * lessons.is_clap + 0.5 * believed).astype(np.float32)
    net = network.learn(lessons.patches, target, weight, network.Schedule(epochs=epochs), taught)
    return Model(net, early, late)


def principal(features: NDArray[np.float16], n: int) -> NDArray[np.float16]:
    """(N, n): the strongest directions of (N, FEATURES) features, each of unit variance."""
    sample = features[:: max(1, len(features) // 12_000)].astype(np.float32)
    mean, deviation = sample.mean(axis=0), sample.std(axis=0) + 0.05
    normal = (sample - mean) / deviation
    _, vectors = np.linalg.eigh(normal.T @ normal / len(normal))
    axes = vectors[:, -n:] / (normal @ vectors[:, -n:]).std(axis=0)
    out = np.empty((len(features), n), np.float16)
    for a in range(0, len(features), heads.ROWS):
        out[a : a + heads.ROWS] = ((features[a : a + heads.ROWS].astype(np.float32) - mean) / deviation) @ axes
    return out


def written(model: Model, scale: Calibration, folder: Path) -> None:
    """Write ``clapnet.npz`` and ``confirm.npz``."""
    size = write(folder / "clapnet.npz", network.exported(model.net))
    arrays: dict[str, NDArray[Any]] = {name: np.array(value, np.float32) for name, value in scale.arrays().items()}
    for name, head in (("early", model.early), ("late", model.late)):
        arrays |= narrowed(f"{name}_w", head.w)
        arrays |= {f"{name}_b": head.b, f"{name}_out": head.out, f"{name}_out_b": np.array(head.out_b, np.float32)}
    print(f"{folder}: clapnet.npz {size / 1000:.0f} kB, confirm.npz {write(folder / 'confirm.npz', arrays) / 1000:.0f} kB")


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("recordings", type=Path, help="folder with claps/ neg/ speech/ music/ onsets.csv rooms.npz")
    parser.add_argument("yamnet", type=Path, help="yamnet.tflite")
    parser.add_argument("renderer", type=Path, help="the evaluation's scenes.py")
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[2, 3, 4], help="one rendering of all recordings each")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--only", choices=("trial", "shipped"), help="learn only this one, to do both at the same time")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)

    def model(name: str, parts: tuple[int, ...]) -> Model:
        path = args.work / f"{name}.pickle"
        if not path.exists():
            lessons = prepared(args.recordings, args.yamnet, args.work, args.seeds, parts)
            print(f"{name}: {len(lessons.is_clap)} examples, {lessons.is_clap.sum()} claps", flush=True)
            path.write_bytes(pickle.dumps(learnt(lessons, args.epochs)))
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
