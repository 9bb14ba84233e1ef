"""How well each channel of a source hears a sound: while a person calibrates, to say which hears their claps best."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.channels import MEAN
from claptrap.audio.convert import mean_of_channels, sanitise
from claptrap.audio.frame import RATE_HZ

Samples = NDArray[np.float32]
HEARD = ""  # names, among the channels, what the source hears now
MEMORY_S = 4.0
BEFORE_S, GAP_S, AFTER_S = 0.060, 0.015, 0.050  # around an onset: what was before, as far as the gap, and the sound itself
BLOCK_S = 0.005
MOST_CHANNELS = 16  # more are not compared
CLIPPED_FROM, CLIPPED_SHARE = 0.985, 0.1  # of the sound at full scale: that channel is overloaded


@dataclass(frozen=True, slots=True)
class _Mixed:
    begin: int  # stream time of the first sample, at 16 kHz
    rate_hz: int
    samples: Samples  # (n, channels), as received
    heard: Samples  # (n,), what became of them


class ChannelMeter:
    """Remembers the last seconds of sound before it is mixed. The capture thread adds, the classifier thread asks."""

    def __init__(self) -> None:
        self._kept: deque[_Mixed] = deque()
        self._is_on = False
        self._lock = threading.Lock()

    def switch(self, *, is_on: bool) -> None:
        """Begin or end to remember, from any thread."""
        if is_on == self._is_on:
            return
        with self._lock:
            self._is_on = is_on
            if not is_on:
                self._kept.clear()

    def add(self, samples: Samples, heard: Samples, rate_hz: int, begin: int) -> None:
        """Remember (n, channels) samples and the (n,) that the source hears of them, from stream time ``begin`` on."""
        if not self._is_on or not 1 < samples.shape[1] <= MOST_CHANNELS:
            return
        with self._lock:
            self._kept.append(_Mixed(begin, rate_hz, sanitise(samples), heard))
            while self._kept[0].begin < begin - MEMORY_S * RATE_HZ:
                self._kept.popleft()

    def rises(self, onset: int) -> Mapping[str, float]:
        """Return how far a sound rises above what was just before it, in dB, in each channel.

        Args:
            onset: stream time where the sound begins, at 16 kHz.

        Returns:
            By ``mean``, the channels' numbers from ``1`` on, and ``HEARD``; without channels that the sound overloads.
            Empty where there is but one channel, or not all of the sound is remembered.
        """
        with self._lock:
            kept = list(self._kept)
        begin, end = onset - round(BEFORE_S * RATE_HZ), onset + round(AFTER_S * RATE_HZ)
        pieces = [one for one in kept if one.begin < end and _end(one) > begin]
        if not pieces or pieces[0].begin > begin or _end(pieces[-1]) < end or _is_broken(pieces):
            return {}
        rate_hz = pieces[0].rate_hz
        samples = np.concatenate([one.samples for one in pieces])
        columns = {MEAN: mean_of_channels(samples), HEARD: np.concatenate([one.heard for one in pieces])}
        columns |= {str(i + 1): samples[:, i] for i in range(samples.shape[1])}
        at = round((onset - pieces[0].begin) * rate_hz / RATE_HZ)
        found = {name: _rise_db(column, at, rate_hz) for name, column in columns.items()}
        return {name: rise for name, rise in found.items() if rise is not None}


def _end(one: _Mixed) -> float:
    return one.begin + len(one.samples) * RATE_HZ / one.rate_hz


def _is_broken(pieces: list[_Mixed]) -> bool:
    """Return whether sound is missing between the pieces, or their format changes."""
    forms = {(one.rate_hz, one.samples.shape[1]) for one in pieces}
    return len(forms) > 1 or any(abs(_end(a) - b.begin) > 1 for a, b in pairwise(pieces))


def _rise_db(samples: Samples, at: int, rate_hz: int) -> float | None:
    """Return how far what begins at sample ``at`` of (n,) rises, in dB; None where it is overloaded."""
    sound = samples[at : at + round(AFTER_S * rate_hz)]
    if (np.abs(sound[: round(0.03 * rate_hz)]) >= CLIPPED_FROM).mean() > CLIPPED_SHARE:
        return None
    step = max(1, rate_hz // RATE_HZ)  # as little above 8 kHz as detection hears, and no hum

    def power(x: Samples, most: bool) -> float:
        coarse = np.diff(x[: len(x) // step * step].reshape(-1, step).mean(axis=1)) ** 2
        n = max(1, round(BLOCK_S * rate_hz / step))
        blocks = coarse[: max(n, len(coarse) // n * n)].reshape(-1, n).mean(axis=1) if len(coarse) >= n else coarse
        return float(blocks.max() if most else blocks.mean()) + 1e-12

    before = samples[at - round(BEFORE_S * rate_hz) : at - round(GAP_S * rate_hz)]
    return 10 * float(np.log10(power(sound, most=True) / power(before, most=False)))
