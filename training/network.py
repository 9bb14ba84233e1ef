"""The embedded model's twin in PyTorch, how it learns, and its export to the NumPy form that ships."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from claptrap.detect.clapnet import (
    AFTER,
    BEFORE,
    DECISION_POINTS,
    FRAMES,
    HIGHEST,
    LOWEST,
    MELS,
    PATCH,
    RANGE_DB,
    REFERENCE,
    load_clapnet,
    log_mel,
)
from claptrap.detect.slot import fill_silence
from training import examples
from training.recordings import FloatArray
from training.weights import narrowed

CHANNELS, HIDDEN = (24, 48, 80), 64
TEACHING = 0.5  # how much repeating the teacher counts beside being right
JITTER = (-72, 0, 72)  # samples by which the gate may miss an onset: three patches per example


class Net(nn.Module):
    """(B, 2, FRAMES, MELS) → logits (B,), and what the teacher makes of the same sound (B, n_taught), learnt beside them.

    The second answer is only there while learning: to give it, the hidden layer must hear what YAMNet hears.
    """

    def __init__(self, n_taught: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        n_in = 2
        for n_out, size in zip(CHANNELS, (5, 3, 3), strict=True):
            layers += [nn.Conv2d(n_in, n_out, size, 2, size // 2, bias=False), nn.BatchNorm2d(n_out), nn.ReLU()]
            n_in = n_out
        self.features = nn.Sequential(*layers)
        flat = CHANNELS[-1] * (-(-FRAMES // 8)) * (-(-MELS // 8))
        self.dense = nn.Linear(flat, HIDDEN)
        self.out = nn.Linear(HIDDEN, 1)
        self.taught = nn.Linear(HIDDEN, n_taught)
        self.drop = nn.Dropout(0.25)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.both(x)[0]

    def both(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return both answers."""
        x = self.drop(self.features(x).permute(0, 2, 3, 1).flatten(1))
        hidden = self.drop(functional.relu(self.dense(x)))
        return self.out(hidden)[:, 0], self.taught(hidden)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how hard to learn."""

    passes: int = 3
    batch: int = 512
    rate: float = 3e-3
    decay: float = 0.02
    seed: int = 1


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """What one rendering teaches.

    Attributes:
        patches: gives its (n, FRAMES, MELS) patches in dB, the onset so many samples off.
        target: (n,) in [0, 1].
        weight: (n,) how much each counts.
        taught: (n, k) what the teacher makes of each, of unit variance.
    """

    patches: Callable[[int], NDArray[np.float16]]
    target: FloatArray
    weight: FloatArray
    taught: NDArray[np.float16]


def patches(windows: NDArray[np.int16], scale: FloatArray, shift: int = 0) -> NDArray[np.float16]:
    """(n, FRAMES, MELS) in dB, of windows as ``examples`` keeps them, with the onset ``shift`` samples off."""
    begin = examples.BEFORE - BEFORE + shift
    out = np.empty((len(windows), FRAMES, MELS), np.float16)
    for a in range(0, len(windows), 2000):
        x = windows[a : a + 2000, begin : begin + PATCH].astype(np.float32) / 32767 * scale[a : a + 2000, None]
        out[a : a + 2000] = log_mel(np.stack([fill_silence(row) for row in x]))
    return out


def network_input(db: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
    """(B, 2, FRAMES, MELS) of patches in dB (B, FRAMES, MELS) heard up to ``frames`` (B,)."""
    loudest = db[:, REFERENCE].amax((1, 2), keepdim=True)
    scaled = ((db - loudest) / RANGE_DB + 1).clamp(LOWEST, HIGHEST)
    heard = (torch.arange(FRAMES)[None, :] < frames[:, None])[:, :, None]
    level = torch.where(heard, scaled, torch.tensor(LOWEST))
    return torch.stack([level, heard.expand_as(level).float()], 1)


def varied(db: torch.Tensor) -> torch.Tensor:
    """Patches as another microphone in another room would give them: a smooth random filter, a random steady noise."""
    n = len(db)
    knots = torch.randn(n, 1, 6) * 3.0
    db = db + functional.interpolate(knots, MELS, mode="linear", align_corners=True)
    noisy = torch.rand(n, 1, 1) < 0.35
    loudest = db[:, REFERENCE].amax((1, 2), keepdim=True)
    floor = loudest - 5 - 45 * torch.rand(n, 1, 1) + torch.randn(n, 1, 1) * 3
    slope = torch.linspace(0, 1, MELS)[None, None] * (torch.rand(n, 1, 1) * 24 - 18)
    noise = floor + slope + 3.0 * torch.randn_like(db)
    both = 10 * torch.log10(10 ** (db / 10) + 10 ** (noise / 10))
    return torch.where(noisy, both, db)


def learn(training_sets: Sequence[TrainingSet], how: Schedule) -> Net:
    """Return a network that has learnt all training sets; each pass takes another order, with the onset a little off."""
    torch.manual_seed(how.seed)
    rng = np.random.default_rng(how.seed)
    net = Net(training_sets[0].taught.shape[1])
    n_steps = how.passes * sum(len(training_set.target) // how.batch for training_set in training_sets)
    optimiser = torch.optim.AdamW(net.parameters(), how.rate, weight_decay=how.decay)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, how.rate, total_steps=n_steps + 1, pct_start=0.2)
    looks = np.array(DECISION_POINTS)
    for number in range(how.passes):
        for i in rng.permutation(len(training_sets)).tolist():
            began, total, training_set = time.monotonic(), 0.0, training_sets[i]
            shift = int(rng.choice(JITTER))
            patches = training_set.patches(shift)
            order = rng.permutation(len(patches))
            for a in range(0, len(order) - how.batch + 1, how.batch):
                pick = np.sort(order[a : a + how.batch])
                db = varied(torch.from_numpy(patches[pick].astype(np.float32)))
                x = network_input(db, torch.from_numpy(looks[rng.integers(len(DECISION_POINTS), size=len(pick))]))
                answer, repeated = net.both(x)
                loss = functional.binary_cross_entropy_with_logits(
                    answer, torch.from_numpy(training_set.target[pick]), torch.from_numpy(training_set.weight[pick])
                )
                loss = loss + TEACHING * functional.mse_loss(
                    repeated, torch.from_numpy(training_set.taught[pick].astype(np.float32))
                )
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                plan.step()
                total += loss.item()
            mean = total / max(1, len(order) // how.batch)
            print(f"  pass {number + 1}, training_set {i}: loss {mean:.4f}, {time.monotonic() - began:.0f} s", flush=True)
    return net.eval()


@torch.no_grad()
def logits(net: Net, db: NDArray[np.float16]) -> FloatArray:
    """(n, len(DECISION_POINTS)) log-odds at every look."""
    out = np.empty((len(db), len(DECISION_POINTS)), np.float32)
    for a in range(0, len(db), 2000):
        x = torch.from_numpy(db[a : a + 2000].astype(np.float32))
        for i, frames in enumerate(DECISION_POINTS):
            out[a : a + 2000, i] = net(network_input(x, torch.full((len(x),), frames))).numpy()
    return out


def logits_of_shipped(db: NDArray[np.float16]) -> FloatArray:
    """(n, len(DECISION_POINTS)) log-odds of the embedded model that ships."""
    net = load_clapnet()
    blocks = [db[a : a + 500].astype(np.float32) for a in range(0, len(db), 500)]
    return np.concatenate([np.stack([net.logits(block, frames) for frames in DECISION_POINTS], axis=1) for block in blocks])


@torch.no_grad()
def exported(net: Net) -> dict[str, NDArray[Any]]:
    """Return the arrays of ``claptrap.detect.clapnet.ClapNet``, batch normalisation folded in."""
    arrays: dict[str, NDArray[Any]] = {}
    for i in range(3):
        conv, norm = net.features[3 * i], net.features[3 * i + 1]
        gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        kernel = conv.weight * gain[:, None, None, None]
        arrays |= narrowed(f"kernel{i}", kernel.permute(2, 3, 1, 0).numpy())
        arrays[f"bias{i}"] = (norm.bias - norm.running_mean * gain).numpy()
    arrays |= narrowed("dense", net.dense.weight.T.numpy())
    arrays["dense_bias"] = net.dense.bias.numpy()
    arrays["out"], arrays["out_bias"] = net.out.weight[0].numpy(), net.out.bias[0].numpy()
    return arrays


assert AFTER[-1] <= examples.AFTER
