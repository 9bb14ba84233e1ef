"""What people say of detections: that they were claps, or none. The source learns it while its sounds are kept."""

from __future__ import annotations

import json
from typing import Any

from claptrap.core.errors import InputError
from claptrap.history.journal import Journal
from claptrap.history.query import DetectionFilter
from claptrap.service.learning import MARKS, LearningService


class DetectionMarks:
    """Marks detections.

    Args:
        journal: has them.
        learning: learns from them.
    """

    def __init__(self, journal: Journal, learning: LearningService) -> None:
        self._journal = journal
        self._learning = learning

    def mark(self, event_id: str, mark: Any) -> None:
        """Keep whether a detection was a clap (one of ``MARKS``; None takes it back), and learn it.

        Raises:
            InputError: ``api.bad_mark``, ``api.unknown_event`` or ``profile.too_many``.
            SettingsError: what was learnt cannot be written.
        """
        if mark not in MARKS:
            raise InputError("api.bad_mark")
        if not self._journal.mark(event_id, mark):
            raise InputError("api.unknown_event", id=event_id)
        if (event := self._journal.event(event_id)) is not None:
            self._learning.mark_event(event, mark)

    def mark_as_ordered(self, source_id: str, order: str) -> None:
        """Mark a detection of a source as an order says: ``clap`` or ``not_clap`` for the newest, or JSON.

        Args:
            source_id: whose.
            order: the mark, or a document with ``event_id`` and ``mark``.

        Raises:
            InputError: as ``mark``; ``api.unknown_event`` also for a detection of another source.
            SettingsError: as ``mark``.
        """
        if order in MARKS:
            newest = self._journal.events(DetectionFilter(source_id=source_id, test=False), 1).rows
            if not newest:
                raise InputError("api.unknown_event", id="")
            self.mark(newest[0].event.id, order)
            return
        try:
            given = json.loads(order)
        except ValueError as error:
            raise InputError("api.bad_mark") from error
        if not isinstance(given, dict) or set(given) != {"event_id", "mark"} or not isinstance(given["event_id"], str):
            raise InputError("api.bad_mark")
        event = self._journal.event(given["event_id"])
        if event is None or event.source_id != source_id:
            raise InputError("api.unknown_event", id=given["event_id"][:100])
        self.mark(event.id, given["mark"])
