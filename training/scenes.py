"""The evaluation's scenes of one part of the recordings: what calibrates the scores, and what tells how well a model hears.

The scenes are rendered by the evaluation's own program (``scenes.py``, beside the recordings), so that figures mean the
same.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from claptrap.audio.frame import RATE_HZ
from claptrap.detect.yamnet import FEATURES
from training import examples, heads, network
from training.recordings import FloatArray, select
from training.yamnet_features import extract_features

SCENES = "clean,reverb,cam8k,babble10,music10,noise10,hard,everyday"
TOLERANCE_S = 0.080


@dataclass(frozen=True, slots=True)
class Scenes:
    """Every candidate in the scenes of one part.

    Attributes:
        scene: (n,) which.
        is_clap: (n,) whether it is a true clap's; other candidates in scenes of claps are left out.
        n_claps, hours: how many claps each scene has, how long it is.
        patches: (n, FRAMES, MELS) in dB.
        features: (n, 2, FEATURES) of YAMNet.
    """

    scene: NDArray[np.str_]
    is_clap: NDArray[np.bool_]
    n_claps: dict[str, int]
    hours: dict[str, float]
    patches: NDArray[np.float16]
    features: NDArray[np.float16]


def of_part(folder: Path, renderer: Path, yamnet: Path, work: Path, part: int) -> Scenes:
    """Render and hear the scenes of one part; what is in ``work`` already is used again."""
    heard = work / f"part-{part}"
    if not (heard / "features.npy").exists():
        rendered = work / f"part-{part}-scenes"
        select(folder, work / f"part-{part}-recordings", part)
        subprocess.run(  # noqa: S603  # the evaluation's own program
            [sys.executable, renderer, work / f"part-{part}-recordings", rendered, "--only", SCENES], check=True
        )
        heard.mkdir(parents=True, exist_ok=True)
        _cut(rendered, heard)
        extract_features(yamnet, heard)
    with np.load(heard / "examples.npz") as file:
        scene, is_clap, scale = (file[name] for name in ("scene", "is_clap", "scale"))
    truths = {p.stem: json.loads(p.read_text()) for p in sorted((work / f"part-{part}-scenes").glob("*.json"))}
    return Scenes(
        scene,
        is_clap,
        {name: len(truth["onsets"]) for name, truth in truths.items()},
        {name: truth["seconds"] / 3600 for name, truth in truths.items()},
        network.patches(examples.samples(heard), scale),
        np.load(heard / "features.npy").reshape(-1, 2, FEATURES),
    )


def _cut(rendered: Path, out: Path) -> None:
    """Keep the sound around the true claps and, in the scenes without claps, around every candidate of the gate."""
    scenes: list[str] = []
    claps: list[bool] = []
    scales: list[float] = []
    with (out / "samples.raw").open("wb") as file:
        for path in sorted(rendered.glob("*.json")):
            x = sf.read(path.with_suffix(".wav"), dtype="float32")[0]
            truth = json.loads(path.read_text())
            onsets = np.array(truth["onsets"])
            found = examples.candidates(x)
            kept = _matched(found / RATE_HZ, onsets) if len(onsets) else np.arange(len(found))
            padded = np.pad(x, (examples.BEFORE, examples.AFTER))
            for at in found[kept].tolist():
                window = padded[at : at + examples.BEFORE + examples.AFTER]
                scale = float(np.abs(window).max()) + 1e-9
                file.write(np.round(window / scale * 32767).astype(np.int16).tobytes())
                scenes.append(path.stem)
                claps.append(len(onsets) > 0)
                scales.append(scale)
    np.savez(
        out / "examples.npz",
        scene=np.array(scenes),
        is_clap=np.array(claps),
        scale=np.array(scales, np.float32),
    )


def _matched(found: FloatArray, onsets: FloatArray) -> NDArray[np.int64]:
    """Return the candidates (seconds) nearest to an onset, one to one, as the evaluation matches them."""
    off = np.abs(found[:, None] - onsets[None, :])
    taken_candidates: set[int] = set()
    taken_onsets: set[int] = set()
    for i, k in np.argwhere(off <= TOLERANCE_S)[np.argsort(off[off <= TOLERANCE_S])].tolist():
        if i not in taken_candidates and k not in taken_onsets:
            taken_candidates.add(i)
            taken_onsets.add(k)
    return np.array(sorted(taken_candidates), np.int64)


def together(parts: list[Scenes]) -> Scenes:
    """Return the scenes of several parts as if they had been rendered one after the other."""
    names = parts[0].hours
    return Scenes(
        np.concatenate([p.scene for p in parts]),
        np.concatenate([p.is_clap for p in parts]),
        {name: sum(p.n_claps[name] for p in parts) for name in names},
        {name: sum(p.hours[name] for p in parts) for name in names},
        np.concatenate([p.patches for p in parts]),
        np.concatenate([p.features for p in parts]),
    )


@dataclass(frozen=True, slots=True)
class Answers:
    """What a model says of scenes.

    Attributes:
        net: (n, looks) log-odds of the embedded model.
        early, late: (n,) of the heads.
    """

    scenes: Scenes
    net: FloatArray
    early: FloatArray
    late: FloatArray


def answers(scenes: Scenes, net: network.Net | None, early: heads.Head, late: heads.Head) -> Answers:
    """Ask all three parts about every candidate; without ``net``, the embedded model that ships."""
    features = scenes.features
    embedded = network.logits_of_shipped(scenes.patches) if net is None else network.logits(net, scenes.patches)
    return Answers(scenes, embedded, early.logits(features[:, 0]), late.logits(features[:, 1]))
