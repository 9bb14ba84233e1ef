"""What was played to a cluster against what its server recorded."""

from __future__ import annotations

from itertools import groupby, pairwise

from claptrap.audio.clip import Clip
from claptrap.core.events import Event
from claptrap.runtime.candidate_recorder import KeptCandidate
from tests.peers.cluster_node import PERIOD_S, Stage
from tests.peers.hearing import Witness


class Records(Witness):
    """What the server recorded; ages are not looked at."""

    def record(self, event: Event, _age_s: float = 0.0) -> None:
        super().record(event)


class Recordings:
    """What the server got of the sound."""

    def __init__(self) -> None:
        self.clips: list[Clip] = []
        self.candidates: list[KeptCandidate] = []

    def offer(self, sound: Clip | KeptCandidate) -> None:
        (self.clips if isinstance(sound, Clip) else self.candidates).append(sound)


class Ledger:
    """Compares the two. A clap is known by its score: that of each is higher than that of the one before."""

    def __init__(self, stage: Stage, records: Records) -> None:
        self._stage = stage
        self._records = records

    def recorded(self, source: str) -> list[float]:
        """Return the claps that were recorded, in order of their play; a repeated id is none, as in the journal.

        None of them was recorded twice, and those of one stream in order.
        """
        events = {event.id: event for event in self._records.all(Event, source)}.values()
        scores = [event.score for event in events]
        assert len(set(scores)) == len(scores), f"{source}: twice: {sorted(scores)}"
        for epoch in {event.epoch for event in events}:
            of_epoch = [event.score for event in events if event.epoch == epoch]
            assert of_epoch == sorted(of_epoch), f"{source}: out of order"
        return sorted(scores)

    def is_past(self, source: str, score: float) -> bool:
        """Return whether something was recorded that was played after the clap of that score."""
        return any(one > score for one in self.recorded(source))

    def lost(self, source: str) -> list[float]:
        """Return the claps that were not recorded since the first that was."""
        recorded = self.recorded(source)
        return sorted({score for score in self._stage.played[source] if recorded[0] < score < recorded[-1]} - {*recorded})

    def story(self) -> str:
        """Return which claps each stream gave, in the order in which they came."""
        events = [event for source in self._stage.played for event in self._records.all(Event, source)]
        streams = groupby(events, lambda event: (event.source_id, event.epoch))
        return "\n".join(f"{source} {epoch}: {[event.score for event in of]}" for (source, epoch), of in streams)

    def unheard_s(self, source: str) -> float:
        """Return the longest time in which no clap of a source was recorded, beyond the usual between two."""
        at = [self._stage.played[source][score] for score in self.recorded(source)]
        return max(0.0, *(after - before - PERIOD_S for before, after in pairwise(at)))
