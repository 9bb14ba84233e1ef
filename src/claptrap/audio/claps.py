"""Claps made by arithmetic, so that the project owns them.

A hand clap is a burst of air that leaves the cavity between the palms: noise with an attack under a millisecond, through one
or two broad resonances between 0.8 and 2.5 kHz, that dies away within some 15 ms; then come a few early reflections and the
room (Repp, "The sound of two hands clapping", JASA 81, 1987; Peltola et al., "Synthesis of hand clapping sounds", IEEE TASLP
15, 2007).
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

Sound = NDArray[np.float32]

# Seeds whose claps hearing takes for claps, with YAMNet and without, wherever in a hop they begin, soft or loud, from 8 kHz
# up.
GOOD = (757, 508, 34, 640, 810, 794, 737, 106)

MADE_HZ = 48_000  # the rate at which claps are made; at other rates they are the same claps


def clap(rng: np.random.Generator, rate_hz: int) -> Sound:
    """Return one clap, half a second long with its room, peak 1."""
    made = _made(rng, MADE_HZ)
    return made if rate_hz == MADE_HZ else soxr.resample(made, MADE_HZ, rate_hz).astype(np.float32)


def _made(rng: np.random.Generator, rate_hz: int) -> Sound:
    n = rate_hz // 2
    time = np.arange(n) / rate_hz
    attack = 1 - np.exp(-time / 0.0003)
    burst = rng.normal(size=n) * attack * np.exp(-time / rng.uniform(0.005, 0.010))
    dry = 0.4 * burst
    for centre_hz, weight in ((rng.uniform(900, 1400), 1.0), (rng.uniform(1700, 2600), 0.7)):
        dry += weight * _resonated(burst, centre_hz, 2.0, rate_hz)
    wet = dry.copy()
    for _ in range(6):  # early reflections
        late = int(rng.uniform(0.004, 0.03) * rate_hz)
        wet[late:] += rng.uniform(-0.25, 0.25) * dry[:-late]
    tail = _resonated(rng.normal(size=n), 1200, 0.7, rate_hz) * np.exp(-time / 0.03) * (1 - np.exp(-time / 0.01))
    wet += 0.1 * np.abs(dry).max() / np.abs(tail).max() * tail
    made: Sound = (wet / np.abs(wet).max()).astype(np.float32)
    return made


def _resonated(sound: NDArray[np.float64], centre_hz: float, quality: float, rate_hz: int) -> NDArray[np.float64]:
    """Return ``sound`` through a second-order band-pass, by its frequency response; it must end in silence."""
    n = 2 * len(sound)
    f = np.fft.rfftfreq(n, 1 / rate_hz)
    f[0] = 1e-9
    response = 1 / (1 + 1j * quality * (f / centre_hz - centre_hz / f))
    resonated: NDArray[np.float64] = np.fft.irfft(np.fft.rfft(sound, n) * response, n)[: len(sound)]
    return resonated


def recording(
    n_claps: int, rate_hz: int, *, spacing_s: float = 1.3, lead_s: float = 1.0, peak: float = 0.35
) -> tuple[Sound, list[float]]:
    """Return ``n_claps`` claps in a faintly noisy room, and where they begin, in seconds."""
    onsets = [lead_s + i * spacing_s for i in range(n_claps)]
    sound = np.random.default_rng(0).normal(0, 3e-4, int((lead_s + n_claps * spacing_s) * rate_hz)).astype(np.float32)
    for i, onset in enumerate(onsets):
        begin = int(onset * rate_hz)
        one = clap(np.random.default_rng(GOOD[i % len(GOOD)]), rate_hz)[: len(sound) - begin]
        sound[begin : begin + len(one)] += np.float32(peak) * one
    return sound, onsets
