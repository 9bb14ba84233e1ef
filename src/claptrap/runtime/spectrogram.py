"""Spectrograms of the sources that a page shows; no work for any other."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP
from claptrap.core.clock import Clock
from claptrap.core.events import Picture, StatusSink
from claptrap.detect.clapnet import mel_filters
from claptrap.runtime.stream import HOP_S, Stream

BANDS = 40
COLUMNS = 5  # sent together: ten times a second
WINDOW = 512  # samples of one column: the hop and what was just before it
FLOOR_DB = -100.0
_TAPER = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
_TO_FULL_SCALE = (2 / _TAPER.sum()) ** 2  # a full-scale sine has power 1 in its bin
_MEL = mel_filters(WINDOW, BANDS)


class Spectrograms:
    """Draws sources, hop by hop. Owned by the onset thread; only ``show`` may be called from another."""

    def __init__(self, sink: StatusSink, clock: Clock) -> None:
        self._sink = sink
        self._clock = clock
        self._shown: frozenset[str] = frozenset()
        self._streams: dict[int, Stream] = {}
        self._heard = np.zeros(0, np.int64)  # hops of each slot's stream so far, lost ones included
        self._drawings: dict[int, _Spectrogram] = {}

    def show(self, source_ids: Iterable[str]) -> None:
        """Draw these sources and no others from the next batch on."""
        self._shown = frozenset(source_ids)

    def open(self, stream: Stream) -> None:
        """Begin with ``stream``, in place of the one before on its slot."""
        self._streams[stream.slot] = stream
        self._heard = np.pad(self._heard, (0, max(0, stream.slot + 1 - len(self._heard))))
        self._heard[stream.slot] = 0
        self._drawings.pop(stream.slot, None)

    def add(self, slots: NDArray[np.int64], hops: NDArray[np.float32], lost: NDArray[np.int64]) -> None:
        """Draw hops (R, n · 320) of slots (R,), with lost (R,), the hops missing just before."""
        if not self._shown:
            self._heard[slots] += lost + hops.shape[1] // HOP
            self._drawings.clear()
            return
        for begin in range(0, hops.shape[1], HOP):
            self._draw(slots, hops[:, begin : begin + HOP], lost if begin == 0 else np.zeros_like(lost))

    def _draw(self, slots: NDArray[np.int64], hops: NDArray[np.float32], lost: NDArray[np.int64]) -> None:
        self._heard[slots] += 1 + lost
        for slot, hop, n in zip(slots.tolist(), hops, lost.tolist(), strict=True):
            stream = self._streams[slot]
            if stream.source_id not in self._shown:
                self._drawings.pop(slot, None)
                continue
            drawing = self._drawings.setdefault(slot, _Spectrogram())
            if n:
                drawing.columns.clear()  # a picture has no gaps: the next one begins after it
            drawing.add(hop)
            if len(drawing.columns) == COLUMNS:
                begin_s = float(self._heard[slot] - COLUMNS) * HOP_S
                self._sink.offer(Picture(stream.source_id, stream.unix(begin_s, self._clock), drawing.take()))


class _Spectrogram:
    """The newest columns of one stream."""

    def __init__(self) -> None:
        self._samples = np.zeros(WINDOW, np.float32)
        self.columns: list[bytes] = []

    def add(self, hop: NDArray[np.float32]) -> None:
        self._samples = np.concatenate([self._samples[HOP:], hop])
        spectrum = np.fft.rfft(self._samples * _TAPER)
        power = _TO_FULL_SCALE * (spectrum.real**2 + spectrum.imag**2) @ _MEL
        self.columns.append(_bytes(np.append(np.square(np.abs(hop).max()), power)))

    def take(self) -> bytes:
        taken = b"".join(self.columns)
        self.columns.clear()
        return taken


def _bytes(power: NDArray[np.float64]) -> bytes:
    """Return powers, 1 at full scale, as a byte each on a scale of dB."""
    decibels = 10 * np.log10(np.maximum(power, 1e-12))
    return np.clip(255 * (1 - decibels / FLOOR_DB), 0, 255).astype(np.uint8).tobytes()
