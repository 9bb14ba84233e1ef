"""What differs between two documents, path by path, without a secret in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from claptrap.settings.dump import SettingsDump
from claptrap.settings.schema import Settings


@dataclass(frozen=True, slots=True)
class Change:
    """One difference.

    Attributes:
        path: where, dotted; list entries by their id, e.g. ``sources.microphone.threshold``.
        kind: what happens to it on the way from the old document to the new one.
        old: its value as a face may show it, None where it is added. Two secrets that differ look the same.
        new: likewise; None where it is removed.
    """

    path: str
    kind: Literal["added", "changed", "removed", "reordered"]
    old: Any
    new: Any


def changes(old: Settings, new: Settings) -> list[Change]:
    """Return what leads from ``old`` to ``new``; empty where they say the same."""
    return changes_between(SettingsDump.of(old), SettingsDump.of(new))


def changes_between(old: SettingsDump, new: SettingsDump) -> list[Change]:
    """Return what leads from ``old`` to ``new``, as ``changes``."""
    return list(_between((), old.whole, new.whole, old.masked, new.masked))


def _between(path: tuple[str, ...], old: Any, new: Any, old_shown: Any, new_shown: Any) -> Iterator[Change]:
    """Yield the differences of two values; ``…_shown`` are the same values with their secrets masked."""
    if old is new or old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _between_objects(path, old, new, old_shown, new_shown)
        return
    n_same = _same_at_the_beginning(old, new)
    if (olds := by_id(old, n_same)) is not None and (news := by_id(new, n_same)) is not None and (olds or news):
        yield from _between_objects(path, olds, news, by_id(old_shown, n_same), by_id(new_shown, n_same))
        kept = [name for name in olds if name in news]
        if kept != (now := [name for name in news if name in olds]):
            before = [entry["id"] for entry in old[:n_same]]
            yield Change(".".join(path), "reordered", [*before, *kept], [*before, *now])
    else:
        yield Change(".".join(path), "changed", old_shown, new_shown)


def _between_objects(path: tuple[str, ...], old: Any, new: Any, old_shown: Any, new_shown: Any) -> Iterator[Change]:
    for name in old:
        if name not in new:
            yield Change(".".join((*path, name)), "removed", old_shown[name], None)
        elif old[name] is not new[name]:
            yield from _between((*path, name), old[name], new[name], old_shown[name], new_shown[name])
    for name in new:
        if name not in old:
            yield Change(".".join((*path, name)), "added", None, new_shown[name])


def by_id(value: object, begin: int = 0) -> dict[str, Any] | None:
    """Return a list's entries from index ``begin`` on by their ids; None for what is no list of entries with ids."""
    entries = value[begin:] if isinstance(value, list) else None
    if entries is not None and all(isinstance(entry, dict) and isinstance(entry.get("id"), str) for entry in entries):
        return {entry["id"]: entry for entry in entries}
    return None


def _same_at_the_beginning(old: object, new: object) -> int:
    """Return with how many of the very same objects two lists begin."""
    if not (isinstance(old, list) and isinstance(new, list)):
        return 0
    return next(
        (i for i, (one, other) in enumerate(zip(old, new, strict=False)) if one is not other), min(len(old), len(new))
    )
