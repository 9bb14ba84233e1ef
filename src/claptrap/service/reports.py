"""What each source did, by hour of the last day and by week: from the history and from how long it was heard."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from claptrap.core.clock import Clock
from claptrap.history.calendar import HOUR_S
from claptrap.history.report import SourceReport
from claptrap.service.availability import HOURS, WEEKS, Availability, week_of, week_start
from claptrap.service.history import HistoryService
from claptrap.service.settings_owner import SettingsOwner


class ReportService:
    """Puts detections and availability together, for the sources that there are now.

    Args:
        settings: have the sources.
        history: has what they heard.
        availability: has how long they were heard.
        clock: the machine's.
    """

    def __init__(self, settings: SettingsOwner, history: HistoryService, availability: Availability, clock: Clock) -> None:
        self._settings = settings
        self._history = history
        self._availability = availability
        self._clock = clock

    def days(self) -> dict[str, Any]:
        """Return the last ``HOURS`` hours of each source as JSON data, by id: what it heard, and how long it was heard."""
        since = (self._clock.unix() // HOUR_S - HOURS + 1) * HOUR_S
        return self._availability.shown(self._ids(), self._history.per_hour(since))

    def weeks(self) -> list[dict[str, Any]]:
        """Return the last ``WEEKS`` weeks, the newest first, as JSON data: what each source did in each."""
        newest = week_of(self._clock.unix())
        return [self._week(week) for week in range(newest, newest - WEEKS, -1)]

    def _week(self, week: int) -> dict[str, Any]:
        start, end = week_start(week), week_start(week + 1)
        found = self._history.report(start, end)
        sources = {
            id_: {**asdict(found.get(id_, SourceReport())), **self._availability.week(id_, week)} for id_ in self._ids()
        }
        return {"start": start, "end": end, "sources": sources}

    def _ids(self) -> list[str]:
        return [source.id for source in self._settings.current.sources]
