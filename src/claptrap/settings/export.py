"""Settings that leave this machine, and come back: without their secrets unless a person says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claptrap import template
from claptrap.core.weburl import MASK, masked, place_of
from claptrap.settings.changes import by_id
from claptrap.settings.schema import Settings
from claptrap.settings.validation import DocumentFault

_PLACE = ("host", "port", "tls", "verify_tls")
"""Whom a broker's password is for."""


@dataclass(frozen=True, slots=True)
class FilledDocument:
    """A document whose masks are gone.

    Attributes:
        document: the same, with the secrets that are known in the place of their masks.
        left_out: one for each that is not known; nothing stands in its place.
    """

    document: Any
    left_out: tuple[DocumentFault, ...]


def exported(settings: Settings, *, secrets: bool) -> dict[str, Any]:
    """Return the whole document to be kept elsewhere.

    Args:
        settings: to be exported.
        secrets: whether with passwords, signing secrets, values of headers and what is secret in addresses, or looks so in
            body templates. Without them a mask stands in their place, also in the addresses of webhooks; the path of an
            address is always there.
    """
    return settings.whole() if secrets else _masked(settings.model_dump(mode="json"))


def filled(document: object, current: Settings) -> FilledDocument:
    """Put the secrets of ``current`` where ``document`` has masks for them.

    A secret goes only to the same entry, and only where its address leads to the same place: who makes a document must not
    be able to have a secret sent elsewhere.
    """
    left_out: list[DocumentFault] = []
    whole = _fill((), document, current.whole(), exported(current, secrets=False), left_out)
    return FilledDocument(whole, tuple(left_out))


def _masked(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _masked(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(inner) for inner in value]
    if not isinstance(value, str):
        return value
    return masked(value) if name == "url" else template.masked(value) if name == "template" else value


def _fill(path: tuple[str, ...], new: Any, old: Any, shown: Any, left_out: list[DocumentFault]) -> Any:
    """Return ``new`` without masks; ``old`` and ``shown`` are what is known at its place, whole and masked, or None."""
    if isinstance(new, Mapping):
        return _fill_object(path, new, old, shown, left_out)
    if isinstance(new, list):
        olds, showns = by_id(old) or {}, by_id(shown) or {}
        ids = [entry.get("id") if isinstance(entry, Mapping) else None for entry in new]
        return [
            _fill((*path, str(name or i)), entry, olds.get(str(name)), showns.get(str(name)), left_out)
            for i, (name, entry) in enumerate(zip(ids, new, strict=True))
        ]
    if not isinstance(new, str) or MASK not in new:
        return new
    if new == shown and isinstance(old, str):
        return old
    left_out.append(DocumentFault(".".join(path), "import.secret_left_out"))
    return new.replace(MASK, "")


def _fill_object(
    path: tuple[str, ...], new: Mapping[str, Any], old: Any, shown: Any, left_out: list[DocumentFault]
) -> dict[str, Any]:
    old = old if isinstance(old, Mapping) and _leads_there(new, old, shown) else {}
    shown = shown if old and isinstance(shown, Mapping) else {}
    entries = {key: _fill((*path, str(key)), value, old.get(key), shown.get(key), left_out) for key, value in new.items()}
    return {key: value for key, value in entries.items() if value != "" or new[key] != MASK}


def _leads_there(new: Mapping[str, Any], old: Mapping[str, Any], shown: Any) -> bool:
    """Return whether what is sent to the address in ``new`` reaches whom ``old`` sends to; true for what has no address."""
    if "url" in old:
        url = new.get("url")
        is_as_shown = isinstance(shown, Mapping) and url == shown.get("url")  # masked through and through, it has no place
        return isinstance(url, str) and (is_as_shown or place_of(url) == place_of(old["url"]))
    return "host" not in old or all(new.get(name) == old[name] for name in _PLACE if name in old)
