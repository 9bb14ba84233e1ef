"""What happens to a sound between the hands and the detector: rooms, distance, microphones, codecs, gain, other people."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import soundfile as sf
import soxr
from scipy.fft import next_fast_len
from scipy.signal import butter, fftconvolve, sosfilt

from claptrap.audio.frame import RATE_HZ
from training.recordings import FloatArray

Rng = np.random.Generator


def pink(n: int, rng: Rng, exponent: float = 1.0) -> FloatArray:
    """(n,) noise of unit deviation whose power falls as 1/f^exponent."""
    fast = next_fast_len(n)
    spectrum = np.fft.rfft(rng.standard_normal(fast))
    y = np.fft.irfft(spectrum / np.maximum(1, np.arange(len(spectrum))) ** (exponent / 2), fast)[:n]
    return (y / (y.std() + 1e-12)).astype(np.float32)


def hum(n: int, rng: Rng) -> FloatArray:
    """(n,) mains hum of unit peak: 50 or 60 Hz and some of its harmonics."""
    time = np.arange(n) / RATE_HZ
    mains_hz = rng.choice((50.0, 60.0)) * rng.uniform(0.99, 1.01)
    tilt = rng.uniform(3, 18)
    y = np.zeros(n)
    for k in range(1, int(rng.integers(2, 12))):
        y += 10 ** (-tilt * np.log2(k) / 20) * rng.uniform(0, 1) * np.sin(2 * np.pi * (mains_hz * k * time + rng.random()))
    return (y / (np.abs(y).max() + 1e-9)).astype(np.float32)


def at_speed(x: FloatArray, factor: float) -> FloatArray:
    """Play faster (factor > 1, shorter and higher) or slower."""
    return soxr.resample(x, RATE_HZ * factor, RATE_HZ).astype(np.float32)


def made_room(rng: Rng) -> FloatArray:
    """An impulse response: direct sound, a few early reflections, a diffuse tail that darkens; from cupboard to hall."""
    rt60 = float(np.exp(rng.uniform(np.log(0.12), np.log(1.8))))
    n = int(min(1.2, rt60) * RATE_HZ)
    t = np.arange(n) / RATE_HZ
    tail = rng.standard_normal(n) * 10 ** (-3 * t / rt60)
    dark = sosfilt(butter(1, rng.uniform(1500, 6000), fs=RATE_HZ, output="sos"), tail)
    mixed = tail * np.exp(-t / 0.05) + dark * (1 - np.exp(-t / 0.05))
    mixed *= 1 - np.exp(-t / rng.uniform(0.001, 0.015))
    for _ in range(rng.integers(0, 7)):
        mixed[int(rng.uniform(0.002, 0.06) * RATE_HZ) % n] += rng.uniform(-1, 1) * np.abs(mixed).max() * 4
    mixed /= np.sqrt((mixed**2).sum()) + 1e-12
    direct_db = rng.uniform(-12, 12)
    mixed[0] += 10 ** (direct_db / 20)
    return (mixed / np.abs(mixed).max()).astype(np.float32)


def through_room(x: FloatArray, rooms: Sequence[FloatArray], rng: Rng) -> FloatArray:
    """Through a measured, simulated or made room."""
    room = rooms[rng.integers(len(rooms))] if rng.random() < 0.5 else made_room(rng)
    return fftconvolve(x, room).astype(np.float32)


def coloured(x: FloatArray, rng: Rng) -> FloatArray:
    """Through another microphone: high-pass, low-pass, a tilt or a resonance."""
    if rng.random() < 0.5:
        x = sosfilt(butter(rng.integers(1, 3), rng.uniform(60, 500), "high", fs=RATE_HZ, output="sos"), x)
    if rng.random() < 0.4:
        x = sosfilt(butter(rng.integers(1, 5), rng.uniform(3000, 7500), fs=RATE_HZ, output="sos"), x)
    n = next_fast_len(len(x))
    spectrum = np.fft.rfft(x, n)
    f = np.fft.rfftfreq(n, 1 / RATE_HZ)
    octaves = np.log2(np.maximum(f, 60) / 1000)
    gain_db = rng.uniform(-3, 3) * octaves
    for _ in range(rng.integers(0, 3)):
        gain_db += rng.uniform(-9, 9) * np.exp(-(((octaves - rng.uniform(-2, 3)) / rng.uniform(0.2, 0.8)) ** 2))
    return np.fft.irfft(spectrum * 10 ** (gain_db / 20), n)[: len(x)].astype(np.float32)


def telephone(x: FloatArray, rng: Rng) -> FloatArray:
    """Through 8 kHz µ-law, as many cameras send, or A-law; now and then over a little noise of the line."""
    y = soxr.resample(x, RATE_HZ, 8000)
    if rng.random() < 0.3:
        y = y + 10 ** (rng.uniform(-75, -45) / 20) * pink(len(y), rng, rng.uniform(0, 1.5))
    size = np.clip(abs(y), 0, 1)
    if rng.random() < 0.75:
        m = np.round(np.log1p(255 * size) / np.log(256) * 127) / 127
        size = (256**m - 1) / 255
    else:
        whole = 1 + np.log(87.6)
        m = np.where(size < 1 / 87.6, 87.6 * size, 1 + np.log(np.maximum(87.6 * size, 1))) / whole
        m = (np.minimum(np.floor(m * 128), 127) + 0.5) / 128  # A-law has no zero
        size = np.where(m < 1 / whole, m * whole, np.exp(m * whole - 1)) / 87.6
    out = soxr.resample((np.sign(y) * size).astype(np.float32), 8000, RATE_HZ)
    return np.pad(out, (0, max(0, len(x) - len(out))))[: len(x)].astype(np.float32)


def band_limited(x: FloatArray, rng: Rng) -> FloatArray:
    """Through a lower sampling rate, 8 to 15 kHz, as cheap microphones and intercoms have."""
    rate_hz = float(rng.uniform(8_000, 15_000))
    out = soxr.resample(soxr.resample(x, RATE_HZ, rate_hz), rate_hz, RATE_HZ)
    return np.pad(out, (0, max(0, len(x) - len(out))))[: len(x)].astype(np.float32)


def lossy(x: FloatArray, rng: Rng) -> FloatArray:
    """Through Opus or Vorbis, as libsndfile writes them."""
    file = io.BytesIO()
    kind = "OPUS" if rng.random() < 0.7 else "VORBIS"
    sf.write(file, np.clip(x, -1, 1), RATE_HZ, format="OGG", subtype=kind, compression_level=float(rng.uniform(0.5, 1.0)))
    file.seek(0)
    out = sf.read(file, dtype="float32")[0]
    return np.pad(out, (0, max(0, len(x) - len(out))))[: len(x)]


def automatic_gain(x: FloatArray, rng: Rng) -> FloatArray:
    """Pumped by a microphone's automatic gain: quick down, slow up."""
    block = 80
    n = -(-len(x) // block)
    level = np.abs(np.pad(x, (0, n * block - len(x)))).reshape(n, block).max(axis=1)
    gain, gains = 1.0, np.empty(n, np.float32)
    up, down, target = 10 ** (rng.uniform(5, 40) / 20 * block / RATE_HZ), rng.uniform(0.3, 0.9), rng.uniform(0.1, 0.5)
    for i, peak in enumerate(level.tolist()):
        gain = gain + (target / peak - gain) * down if peak * gain > target else min(gain * up, 30.0)
        gains[i] = gain
    return x * np.interp(np.arange(len(x)), np.arange(n) * block, gains).astype(np.float32)


def gated(x: FloatArray, rng: Rng) -> FloatArray:
    """Through a noise gate: exact zeros where it was quiet for some 20 to 150 ms; it opens at once."""
    block = 80
    n = -(-len(x) // block)
    level = np.abs(np.pad(x, (0, n * block - len(x)))).reshape(n, block).max(axis=1)
    loud = level > level.max() * 10 ** (-rng.uniform(20, 45) / 20)
    last = np.maximum.accumulate(np.where(loud, np.arange(n), -n))
    is_open = np.arange(n) - last <= rng.uniform(4, 30)
    return (x * np.repeat(is_open, block)[: len(x)]).astype(np.float32)


def recorded(x: FloatArray, rng: Rng) -> FloatArray:
    """Through the end of the chain: now and then automatic gain, clipping, a telephone or a codec."""
    if rng.random() < 0.08:
        x = automatic_gain(x, rng)
    if rng.random() < 0.08:
        x = x * 10 ** (rng.uniform(3, 15) / 20) / (np.abs(x).max() + 1e-9)
    if rng.random() < 0.05:
        x = gated(x, rng)
    x = np.clip(x, -1, 1)
    chance = rng.random()
    if chance < 0.35:
        return telephone(x, rng)
    if chance < 0.44:
        return band_limited(x, rng)
    return lossy(x, rng) if chance < 0.52 else x
