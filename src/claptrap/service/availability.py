"""How much of each hour of a day, and of each week, every source was heard: kept in ``availability.json``."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from claptrap.core.clock import Clock
from claptrap.core.events import DetectionRunning, SourceStatus, State, Status
from claptrap.history.calendar import HOUR_S
from claptrap.settings.document import write_temporary

HOURS = 24
WEEKS = 9  # the last still running
MOST_HOURS, MOST_WEEKS = (
    2 * HOURS,
    2 * WEEKS,
)  # of a source; a time of day that is wrong for a while must not forget the rest
WEEK_S = 7 * 24 * HOUR_S
MONDAY_S = 4 * 24 * HOUR_S  # the first one after 1970 began
SAVE_EVERY_S = 600.0  # a memory card must not wear out for this
_log = logging.getLogger(__name__)
_Hours = dict[int, tuple[float, float]]  # by the hour's number since 1970: seconds heard, seconds in which it was wanted
_Weeks = dict[int, tuple[float, float, int]]  # by their number: the same, and how often it stopped being heard


class _Kept(BaseModel):
    hours: dict[str, _Hours]
    weeks: dict[str, _Weeks]


def week_of(at: float) -> int:
    """Return the number of the week, from Monday 00:00 UTC, in which a moment is (UTC Unix seconds)."""
    return int((at - MONDAY_S) // WEEK_S)


def week_start(week: int) -> float:
    """Return when a week began, UTC Unix seconds."""
    return float(MONDAY_S + week * WEEK_S)


class Availability:
    """Adds up how long sources are live, hour by hour. Thread-safe; ``open`` before anything else.

    What was not wanted, a source that is off or detection that is stopped, is neither up nor down; nor is the time
    in which the service did not run.

    Args:
        path: the file.
        clock: the machine's.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._hours: dict[str, _Hours] = {}
        self._weeks: dict[str, _Weeks] = {}
        self._states: dict[str, tuple[State, float]] = {}  # of each source its state, counted since then (monotonic)
        self._saved_at = 0.0
        self._lock = threading.Lock()

    def open(self) -> None:
        """Read what was kept; what cannot be read is left out."""
        self._saved_at = self._clock.monotonic()
        try:
            kept = _Kept.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, ValidationError) as error:
            _log.warning("availability: %s cannot be read (%s): the day begins now", self._path, type(error).__name__)
            return
        with self._lock:
            self._hours, self._weeks = kept.hours, kept.weeks

    def add(self, news: Status) -> None:
        """Count the state in ``news``, if there is one, from now on."""
        with self._lock:
            if isinstance(news, SourceStatus):
                self._count(news.source_id)
                before, _ = self._states.get(news.source_id, (None, 0.0))
                if before is State.LIVE and news.state in (State.RETRYING, State.FAILED):
                    self._add_week(news.source_id, week_of(self._clock.unix()), 0.0, 0.0, outages=1)
                self._states[news.source_id] = news.state, self._clock.monotonic()
            elif isinstance(news, DetectionRunning) and not news.running:
                for source in list(self._states):
                    self._count(source)
                self._states.clear()

    def keep(self, source_ids: Collection[str]) -> None:
        """Forget every source but these."""
        with self._lock:
            self._hours = {source: hours for source, hours in self._hours.items() if source in source_ids}
            self._weeks = {source: weeks for source, weeks in self._weeks.items() if source in source_ids}
            self._states = {source: state for source, state in self._states.items() if source in source_ids}

    def maintain(self) -> None:
        """Save now and then."""
        if self._clock.monotonic() - self._saved_at >= SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Save, as far as that can be done: nothing is lost but a figure of the page."""
        with self._lock:
            for source in list(self._states):
                self._count(source)
            content = json.dumps({"hours": self._hours, "weeks": self._weeks}).encode()
        self._saved_at = self._clock.monotonic()
        try:
            write_temporary(self._path, content).replace(self._path)
        except OSError as error:
            _log.warning("availability: %s cannot be written: %s", self._path, error.strerror)

    def shown(self, source_ids: Iterable[str], activity: Mapping[str, Mapping[int, int]]) -> dict[str, dict[str, Any]]:
        """Return the day of these sources as JSON data, with how many detections each had in each hour (``activity``).

        ``start`` is when the first of the ``HOURS`` hours began (UTC Unix seconds), the last is still running; ``live`` has
        the share of each in which the source was heard, None where it was not wanted; ``detections`` their number.
        """
        with self._lock:
            for source in list(self._states):
                self._count(source)
            known = {source: dict(hours) for source, hours in self._hours.items()}
        last = int(self._clock.unix() // HOUR_S)
        hours = range(last - HOURS + 1, last + 1)
        return {
            source: {
                "start": float(hours[0] * HOUR_S),
                "live": [_share(known.get(source, {}).get(hour)) for hour in hours],
                "detections": [activity.get(source, {}).get(hour, 0) for hour in hours],
            }
            for source in source_ids
        }

    def week(self, source_id: str, week: int) -> dict[str, Any]:
        """Return the share of a week in which a source was heard (None: never wanted), and how often it was lost."""
        with self._lock:
            self._count(source_id)
            live_s, wanted_s, outages = self._weeks.get(source_id, {}).get(week, (0.0, 0.0, 0))
        return {"live": _share((live_s, wanted_s)), "outages": outages}

    def _add_week(self, source: str, week: int, live_s: float, wanted_s: float, outages: int = 0) -> None:
        weeks = self._weeks.setdefault(source, {})
        live, wanted, lost = weeks.get(week, (0.0, 0.0, 0))
        weeks[week] = live + live_s, wanted + wanted_s, lost + outages
        for old in sorted(weeks)[:-MOST_WEEKS]:
            del weeks[old]

    def _count(self, source: str) -> None:
        """Add the time since a source was last counted to the hours in which it lay, and forget the oldest."""
        if source not in self._states:
            return
        now, monotonic = self._clock.unix(), self._clock.monotonic()
        state, counted = self._states[source]
        self._states[source] = state, monotonic
        hours = self._hours.setdefault(source, {})
        since = now - min(monotonic - counted, HOURS * HOUR_S)
        while since < now and state not in (State.IDLE, State.ENDED):
            hour = int(since // HOUR_S)
            until = min(now, (hour + 1) * HOUR_S)
            live, wanted = hours.get(hour, (0.0, 0.0))
            live_s, wanted_s = (until - since) * (state is State.LIVE), until - since
            hours[hour] = live + live_s, wanted + wanted_s
            self._add_week(source, week_of(since), live_s, wanted_s)
            since = until
        for hour in sorted(hours)[:-MOST_HOURS]:
            del hours[hour]


def _share(hour: tuple[float, float] | None) -> float | None:
    return round(hour[0] / hour[1], 3) if hour and hour[1] else None
