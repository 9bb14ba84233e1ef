"""Every candidate of a rendered scene, and what the models hold of it: what heads and rules are learnt from, and judged on.

A scene is heard once, as the classifier would hear it; all that ``embedded_heads``, ``yamnet_heads``, ``profiles`` and
``recalibration`` need of it is kept beside it.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile as sf
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.detect.clapnet import AFTER, DECISION_POINTS, load_clapnet, log_mel
from claptrap.detect.classifier import ClapClassifier
from claptrap.detect.confirm import EARLY, LATE, load_confirmer
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.yamnet import YamNet, load_yamnet
from training.recordings import PACKS, FloatArray, hashed

TOLERANCE_S = 0.080
NEAR_S = 0.15  # what begins so near a clap and is not it teaches nothing
SPARE = 1.0  # log-odds below those for which YAMNet runs down to which it is heard here
FOLDS, HALF = 5, 0.5
HEADS = ("early", "late")  # on YAMNet, as their weights are named
ROWS = 2000  # as many features are multiplied at once
SNAPS = ("gotta__snap", "rirnet__snap")  # finger snaps of makers who also clap: counted apart
CLIPS = "esc10"
COLLECTIONS = (*PACKS, "rational", "minetest")  # of many makers


@dataclass(frozen=True, slots=True)
class Candidates:
    """Every candidate of one rendered scene.

    Attributes:
        name: of the scene; hours: its length; n_claps: how many each person claps, those without a candidate too.
        onset: (n,) samples at 16 kHz.
        hidden, log_odds: (n, 4, 64) and (n, 4) of the embedded model at each decision point.
        who, group: (n,) the person who claps and the number of the recording; "" and −1 where there is no clap.
        event, maker: (n,) file of a look-alike, and who made it; "" in scenes of claps.
        is_clap, is_near, is_snap: (n,) claps; beside one; finger snaps that are counted apart.
        feature_row: (n,) row of ``features``; −1 where YAMNet did not run, as the embedded model rejects the candidate.
        features: (m, 2, FEATURES) float16, what YAMNet gives at the early and at the late decision.
    """

    name: str
    hours: float
    n_claps: Mapping[str, int]
    onset: NDArray[np.int64]
    hidden: FloatArray
    log_odds: FloatArray
    who: NDArray[np.str_]
    group: NDArray[np.int64]
    event: NDArray[np.str_]
    maker: NDArray[np.str_]
    is_clap: NDArray[np.bool_]
    is_near: NDArray[np.bool_]
    is_snap: NDArray[np.bool_]
    feature_row: NDArray[np.int64]
    features: NDArray[np.float16]

    def group_names(self, rows: NDArray[np.bool_]) -> list[str]:
        """Return the person or the maker of each of ``rows``."""
        return [who or maker for who, maker in zip(self.who[rows].tolist(), self.maker[rows].tolist(), strict=True)]

    @property
    def fold(self) -> NDArray[np.int64]:
        """(n,) by person or maker: who both claps and makes look-alikes is in one fold."""
        return np.array([hashed(name) % FOLDS for name in self.group_names(np.ones(len(self.onset), bool))])

    def recall_by_person(self, taken: NDArray[np.bool_], people: set[str] | None = None) -> dict[str, float]:
        """Return the share of each person's claps that are among those ``taken`` (n,); of all, or of ``people``."""
        found = Counter(self.who[taken & self.is_clap].tolist())
        return {who: found[who] / n for who, n in sorted(self.n_claps.items()) if people is None or who in people}

    def figures(self, scores: FloatArray, threshold: float = 0.5, people: set[str] | None = None) -> list[float]:
        """Return recall over claps, mean over people, how many below half; false alarms an hour without and with snaps."""
        taken = scores >= threshold
        if not self.n_claps:
            return [round(float((taken & rows).sum() / self.hours), 1) for rows in (~self.is_snap, np.array(True))]
        recalls = self.recall_by_person(taken, people)
        recall = sum(share * self.n_claps[who] for who, share in recalls.items()) / sum(self.n_claps[who] for who in recalls)
        return [
            round(recall, 3),
            round(float(np.mean(list(recalls.values()))), 3),
            sum(share < HALF for share in recalls.values()),
        ]

    @property
    def has_features(self) -> NDArray[np.bool_]:
        """(n,) whether YAMNet ran."""
        return self.feature_row >= 0

    def heads(self, weights: Mapping[str, NDArray[Any]]) -> tuple[FloatArray, FloatArray]:
        """Return log-odds (m, 2) and hidden layers (m, 2, h) of the heads in ``weights``, for the rows of ``features``."""
        odds, hidden = np.zeros((len(self.features), 2), np.float32), []
        for a in range(0, len(self.features), ROWS):
            block = self.features[a : a + ROWS].astype(np.float32)
            layers = [block[:, k] @ weights[f"{name}_w"] + weights[f"{name}_b"] for k, name in enumerate(HEADS)]
            for k, (name, layer) in enumerate(zip(HEADS, layers, strict=True)):
                odds[a : a + ROWS, k] = np.maximum(layer, 0) @ weights[f"{name}_out"] + weights[f"{name}_out_b"]
            hidden.append(np.stack(layers, axis=1))
        return odds, np.concatenate(hidden)


