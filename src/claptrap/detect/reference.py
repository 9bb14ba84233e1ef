"""References: how a source hears what another has in it too (a television, a PC), and which of its claps come from there.

As in the suppression of acoustic echoes by spectral envelopes (C. Faller and C. Tournery, "Robust acoustic echo control
using a simple echo path model", ICASSP 2006): the path from the reference to the microphone is one delay and one gain per
band. Levels carry no phase, so neither the drift of two sound cards nor a codec matters.

- The delay is where the normalised cross-correlation of both onset envelopes is greatest, over the last half-minute.
- The gain is measured at the reference's onsets: how much lower the microphone's level is just then.
- A clap is explained where the reference had an onset at that moment, and the source is no louder than it predicts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from claptrap.detect.onset import BANDS, FARTHEST, RISE_DB, STEP, WINDOW, band_levels, band_rises

FloatArray = NDArray[np.float32]
Samples = Callable[[int, int], FloatArray]
"""Returns samples [begin, end) of a stream at 16 kHz, zero where there are none."""

KEPT = 700  # spectra of a stream: 3.5 s, less than the classifier keeps of its samples
MOST_LAG = 110  # spectra: 0.55 s; how far the paths may lie apart
PER_UPDATE = 100  # spectra: 0.5 s
FORGET = 0.98  # of the correlation, at every update: a memory of 25 s
LEAST_CORRELATION = 0.1  # of unrelated sound it stays below .1, of television at a tenth of a clap's loudness it is .3
LEAST_PROMINENCE = 2.0  # of the greatest correlation, to the greatest elsewhere
NEAR = 6  # spectra around the greatest correlation that belong to it
MOST_GAINS, ENOUGH = 60, 6  # onsets of the reference by which the gains are known
QUANTILE = 0.25  # of the gains at its onsets: other sound at the same moment only ever adds
MARGIN_DB = 5.0
LATE, AFTER = 16, 8  # spectra of the reference before and after an onset in which its cause may lie: reflections come later


class BandLevels:
    """The newest levels of one stream in 5 ms steps, computed from its samples when they are asked for.

    Attributes:
        end: spectra so far: spectrum k is of samples [k · STEP, k · STEP + WINDOW).
    """

    def __init__(self) -> None:
        self.end = 0
        self._levels = np.zeros((0, BANDS), np.float32)

    @property
    def begin(self) -> int:
        """The oldest spectrum that is kept."""
        return self.end - len(self._levels)

    def update(self, samples: Samples, heard: int) -> None:
        """Add the spectra that are complete when ``heard`` samples are known; forget all but ``KEPT``."""
        end = max(0, (heard - WINDOW) // STEP + 1)
        begin = max(self.end, end - KEPT)
        if end <= begin:
            return
        kept = self._levels[-KEPT + end - begin :] if begin == self.end and end - begin < KEPT else self._levels[:0]
        self._levels = np.concatenate([kept, band_levels(samples(begin * STEP, (end - 1) * STEP + WINDOW))])
        self.end = end

    def part(self, begin: int, end: int) -> FloatArray | None:
        """Return the levels (end − begin, BANDS) in dB of spectra [begin, end); None where they are not all known."""
        if not self.begin <= begin < end <= self.end:
            return None
        return self._levels[begin - self.begin : end - self.begin]


class ReferencePath:
    """One reference as one source hears it.

    Args:
        apart: the source's sample less the reference's at the same moment, as far as is known from when they arrived.

    Attributes:
        lag: spectra of the source less those of the reference for the same sound; None while it is not known.
    """

    def __init__(self, apart: int) -> None:
        self.apart = apart
        self.lag: int | None = None
        self._centre = round(apart / STEP)
        self._products = np.zeros(2 * MOST_LAG + 1)  # of each lag, like the next one
        self._powers = np.zeros((2, 2 * MOST_LAG + 1))  # of the source and of the reference
        self._gains: deque[FloatArray] = deque(maxlen=MOST_GAINS)  # (BANDS,) in dB
        self._done = 0  # spectra of the source that were correlated

    def update(self, source: BandLevels, reference: BandLevels) -> None:
        """Learn from what both have heard since."""
        earliest = max(source.begin + FARTHEST, reference.begin + FARTHEST + self._centre + MOST_LAG)
        self._done = max(self._done, earliest)
        while True:
            begin, end = self._done, self._done + PER_UPDATE
            near = source.part(begin - FARTHEST, end)
            far = reference.part(begin - FARTHEST - self._centre - MOST_LAG, end - self._centre + MOST_LAG)
            if near is None or far is None:
                return
            self._correlate(band_rises(near), band_rises(far))
            self._measure(source, reference, begin, end)
            self._done = end

    def excess_db(self, onset: int, source: BandLevels, reference: BandLevels) -> float | None:
        """Return by how much the source is louder than the reference explains at ``onset``, a sample of its stream, in dB.

        None where nothing is known: no path yet, no onset of the reference there, or it has not arrived yet.
        """
        if self.lag is None or len(self._gains) < ENOUGH:
            return None
        at, there = onset // STEP, onset // STEP - self.lag
        near = source.part(at, min(at + AFTER, source.end))
        far = reference.part(there - LATE - FARTHEST, min(there + AFTER, reference.end))
        if near is None or far is None or reference.end < there:
            return None
        if band_rises(far).mean(axis=1).max() < RISE_DB:
            return None
        gains = np.quantile(np.stack(self._gains), QUANTILE, axis=0)
        return float(np.mean(near.max(axis=0) - far[FARTHEST:].max(axis=0) - gains))

    def _correlate(self, near: FloatArray, far: FloatArray) -> None:
        """Add rises (T, BANDS) of the source, and (T + 2 · MOST_LAG, BANDS) of the reference around them."""
        near, far = near - near.mean(axis=0), far - far.mean(axis=0)
        windows = np.lib.stride_tricks.sliding_window_view(far, len(near), axis=0)[::-1]  # by lag, (BANDS, T) each
        products = np.tensordot(windows, near, axes=([2, 1], [0, 1]))
        powers = np.einsum("lbt,lbt->l", windows, windows)
        self._products = FORGET * self._products + products
        self._powers = FORGET * self._powers + np.stack([np.full(len(powers), np.square(near).sum()), powers])
        lag = self._best_lag()
        if lag is None or self.lag is None or abs(lag - self.lag) > NEAR // 2:
            self._gains.clear()
        self.lag = lag

    def _best_lag(self) -> int | None:
        correlation = self._products / np.sqrt(self._powers.prod(axis=0) + 1e-9)
        best = int(correlation.argmax())
        elsewhere = np.delete(correlation, slice(max(0, best - NEAR), best + NEAR + 1)).max()
        if correlation[best] < max(LEAST_CORRELATION, LEAST_PROMINENCE * elsewhere):
            return None
        return best - MOST_LAG + self._centre

    def _measure(self, source: BandLevels, reference: BandLevels, begin: int, end: int) -> None:
        """Note the gain at every onset of the reference that the source heard in its spectra [begin, end)."""
        if self.lag is None or (far := reference.part(begin - self.lag - FARTHEST - 1, end - self.lag + 1)) is None:
            return
        rise = band_rises(far).mean(axis=1)
        is_onset = (rise[1:-1] >= RISE_DB) & (rise[1:-1] >= rise[:-2]) & (rise[1:-1] > rise[2:])
        for at in (begin + np.flatnonzero(is_onset)).tolist():
            heard, played = source.part(at - 2, at + AFTER), reference.part(at - self.lag - 2, at - self.lag + AFTER)
            if heard is not None and played is not None:
                self._gains.append(heard.max(axis=0) - played.max(axis=0))
