"""Small perceptrons of one hidden layer, learnt with NumPy alone: the heads on hidden values and on YAMNet's features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.recordings import FloatArray

UNSURE = 0.01  # targets are so far from 0 and 1


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how hard to learn.

    Attributes:
        hidden: units of each perceptron.
        epochs, batch, rate, decay: of Adam; the rate falls to 0.
        dropped: share of the inputs that are dropped.
        dropped_hidden: share of the hidden units that are.
        least_deviation: added to an input's deviation before it is brought to 1.
    """

    hidden: int
    epochs: int
    batch: int = 512
    rate: float = 2e-3
    decay: float = 1e-3
    dropped: float = 0.4
    dropped_hidden: float = 0.0
    least_deviation: float = 1e-3


@dataclass(frozen=True, slots=True)
class Perceptron:
    """One hidden layer: w (d, h), b (h,), out (h,), out_b."""

    w: FloatArray
    b: FloatArray
    out: FloatArray
    out_b: float

    def log_odds(self, x: FloatArray) -> FloatArray:
        """(n,) of (n, d)."""
        found: FloatArray = np.maximum(x @ self.w + self.b, 0) @ self.out + self.out_b
        return found

    @classmethod
    def mean(cls, parts: Sequence[Perceptron]) -> Perceptron:
        """Return one whose log-odds are the mean of those of ``parts``, all of the same inputs."""
        return cls(
            np.concatenate([part.w for part in parts], axis=1),
            np.concatenate([part.b for part in parts]),
            np.concatenate([part.out for part in parts]) / len(parts),
            float(np.mean([part.out_b for part in parts])),
        )

    def spread(self, part: slice, d: int) -> Perceptron:
        """Return the same of (n, d) inputs, of which only ``part`` counts."""
        w = np.zeros((d, self.w.shape[1]), np.float32)
        w[part] = self.w
        return Perceptron(w, self.b, self.out, self.out_b)


def balanced(is_clap: NDArray[np.bool_], groups: Sequence[str], counts: FloatArray) -> FloatArray:
    """Return weights (n,): claps together count as much as the rest; a person or maker by the root of how many there are.

    Args:
        is_clap: (n,).
        groups: (n,) person or maker.
        counts: (n,) how much each counts beside that.
    """
    keys = list(zip(is_clap.tolist(), groups, strict=True))
    n_of = Counter(keys)
    weights = counts * np.array([1 / np.sqrt(n_of[key]) for key in keys])
    for side in (is_clap, ~is_clap):
        weights[side] *= 0.5 / weights[side].sum()
    return weights


def learnt(x: FloatArray, y: NDArray[np.bool_], weights: FloatArray, how: Schedule, seed: int) -> Perceptron:
    """Learn by Adam from batches drawn by weight; inputs are dropped.

    Args:
        x: (n, d) inputs.
        y: (n,) whether each is a clap.
        weights: (n,) how likely each is drawn.
        how: the schedule.
        seed: of everything that is random.
    """
    rng = np.random.default_rng(seed)
    mean, deviation = x.mean(axis=0), x.std(axis=0) + how.least_deviation
    normal = (x - mean) / deviation
    d, drawn = x.shape[1], np.cumsum(weights / weights.sum())
    params = [
        p.astype(np.float32)
        for p in (
            rng.normal(0, 1 / np.sqrt(d), (d, how.hidden)),
            np.zeros(how.hidden),
            rng.normal(0, 1 / np.sqrt(how.hidden), how.hidden),
            np.zeros(1),
        )
    ]
    first, second = [np.zeros_like(p) for p in params], [np.zeros_like(p) for p in params]
    n_steps = how.epochs * (len(x) // how.batch)
    for step in range(n_steps):
        rows = np.minimum(np.searchsorted(drawn, rng.random(how.batch)), len(x) - 1)
        kept = rng.random((how.batch, d), np.float32) > how.dropped
        kept_hidden = (rng.random((how.batch, how.hidden), np.float32) > how.dropped_hidden) / (1 - how.dropped_hidden)
        a = normal[rows] * kept / np.float32(1 - how.dropped)
        z = a @ params[0] + params[1]
        unit = np.maximum(z, 0) * kept_hidden.astype(np.float32)
        odds = unit @ params[2] + params[3][0]
        target = y[rows] * (1 - 2 * UNSURE) + UNSURE
        error = (1 / (1 + np.exp(-np.clip(odds, -30, 30))) - target).astype(np.float32) / how.batch
        back = np.outer(error, params[2]) * (z > 0) * kept_hidden.astype(np.float32)
        slopes = [
            a.T @ back + how.decay * params[0],
            back.sum(axis=0),
            unit.T @ error + how.decay * params[2],
            error.sum(keepdims=True),
        ]
        rate = how.rate * (1 - step / n_steps)
        for i, slope in enumerate(slopes):
            first[i] = 0.9 * first[i] + 0.1 * slope
            second[i] = 0.999 * second[i] + 0.001 * slope**2
            stride = first[i] / (1 - 0.9 ** (step + 1)) / (np.sqrt(second[i] / (1 - 0.999 ** (step + 1))) + 1e-8)
            params[i] = (params[i] - rate * stride).astype(np.float32)
    w = params[0] / deviation[:, None].astype(np.float32)
    return Perceptron(w, params[1] - mean.astype(np.float32) @ w, params[2], float(params[3][0]))
