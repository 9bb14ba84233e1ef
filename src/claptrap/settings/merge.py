"""A change merged into the settings, secrets kept where they are known and never sent elsewhere.

A value that is given back as it was shown, masked secrets included, stays what it was. Only where the address stays at the
same place, though: else a client that may change an address could have the secret sent to itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from claptrap.core.spec import RtspInput
from claptrap.core.weburl import place_of
from claptrap.settings.dump import SettingsDump
from claptrap.settings.fields import SecretLeft
from claptrap.settings.ids import with_ids
from claptrap.settings.schema import Settings
from claptrap.settings.validation import check


def merged(current: Settings, patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``current`` with ``patch`` merged in: objects deeply, lists of objects by their ``id``, the rest replaced.

    Entries that have no id are new, under one that is made for them.

    What is given back as it was shown, masked secrets included, stays what it was. The result has the secrets in it; what
    would be sent to another place with them, a camera's password or a webhook's headers, must be given again: where it is
    not, ``check`` finds ``settings.secret_elsewhere``.
    """
    return merge(SettingsDump.of(current), patch)


def merge(current: SettingsDump, patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``current`` with ``patch`` merged in, as ``merged``."""
    return _merge(current.whole, current.masked, with_ids(patch, current.whole))


def camera_input(current: Settings, given: Mapping[str, Any], source_id: str = "") -> RtspInput:
    """Return what to open for ``given``, the ``input`` of an RTSP source as a person has typed it, without keeping it.

    Args:
        current: the settings in force.
        given: like ``RtspSettings``.
        source_id: a source of ``current`` that ``given`` would change: masked secrets are its; empty for a new one.

    Raises:
        SettingsFaults: with every fault.
    """
    entry = {"id": source_id or "new", "kind": "rtsp", "name": "new", "input": given}
    known = Settings(sources=[source for source in current.sources if source.id == source_id])
    return cast("RtspInput", check(merged(known, {"sources": [entry]})).sources[0].to_input())  # its kind is "rtsp"


def leads_elsewhere(entry: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Return whether what is sent to the address of ``entry`` would be sent to another place with that of ``other``."""
    return _moves(entry.get("url"), other.get("url")) or _moves_host(entry, other)


def _merge(base: Mapping[str, Any], shown: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    base = _without_secrets(base) if leads_elsewhere(base, patch) else base
    return {**base, **{key: _merge_value(base.get(key), shown.get(key), value) for key, value in patch.items()}}


def _moves(old: object, new: object) -> bool:
    """Return whether an address, ``new``, leads elsewhere than ``old``; to nowhere is no move, nothing is sent there."""
    return isinstance(old, str) and isinstance(new, str) and new not in ("", old) and place_of(new) != place_of(old)


def _moves_host(base: Mapping[str, Any], patch: Mapping[str, Any]) -> bool:
    """Return whether a broker with a password is said to be elsewhere, or to be spoken to without TLS."""
    place = ("host", "port", "tls", "verify_tls")
    is_broker = base.keys() >= {*place, "password"}
    return is_broker and bool(base["host"]) and any(patch.get(name, base[name]) != base[name] for name in place)


def _without_secrets(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``entry`` without what is sent to its address to be let in."""
    headers = {"headers": dict.fromkeys(entry["headers"], SecretLeft.BEHIND)} if entry.get("headers") else {}
    password = {"password": SecretLeft.BEHIND} if entry.get("password") else {}
    return {**entry, **headers, **password}


def _merge_value(old: object, shown: object, new: object) -> object:
    if isinstance(old, dict) and isinstance(shown, dict) and isinstance(new, Mapping):
        return _merge(old, shown, new)
    if _entries(old) and _entries(new):
        return _merge_entries(old, shown, new)  # type: ignore[arg-type]  # _entries has just looked
    return old if old is not None and new == shown else new


def _entries(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(v, dict) and isinstance(v.get("id"), str) for v in value)


def _merge_entries(
    old: list[dict[str, Any]], shown: list[dict[str, Any]], new: list[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    by_id = {entry["id"]: entry for entry in old}
    shown_by_id = {entry["id"]: entry for entry in shown}
    for entry in new:
        old_entry, shown_entry = by_id.get(entry["id"], {}), shown_by_id.get(entry["id"], {})
        if entry.get("kind", old_entry.get("kind")) != old_entry.get("kind"):  # another kind has another input
            old_entry = {key: value for key, value in old_entry.items() if key != "input"}
        by_id[entry["id"]] = _merge(old_entry, shown_entry, entry)
    return list(by_id.values())
