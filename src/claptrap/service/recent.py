"""The last minute of every source, for pages that open: how loud it was, and what its candidates scored."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import Any

from claptrap.core.clock import Clock
from claptrap.core.events import Levels, Status, Verdict
from claptrap.service.messages import with_messages
from claptrap.text.catalogue import labels_for_people

SECONDS = 60
MOST_VERDICTS = 60  # a source


@dataclass(frozen=True, slots=True)
class _Heard:
    peaks: dict[int, float] = field(default_factory=dict)  # by second of the monotonic clock, oldest first
    verdicts: deque[Verdict] = field(default_factory=lambda: deque(maxlen=MOST_VERDICTS))


class LastMinute:
    """Keeps the newest levels and verdicts of each source in memory. Thread-safe.

    Args:
        clock: the machine's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sources: dict[str, _Heard] = {}
        self._lock = threading.Lock()

    def add(self, news: Status) -> None:
        """Keep ``news`` if it is a level or a verdict."""
        if not isinstance(news, Levels | Verdict):
            return
        with self._lock:
            if isinstance(news, Verdict):
                self._sources.setdefault(news.source_id, _Heard()).verdicts.append(news)
                return
            second = int(self._clock.monotonic())
            for level in news.levels:
                peaks = self._sources.setdefault(level.source_id, _Heard()).peaks
                peaks[second] = max(peaks.get(second, level.peak_dbfs), level.peak_dbfs)
                if len(peaks) > SECONDS:
                    del peaks[next(iter(peaks))]

    def keep(self, source_ids: Collection[str]) -> None:
        """Forget every source but these."""
        with self._lock:
            self._sources = {source: heard for source, heard in self._sources.items() if source in source_ids}

    def shown(self) -> dict[str, dict[str, Any]]:
        """Return the last minute of each source as JSON data.

        ``levels`` are the peaks of its ``SECONDS`` seconds in dBFS, None where there was no sound, ``verdicts`` as they were
        published; both oldest first.
        """
        second, since = int(self._clock.monotonic()), self._clock.unix() - SECONDS
        with self._lock:
            heard = {
                source: ([one.peaks.get(at) for at in range(second - SECONDS + 1, second + 1)], list(one.verdicts))
                for source, one in self._sources.items()
            }
        return {
            source: {"levels": levels, "verdicts": [verdict_json(one) for one in verdicts if one.timestamp > since]}
            for source, (levels, verdicts) in heard.items()
        }


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as JSON data, in words."""
    return with_messages({**asdict(verdict), "labels": labels_for_people(verdict.labels)})
