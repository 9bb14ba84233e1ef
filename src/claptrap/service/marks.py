"""What a person says of a detection, wherever they say it: kept in the history, and taught to the source."""

from __future__ import annotations

from claptrap.core.errors import InputError
from claptrap.core.events import Event
from claptrap.history.journal import Journal
from claptrap.history.query import DetectionFilter, Mark
from claptrap.service.learning import LearningService


class Marks:
    """Marks detections.

    Args:
        journal: has them.
        learning: learns of the marks.
    """

    def __init__(self, journal: Journal, learning: LearningService) -> None:
        self._journal = journal
        self._learning = learning

    def mark(self, event_id: str, mark: Mark | None) -> None:
        """Say whether a detection was a clap; None takes that back. The source learns it while its sounds are kept.

        Raises:
            InputError: ``api.unknown_event``, ``profile.too_many``.
            ServiceError, SettingsError: it cannot be written.
        """
        if not self._journal.mark(event_id, mark):
            raise InputError("api.unknown_event", id=event_id[:100])
        event = self._journal.event(event_id)
        if event is not None:
            self._learning.mark_event(event, mark)

    def mark_of(self, source_id: str, event_id: str, mark: Mark | None) -> None:
        """Mark a detection of a source, without an ``event_id`` its newest.

        Raises:
            InputError: ``api.unknown_event`` also for a detection of another source; else as ``mark``.
        """
        event = self._journal.event(event_id) if event_id else self._newest(source_id)
        if event is None or event.source_id != source_id:
            raise InputError("api.unknown_event", id=event_id[:100])
        self.mark(event.id, mark)

    def _newest(self, source_id: str) -> Event | None:
        rows = self._journal.events(DetectionFilter(source_id=source_id), 1).rows
        return rows[0].event if rows else None
