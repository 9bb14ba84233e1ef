"""Onset detection: where sounds begin. It must find every clap; the classifier then says which onsets are claps.

An onset is where the level in several bands at once rises above what it was 15 to 35 ms before. Levels are in dB, so
that loudness does not matter, and the reference is local, so that a jump of the noise floor is forgotten within 35 ms.
(Multi-band log spectral flux against a lagged maximum, after Böck and Widmer, "Maximum filter vibrato suppression for onset
detection", DAFx 2013; causal here.)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP, RATE_HZ

STEP = 80  # samples between spectra: 5 ms
WINDOW = 256  # samples of one spectrum: 16 ms
AT_ONCE = 64  # spectra: from 128 kB on the C library fetches every block from the system again, at four times the cost
BAND_EDGES_HZ = (400, 700, 1100, 1600, 2300, 3200, 4500, 6200, 8000)
NEAREST, FARTHEST = 3, 6  # the reference: the loudest of the spectra 15 to 30 ms before, which do not overlap the newest
MOST_RISE_DB = 30.0
RISE_DB = 3.5  # mean rise over the bands; every annotated clap of the development recordings rises more
QUIET_POWER = 1e-9 * WINDOW  # about −90 dBFS in a band: below it nothing rises
REFRACTORY = 6  # steps: one onset in 30 ms, unless the later one is much stronger
MUCH_STRONGER = 1.5
LEAD = 140  # samples from an onset to the end of the first window that shows its full rise; median over annotated claps

_TAPER = np.hanning(WINDOW + 1)[:-1].astype(np.float32)


def _bands() -> NDArray[np.float32]:
    """Return (bins, bands): the mean power of the bins in each band."""
    f = np.fft.rfftfreq(WINDOW, 1 / RATE_HZ)
    inside = [(f >= low) & (f < high) for low, high in pairwise(BAND_EDGES_HZ)]
    return np.stack([b / b.sum() for b in inside], axis=1).astype(np.float32)


_BANDS = _bands()
_POWERS_TO_BANDS = np.repeat(_BANDS, 2, axis=0)  # of real and imaginary parts side by side
BANDS = len(BAND_EDGES_HZ) - 1


def band_levels(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the level of each band in dB, every ``STEP`` of (n,) samples at 16 kHz, n ≥ WINDOW: (T, BANDS)."""
    levels: NDArray[np.float32] = _levels(_windows(samples[None]))[0]
    return levels


