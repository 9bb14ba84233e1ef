"""Sound over a short gap, made of what is on both sides of it. Pure.

Each side is continued into the gap by linear prediction, and the two are cross-faded (W. Etter, "Restoration of a
discrete-time signal segment by interpolation based on the left-sided and right-sided autoregressive parameters", IEEE
Transactions on Signal Processing 44(5), 1996). Hums and tones go on in phase, so nothing seems to begin. In a humming room
the gate found a beginning at ten of ten lost packets where the gap was filled with zeros or with what came before, mirrored
and fading; at none with this (``test_vban_frames``).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ORDER = 32
MOST_GROWTH = np.float32(1.5)
REGULAR = 1e-9  # of the mean power: keeps silence and pure tones solvable

Samples = NDArray[np.float32]


def bridge(before: Samples, n: int, after: Samples) -> Samples:
    """Return float32 samples (n, channels) that lead from ``before`` (k, channels) to ``after`` (m, channels).

    About 20 ms of each side are enough; with fewer than four samples a side counts as silence.
    """
    falling = fade(n)[:, None]
    most = MOST_GROWTH * np.maximum(_peaks(before), _peaks(after))
    bridged: Samples = extend(before, n, most) * falling + extend(after[::-1], n, most)[::-1] * falling[::-1]
    return bridged


def fade(n: int) -> Samples:
    """Return float32 factors (n,) that fall from nearly 1 to nearly 0 (half a cosine)."""
    return (0.5 + 0.5 * np.cos(np.pi * (np.arange(n) + 1) / (n + 1))).astype(np.float32)


def extend(before: Samples, n: int, most: Samples | None = None) -> Samples:
    """Return float32 samples (n, channels) that continue ``before``; zeros where it has fewer than four or is silent.

    Args:
        before: float32 samples (k, channels) to continue.
        n: how many samples to predict.
        most: bounds (channels,) on their size, for a prediction may grow; by default 1.5 times the peaks of ``before``.
    """
    order = min(ORDER, len(before) // 4)
    if not n or not order or not before.any():
        return np.zeros((n, before.shape[1]), np.float32)
    bound = MOST_GROWTH * _peaks(before) if most is None else most
    sound = before.astype(np.float64)
    leap = _leap(_prediction(sound, order))
    newest, parts = sound[-order:], []
    for _ in range(0, n, order):
        newest = np.clip(leap @ newest, -bound, bound)
        parts.append(newest)
    return np.concatenate(parts)[:n].astype(np.float32)


def _prediction(sound: NDArray[np.float64], order: int) -> NDArray[np.floating]:
    """Return the weights (order,) of the last samples, oldest first, that predict the next one best (least squares).

    The same for all channels (k, channels), which count alike however loud: tones of one do not disturb another's.
    """
    level = np.sqrt((sound**2).mean(axis=0))
    even = sound / np.where(level > 0, level, 1.0)
    past = np.lib.stride_tricks.sliding_window_view(even[:-1], order, axis=0).reshape(-1, order)
    normal = past.T @ past
    normal[np.diag_indices(order)] += REGULAR * np.trace(normal) / order + np.finfo(np.float64).tiny
    return np.linalg.solve(normal, past.T @ even[order:].reshape(-1))


def _leap(weights: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the matrix (order, order) from the last samples to the next ones; a loop over samples takes 3 times as long.

    Losses come when the machine is behind already; if mending them cost more than it gained, it would not catch up again.
    """
    step = np.eye(len(weights), k=1)
    step[-1] = weights
    return np.linalg.matrix_power(step, len(weights))


def _peaks(sound: Samples) -> Samples:
    peaks: Samples = np.abs(sound).max(axis=0, initial=0.0)
    return peaks
