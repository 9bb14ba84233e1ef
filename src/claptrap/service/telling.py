"""Those who are told, as people see them: how each stands, and what waits for it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from claptrap.core.outbox import Outbox
from claptrap.core.weburl import redact
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.service.words import in_words


class Telling:
    """A room of the house.

    Args:
        dispatcher: tells them.
        outbox: keeps what waits for them.
    """

    def __init__(self, dispatcher: Dispatcher, outbox: Outbox) -> None:
        self._dispatcher = dispatcher
        self._outbox = outbox

    def receivers(self) -> list[dict[str, Any]]:
        """Return every receiver that is in use as JSON data, in words: ``state`` is ``well``, ``failing`` or ``open``."""
        return [
            in_words(
                {
                    "id": target.id,
                    "source_id": target.source_id,
                    "url": redact(target.url),
                    "state": "open" if standing.is_open else "failing" if standing.failures else "well",
                    "waiting": self._outbox.waiting(target.id),
                    **asdict(standing),
                }
            )
            for target, standing in self._dispatcher.standings()
        ]
