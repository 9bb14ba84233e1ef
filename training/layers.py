"""What profiles compare: the candidates of scenes as hidden layers, and how each layer is whitened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.clapnet import load_weights
from claptrap.detect.confirm import EARLY, LATE, signed
from claptrap.detect.embedding import POINTS
from claptrap.detect.yamnet import YamNet
from training.candidates import candidates
from training.recordings import FloatArray

LEAST_LOG_ODDS = -6.0  # look-alikes below do not matter
LEAST_ALIKE, OVERALL, SHRINK = 4, 0.3, 0.03  # sounds of one maker; share of the covariance of all; what is added to each


@dataclass(frozen=True, slots=True)
class Heard:
    """Every candidate of one scene that matters.

    Attributes:
        name: of the scene; who, group, event: (n,) person and recording of a clap, or file of a look-alike.
        log_odds: (n, LAYERS) of scores by the models alone.
        hidden: per layer (n, d).
        is_clap, hours: of the whole scene.
    """

    name: str
    who: NDArray[np.str_]
    group: NDArray[np.int64]
    event: NDArray[np.str_]
    log_odds: FloatArray
    hidden: tuple[FloatArray, ...]
    is_clap: bool
    hours: float


def heard(wav: Path, yamnet: YamNet | None) -> Heard:
    """Return the candidates of a rendered scene that matter: its claps, or what YAMNet hears where there are none."""
    scene, weights = candidates(wav, yamnet), load_weights("confirm.npz")
    odds, hidden = scene.heads(weights)
    rows = np.flatnonzero(scene.has_features & (scene.is_clap | (not scene.n_claps)))
    of = scene.feature_row[rows]
    return Heard(
        scene.name, scene.who[rows], scene.group[rows], scene.event[rows],
        _log_odds(scene.log_odds[rows], scene.hidden[rows], odds[of], weights),
        (*(scene.hidden[rows, point] for point in range(POINTS)), *(hidden[of, k] for k in range(2))),
        bool(scene.n_claps), scene.hours,
    )  # fmt: skip


def _log_odds(net: FloatArray, hidden: FloatArray, heads: FloatArray, w: Mapping[str, NDArray[Any]]) -> FloatArray:
    """Return the log-odds (n, LAYERS) of the scores that the confirmer gives.

    Args:
        net: (n, 4) log-odds by the embedded model.
        hidden: (n, 4, 64), its hidden layer.
        heads: (n, 2) log-odds by YAMNet's heads.
        w: the weights of ``Confirmer``.
    """
    alone = w["alone_mix"] * net
    for point in range(POINTS):
        own, b, out, out_b = (w[f"alone{point}_{part}"] for part in ("w", "b", "out", "out_b"))
        alone[:, point] += np.maximum(signed(hidden[:, point]) @ own + b, 0) @ out + out_b
    early = w["early_mix"][0] * heads[:, 0] + w["early_mix"][2] * net[:, EARLY]
    late = w["late_mix"][0] * heads[:, 0] + w["late_mix"][1] * heads[:, 1] + w["late_mix"][2] * net[:, LATE]
    mixed = np.stack([early, late], axis=1) * w["mixed_scale"][:, 0] + w["mixed_scale"][:, 1]
    return np.concatenate([alone * w["alone_scale"][:, 0] + w["alone_scale"][:, 1], mixed], axis=1)


class Layer:
    """One hidden layer, and how it is whitened: by how it varies, mostly within the sounds of one person or one look-alike.

    What changes from room to room, and not from person to person, counts less then (within-class covariance normalisation).
    """

    def __init__(self, number: int, found: list[Heard], left_out: set[str]) -> None:
        self.number = number
        sample = np.concatenate([h.hidden[number] for h in found]).astype(np.float64)
        made_by = np.concatenate([h.who if h.is_clap else h.event for h in found])
        self.mean = sample.mean(axis=0)
        within, weight = np.zeros((sample.shape[1], sample.shape[1])), 0.0
        for name in sorted(set(made_by.tolist()) - left_out):
            same = sample[made_by == name]
            if len(same) >= LEAST_ALIKE:
                within += np.sqrt(len(same)) * np.cov(same.T)
                weight += np.sqrt(len(same))
        spread = (1 - OVERALL) * _unit(within / weight) + OVERALL * _unit(np.cov(sample.T))
        values, vectors = np.linalg.eigh(spread + SHRINK * np.eye(len(spread)))
        self.axes = vectors / np.sqrt(values)

    def direction(self, h: Heard) -> FloatArray:
        """Return (n, d) directions of the candidates of a scene."""
        white = (h.hidden[self.number] - self.mean) @ self.axes
        return (white / (np.linalg.norm(white, axis=1, keepdims=True) + 1e-9)).astype(np.float32)


def _unit(covariance: FloatArray) -> FloatArray:
    """Return a covariance whose mean variance is 1."""
    scaled: FloatArray = covariance / np.trace(covariance) * len(covariance)
    return scaled
