"""From the rates that devices have to 16 kHz, for sound that is waited for: a filter of linear phase that holds back 3 ms.

Sixteen outputs at a time are the product of a window of the input with a matrix; a hop is always computed by the same
products of the same shapes, so that it is the same to the bit however the sound is cut into frames. What a general library
offers works in larger blocks, and holds back 22 ms in the mean and 41 at most at 48 kHz, which a light would notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ

Samples = NDArray[np.float32]

ATTENUATION_DB = 96.0  # of what cannot be held; 16-bit sound has no more
TRANSITION = 1 / 8  # of the lower rate's half: at 48 kHz flat to 7.5 kHz, nothing from 8.5 kHz on
_BLOCK = 16  # outputs of one product: as many numbers as a processor multiplies at once
_AT_ONCE = 4  # hops: from 192 kB on the C library fetches every array from the system again, at a multiple of the cost


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """How one hop is computed.

    Attributes:
        half: input samples before and after an output that it depends on.
        per_hop: input samples of one hop.
        starts: (matrices, rows) where the window of each block begins, counted from ``half`` before the hop.
        matrices: (matrices, window, 16).
        needed: input samples that a hop needs, from ``half`` before it on.
    """

    half: int
    per_hop: int
    starts: NDArray[np.int64]
    matrices: Samples
    needed: int


def can_resample(rate_hz: int) -> bool:
    """Return whether a whole number of input samples makes a hop, as it does at every rate that devices have."""
    return HOP * rate_hz % RATE_HZ == 0


class HopResampler:
    """Makes whole hops at 16 kHz of mono samples at another rate; hop k begins where input sample ``k · per_hop`` is.

    Args:
        rate_hz: a rate of which ``can_resample`` is true.
    """

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._plan = _plan(rate_hz)
        self._held = np.zeros(self._plan.half, np.float32)
        self._n_in = self._n_out = 0

    def resample_chunk(self, x: Samples, last: bool = False) -> Samples:
        """Return the hops (k · 320,) that are complete after ``x`` (n,), k ≥ 0; with ``last``, all the rest, (m,)."""
        plan = self._plan
        self._n_in += len(x)
        self._held = np.concatenate((self._held, x))
        if last:
            rest = (self._n_in * RATE_HZ + self._rate_hz // 2) // self._rate_hz - self._n_out
            n_hops = -(-rest // HOP)
            missing = max(0, n_hops * plan.per_hop + plan.needed - len(self._held))
            self._held = np.concatenate((self._held, np.zeros(missing, np.float32)))
            return self._hops(n_hops)[:rest]
        return self._hops(max(0, (len(self._held) - plan.needed) // plan.per_hop + 1))

    def _hops(self, n: int) -> Samples:
        """Compute the next ``n`` hops, for which enough is held: (n · 320,)."""
        plan, x = self._plan, self._held
        begins = plan.per_hop * np.arange(n)[:, None, None] + plan.starts
        windows = np.ndarray((max(0, len(x) - plan.matrices.shape[1] + 1), plan.matrices.shape[1]), x.dtype, x, 0, (4, 4))
        hops = np.empty((n, plan.starts.shape[1], len(plan.starts), _BLOCK), np.float32)  # rows by turns of the matrices
        for i in range(0, n, _AT_ONCE):
            blocks = np.matmul(windows[begins[i : i + _AT_ONCE]], plan.matrices)  # (hops, matrices, rows, 16)
            hops[i : i + _AT_ONCE] = blocks.swapaxes(1, 2)
        self._held = x[n * plan.per_hop :]
        self._n_out += n * HOP
        return hops.reshape(n * HOP)


@cache
def _plan(rate_hz: int) -> _Plan:
    """Return the filters of a rate: a sinc in a window of Kaiser's ("Nonrecursive digital filter design", ISCAS 1974)."""
    divisor = gcd(RATE_HZ, rate_hz)
    up, down = RATE_HZ // divisor, rate_hz // divisor
    cutoff = min(1.0, RATE_HZ / rate_hz)  # of the input's half rate
    half = ceil((ATTENUATION_DB - 7.95) / (2.285 * np.pi * TRANSITION * cutoff) / 2)
    n_matrices = up // gcd(up, _BLOCK)
    at = np.arange(HOP) * down / up  # where each output is, in input samples of the hop
    starts = (np.arange(0, HOP, _BLOCK) * down) // up
    n_window = 2 * half + 2 + ceil((_BLOCK - 1) * down / up)
    matrices = np.stack(
        [
            _kernel(starts[j] - half + np.arange(n_window)[:, None] - at[j * _BLOCK : (j + 1) * _BLOCK], half, cutoff)
            for j in range(n_matrices)
        ]
    )
    return _Plan(
        half,
        HOP * down // up,
        starts.reshape(-1, n_matrices).T,
        matrices,
        int(starts[-1]) + n_window,
    )


def _kernel(distance: NDArray[np.float64], half: int, cutoff: float) -> Samples:
    """Return the weights (window, 16) of input samples by their distance from each output; each column's sum is 1."""
    inside = np.sqrt(np.clip(1 - (distance / half) ** 2, 0, None))
    weights = np.where(
        np.abs(distance) <= half, np.sinc(cutoff * distance) * np.i0(0.1102 * (ATTENUATION_DB - 8.7) * inside), 0
    )
    unit: Samples = (weights / weights.sum(axis=0)).astype(np.float32)
    return unit
