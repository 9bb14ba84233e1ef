"""Those who are told, as people see them: how each stands, and what waits for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from claptrap.core.outbox import Outbox
from claptrap.core.template import SAMPLES, render
from claptrap.core.weburl import redact
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.service.words import in_words
from claptrap.settings.schema import webhook


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

    def preview(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what a webhook as a person has typed it would send for an example of every kind of event.

        Raises:
            SettingsFaults: it is not valid; paths are those within the webhook.
        """
        wanted = webhook(given)
        samples = [
            {
                "event": sample["event"],
                "body": render(wanted.template, sample) if wanted.template else json.dumps(dict(sample), ensure_ascii=False),
            }
            for sample in SAMPLES
        ]
        is_get = wanted.method == "GET"
        content_type = wanted.content_type if wanted.template else "application/json"
        return {
            "method": wanted.method,
            "content_type": "" if is_get else content_type,
            "samples": [{**sample, "body": ""} for sample in samples] if is_get else samples,
        }
