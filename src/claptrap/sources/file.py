"""Recordings that are played in real time, as if they were a microphone."""

from __future__ import annotations

import os
from collections.abc import Iterator

from claptrap.audio.frame import Frame
from claptrap.core.clock import Clock, SystemClock
from claptrap.sources.base import Sink
from claptrap.sources.recording import read_frames

LATE_S = 1.0  # behind by more than this (the machine slept), playing goes on from here instead of racing


class FileSource:
    """A recording played in real time, as a live source would give it.

    Args:
        path: as for ``read_frames``.
        loop: begin again at the end; the seam is reported as a gap, so that it is not taken for an onset.
        clock: paces the playing.
    """

    def __init__(self, path: str | os.PathLike[str], *, loop: bool = False, clock: Clock | None = None) -> None:
        self._path = path
        self._loop = loop
        self._clock = clock or SystemClock()

    def run(self, sink: Sink) -> None:
        """Play; ends with the recording unless it loops. Raises InputError like ``read_frames``, at the same place."""
        playback = PlaybackClock(self._clock)
        form: tuple[int, int] | None = None
        with sink.stop.waking(sink.pacing.wake):
            for block in self._blocks():
                if form != (block.rate_hz, block.samples.shape[1]):  # the first; or several recordings in one file
                    form = (block.rate_hz, block.samples.shape[1])
                    sink.live(*form)
                for frame in _played(block, playback, sink):
                    sink.frame(frame)
                if sink.stop.is_set():
                    return

    def _blocks(self) -> Iterator[Frame]:
        """Yield the recording in large frames, once or for ever."""
        yield from read_frames(self._path)
        while self._loop:
            again = read_frames(self._path)
            first = next(again)
            yield Frame(first.samples, first.rate_hz, lost_samples=1)
            yield from again


class PlaybackClock:
    """When the next frame is due: each when its sound is over, counted from the first, so that waits do not add up."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._begin: float | None = None
        self._played_s = 0.0

    def wait_s(self, duration_s: float) -> float:
        """Return how long to wait until ``duration_s`` more seconds are over; 0 where that is past."""
        now = self._clock.monotonic()
        begin = now if self._begin is None else self._begin
        late_s = now - (begin + self._played_s + duration_s)
        self._begin = begin + late_s if late_s > LATE_S else begin
        return max(0.0, -late_s)

    def play(self, duration_s: float) -> None:
        """Count ``duration_s`` more seconds as played."""
        self._played_s += duration_s


def _played(block: Frame, playback: PlaybackClock, sink: Sink) -> Iterator[Frame]:
    """Yield ``block`` in frames as long as the sink wants them, each when its sound is over; end when it is to stop."""
    done, lost_samples = 0, block.lost_samples
    while done < len(block.samples):
        samples = block.samples[done : done + max(1, round(sink.pacing.block_s * block.rate_hz))]
        duration_s = len(samples) / block.rate_hz
        is_early = (wait_s := playback.wait_s(duration_s)) > 0 and sink.pacing.wait(wait_s)
        if sink.stop.is_set():
            return
        if not is_early:
            playback.play(duration_s)
            yield Frame(samples, block.rate_hz, lost_samples)
            done, lost_samples = done + len(samples), 0
