"""Counters since the process began, for REST and ``/metrics``."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from claptrap.core.events import Attempt, Clap, Event, Level, Levels, SourceStatus, State, Status, Verdict

OUTCOMES = ("delivered", "retried", "given_up", "late")


@dataclass(frozen=True, slots=True)
class SourceCounts:
    """What one source did.

    Attributes:
        claps: accepted ones.
        detections: patterns of claps, and beginnings of applause.
        vetoed: what would be claps or applause, but comes from a reference of the source.
        retries: how often it failed and was to be tried again.
        level: the newest; None before the first.
    """

    claps: int = 0
    detections: int = 0
    vetoed: int = 0
    retries: int = 0
    level: Level | None = None


class Counts:
    """Counts news. Thread-safe."""

    def __init__(self) -> None:
        self._sources: dict[str, SourceCounts] = {}  # without their levels, which come ten times a second
        self._levels: dict[str, Level] = {}
        self._deliveries: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
        self._lock = threading.Lock()

    def add(self, news: Event | Status) -> None:
        """Count ``news``; what is not counted changes nothing."""
        with self._lock:
            match news:
                case Attempt():
                    self._deliveries[_outcome(news)] += 1
                case Levels():
                    self._levels.update((level.source_id, level) for level in news.levels)
                case Event(test=True):
                    pass
                case Clap() | Event() | SourceStatus() | Verdict(code="verdict.vetoed"):
                    now = self._sources.get(news.source_id, SourceCounts())
                    self._sources[news.source_id] = _added(now, news)

    def keep(self, source_ids: Collection[str]) -> None:
        """Forget every source but these."""
        with self._lock:
            self._sources = {source: counts for source, counts in self._sources.items() if source in source_ids}
            self._levels = {source: level for source, level in self._levels.items() if source in source_ids}

    def source(self, source_id: str) -> SourceCounts:
        """Return what a source did; nothing for one that is unknown."""
        with self._lock:
            return replace(self._sources.get(source_id, SourceCounts()), level=self._levels.get(source_id))

    def deliveries(self) -> Mapping[str, int]:
        """Return the number of attempts to deliver, by ``OUTCOMES``."""
        with self._lock:
            return dict(self._deliveries)


def _added(now: SourceCounts, news: Clap | Event | SourceStatus | Verdict) -> SourceCounts:
    match news:
        case Clap():
            return replace(now, claps=now.claps + 1)
        case Event():
            return replace(now, detections=now.detections + 1)
        case Verdict():
            return replace(now, vetoed=now.vetoed + 1)
        case SourceStatus(state=State.RETRYING | State.FAILED) if news.attempt:
            return replace(now, retries=now.retries + 1)
    return now


def _outcome(attempt: Attempt) -> str:
    if attempt.ok:
        return "delivered"
    if attempt.code == "delivery.too_late":
        return "late"
    return "given_up" if attempt.retry_in_s is None else "retried"
