"""Ids of sources, webhooks and notification services that come without one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from claptrap.settings.schema import Settings
from claptrap.settings.validation import DocumentFault, SettingsFaults


def new_source_id(current: Settings, given: Mapping[str, Any]) -> Any:
    """Return the id of a source that is to be added: the one it has, else one made of its name or kind that is free.

    Raises:
        SettingsFaults: another source has the id that it has. Whether it can be an id, ``check`` says.
    """
    known = [source.id for source in current.sources]
    if "id" not in given:
        return _free(_source_stem(given), set(known), {})
    if given["id"] in known:
        raise SettingsFaults([DocumentFault(f"sources.{given['id']}.id", "settings.duplicate_id", {"id": given["id"]})])
    return given["id"]


def free_id(name: str, otherwise: str, known: Iterable[str]) -> str:
    """Return an id made of ``name``, or of ``otherwise`` where it has no letters, that is none of ``known``."""
    return _free(_letters(name) or otherwise, set(known), {})


def with_ids(document: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``document`` with an id for each source, webhook, notification service and heartbeat that has none.

    Args:
        document: JSON data, a whole document or a part of one; it need not be valid.
        known: the settings in force, with their ids; empty where the document replaces them.
    """
    sources, notify = document.get("sources"), document.get("notify")
    done = dict(document)
    if isinstance(sources, list):
        webhooks = {source["id"]: source["webhooks"] for source in known.get("sources", ())}
        named = _named(sources, known.get("sources", ()), _source_stem)
        done["sources"] = [_with_webhook_ids(source, webhooks) for source in named]
    if isinstance(heartbeats := document.get("heartbeats"), list):
        done["heartbeats"] = _named(heartbeats, known.get("heartbeats", ()), lambda _: "heartbeat")
    if isinstance(notify, list):
        done["notify"] = _named(notify, known.get("notify", ()), lambda entry: _letters(entry.get("name")) or "notify")
    return done


def _with_webhook_ids(source: Any, known: Mapping[str, Any]) -> Any:
    if not isinstance(source, Mapping) or not isinstance(source.get("webhooks"), list):
        return source
    mine = known.get(source["id"], ()) if isinstance(source.get("id"), str) else ()
    return {**source, "webhooks": _named(source["webhooks"], mine, lambda _: "webhook")}


def _named(entries: list[Any], known: Iterable[Mapping[str, Any]], stem: Callable[[Mapping[str, Any]], str]) -> list[Any]:
    """Return ``entries``, each object of which has an id; in time that grows no faster than they do."""
    ids = {entry["id"] for entry in known}
    ids.update(entry["id"] for entry in entries if isinstance(entry, Mapping) and isinstance(entry.get("id"), str))
    counts: dict[str, int] = {}
    done = []
    for entry in entries:
        if isinstance(entry, Mapping) and "id" not in entry:
            made = _free(stem(entry), ids, counts)
            ids.add(made)
            done.append({"id": made, **entry})
        else:
            done.append(entry)
    return done


def _free(stem: str, ids: set[str], counts: dict[str, int]) -> str:
    """Return ``stem``, or that with the next number, so that it is none of ``ids``; ``counts`` has the numbers tried."""
    n = counts.get(stem, 1)
    while (made := stem if n == 1 else f"{stem}-{n}") in ids:
        n += 1
    counts[stem] = n
    return made


def _source_stem(source: Mapping[str, Any]) -> str:
    return _letters(source.get("name")) or _letters(source.get("kind")) or "source"


def _letters(text: object) -> str:
    """Return the start of an id: what of ``text`` can be one, "Été à 2" → "ete-a-2"."""
    plain = unicodedata.normalize("NFKD", text[:200]) if isinstance(text, str) else ""
    bare = "".join(char for char in plain if not unicodedata.combining(char)).lower()
    return re.sub("[^a-z0-9]+", "-", bare)[:48].strip("-")
