"""Frames in which nothing begins wait for the next ones. Pure.

Each piece of sound that is processed runs through the same code, which has left the processor's caches since the last one:
that is most of what a quiet source costs, whatever the piece's length. So half a second of steady sound is processed
together. Where anything may begin, all that waits is processed at once, and no clap is found later; one too faint to be
noticed here waits half a second at most.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import Frame

MOST_HELD_S = 0.5
FOLLOWED_S = 0.08  # an onset is found, and its candidate scored, in the sound that follows it
BLOCK_S = 0.01
RISE = 1.7  # of a 10 ms block above the mean of the frame before: of 512 annotated claps it misses 6, which wait
LEAST = 1e-4  # roughness, some −80 dBFS: below it nothing begins


class QuietBuffer:
    """Holds back the frames of one stream. Not thread-safe: one owner."""

    def __init__(self) -> None:
        self._held: list[Frame] = []
        self._held_s = 0.0
        self._calm_s = 0.0  # since the last frame in which something may begin
        self._form = (0, 0)
        self._usual: NDArray[np.float32] | None = None  # roughness of the frame before; None where this does not continue it

    def push(self, frame: Frame, *, is_patient: bool) -> list[Frame]:
        """Return the frames to process now: none, or all until ``frame``, as few as possible.

        Args:
            frame: the next one.
            is_patient: whether it may wait.
        """
        before, form = list[Frame](), (frame.rate_hz, frame.samples.shape[1])
        if form != self._form or frame.lost_samples:
            before, self._form, self._usual = self.flush(), form, None
        self._held.append(frame)
        self._held_s += len(frame.samples) / frame.rate_hz
        is_calm = self._calm_s >= FOLLOWED_S
        self._calm_s += len(frame.samples) / frame.rate_hz
        if self._begins(frame):
            is_calm, self._calm_s = False, 0.0
        if is_patient and is_calm and self._held_s < MOST_HELD_S:
            return before
        return before + self.flush()

    def flush(self) -> list[Frame]:
        """Return what is held, as one frame or none."""
        held, self._held, self._held_s = self._held, [], 0.0
        if len(held) < 2:
            return held
        first = held[0]
        return [Frame(np.concatenate([frame.samples for frame in held]), first.rate_hz, first.lost_samples)]

    def _begins(self, frame: Frame) -> bool:
        """Return whether something may begin in a frame: a channel is rougher somewhere than in the frame before."""
        roughness = _roughness(frame)
        usual, mean = self._usual, np.add.reduce(roughness) / np.float32(max(1, len(roughness)))
        self._usual = mean
        if usual is None:
            return True
        return bool((np.maximum.reduce(roughness, initial=0.0) > np.maximum(LEAST, RISE * usual)).any())


def _roughness(frame: Frame) -> NDArray[np.float32]:
    """Return the greatest step from a sample to the next in each 10 ms (blocks, channels): hum has next to none."""
    steps = np.abs(frame.samples[1:] - frame.samples[:-1])
    begins = range(0, len(steps), max(1, round(BLOCK_S * frame.rate_hz)))
    return np.maximum.reduceat(steps, begins) if len(steps) else steps