def band_rises(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return by how many dB each level rose, of (FARTHEST + T, BANDS) levels in 5 ms steps: (T, BANDS), 0…MOST_RISE_DB."""
    rises: NDArray[np.float32] = _rises(levels[None])[0]
    return rises


@dataclass(frozen=True, slots=True)
class Candidate:
    """An onset that may be a clap.

    Attributes:
        slot: the source's index in the arrays.
        onset: stream time, in samples at 16 kHz.
    """

    slot: int
    onset: int


class OnsetDetector:
    """Finds onsets on any number of slots at once; slots are independent of each other.

    Args:
        n_slots: the number of slots; one that is not processed costs nothing.
    """

    def __init__(self, n_slots: int) -> None:
        self._tail = np.zeros((n_slots, WINDOW - STEP), np.float32)
        self._levels = np.zeros((n_slots, FARTHEST, _BANDS.shape[1]), np.float32)
        self._rise = np.zeros((n_slots, 2), np.float32)
        self._steps = np.zeros(n_slots, np.int64)  # spectra so far, lost ones included: the stream time
        self._known = np.zeros(n_slots, np.int64)  # spectra since the last gap
        self._last = np.full(n_slots, -REFRACTORY, np.int64)
        self._last_rise = np.zeros(n_slots, np.float32)

    def reset(self, slot: int) -> None:
        """Begin a new stream on ``slot``: forget everything, time 0."""
        self._forget(slot)
        self._steps[slot] = 0
        self._last[slot] = -REFRACTORY

    def process(self, slots: NDArray[np.int64], hops: NDArray[np.float32], lost: NDArray[np.int64]) -> list[Candidate]:
        """Return the onsets that the next samples of some slots complete, in order of time.

        Args:
            slots: (R,) distinct slots.
            hops: (R, n) float32 at 16 kHz in [−1, 1], finite; n is a multiple of 320.
            lost: (R,) hops of 320 samples missing just before, ≥ 0. The edge of a gap is not an onset.
        """
        for i in lost.nonzero()[0].tolist():
            self._forget(int(slots[i]))
            self._steps[slots[i]] += int(lost[i]) * (HOP // STEP)
        rise = np.concatenate([self._rise[slots], self._measure(slots, hops)], axis=1)  # (R, 2 + T)
        self._rise[slots] = rise[:, -2:]
        middle = rise[:, 1:-1]
        peak = (middle >= RISE_DB) & (middle >= rise[:, :-2]) & (middle > rise[:, 2:])
        places = zip(*(axis.tolist() for axis in peak.nonzero()), strict=True)
        found = [c for i, t in places if (c := self._admit(int(slots[i]), t - 1, float(middle[i, t])))]
        self._steps[slots] += rise.shape[1] - 2
        return sorted(found, key=lambda c: c.onset)

    def _forget(self, slot: int) -> None:
        self._tail[slot] = 0
        self._rise[slot] = 0
        self._known[slot] = 0

    def _measure(self, slots: NDArray[np.int64], hops: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean rise in dB of every 5 ms step: (R, T); 0 where the past is not known."""
        samples = np.concatenate([self._tail[slots], hops], axis=1)
        self._tail[slots] = samples[:, -(WINDOW - STEP) :]
        windows = _windows(samples)
        levels = np.concatenate([self._levels[slots], _levels(windows)], axis=1)
        self._levels[slots] = levels[:, -FARTHEST:]
        steps = windows.shape[1]
        rise = _rises(levels)
        mean_rise: NDArray[np.float32] = np.add.reduce(rise, axis=2) / np.float32(rise.shape[2])
        known = self._known[slots]
        self._known[slots] = known + steps
        if np.minimum.reduce(known) <= FARTHEST:
            mean_rise[known[:, None] + np.arange(steps) <= FARTHEST] = 0
        return mean_rise

    def _admit(self, slot: int, step: int, rise: float) -> Candidate | None:
        """Keep one onset in 30 ms, unless the later one is much stronger. ``step`` counts from this call's first."""
        at = int(self._steps[slot]) + step
        if at - self._last[slot] < REFRACTORY and rise < MUCH_STRONGER * self._last_rise[slot]:
            return None
        self._last[slot], self._last_rise[slot] = at, rise
        return Candidate(slot, max(0, (at + 1) * STEP - LEAD))


def _rises(levels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the rises in dB of levels (R, FARTHEST + T, bands) above their loudest reference: (R, T, bands)."""
    steps = levels.shape[1] - FARTHEST
    before = levels[:, 0:steps]
    for lag in range(1, FARTHEST - NEAREST + 1):
        before = np.maximum(before, levels[:, lag : lag + steps])
    rises: NDArray[np.float32] = np.minimum(np.maximum(levels[:, FARTHEST:] - before, 0), MOST_RISE_DB)
    return rises


def _windows(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the windows of (R, n) samples, one a step, without copying: (R, T, 256).

    As ``sliding_window_view`` would; that is Python, and takes as long as the rest of a short batch.
    """
    n_slots, n = samples.shape
    shape = (n_slots, (n - WINDOW) // STEP + 1, WINDOW)
    by_slot, by_sample = samples.strides
    return np.ndarray(shape, samples.dtype, samples, 0, (by_slot, STEP * by_sample, by_sample))


def _levels(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the level of each band in dB, of (R, T, 256) samples: (R, T, bands)."""
    n_slots, n_steps, _ = windows.shape
    levels = np.empty((n_slots, n_steps, _BANDS.shape[1]), np.float32)
    slots_at_once = max(1, AT_ONCE // n_steps)
    for slot in range(0, n_slots, slots_at_once):
        for step in range(0, n_steps, AT_ONCE):
            part = slice(slot, slot + slots_at_once), slice(step, step + AT_ONCE)
            spectrum = np.fft.rfft(windows[part] * _TAPER)
            powers = spectrum.view(spectrum.real.dtype).astype(np.float32, copy=False)
            powers *= powers
            in_bands = powers.reshape(-1, len(_POWERS_TO_BANDS)) @ _POWERS_TO_BANDS
            levels[part] = in_bands.reshape(levels[part].shape)
    levels += np.float32(QUIET_POWER)
    np.log10(levels, out=levels)
    levels *= 10
    return levels
