"""Documents of older versions, brought up to date before they are checked. The file itself changes with the next save."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import unquote

from claptrap.core.errors import SettingsError
from claptrap.core.weburl import encoded
from claptrap.settings.fields import is_name_character

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
    """Webhooks do not wait an hour by default any more; names are printable, and addresses encoded.

    A clap is a command: what waited an hour because nothing else was chosen waits no longer than by default now. What is
    refused from this version on, in names and addresses, becomes what it would have had to be.
    """
    changed = {
        name: [_printable(_encoded(_with_fresh_webhooks(entry))) for entry in document[name]]
        for name in ("sources", "notify")
        if isinstance(document.get(name), list)
    }
    mqtt = {"mqtt": _with_bare_host(document["mqtt"])} if "mqtt" in document else {}
    return {**document, **changed, **mqtt, "version": 3}


def _with_bare_host(mqtt: object) -> object:
    """Return ``mqtt`` with the host alone where an address stood in its place; its password goes to the field for it."""
    if not isinstance(mqtt, Mapping) or not isinstance(mqtt.get("host"), str):
        return mqtt
    user_part, at, rest = mqtt["host"].rpartition("://")[2].rpartition("@")
    host = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    bare = host.partition(":")[0] if host.count(":") == 1 else host.strip("[]")
    user, _, password = user_part.partition(":")
    found = {"username": unquote(user), "password": unquote(password)} if at else {}
    return {**mqtt, "host": bare, **{name: value for name, value in found.items() if value and not mqtt.get(name)}}


def _printable(entry: object) -> object:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        return entry
    return {**entry, "name": "".join(char if is_name_character(char) else " " for char in entry["name"])}


def _encoded(source: object) -> object:
    if not isinstance(source, Mapping):
        return source
    webhooks = source.get("webhooks")
    lists = {"webhooks": [_with_encoded_url(webhook) for webhook in webhooks]} if isinstance(webhooks, list) else {}
    inputs = {"input": _with_encoded_url(source["input"])} if "input" in source else {}
    return {**source, **inputs, **lists}


def _with_encoded_url(entry: object) -> object:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("url"), str):
        return entry
    return {**entry, "url": encoded(entry["url"])}


def _with_fresh_webhooks(source: object) -> object:
    if not isinstance(source, Mapping) or not isinstance(source.get("webhooks"), list):
        return source
    return {**source, "webhooks": [_fresh(webhook) for webhook in source["webhooks"]]}


def _fresh(webhook: object) -> object:
    if not isinstance(webhook, Mapping) or webhook.get("max_age_s") != _AN_HOUR_S:
        return webhook
    return {key: value for key, value in webhook.items() if key != "max_age_s"}


_STEPS: dict[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = {1: _to_2, 2: _to_3}
