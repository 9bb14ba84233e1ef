"""Sources that have not been heard for too long: a problem, beside the state that each shows."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from claptrap.core.clock import Clock
from claptrap.core.errors import SourceError
from claptrap.core.events import DetectionRunning, SourceStatus, State, Status
from claptrap.service.settings_owner import SettingsOwner

DEAF = frozenset({"source.zeros", "source.constant"})
"""What a live source says of sound that holds nothing."""
DELIBERATE = frozenset({"browser.waiting", "browser.closed", "browser.stopped", "browser.replaced"})
"""Where a person has not begun to send sound, or has ended it."""


class UnheardSources:
    """Follows since when each source is not heard though it should be. Thread-safe.

    Args:
        settings: the owner of what is in force: which sources, and for how long.
        clock: the machine's.
    """

    def __init__(self, settings: SettingsOwner, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._since: dict[str, float] = {}
        self._lock = threading.Lock()

    def add(self, news: Status) -> None:
        """Note the state in ``news``, if there is one."""
        with self._lock:
            if isinstance(news, DetectionRunning) and not news.running:
                self._since.clear()
            elif isinstance(news, SourceStatus):
                if _is_missed(news):
                    self._since.setdefault(news.source_id, self._clock.monotonic())
                else:
                    self._since.pop(news.source_id, None)

    def problems(self) -> Sequence[SourceError]:
        """Return ``source.unheard`` for each source that was not heard for as long as the settings say."""
        settings, now = self._settings.current, self._clock.monotonic()
        limit_s, known = settings.alerts.unheard_after_s, {source.id for source in settings.sources}
        if not limit_s:
            return ()
        with self._lock:
            self._since = {source: since for source, since in self._since.items() if source in known}
            late = {source for source, since in self._since.items() if now - since >= limit_s}
        minutes = round(limit_s / 60, 1)
        return [
            SourceError("source.unheard", source=source.name, minutes=f"{minutes:g}")
            for source in settings.sources
            if source.id in late and source.enabled
        ]


def _is_missed(status: SourceStatus) -> bool:
    """Return whether a source should be heard and is not."""
    if status.state is State.LIVE:
        return status.code in DEAF
    return status.state not in (State.IDLE, State.ENDED) and status.code not in DELIBERATE
