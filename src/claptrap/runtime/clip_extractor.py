"""Extracts the sound around each detection from one stream, as soon as enough of it has followed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.clip import Clip, ClipSink, SampleHistory
from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.core.events import Event

BEFORE_S = 1.0
AFTER_S = 1.5  # after the onset …
AFTER_DECISION_S = 0.5  # … or after the decision, where a sequence of claps took longer
HISTORY_HOPS = 500  # 10 s, 640 kB: the beginning of a very long sequence is not in its clip
MOST_WAITING = 16


class ClipExtractor:
    """Extracts clips from one stream. It buffers only while clips are wanted; then it must get every hop. One owner.

    Args:
        clips: where clips go.
    """

    def __init__(self, clips: ClipSink) -> None:
        self._clips = clips
        self._history: SampleHistory | None = None
        self._waiting: list[Event] = []

    @property
    def is_on(self) -> bool:
        """Whether it buffers."""
        return self._history is not None

    def process(self, hops: NDArray[np.float32], begin: int, *, is_wanted: bool) -> None:
        """Add the next hops (n, 320), of which the first is hop ``begin`` of the stream; extract what is complete."""
        if not is_wanted:
            self._history = None
            self._waiting.clear()
            return
        self._history = self._history or SampleHistory(HISTORY_HOPS, begin)
        for i, hop in enumerate(hops):
            self._history.write(hop, begin - self._history.end // HOP if i == 0 else 0)
        if self._waiting:
            ready = [event for event in self._waiting if _end(event) <= self._history.end]
            self._waiting = [event for event in self._waiting if event not in ready]
            self._extract(ready)

    def request(self, event: Event) -> None:
        """Extract the sound around a detection as soon as it is there; not while clips are unwanted or too many wait."""
        if self._history is not None and len(self._waiting) < MOST_WAITING:
            self._waiting.append(event)

    def finish(self) -> None:
        """Extract what waits, as far as it goes: no more hops follow."""
        waiting, self._waiting = self._waiting, []
        self._extract(waiting)

    def _extract(self, events: list[Event]) -> None:
        for event in events:
            if self._history is not None:
                samples = self._history.extract(round((event.onset_s - BEFORE_S) * RATE_HZ), _end(event))
                if len(samples):
                    self._clips.offer(Clip(event.id, event.timestamp, samples))


def _end(event: Event) -> int:
    return round(max(event.onset_s + AFTER_S, event.decided_s + AFTER_DECISION_S) * RATE_HZ)
