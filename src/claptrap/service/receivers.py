"""Receivers as people see them: how each is doing, what waits for it, and a test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from claptrap.core.errors import InputError
from claptrap.core.weburl import redact
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.delivery.payload import event_payload
from claptrap.history.journal import Journal
from claptrap.history.query import DetectionFilter
from claptrap.receivers import BrokerSpec
from claptrap.service.messages import with_messages
from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.receivers import WebhookSettings, target_id
from claptrap.settings.schema import AnySource
from claptrap.settings.validation import webhook
from claptrap.template import SAMPLES, BadTemplateError, render


class ReceiverViews:
    """Shows receivers, previews what they are sent, and tests them.

    Args:
        dispatcher: sends to them.
        journal: has what waits for them, and what they were sent.
        settings: the owner of what is in force.
    """

    def __init__(self, dispatcher: Dispatcher, journal: Journal, settings: SettingsOwner) -> None:
        self._dispatcher = dispatcher
        self._journal = journal
        self._settings = settings

    def all(self) -> list[dict[str, Any]]:
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

    def test_webhook(self, source_id: str, webhook_id: str | None = None) -> str:
        """Send a test through the very path of a real clap; return its event id. The outcome comes as ``Attempt`` news.

        Args:
            source_id: whose.
            webhook_id: which of its webhooks; the first that is in use unless said.

        Raises:
            InputError: ``api.unknown_source`` or ``api.no_webhook``.
        """
        source = self._source(source_id)
        mine = [target.id for target in self._settings.current.targets() if target.source_id == source_id]
        target = next((one for one in mine if webhook_id is None or one == target_id(source_id, webhook_id)), None)
        if target is None:
            raise InputError("api.no_webhook")
        return self._test(target, source)

    def test_source(self, source_id: str) -> list[str]:
        """Send a test to each webhook of a source, and to the broker; return the event ids.

        Raises:
            InputError: ``api.unknown_source`` or ``api.no_receiver``.
        """
        source = self._source(source_id)
        receivers = self._settings.current.receivers()
        mine = [one.id for one in receivers if one.source_id == source_id or one.id == BrokerSpec.ID]
        if not mine:
            raise InputError("api.no_receiver")
        return [self._test(target, source) for target in mine]

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

    def _source(self, source_id: str) -> AnySource:
        source = next((one for one in self._settings.current.sources if one.id == source_id), None)
        if source is None:
            raise InputError("api.unknown_source", source=source_id)
        return source

    def _test(self, target: str, source: AnySource) -> str:
        return self._dispatcher.test(target, source_id=source.id, source_kind=source.kind, source_name=source.name)


def _sample(wanted: WebhookSettings, event: Mapping[str, Any], *, real: bool) -> dict[str, Any]:
    """Return the body that a webhook makes of an event, or why it makes none."""
    body, code, params = "", "", {}
    try:
        if wanted.method != "GET":
            body = render(wanted.template, event) if wanted.template else json.dumps(dict(event), ensure_ascii=False)
    except BadTemplateError as error:
        code, params = "delivery.template", {"reason": str(error)}
    return with_messages({"event": event["event"], "real": real, "body": body, "code": code, "params": params})
