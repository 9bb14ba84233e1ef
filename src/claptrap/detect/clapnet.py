"""The embedded clap model: a small convolutional network on a log-mel patch around an onset. Plain NumPy.

It is run at up to four decision points (``DECISION_POINTS``), each with more of what follows the onset; frames that have
not arrived yet are marked in a second channel. It was trained with the future cut at random, so one network serves all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import RATE_HZ

WINDOW, STEP, FRAMES, MELS = 256, 128, 44, 40
BEFORE = 2560  # samples of a patch before the onset: 160 ms
PATCH = (FRAMES - 1) * STEP + WINDOW  # samples of a patch: 360 ms
DECISION_POINTS = (28, 33, 38, 44)  # frames known at each: up to 72, 112, 152 and 200 ms after the onset
AFTER = tuple((frames - 1) * STEP + WINDOW - BEFORE for frames in DECISION_POINTS)  # the same in samples
REFERENCE = slice(18, 28)  # the frames of the onset itself, known at every decision point: their loudest bin is 0 dB
RANGE_DB = 50.0
LOWEST, HIGHEST = -0.6, 1.1  # −80 dB and +5 dB from that point
_QUIET = 1e-7
_TAPER = np.hanning(WINDOW + 1)[:-1].astype(np.float32)


def mel_filters(window: int, mels: int, low_hz: float = 80.0) -> NDArray[np.float32]:
    """Return (bins, mels) triangles on the mel scale (O'Shaughnessy 1987), at least one bin wide, each of unit sum."""
    f = np.fft.rfftfreq(window, 1 / RATE_HZ)
    mel = np.linspace(2595 * np.log10(1 + low_hz / 700), 2595 * np.log10(1 + RATE_HZ / 2 / 700), mels + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    bin_hz = RATE_HZ / window
    up = (f[:, None] - edges[1:-1]) / np.maximum(edges[1:-1] - edges[:-2], bin_hz) + 1
    down = (edges[1:-1] - f[:, None]) / np.maximum(edges[2:] - edges[1:-1], bin_hz) + 1
    triangles = np.clip(np.minimum(up, down), 0, None)
    unit: NDArray[np.float32] = (triangles / triangles.sum(axis=0)).astype(np.float32)
    return unit


_POWERS_TO_MELS = np.repeat(mel_filters(WINDOW, MELS), 2, axis=0)  # of real and imaginary parts side by side


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return log-mel patches (B, T, MELS) in dB of (B, n) samples from ``BEFORE`` before the onset on, n ≤ ``PATCH``."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW, axis=1)[:, ::STEP]
    spectrum = np.fft.rfft(windows * _TAPER)
    powers = spectrum.view(spectrum.real.dtype).astype(np.float32, copy=False)
    powers *= powers
    patches: NDArray[np.float32] = powers.reshape(-1, len(_POWERS_TO_MELS)) @ _POWERS_TO_MELS
    patches += np.float32(_QUIET)
    np.log10(patches, out=patches)
    patches *= 10
    return patches.reshape(*windows.shape[:2], MELS)


def network_input(patches: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """Return the network's input (B, FRAMES, MELS, 2) for patches in dB of which the first ``frames`` frames are known."""
    loudest = patches[:, REFERENCE].max(axis=(1, 2), keepdims=True)
    made = np.zeros((len(patches), FRAMES, MELS, 2), np.float32)
    made[:, :frames, :, 0] = np.clip((patches[:, :frames] - loudest) / RANGE_DB + 1, LOWEST, HIGHEST)
    made[:, :frames, :, 1] = 1
    made[:, frames:, :, 0] = LOWEST
    return made


@dataclass(frozen=True, slots=True)
class _Convolution:
    """One layer: kernel (k·k·in, out), bias (out,), size k, stride 2, zero padding; rectified."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    size: int

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """(B, H, W, C) → (B, ⌈H/2⌉, ⌈W/2⌉, out)."""
        b, h, w, channels = x.shape
        k, pad = self.size, self.size // 2
        padded = np.zeros((b, h + 2 * pad, w + 2 * pad, channels), np.float32)
        padded[:, pad : pad + h, pad : pad + w] = x
        by_patch, by_row, by_column, by_channel = padded.strides
        shape = b, (h + 1) // 2, (w + 1) // 2, k, k * channels  # what is under the kernel, row by row
        under = np.ndarray(shape, padded.dtype, padded, 0, (by_patch, 2 * by_row, 2 * by_column, by_row, by_channel))
        out: NDArray[np.float32] = under.reshape(-1, len(self.kernel)) @ self.kernel
        out += self.bias
        np.maximum(out, 0, out=out)
        return out.reshape(*shape[:3], -1)


class ClapNet:
    """The network with its weights.

    Args:
        weights: arrays ``kernel0 … kernel2`` (k, k, in, out), ``bias0 … bias2``, ``dense`` (n, hidden), ``dense_bias``,
            ``out`` (hidden,), ``out_bias`` ().
    """

    def __init__(self, weights: dict[str, NDArray[Any]]) -> None:
        w = {name: np.asarray(array, np.float32) for name, array in weights.items()}
        self._layers = [
            _Convolution(k.reshape(-1, k.shape[-1]), w[f"bias{i}"], k.shape[0]) for i in range(3) for k in (w[f"kernel{i}"],)
        ]
        self._dense, self._dense_bias = w["dense"], w["dense_bias"]
        self._out, self._out_bias = w["out"], float(w["out_bias"])

    def run(self, patches: NDArray[np.float32], frames: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the log-odds of a clap, (B,), and the hidden layer before it is rectified, (B, hidden).

        Args:
            patches: log-mel (B, T, MELS), T ≥ ``frames``.
            frames: how many of their frames are known.
        """
        x = network_input(patches, frames)
        for layer in self._layers:
            x = layer(x)
        hidden: NDArray[np.float32] = x.reshape(len(x), -1) @ self._dense + self._dense_bias
        return self.log_odds(hidden), hidden

    def log_odds(self, hidden: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the log-odds of a clap (…,) that hidden layers (…, hidden) lead to."""
        answer: NDArray[np.float32] = np.maximum(hidden, 0) @ self._out + np.float32(self._out_bias)
        return answer

    def logits(self, patches: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
        """Return the log-odds of ``run`` alone, (B,)."""
        return self.run(patches, frames)[0]


class StoredWeights(Mapping[str, NDArray[Any]]):
    """The arrays of a file of ``detect/weights``; those in 8 bits are multiplied by their scales (``NAME_scale``) when read.

    ``CLAPTRAP_WEIGHTS_DIR`` names another folder, to try what ``training`` has made.

    Args:
        name: the file's.
    """

    def __init__(self, name: str) -> None:
        named = os.environ.get("CLAPTRAP_WEIGHTS_DIR")
        folder = Path(named) if named else files("claptrap.detect").joinpath("weights")
        with folder.joinpath(name).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            self._stored = dict(arrays)

    def __getitem__(self, name: str) -> NDArray[Any]:
        array = self._stored[name]
        return np.asarray(array * self._stored[f"{name}_scale"]) if array.dtype == np.int8 else array

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def __len__(self) -> int:
        return len(self._stored)


def load_weights(name: str) -> dict[str, NDArray[Any]]:
    """Return all arrays of a file of ``StoredWeights``."""
    return dict(StoredWeights(name))


@cache
def load_clapnet() -> ClapNet:
    """Return the embedded model that ships with the package, the same to all who ask."""
    return ClapNet(load_weights("clapnet.npz"))
