"""One channel of several: their mean, the loudest, a chosen one. Pure.

``auto`` is the mean as long as it says what the channels say. Where they cancel one another (a balanced microphone on a
stereo jack gives L = −R) or one of many carries the sound (a microphone on input 3 of 8), the mean has far less power than
the loudest channel, and that channel is followed instead.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.convert import mean_of_channels, mono, sanitise

AUTO, MEAN, LOUDEST = "auto", "mean", "loudest"
LOUDNESS_S = 0.5  # time constant of the powers
MUCH_LOUDER = 2.0  # in power: the loudest channel changes at 3 dB, not with every word
CANCELS_BELOW = 0.1  # mean's power to the loudest channel's; one of two alone gives 1/4, one of three 1/9
MATCHES_ABOVE = 0.2  # then the mean is used again
FADE_S = 0.005

Samples = NDArray[np.float32]


def channel_mixer(channel: str, rate_hz: int, channels: int) -> Callable[[Samples], Samples]:
    """Return a function from consecutive samples (n, channels) to (n,) float32; it remembers how loud each channel is.

    Args:
        channel: ``auto``, ``mean``, ``loudest``, or a channel's number from ``1`` on.
        rate_hz: samples per second and channel.
        channels: how many there are.

    Raises:
        ValueError: there is no such channel.
    """
    if channel.isdecimal():
        index = int(channel) - 1
        if not 0 <= index < channels:
            raise ValueError(f"no channel {channel} among {channels}")
        return lambda samples: np.ascontiguousarray(sanitise(samples)[:, index])
    if channel == MEAN or channels == 1:
        return mono
    return _Follower(rate_hz, channels, may_use_mean=channel == AUTO)


class _Follower:
    """Chooses a channel, or the mean, by their powers; changes by a cross-fade of 5 ms.

    Args:
        rate_hz, channels: of the samples.
        may_use_mean: ``auto`` instead of ``loudest``.
    """

    def __init__(self, rate_hz: int, channels: int, *, may_use_mean: bool) -> None:
        self._rate_hz = rate_hz
        self._mean = channels if may_use_mean else None  # the index of the mean among the candidates
        self._powers: NDArray[np.float64] | None = None  # of the candidates: the channels, then the mean
        self._current = channels if may_use_mean else 0

    def __call__(self, samples: Samples) -> Samples:
        """Return (n,) of samples (n, channels)."""
        clean = sanitise(samples)
        if not len(clean):
            return np.zeros(0, np.float32)
        powers = self._measure(clean)
        weight = 0.0 if self._powers is None else float(np.exp(-len(samples) / (LOUDNESS_S * self._rate_hz)))
        self._powers = powers if self._powers is None else weight * self._powers + (1 - weight) * powers
        before, self._current = self._current, self._choice(self._powers)
        chosen = self._candidate(clean, self._current)
        if before == self._current or not weight:
            return chosen
        return _crossed(self._candidate(clean, before), chosen, round(FADE_S * self._rate_hz))

    def _measure(self, samples: Samples) -> NDArray[np.float64]:
        """Return the power of each channel, and that of their mean if it may be used."""
        products = (samples.T @ samples).astype(np.float64) / len(samples)  # of every two channels
        powers = np.diagonal(products)
        return powers if self._mean is None else np.append(powers, max(0.0, products.sum() / products.size))

    def _candidate(self, samples: Samples, index: int) -> Samples:
        return mean_of_channels(samples) if index == self._mean else np.ascontiguousarray(samples[:, index])

    def _choice(self, powers: NDArray[np.float64]) -> int:
        channels = powers if self._mean is None else powers[:-1]
        best = int(channels.argmax())
        if self._mean is not None:
            is_mean = self._current == self._mean
            if powers[-1] >= (CANCELS_BELOW if is_mean else MATCHES_ABOVE) * channels[best]:
                return self._mean
            if is_mean:
                return best
        return best if channels[best] > MUCH_LOUDER * channels[self._current] else self._current


def _crossed(old: Samples, new: Samples, n: int) -> Samples:
    """Return (n,) samples that change from ``old`` to ``new`` within the first ``n``, by half a cosine."""
    n = min(n, len(old))
    falling = (0.5 + 0.5 * np.cos(np.pi * (np.arange(n) + 1) / (n + 1))).astype(np.float32)
    return np.concatenate((old[:n] * falling + new[:n] * (1 - falling), new[n:]))
