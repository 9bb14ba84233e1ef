"""What sources have heard in the last 24 hours that may have been a clap: kept by embeddings, in memory, bounded."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import replace

from claptrap.audio.frame import RATE_HZ
from claptrap.core.clock import Clock
from claptrap.core.events import Event
from claptrap.runtime.candidate_recorder import KeptCandidate

MOST = 1000  # of each source: 2 MB
MOST_SOUNDS = 100  # the newest of each source that have their sound, where it is kept at all: 6 MB
KEPT_S = 24 * 3600.0
OFFER_MISSES, OFFER_S = 3, 60.0  # so many near misses within so long: claps that are not heard


class KeptCandidates:
    """The newest candidates of every source. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, deque[KeptCandidate]] = defaultdict(lambda: deque(maxlen=MOST))
        self._added: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=MOST))  # when, by a clock that is never set
        self._lock = threading.Lock()

    def add(self, candidate: KeptCandidate) -> None:
        """Keep a candidate, and forget what is too old or too much."""
        with self._lock:
            kept = self._kept[candidate.source_id]
            kept.append(candidate)
            self._added[candidate.source_id].append(self._clock.elapsed())
            if len(kept) > MOST_SOUNDS and (old := kept[-1 - MOST_SOUNDS]).sound is not None:
                kept[-1 - MOST_SOUNDS] = replace(old, sound=None)

    def of(self, source_id: str) -> list[KeptCandidate]:
        """Return those of a source, oldest first, none older than a day."""
        oldest = self._clock.elapsed() - KEPT_S
        with self._lock:
            kept, added = self._kept[source_id], self._added[source_id]
            while kept and added[0] < oldest:
                kept.popleft()
                added.popleft()
            return list(kept)

    def find(self, source_id: str, candidate_id: str) -> KeptCandidate | None:
        """Return one of a source; None if it is not kept."""
        return next((one for one in self.of(source_id) if one.id == candidate_id), None)

    def of_event(self, event: Event) -> list[KeptCandidate]:
        """Return the claps that a detection consists of, as far as they are kept."""
        first, last = round(event.onset_s * RATE_HZ), round(event.decided_s * RATE_HZ)
        kept = self.of(event.source_id)
        return [one for one in kept if one.epoch == event.epoch and first <= one.onset <= last and one.is_clap]

    def forget(self, source_id: str) -> None:
        """Forget all of a source."""
        with self._lock:
            self._kept.pop(source_id, None)
            self._added.pop(source_id, None)

    def misses_in_a_row(self, source_id: str) -> bool:
        """Return whether there were ``OFFER_MISSES`` near misses within ``OFFER_S``, the last of them just now."""
        now = self._clock.unix()
        recent = [one for one in self.of(source_id) if now - one.at <= OFFER_S]
        return sum(not one.is_clap for one in recent) >= OFFER_MISSES
