"""What is learnt on top of YAMNet's inner layers: two small perceptrons, one for an early and one for a last look."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from claptrap.detect.yamnet import FEATURES
from training.recordings import FloatArray
from training.renderings import Rendering

ROWS = 4000  # as many are heard at once where nothing is learnt
HEARD = (slice(1024, 3072), slice(0, FEATURES))  # by one perceptron each: the ninth layer alone, and all (see README)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how hard to learn."""

    hidden: int = 48
    epochs: int = 3
    batch: int = 512
    rate: float = 2e-3
    decay: float = 0.02
    drop_input: float = 0.5
    drop_hidden: float = 0.3


@dataclass(frozen=True, slots=True)
class Head:
    """Perceptrons of one hidden layer, their mean answer: ``w`` (n, m·h), ``b`` (m·h,), ``out`` (m·h,), ``out_b`` ()."""

    w: FloatArray
    b: FloatArray
    out: FloatArray
    out_b: float

    def logits(self, features: NDArray[np.float16]) -> FloatArray:
        """(N,) log-odds of (N, n) features."""
        parts = [
            np.maximum(features[a : a + ROWS].astype(np.float32) @ self.w + self.b, 0) @ self.out + self.out_b
            for a in range(0, len(features), ROWS)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def balanced(is_clap: Sequence[NDArray[np.bool_]], makers: Sequence[NDArray[np.str_]]) -> list[FloatArray]:
    """Return weights (n,) per rendering.

    A recordist counts by the root of the number of claps; claps together count half as much as all the rest.
    """
    claps, who = np.concatenate(is_clap), np.concatenate(makers)
    weight = np.ones(len(claps), np.float32)
    claps_of = Counter(who[claps].tolist())
    weight[claps] = [1 / np.sqrt(claps_of[m]) for m in who[claps].tolist()]
    weight[claps] *= 0.5 * (~claps).sum() / weight[claps].sum()
    return np.split(weight, np.cumsum([len(c) for c in is_clap])[:-1])


def learn(
    renderings: Sequence[Rendering], look: int, weights: Sequence[FloatArray], how: Schedule, seeds: Sequence[int]
) -> Head:
    """Return the mean of perceptrons, one per seed and per part of what YAMNet hears at a look (0 early, 1 late)."""
    sample = renderings[0].features(look)
    sample = sample[:: max(1, len(sample) // 8000)].astype(np.float32)
    mean, deviation = sample.mean(axis=0), sample.std(axis=0) + 0.05
    nets = [_learn_one(renderings, look, weights, mean, deviation, how, seed, part) for seed in seeds for part in HEARD]
    w = np.concatenate([_spread(first, part) for (first, _), part in zip(nets, HEARD * len(seeds), strict=True)], axis=1)
    w /= deviation[:, None]
    b = np.concatenate([first.bias.detach().numpy() for first, _ in nets]) - mean @ w
    out = np.concatenate([last.weight.detach().numpy()[0] for _, last in nets]) / len(nets)
    return Head(w, b, out, float(np.mean([last.bias.detach().numpy()[0] for _, last in nets])))


def _spread(first: nn.Linear, part: slice) -> FloatArray:
    """Return (FEATURES, h) weights of a layer that hears only ``part`` of the features: zero for the others."""
    w = np.zeros((FEATURES, first.out_features), np.float32)
    w[part] = first.weight.detach().numpy().T
    return w


def _learn_one(
    renderings: Sequence[Rendering],
    look: int,
    weights: Sequence[FloatArray],
    mean: FloatArray,
    deviation: FloatArray,
    how: Schedule,
    seed: int,
    part: slice,
) -> tuple[nn.Linear, nn.Linear]:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    mean, deviation = mean[part], deviation[part]
    first, last = nn.Linear(len(mean), how.hidden), nn.Linear(how.hidden, 1)
    n_steps = how.epochs * sum(len(r.rows) // how.batch for r in renderings)
    optimiser = torch.optim.AdamW([*first.parameters(), *last.parameters()], how.rate, weight_decay=how.decay)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, how.rate, total_steps=n_steps + 1, pct_start=0.1)
    began = time.monotonic()
    for _ in range(how.epochs):
        for i in rng.permutation(len(renderings)).tolist():
            features, target = renderings[i].features(look), renderings[i].is_clap.astype(np.float32)
            order = rng.permutation(len(target))
            for a in range(0, len(order) - how.batch + 1, how.batch):
                pick = np.sort(order[a : a + how.batch])
                x = torch.from_numpy((features[pick, part].astype(np.float32) - mean) / deviation)
                hidden = functional.relu(first(functional.dropout(x, how.drop_input)))
                answer = last(functional.dropout(hidden, how.drop_hidden))[:, 0]
                loss = functional.binary_cross_entropy_with_logits(
                    answer, torch.from_numpy(target[pick]), torch.from_numpy(weights[i][pick])
                )
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                plan.step()
    print(f"    head at look {look}, seed {seed}: {time.monotonic() - began:.0f} s, last loss {loss.item():.3f}", flush=True)
    return first, last
