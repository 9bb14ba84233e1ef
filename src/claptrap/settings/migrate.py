"""Documents of older versions, brought up to date before they are checked. The file itself changes with the next save."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from claptrap.core.errors import SettingsError

NEWEST: Literal[3] = 3
_AN_HOUR_S = 3600.0  # how long detections waited for a webhook by default up to version 2


def migrated(document: object) -> object:
    """Return ``document`` in the newest form; what has no known older version as it is, for ``check`` to judge.

    Raises:
        SettingsError: ``settings.newer``: a newer ClapTrap wrote it; it is not damaged, only not understood here.
    """
    while isinstance(document, Mapping) and (step := _STEPS.get(_version(document))):
        document = step(document)
    if isinstance(document, Mapping) and _version(document) > NEWEST:
        raise SettingsError("settings.newer", version=_version(document), known=NEWEST)
    return document


def _version(document: Mapping[str, Any]) -> int:
    """Return the version that a document says it has; the first had no need to say it."""
    version = document.get("version", 1)
    return version if isinstance(version, int) and not isinstance(version, bool) else 0


def _to_2(document: Mapping[str, Any]) -> dict[str, Any]:
    """A source has any number of webhooks; the one it had is the first of them."""
    sources = document.get("sources")
    changed = {"sources": [_with_webhooks(source) for source in sources]} if isinstance(sources, list) else {}
    return {**document, **changed, "version": 2}


def _with_webhooks(source: object) -> object:
    if not isinstance(source, Mapping) or not isinstance(source.get("webhook"), Mapping):
        return source
    rest = {key: value for key, value in source.items() if key != "webhook"}
    return {**rest, "webhooks": [{"id": "webhook", **source["webhook"]}]}


def _to_3(document: Mapping[str, Any]) -> dict[str, Any]:
    """A clap is a command: what waited an hour because nobody had chosen otherwise waits no longer than by default now."""
    sources = document.get("sources")
    changed = {"sources": [_with_fresh_webhooks(source) for source in sources]} if isinstance(sources, list) else {}
    return {**document, **changed, "version": 3}


def _with_fresh_webhooks(source: object) -> object:
    if not isinstance(source, Mapping) or not isinstance(source.get("webhooks"), list):
        return source
    return {**source, "webhooks": [_fresh(webhook) for webhook in source["webhooks"]]}


def _fresh(webhook: object) -> object:
    if not isinstance(webhook, Mapping) or webhook.get("max_age_s") != _AN_HOUR_S:
        return webhook
    return {key: value for key, value in webhook.items() if key != "max_age_s"}


_STEPS: dict[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: _to_2, 2: _to_3}
