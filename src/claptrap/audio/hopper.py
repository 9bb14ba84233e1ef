"""From frames of any rate and any length to canonical hops: mono, 16 kHz, 320 samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.channels import MEAN, channel_mixer
from claptrap.audio.frame import HOP, RATE_HZ, Frame
from claptrap.audio.resampler import HopResampler, can_resample

QUALITY = "MQ"  # of SoX, for odd rates: it rejects aliases by 100 dB, and holds back some 20 ms in the mean

Samples = NDArray[np.float32]
Hops = tuple[NDArray[np.float32], NDArray[np.int64]]

_NOTHING = np.zeros(0, np.float32)
NO_HOPS: Hops = (np.zeros((0, HOP), np.float32), np.zeros(0, np.int64))


class Resampler(Protocol):
    """A stream of mono samples at 16 kHz from one at another rate."""

    def resample_chunk(self, x: Samples, last: bool = False) -> Samples:
        """Return the output (m,) at 16 kHz that is ready after ``x`` (n,) at the input rate; with ``last``, all the rest."""


class MixListener(Protocol):
    """Hears what is mixed, before it is resampled."""

    def add(self, samples: Samples, heard: Samples, rate_hz: int, begin: int) -> None:
        """Take (n, channels) samples, the (n,) that became of them, and the stream time at 16 kHz where they begin."""


class PassThrough:
    """The resampler of sound that is at 16 kHz already: output is input."""

    def resample_chunk(self, x: Samples, last: bool = False) -> Samples:  # noqa: ARG002  # it never holds anything back
        return x


class ResamplerSegment:
    """Resamples one uninterrupted piece of a stream: one rate, one number of channels, nothing missing.

    Args:
        like: a frame (n, channels) of the format to expect, usually the first.
        start: stream time of the first sample, in samples at 16 kHz.
        mix: makes samples (n,) of samples (n, channels).
        listener: hears what is mixed.
    """

    def __init__(
        self, like: Frame, start: int, mix: Callable[[Samples], Samples], listener: MixListener | None = None
    ) -> None:
        self._mix = mix
        self._listener = listener
        self._format = _format(like)
        self._rate_hz = like.rate_hz
        self._start = start
        self._n_native = 0
        self._resampler = _resampler(like.rate_hz)

    @property
    def end(self) -> int:
        """Stream time just after the newest input sample, in samples at 16 kHz."""
        return self._start + at_16_khz(self._n_native, self._rate_hz)

    def continues_with(self, frame: Frame) -> bool:
        """Whether ``frame`` has the same format and nothing is missing before it."""
        return not frame.lost_samples and _format(frame) == self._format

    def process(self, frame: Frame) -> Samples:
        """Return the mono samples (m,) at 16 kHz that are ready after ``frame`` (n, channels); m ≥ 0."""
        mixed = self._mix(frame.samples)
        if self._listener is not None:
            self._listener.add(frame.samples, mixed, self._rate_hz, self.end)
        self._n_native += len(frame.samples)
        return self._resampler.resample_chunk(mixed)

    def flush(self) -> Samples:
        """Return the samples (m,) at 16 kHz that the resampler still holds; no frame may follow."""
        return self._resampler.resample_chunk(_NOTHING, last=True)


class Hopper:
    """Turns one stream's frames into canonical hops.

    The same sound gives the same hops however it is cut into frames. A seam (lost samples, another rate, another number of
    channels) restarts the resampler, so that the edge does not ring, and is reported as ``lost``: the number of hops missing
    just before a hop, ≥ 1. The incomplete hop before the seam and what completes the last missing hop after it are dropped
    (under 20 ms each), so stream time, 320 × (hops returned + hops lost), stays exact to the sample.

    Any rate is taken; 8 to 192 kHz are tested. Not thread-safe: one owner.

    Args:
        channel: which channel is heard, as for ``audio.channels``.
        listener: hears what is mixed.
    """

    def __init__(self, channel: str = MEAN, listener: MixListener | None = None) -> None:
        self._channel = channel
        self._listener = listener
        self._mixers: dict[tuple[int, int], Callable[[Samples], Samples]] = {}  # of the newest format: (rate, channels)
        self._reset()

    def _reset(self) -> None:
        self._segment: ResamplerSegment | None = None
        self._held = _NOTHING  # at 16 kHz, not yet a whole hop
        self._skip = 0  # samples to give up before the next hop begins
        self._time = 0  # of the next hop, in samples at 16 kHz
        self._lost = 0  # hops lost just before the next hop

    def time_of(self, frame: Frame) -> int:
        """Return the stream time of the first sample of ``frame``, the next one, in samples at 16 kHz."""
        end = 0 if self._segment is None else self._segment.end
        return end + at_16_khz(frame.lost_samples, frame.rate_hz)

    def push(self, frame: Frame) -> Hops:
        """Return the hops that ``frame`` (n, channels), the next one, completes.

        Returns:
            hops (k, 320) float32 at 16 kHz, k ≥ 0, and lost (k,) int64: hops missing just before each.

        Raises:
            ValueError: the frame has not the channel that is wanted.
        """
        if self._segment is not None and self._segment.continues_with(frame):
            return self._cut(self._segment.process(frame))
        before = NO_HOPS if self._segment is None else self._cut(self._segment.flush())
        self._segment = self._begin(frame)
        return _joined(before, self._cut(self._segment.process(frame)))

    def finish(self) -> Hops:
        """Return the remaining hops (k, 320), lost (k,) at the end of the stream, the last padded with zeros; then reset."""
        hops = NO_HOPS if self._segment is None else self._cut(self._segment.flush())
        if len(self._held):
            hops = _joined(hops, self._cut(np.zeros(HOP - len(self._held), np.float32)))
        self._reset()
        return hops

    def _begin(self, frame: Frame) -> ResamplerSegment:
        """Return a segment that begins with ``frame``; count what is lost before it, unless it is the stream's first."""
        start = self.time_of(frame)
        if self._segment is not None or frame.lost_samples:
            n_lost = max(0 if self._lost else 1, -(-(start - self._time) // HOP))
            self._lost += n_lost
            self._time += n_lost * HOP
            self._skip = self._time - start
            self._held = _NOTHING
        return ResamplerSegment(frame, start, self._mixer(frame), self._listener)

    def _mixer(self, frame: Frame) -> Callable[[Samples], Samples]:
        if (form := _format(frame)) not in self._mixers:
            self._mixers = {form: channel_mixer(self._channel, *form)}
        return self._mixers[form]

    def _cut(self, samples: Samples) -> Hops:
        """Append samples (n,) at 16 kHz; return the hops (k, 320), lost (k,) that are complete."""
        skipped, self._skip = self._skip, max(0, self._skip - len(samples))
        held = np.concatenate((self._held, samples[skipped:]))
        k = len(held) // HOP
        self._held = held[k * HOP :]
        if not k:
            return NO_HOPS
        lost = np.zeros(k, np.int64)
        lost[0], self._lost = self._lost, 0
        self._time += k * HOP
        return held[: k * HOP].reshape(k, HOP), lost


def _resampler(rate_hz: int) -> Resampler:
    if rate_hz == RATE_HZ:
        return PassThrough()
    if can_resample(rate_hz):
        return HopResampler(rate_hz)
    import soxr  # noqa: PLC0415  # only recordings have such rates

    return cast("Resampler", soxr.ResampleStream(rate_hz, RATE_HZ, 1, np.float32, QUALITY))


def at_16_khz(n_samples: int, rate_hz: int) -> int:
    """Return ``n_samples`` at ``rate_hz`` converted to samples at 16 kHz, rounded."""
    return (n_samples * RATE_HZ + rate_hz // 2) // rate_hz


def _format(frame: Frame) -> tuple[int, int]:
    return frame.rate_hz, frame.samples.shape[1]


def _joined(first: Hops, second: Hops) -> Hops:
    return np.concatenate((first[0], second[0])), np.concatenate((first[1], second[1]))
