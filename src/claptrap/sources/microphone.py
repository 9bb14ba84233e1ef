"""Microphones of this machine."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from claptrap.audio.frame import Frame
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import SourceError
from claptrap.sources.base import Sink
from claptrap.sources.device import Device, MicrophoneRecording, Samples
from claptrap.sources.portaudio import PORTAUDIO, PortAudio
from claptrap.sources.pulse import PulseStreamWatch

__all__ = ["Device", "Measured", "MicrophoneSource", "list_devices", "measure"]

SILENT_S = 2.0  # an unplugged microphone may simply stop giving sound; PortAudio's overflow flag was never seen set
LOOK_S = 0.02  # between two looks for sound that is measured
SETTLE_S, MEASURE_S = 0.1, 0.3  # many microphones begin with a thump
SILENCE = 1e-6  # −120 dBFS


def list_devices() -> tuple[Device, ...]:
    """Return what can be recorded from, as it is now.

    Raises:
        SourceError: ``source.no_portaudio``, ``source.device_failed``, ``source.system_hangs``.
    """
    return PORTAUDIO.devices()


@dataclass(frozen=True, slots=True)
class Measured:
    """How loud it is at a microphone.

    Attributes:
        rate_hz, channels: what it gives.
        peak_dbfs: the largest sample of any channel within 0.3 s, dB relative to full scale; −120 at least.
    """

    rate_hz: int
    channels: int
    peak_dbfs: float


def measure(device: str = "", *, portaudio: PortAudio = PORTAUDIO) -> Measured:
    """Record from a microphone for a moment, keeping nothing; return how loud it was.

    Args:
        device: ``Device.id`` or a device's name; empty for the system's default.
        portaudio: the process's library.

    Raises:
        SourceError: as ``PortAudio.recording``; ``source.device_lost`` or ``source.silent`` where it gives no sound.
    """
    peak = SILENCE
    with portaudio.recording(device) as recording:
        opened = recording.opened
        skipped, wanted = round(SETTLE_S * opened.rate_hz), round((SETTLE_S + MEASURE_S) * opened.rate_hz)
        for n_before, samples in _first(recording, wanted):
            peak = max(peak, float(np.abs(samples[max(0, skipped - n_before) :]).max(initial=0.0)))
    return Measured(opened.rate_hz, opened.channels, round(20 * math.log10(peak), 1))


def _first(recording: MicrophoneRecording, n_wanted: int) -> Iterator[tuple[int, Samples]]:
    """Yield the first ``n_wanted`` samples or more as they come, each time after how many; raise where none come."""
    n, heard_at = 0, time.monotonic()
    while n < n_wanted:
        samples, _ = recording.read()
        if len(samples):
            yield n, samples
            n, heard_at = n + len(samples), time.monotonic()
        elif time.monotonic() - heard_at >= SILENT_S:
            raise SourceError("source.silent", retryable=True, seconds=SILENT_S)
        time.sleep(LOOK_S)


class MicrophoneSource:
    """A microphone, recorded at its own rate.

    Args:
        device: ``Device.id`` or a device's name; empty for the system's default.
        channel: which channel is going to be heard, as for ``audio.channels``; the frames have all that this needs.
        portaudio: the process's library.
        clock: measures silence.
    """

    def __init__(
        self, device: str = "", channel: str = "auto", *, portaudio: PortAudio = PORTAUDIO, clock: Clock | None = None
    ) -> None:
        self._device = device
        self._channel = channel
        self._portaudio = portaudio
        self._clock = clock or SystemClock()

    def run(self, sink: Sink) -> None:
        """Record until stopped.

        Raises:
            SourceError: it cannot be opened (see ``PortAudio.recording``); ``source.device_lost`` when the system ends the
                recording; ``source.silent`` when it does not, but no sound has come for two seconds;
                ``source.device_moved`` when the sound server records from another microphone in its place.
        """
        with (
            self._portaudio.recording(self._device, self._channel) as recording,
            sink.stop.waking(sink.pacing.wake),
        ):
            self._pass_on(recording, sink)

    def _pass_on(self, recording: MicrophoneRecording, sink: Sink) -> None:
        opened, is_live = recording.opened, False
        heard_at, watch = self._clock.monotonic(), PulseStreamWatch(opened.pulse_stream, self._clock)
        while not sink.stop.is_set():
            samples, has_lost = recording.read()
            now = self._clock.monotonic()
            if len(samples):
                if not is_live:
                    sink.live(opened.rate_hz, opened.channels)
                    is_live = True
                sink.frame(Frame(samples, opened.rate_hz, int(has_lost)))  # how many is unknown; 1 says "some"
                heard_at = now
            elif now - heard_at >= SILENT_S:
                raise SourceError("source.silent", retryable=True, seconds=SILENT_S)
            if opened.pulse_stream and (place := watch.moved_to()):
                raise SourceError(
                    "source.device_moved",
                    retryable=True,
                    device=opened.device.name,
                    before=opened.pulse_stream.name,
                    now=place,
                )
            sink.pacing.wait(max(0.0, sink.pacing.next_at(now) - self._clock.monotonic()))
