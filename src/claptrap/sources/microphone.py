"""Microphones of this machine."""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import Frame
from claptrap.audio.resampler import held_back
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import SourceError
from claptrap.sources.base import Sink
from claptrap.sources.device import Device, OpenMicrophone
from claptrap.sources.pacing import Pacing
from claptrap.sources.portaudio import BLOCK_S, PORTAUDIO, PortAudio
from claptrap.sources.pulse import PulseStreamWatch

__all__ = ["Device", "Measured", "MicrophoneSource", "list_devices", "measure"]

SILENT_S = 2.0  # an unplugged microphone may simply stop giving sound; PortAudio's overflow flag was never seen set
LOOK_S = 0.2  # how often a microphone without sound looks whether it is still there
QUEUE_BLOCKS = 100  # 2 s
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
    queue, peak, n = CaptureQueue(QUEUE_BLOCKS), SILENCE, 0
    with portaudio.recording(device, queue.put, queue.close) as opened:
        while n < (SETTLE_S + MEASURE_S) * opened.rate_hz:
            block = queue.get(SILENT_S)
            if block is None:
                raise _no_sound(queue, opened)
            samples, _ = block
            n += len(samples)
            if n > SETTLE_S * opened.rate_hz:
                peak = max(peak, float(np.abs(samples).max(initial=0.0)))
    return Measured(opened.rate_hz, opened.channels, round(20 * math.log10(peak), 1))


class CaptureQueue:
    """Blocks of sound between PortAudio's thread and ours.

    Overload rule: the oldest block is dropped, and its samples are counted as lost before the next one.

    Args:
        capacity: most blocks it holds.
        pacing: how much the reader wants at once; each block by itself where it is None.
    """

    def __init__(self, capacity: int, pacing: Pacing | None = None) -> None:
        self._capacity = capacity
        self._pacing = pacing
        self._blocks: deque[NDArray[np.float32]] = deque()
        self._losses: deque[int] = deque()  # samples lost just before each block
        self._has_ended = False
        self._is_woken = False
        self._news = threading.Condition(threading.Lock())

    def put(self, samples: NDArray[np.float32], has_overflowed: bool) -> None:
        """Add a copy of float32 ``samples`` (n, channels); never waits for the reader."""
        block = samples.copy()
        with self._news:
            self._blocks.append(block)
            self._losses.append(int(has_overflowed))  # how many is unknown; 1 says "some"
            if len(self._blocks) > self._capacity:
                lost = self._losses.popleft() + len(self._blocks.popleft())
                self._losses[0] += lost
            if self._is_due:
                self._news.notify()

    def close(self) -> None:
        """Say that no more will come."""
        with self._news:
            self._has_ended = True
            self._news.notify()

    def wake(self) -> None:
        """Let the reader go on, be it without a block."""
        with self._news:
            self._is_woken = True
            self._news.notify()

    @property
    def _is_due(self) -> bool:
        return bool(self._blocks) and (self._pacing is None or self._pacing.is_due(len(self._blocks) * BLOCK_S))

    @property
    def has_ended(self) -> bool:
        """Whether no more will come; blocks that came before can still be had."""
        return self._has_ended

    def get(self, timeout_s: float) -> tuple[NDArray[np.float32], int] | None:
        """Return the oldest sound, float32 (n, channels), and how many samples per channel were lost just before it.

        It is one block, or with a ``pacing`` all that follow one another without loss. None where no sound came within
        ``timeout_s`` seconds, or none will come any more.
        """
        with self._news:
            self._news.wait_for(lambda: self._is_due or self._has_ended or self._is_woken, timeout_s)
            self._is_woken = False
            if not self._blocks:
                return None
            blocks, lost = [self._blocks.popleft()], self._losses.popleft()
            while self._pacing is not None and self._blocks and not self._losses[0]:
                blocks.append(self._blocks.popleft())
                self._losses.popleft()
        return (np.concatenate(blocks) if len(blocks) > 1 else blocks[0]), lost


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
        queue = CaptureQueue(QUEUE_BLOCKS, sink.pacing)
        with (
            self._portaudio.recording(self._device, queue.put, queue.close, self._channel) as opened,
            sink.stop.waking(queue.wake),
        ):
            self._pass_on(queue, opened, sink)

    def _pass_on(self, queue: CaptureQueue, opened: OpenMicrophone, sink: Sink) -> None:
        is_live = False
        skipped = -held_back(opened.rate_hz) % round(BLOCK_S * opened.rate_hz)  # so that each block completes a hop
        heard_at, watch = self._clock.monotonic(), PulseStreamWatch(opened.pulse_stream, self._clock)
        while not sink.stop.is_set():
            block = queue.get(LOOK_S)
            if block is None:
                self._check_alive(queue, opened, heard_at)
                continue
            samples, lost_samples = block
            if not is_live:
                sink.live(opened.rate_hz, opened.channels)
                is_live, samples = True, samples[skipped:]
            sink.frame(Frame(samples, opened.rate_hz, lost_samples))
            heard_at = self._clock.monotonic()
            if opened.pulse_stream and (now := watch.moved_to()):
                raise SourceError(
                    "source.device_moved",
                    retryable=True,
                    device=opened.device.name,
                    before=opened.pulse_stream.name,
                    now=now,
                )

    def _check_alive(self, queue: CaptureQueue, opened: OpenMicrophone, heard_at: float) -> None:
        if queue.has_ended or self._clock.monotonic() - heard_at >= SILENT_S:
            raise _no_sound(queue, opened)


def _no_sound(queue: CaptureQueue, opened: OpenMicrophone) -> SourceError:
    if queue.has_ended:
        return SourceError("source.device_lost", retryable=True, device=opened.device.name)
    return SourceError("source.silent", retryable=True, seconds=SILENT_S)
