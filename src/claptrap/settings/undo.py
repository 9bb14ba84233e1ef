"""Undoing one change of settings that have been changed further since, and nothing else.

It is a three-way merge: the document before the change, after it, and now. Where what the change touched is still as it left
it, that becomes exactly what it was before; where it has been changed since, nothing at all is undone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

from claptrap.core.errors import InputError
from claptrap.settings.changes import by_id
from claptrap.settings.merge import leads_elsewhere

_NOTHING: Final = object()
_SECRETS = ("headers", "password")  # what is sent along with an address


def undone(before: Mapping[str, Any], after: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document ``now`` without what led from ``before`` to ``after``; all of them with their secrets.

    Raises:
        InputError: ``settings.changed_since``: the same has been changed since, or the place where a secret would be sent.
    """
    taken_back: dict[str, Any] = _back((), before, after, now)
    return taken_back


def _back(path: tuple[str, ...], before: Any, after: Any, now: Any) -> Any:
    if before == after:
        return now
    if now == after:
        return before
    values = (before, after, now)
    if all(isinstance(value, Mapping) for value in values):
        return _object(path, before, after, now)
    entries = [by_id(value) for value in values]
    if all(found is not None for found in entries):
        return _list(path, *entries)  # type: ignore[arg-type]  # none is None
    raise _changed_since(path)


def _object(path: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any], now: Mapping[str, Any]) -> Any:
    found = _fields(path, before, after, now)
    gave_secrets = any(before.get(name) != after.get(name) for name in _SECRETS)
    if gave_secrets and leads_elsewhere(before, found):
        raise _changed_since((*path, "url" if "url" in found else "host"))
    return found


def _fields(
    path: tuple[str, ...], before: Mapping[str, Any], after: Mapping[str, Any], now: Mapping[str, Any]
) -> dict[str, Any]:
    found = {}
    for name in dict.fromkeys((*now, *before)):
        values = [value.get(name, _NOTHING) for value in (before, after, now)]
        value = _back((*path, name), *values)
        if value is not _NOTHING:
            found[name] = value
    return found


def _list(path: tuple[str, ...], before: dict[str, Any], after: dict[str, Any], now: dict[str, Any]) -> list[Any]:
    found = _fields(path, before, after, now)
    if list(now) == list(after):
        order = [name for name in before if name in found]
    elif _common(before, after) != _common(after, before):
        raise _changed_since(path)
    else:
        order = _with_those_again(before, [name for name in now if name in found], found)
    return [found[name] for name in order]


def _common(one: Iterable[str], other: Collection[str]) -> list[str]:
    return [name for name in one if name in other]


def _with_those_again(before: Iterable[str], order: list[str], found: Collection[str]) -> list[str]:
    """Return ``order`` with those of ``found`` that it lacks, each behind whom it stood behind."""
    order = list(order)
    place = 0
    for name in before:
        if name in found and name not in order:
            order.insert(place, name)
        if name in order:
            place = order.index(name) + 1
    return order


def _changed_since(path: tuple[str, ...]) -> InputError:
    return InputError("settings.changed_since", path=".".join(path))
