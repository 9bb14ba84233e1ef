"""Sample formats: any number type to clean float32, any channels to mono."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LOUDEST = 65_536.0  # float recordings scaled like 16-bit integers exist and pass; beyond this a number is not a sound


def to_float32(samples: NDArray[np.number]) -> NDArray[np.float32]:
    """Return ``samples`` as float32 of the same shape; integers are scaled by their full scale to [-1, 1).

    Args:
        samples: any shape; signed or unsigned integers of 8 to 64 bits (unsigned: the mid value is silence), or floats,
            which keep their values.
    """
    if samples.dtype.kind not in "iu":
        return samples.astype(np.float32, copy=False)
    full_scale = 2.0 ** (8 * samples.dtype.itemsize - 1)
    if samples.dtype.kind == "u":
        return ((samples.astype(np.float64) - full_scale) / full_scale).astype(np.float32)
    scaled = samples.astype(np.float32)  # rounds as the whole would: dividing by a power of two is exact
    return np.divide(scaled, np.float32(full_scale), out=scaled)


def sanitise(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``samples`` (any shape) with NaN, infinities and values beyond ±65 536 set to 0.

    The same array where nothing had to change, else a copy.
    """
    sizes = np.abs(samples)
    if sizes.max(initial=0.0) <= LOUDEST:  # false for NaN too
        return samples
    sound = sizes <= LOUDEST
    return np.where(sound, samples, np.float32(0))


def mono(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean of all channels, (n, channels) → (n,); sanitised first, so that a broken channel harms no other."""
    return mean_of_channels(sanitise(samples))


def mean_of_channels(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean (n,) of samples (n, channels); a view of them where there is but one channel."""
    channels = samples.shape[1]
    if channels == 1:
        return samples[:, 0]
    total = samples[:, 0] + samples[:, 1]  # a loop over the channels; numpy's mean loops over the samples, ten times slower
    for index in range(2, channels):
        total += samples[:, index]
    total /= channels
    return total
