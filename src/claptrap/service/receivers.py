"""Those who are told, as people see them: how each stands, and what waits for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from claptrap.core.template import SAMPLES, BadTemplateError, render
from claptrap.core.weburl import redact
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.delivery.payload import event_payload
from claptrap.history.journal import Journal
from claptrap.history.query import DetectionFilter
from claptrap.service.messages import with_messages
from claptrap.settings.schema import WebhookSettings
from claptrap.settings.validation import webhook


class ReceiverViews:
    """A room of the house.

    Args:
        dispatcher: tells them.
        journal: keeps what waits for them, and what they were told of.
    """

    def __init__(self, dispatcher: Dispatcher, journal: Journal) -> None:
        self._dispatcher = dispatcher
        self._journal = journal

    def receivers(self) -> list[dict[str, Any]]:
        """Return every receiver that is in use as JSON data, in words: ``state`` is ``well``, ``failing`` or ``open``."""
        return [
            with_messages(
                {
                    "id": target.id,
                    "source_id": target.source_id,
                    "url": redact(target.url),
                    "state": "open" if circuit_state.is_open else "failing" if circuit_state.failures else "well",
                    "waiting": self._journal.waiting(target.id),
                    **asdict(circuit_state),
                }
            )
            for target, circuit_state in self._dispatcher.circuit_states()
        ]

    def preview(self, given: Mapping[str, Any], source_id: str | None = None) -> dict[str, Any]:
        """Return what a webhook as a person has typed it would send, as JSON data, in words.

        It is shown on an example of every kind of event, and before these, where there is one, on the last detection of a
        source, which is ``real``; ``code`` says why there is no body of it.

        Args:
            given: like ``WebhookSettings``.
            source_id: whose detection; None for examples only.

        Raises:
            SettingsFaults: it is not valid; paths are those within the webhook.
        """
        wanted = webhook(given)
        last = self._journal.events(DetectionFilter(source_id=source_id), 1).rows if source_id else ()
        is_get = wanted.method == "GET"
        content_type = wanted.content_type if wanted.template else "application/json"
        samples = [_sample(wanted, event_payload(kept.event), real=True) for kept in last]
        return {
            "method": wanted.method,
            "content_type": "" if is_get else content_type,
            "samples": [*samples, *(_sample(wanted, example, real=False) for example in SAMPLES)],
        }


def _sample(wanted: WebhookSettings, event: Mapping[str, Any], *, real: bool) -> dict[str, Any]:
    """Return the body that a webhook makes of an event, or why it makes none."""
    body, code, params = "", "", {}
    try:
        if wanted.method != "GET":
            body = render(wanted.template, event) if wanted.template else json.dumps(dict(event), ensure_ascii=False)
    except BadTemplateError as error:
        code, params = "delivery.template", {"reason": str(error)}
    return with_messages({"event": event["event"], "real": real, "body": body, "code": code, "params": params})