def is_unlearnt_snap(event: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return (n,) whether files of look-alikes are finger snaps that are counted apart."""
    return np.array([name.startswith(SNAPS) for name in event.tolist()], bool)


def maker_of(file: str) -> str:
    """Return who made a look-alike, as far as its name tells: in a collection, what is alike."""
    stem = file.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    maker = stem.split("__")[0]
    if maker in PACKS:
        return stem.rsplit("_", 1)[0]
    if maker == CLIPS:
        return stem.rsplit("-", 1)[0]  # a clip's number, without the letter of the piece that was cut from it
    return stem if maker in COLLECTIONS else maker


def candidates(wav: Path, yamnet: YamNet | None) -> Candidates:
    """Return the candidates of a rendered scene, its truth beside it; kept as ``NAME-candidates.npz`` and used again.

    Args:
        wav: the scene.
        yamnet: None only where all is kept already.
    """
    kept, kept_features = wav.with_name(f"{wav.stem}-candidates.npz"), wav.with_name(f"{wav.stem}-features.npy")
    truth = json.loads(wav.with_suffix(".json").read_text())
    if not kept.exists():
        assert yamnet is not None
        _listen(wav, np.array(truth["onsets"]), yamnet, kept, kept_features)
    with np.load(kept) as file:
        onset, hidden, log_odds, row = (file[name] for name in ("onset", "hidden", "log_odds", "feature_row"))
    at, claps = onset / RATE_HZ, np.array(truth["onsets"])
    clap = matched(at, claps)
    starts = np.array([event[0] for event in truth["events"]])
    event = np.array(
        [truth["events"][max(0, int(np.searchsorted(starts, t + 0.02)) - 1)][1] if len(starts) else "" for t in at.tolist()]
    )
    group_of = {i: g for g, members in enumerate(truth["groups"]) for i in members}
    return Candidates(
        wav.stem,
        truth["seconds"] / 3600,
        Counter(truth["sources"]),
        onset,
        hidden.astype(np.float32),
        log_odds,
        np.array([truth["sources"][k] if k >= 0 else "" for k in clap.tolist()]),
        np.array([group_of.get(k, -1) for k in clap.tolist()]),
        event,
        np.array([maker_of(file) for file in event.tolist()]),
        clap >= 0,
        np.array([len(claps) > 0 and bool(np.abs(claps - t).min() < NEAR_S) for t in at.tolist()]),
        is_unlearnt_snap(event),
        row,
        np.load(kept_features, mmap_mode="r"),
    )


def matched(at: FloatArray, claps: FloatArray) -> NDArray[np.int64]:
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


def _listen(wav: Path, claps: FloatArray, yamnet: YamNet, kept: Path, kept_features: Path) -> None:
    """Run the detector, the embedded model at all decision points, and YAMNet on claps and on what is not rejected."""
    x = sf.read(wav, dtype="float32")[0]
    x = np.pad(x, (0, -len(x) % HOP + RATE_HZ))
    net, confirmer = load_clapnet(), load_confirmer()
    detector, classifier = OnsetDetector(1), ClapClassifier(1, net, confirmer, None, name_sounds=False)
    slot, none, block = np.zeros(1, np.int64), np.zeros(1, np.int64), RATE_HZ // 2
    rows: dict[str, list[Any]] = defaultdict(list)
    features: list[NDArray[np.float16]] = []
    waiting: list[int] = []
    for a in range(0, len(x) - HOP, block):
        waiting += [c.onset for c in detector.process(slot, x[None, a : a + block], none)]
        classifier.process(slot, x[None, a : a + block], none, ())
        ready = [onset for onset in waiting if onset + AFTER[-1] <= classifier.heard(0)]
        waiting = waiting[len(ready) :]
        if not ready:
            continue
        window = classifier._slot(0)  # noqa: SLF001  # the very windows that the models are given
        found = [
            net.run(log_mel(np.stack([window.patch(onset, after) for onset in ready])), frames)
            for after, frames in zip(AFTER, DECISION_POINTS, strict=True)
        ]
        log_odds = np.stack([odds for odds, _ in found], axis=1)
        rows["onset"] += ready
        rows["log_odds"] += list(log_odds)
        rows["hidden"] += list(np.stack([hidden for _, hidden in found], axis=1).astype(np.float16))
        for onset, odds in zip(ready, log_odds, strict=True):
            near = len(claps) > 0 and bool(np.abs(claps - onset / RATE_HZ).min() <= TOLERANCE_S)
            if not (near or all(confirmer.needs_yamnet(float(odds[p]) + SPARE, p) for p in (0, EARLY))):
                rows["feature_row"].append(-1)
                continue
            rows["feature_row"].append(len(features))
            heard = [yamnet.run(window.context(onset, onset + AFTER[p])).features for p in (EARLY, LATE)]
            features.append(np.stack(heard).astype(np.float16))
    np.save(kept_features, np.stack(features))
    np.savez(kept, **{name: np.array(values) for name, values in rows.items()})


def main() -> None:
    """Hear rendered scenes, so that what is learnt from them need not."""
    parser = argparse.ArgumentParser(prog="python -m training.candidates", description=__doc__)
    parser.add_argument("yamnet", type=Path)
    parser.add_argument("folders", type=Path, nargs="+", help="rendered scenes, NAME.wav and NAME.json each")
    args = parser.parse_args()
    yamnet = load_yamnet(args.yamnet)
    for wav in (wav for folder in args.folders for wav in sorted(folder.glob("*.wav"))):
        scene = candidates(wav, yamnet)
        print(f"{wav.stem}: {len(scene.onset)} candidates, YAMNet hears {len(scene.features)}", flush=True)


if __name__ == "__main__":
    main()
