"""Between FFmpeg's frames and ours: their length, and what is missing between them. Pure."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from claptrap.audio.frame import Frame
from claptrap.sources.loss_bound import LossBound
from claptrap.sources.pacing import Pacing

# Which jump of the sender's timestamps is a loss. Over UDP a lost packet leaves a hole of its own length; inside TCP nothing
# is lost on the way, and cameras that stamp by their wall clock jitter.
LEAST_GAP_S = {"udp": 0.015, "tcp": 0.2}
MOST_GAP_S = 10.0  # beyond, the sender's clock was set


class FrameBatcher:
    """Frames that wait for the next, until they are as long as ``pacing`` says or the next does not continue them."""

    def __init__(self, pacing: Pacing) -> None:
        self._pacing = pacing
        self._frames: list[Frame] = []
        self._lasts_s = 0.0

    def add(self, frame: Frame) -> Iterator[Frame]:
        """Take the frame that follows; yield what need not wait any longer."""
        if self._frames and (frame.lost_samples or _form(frame) != _form(self._frames[0])):
            yield from self.flush()
        self._frames.append(frame)
        self._lasts_s += len(frame.samples) / frame.rate_hz
        if self._pacing.is_due(self._lasts_s):
            yield from self.flush()

    def flush(self) -> Iterator[Frame]:
        """Yield what waits, as one frame."""
        frames, self._frames, self._lasts_s = self._frames, [], 0.0
        if len(frames) > 1:
            samples = np.concatenate([frame.samples for frame in frames])
            yield Frame(samples, frames[0].rate_hz, frames[0].lost_samples)
        else:
            yield from frames


def _form(frame: Frame) -> tuple[int, int]:
    return frame.rate_hz, frame.samples.shape[1]


class Timeline:
    """Finds the holes in a stream by its sender's timestamps, within what time allows (``LossBound``). Pure.

    Args:
        least_gap_s: a shorter jump is jitter.
    """

    def __init__(self, least_gap_s: float) -> None:
        self._least_gap_s = least_gap_s
        self._expected_s: float | None = None
        self._bound = LossBound()

    def lost(self, at_s: float | None, n_samples: int, rate_hz: int, now_s: float) -> int:
        """Return how many samples are missing just before ``n_samples``.

        Args:
            at_s: the sender's stamp of the first sample, in seconds; None: not stamped.
            n_samples: how many have come.
            rate_hz: samples per second.
            now_s: monotonic seconds of their arrival.
        """
        gap_s = 0.0 if self._expected_s is None or at_s is None else at_s - self._expected_s
        claimed_s = gap_s if self._least_gap_s <= gap_s <= MOST_GAP_S else 0.0
        if at_s is not None:
            self._expected_s = at_s + n_samples / rate_hz
        return round(self._bound.received(n_samples / rate_hz, now_s, claimed_s) * rate_hz)
