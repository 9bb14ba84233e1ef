"""From the packets of one epoch to frames of all its channels, in which gaps are harmless. Pure.

What is lost must not sound like a clap, and a hard edge does. Up to 20 ms are bridged (``vban_bridge``), so that a network
that loses a packet now and then costs no clap; more fades out, counts as lost, and fades in again. So does every gap
while there are too many: a bridge costs as much as half a second of sound, and a machine that is too slow loses more for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import Frame
from claptrap.sources.vban_bridge import bridge, extend, fade
from claptrap.sources.vban_packet import Format, decode
from claptrap.sources.vban_reorder import OrderedPacket

BRIDGE_S = 0.02  # the longest gap that is bridged
CONTEXT_S = 0.022  # of what is on each side of it
FADE_OUT_S = 0.005
FADE_IN_S = 0.002

Samples = NDArray[np.float32]


class FrameAssembler:
    """Makes one epoch's frames.

    Args:
        form: of all its packets.
        may_predict: asked at each gap whether sound may be predicted there.
    """

    def __init__(self, form: Format, may_predict: Callable[[], bool] = lambda: True) -> None:
        self._form = form
        self._may_predict = may_predict
        self._last: Samples = np.zeros((0, form.channels), np.float32)  # the newest samples given

    def frames(self, ordered: Iterable[OrderedPacket]) -> Iterator[Frame]:
        """Yield the frames (n, channels) of the turns that follow."""
        for lost_samples, payload in _stretches(ordered):
            samples = decode(payload, self._form)
            yield from self._after_gap(lost_samples, samples) if lost_samples else [self._frame(samples)]

    def _after_gap(self, lost_samples: int, samples: Samples) -> Iterator[Frame]:
        may_predict = self._may_predict()
        if may_predict and lost_samples <= self._n(BRIDGE_S):
            bridged = bridge(self._last, lost_samples, samples[: self._n(CONTEXT_S)])
            yield self._frame(np.concatenate((bridged, samples)))
            return
        n_out, n_in = min(self._n(FADE_OUT_S), lost_samples - 1), min(self._n(FADE_IN_S), len(samples))
        yield self._frame((extend if may_predict else _held)(self._last, n_out) * fade(n_out)[:, None])
        faded_in = np.concatenate((samples[:n_in] * fade(n_in)[::-1, None], samples[n_in:]))
        yield self._frame(faded_in, lost_samples - n_out)

    def _frame(self, samples: Samples, lost_samples: int = 0) -> Frame:
        keep = self._n(CONTEXT_S)
        self._last = samples[-keep:] if len(samples) >= keep else np.concatenate((self._last, samples))[-keep:]
        return Frame(samples, self._form.rate_hz, lost_samples)

    def _n(self, seconds: float) -> int:
        return round(seconds * self._form.rate_hz)


def _held(before: Samples, n: int) -> Samples:
    """Return (n, channels) samples like the last of ``before`` (k, channels)."""
    return np.repeat(before[-1:], n, axis=0) if len(before) else np.zeros((n, before.shape[1]), np.float32)


def _stretches(ordered: Iterable[OrderedPacket]) -> Iterator[tuple[int, bytes]]:
    """Join the payloads that follow one another without a gap; yield each stretch with the samples lost before it."""
    lost_samples, payloads = 0, list[bytes]()
    for item in ordered:
        if item.lost_samples and payloads:
            yield lost_samples, b"".join(payloads)
            payloads = []
        if not payloads:
            lost_samples = item.lost_samples
        payloads.append(item.packet.payload)
    if payloads:
        yield lost_samples, b"".join(payloads)
