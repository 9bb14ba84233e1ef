"""What was heard, for those who look at it, delete it, or send it again."""

from __future__ import annotations

import math
from datetime import UTC
from typing import Any

from claptrap.core.errors import InputError
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.history.calendar import HOUR_S, Calendar
from claptrap.history.clips import Clips
from claptrap.history.journal import Journal
from claptrap.history.query import DetectionFilter, StoredDetection
from claptrap.history.report import SourceReport
from claptrap.service.messages import detection_json
from claptrap.settings.schema import Settings


class HistoryService:
    """Detections with their clips and deliveries.

    Args:
        journal: has detections and deliveries.
        clips: has the sound around them.
        dispatcher: sends again.
    """

    def __init__(self, journal: Journal, clips: Clips, dispatcher: Dispatcher) -> None:
        self._journal = journal
        self._clips = clips
        self._dispatcher = dispatcher

    def apply(self, settings: Settings) -> None:
        """Keep detections and clips as long as ``settings`` say; no clip longer than its detection."""
        self._journal.set_retention(settings.history.keep_days)
        self._clips.set_limits(min(settings.clips.keep_days, settings.history.keep_days), settings.clips.keep_mb)

    def detection(self, kept: StoredDetection) -> dict[str, Any]:
        """Return a detection as JSON data."""
        return detection_json(kept, has_clip=self._clips.has(kept.event.id))

    def per_hour(self, since: float) -> dict[str, dict[int, int]]:
        """Return how many detections each source had in each hour since a time: by id, and by hour since 1970."""
        found: dict[str, dict[int, int]] = {}
        for count in self._journal.counts(DetectionFilter(since=since), "hour", Calendar(UTC)):
            for source, n in count.sources.items():
                found.setdefault(source, {})[int(count.start // HOUR_S)] = n
        return found

    def report(self, since: float, until: float) -> dict[str, SourceReport]:
        """Return what happened in a span of time (UTC Unix seconds, the end not included), by source id."""
        return self._journal.report(since, until)

    def delete(self, before: float = math.inf) -> tuple[int, int]:
        """Delete detections before a time (UTC Unix seconds) with their clips; return how many of each.

        Raises:
            ServiceError: ``clips.unwritable``, or what keeps the journal from being written; asking again is harmless.
        """
        clips = self._clips.delete_before(before)
        return self._journal.delete(before), clips

    def delete_event(self, event_id: str) -> None:
        """Delete one detection with its clip.

        Raises:
            InputError: ``api.unknown_event``.
            ServiceError: as ``delete``.
        """
        self._clips.delete(event_id)
        if not self._journal.delete_event(event_id):
            raise InputError("api.unknown_event", id=event_id)

    def replay_delivery(self, delivery_id: str) -> str:
        """Send a delivery again under its key; return its event id. The outcome comes as ``Attempt`` news.

        Raises:
            InputError: ``api.unknown_delivery``, or ``api.no_receiver`` where its webhook is gone.
        """
        delivery = self._journal.delivery(delivery_id)
        if delivery is None:
            raise InputError("api.unknown_delivery", id=delivery_id)
        try:
            self._dispatcher.replay(delivery)
        except KeyError as error:
            raise InputError("api.no_receiver") from error
        return delivery.event_id

    def replay_event(self, event_id: str) -> int:
        """Send a detection to all who want it now, again where they had it; return how many they are.

        Raises:
            InputError: ``api.unknown_event`` or ``api.no_receiver``.
        """
        event = self._journal.event(event_id)
        if event is None:
            raise InputError("api.unknown_event", id=event_id)
        n = self._dispatcher.replay_event(event)
        if n == 0:
            raise InputError("api.no_receiver")
        return n
