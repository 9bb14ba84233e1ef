"""Sources as people see and change them: their settings, how each is, and the browsers that speak for some."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from claptrap.core.errors import InputError
from claptrap.core.events import SourceStatus, State
from claptrap.core.spec import BrowserInput
from claptrap.runtime.counts import Counts
from claptrap.service.messages import with_messages
from claptrap.service.settings_owner import SettingsOwner, entry_of
from claptrap.settings.ids import new_source_id
from claptrap.settings.validation import DocumentFault, SettingsFaults
from claptrap.sources.feeds import Feed, Feeds


class SourceService:
    """Lists, adds, changes and removes sources.

    Args:
        settings: have the sources in them.
        statuses: gives how every source is, by id.
        counts: what each did.
        feeds: where pages send their sound.
    """

    def __init__(
        self,
        settings: SettingsOwner,
        statuses: Callable[[], Mapping[str, SourceStatus]],
        counts: Counts,
        feeds: Feeds,
    ) -> None:
        self._settings = settings
        self._statuses = statuses
        self._counts = counts
        self._feeds = feeds

    def all(self) -> list[dict[str, Any]]:
        """Return every source as JSON data: its settings, and how it is: ``status``, ``counts``, ``level``."""
        state, statuses = self._settings.state, self._statuses()
        return [self._with_status(entry, statuses) for entry in state.dump.masked["sources"]]

    def get(self, source_id: str) -> dict[str, Any]:
        """Return one of ``all``.

        Raises:
            InputError: ``api.unknown_source``.
        """
        return self._with_status(entry_of(self._settings.state.dump.masked, source_id), self._statuses())

    def add(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Add a source, under an id made for it where it has none; return it. The others do not notice.

        Raises:
            SettingsFaults, SettingsError: as ``SettingsOwner.replace``.
        """
        with self._settings.locked() as state:
            source_id = new_source_id(state.settings, given)
            self._settings.apply({"sources": [{**given, "id": source_id}]})
            return self.get(source_id)

    def change(
        self, source_id: str, patch: Mapping[str, Any], revisions: Collection[str] | None = None
    ) -> tuple[dict[str, Any], str]:
        """Merge ``patch`` into one source; return it and its revision.

        Only another input, or switching it off, interrupts its sound.

        Args:
            source_id: which.
            patch: any part of its settings.
            revisions: of this source, as in ``SettingsOwner.locked``.

        Raises:
            InputError: ``api.unknown_source`` or ``settings.stale``.
            SettingsFaults, SettingsError: as ``SettingsOwner.replace``.
        """
        with self._settings.locked(revisions, source_id) as state:
            entry_of(state.dump.masked, source_id)
            if patch.get("id", source_id) != source_id:
                raise SettingsFaults([DocumentFault(f"sources.{source_id}.id", "settings.fixed_id")])
            self._settings.apply({"sources": [{**patch, "id": source_id}]})
            return self.get(source_id), self._settings.revision(source_id)

    def remove(self, source_id: str, revisions: Collection[str] | None = None) -> dict[str, Any]:
        """Remove a source, be it the last; return it as it was.

        Raises:
            InputError: ``api.unknown_source`` or ``settings.stale``.
            SettingsError: as ``SettingsOwner.replace``.
        """
        with self._settings.locked(revisions, source_id) as state:
            removed = self.get(source_id)
            kept = [entry for entry in state.dump.whole["sources"] if entry["id"] != source_id]
            self._settings.replace({**state.dump.whole, "sources": kept})
            return removed

    def reorder(self, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Put the sources in the order of ``ids``, those that are not in it behind them in theirs; return ``all``.

        Raises:
            InputError: ``api.unknown_source``.
            SettingsError: as ``SettingsOwner.replace``.
        """
        with self._settings.locked() as state:
            whole = state.dump.whole
            first = [entry_of(whole, source_id) for source_id in dict.fromkeys(ids)]
            self._settings.replace({**whole, "sources": [*first, *(one for one in whole["sources"] if one not in first)]})
            return self.all()

    def remove_trigger(self, source_id: str, trigger_id: str) -> dict[str, Any]:
        """Remove a sound or rhythm of a source; return the source.

        Raises:
            InputError: ``api.unknown_source`` or ``api.unknown_trigger``.
            SettingsError: as ``SettingsOwner.replace``.
        """
        with self._settings.locked() as state:
            source = entry_of(state.dump.whole, source_id)
            kept = {name: [one for one in source[name] if one["id"] != trigger_id] for name in ("sounds", "rhythms")}
            if all(kept[name] == source[name] for name in kept):
                raise InputError("api.unknown_trigger", source=source_id, trigger=trigger_id[:64])
            changed = {**source, **kept}
            sources = [changed if entry is source else entry for entry in state.dump.whole["sources"]]
            self._settings.replace({**state.dump.whole, "sources": sources})
            return self.get(source_id)

    def remove_webhook(self, source_id: str, webhook_id: str) -> dict[str, Any]:
        """Remove a webhook of a source, and give up what waits for it; return the source.

        Raises:
            InputError: ``api.unknown_source`` or ``api.unknown_webhook``.
            SettingsError: as ``SettingsOwner.replace``.
        """
        with self._settings.locked() as state:
            source = entry_of(state.dump.whole, source_id)
            kept = [webhook for webhook in source["webhooks"] if webhook["id"] != webhook_id]
            if len(kept) == len(source["webhooks"]):
                raise InputError("api.unknown_webhook", source=source_id, webhook=webhook_id)
            changed = {**source, "webhooks": kept}
            sources = [changed if entry is source else entry for entry in state.dump.whole["sources"]]
            self._settings.replace({**state.dump.whole, "sources": sources})
            return self.get(source_id)

    def claim_browser(self, name: str, source_id: str = "") -> str:
        """Return the id of a browser's source: ``source_id`` if it is one, else that of a new one.

        It is kept in the settings under ``name`` either way.

        Raises:
            SettingsFaults: the name is not valid, or there are too many sources.
            SettingsError: as ``SettingsOwner.replace``.
        """
        with self._settings.locked() as state:
            if any(one.id == source_id and one.to_input().SENT_BY_PAGE for one in state.settings.sources):
                self.change(source_id, {"name": name})
                return source_id
            made = f"{BrowserInput.KIND}-{secrets.token_hex(4)}"
            self.add({"id": made, "kind": BrowserInput.KIND, "name": name})
            return made

    def open_browser(self, source_id: str, page: str) -> Feed:
        """Return the feed for the sound that ``page`` sends for a browser's source; a page that sent before is cut off.

        Args:
            source_id: one that ``claim_browser`` gave.
            page: names one uninterrupted use of a microphone: a page that comes back with the same continues its stream.

        Raises:
            InputError: ``api.unknown_source`` or ``api.not_a_browser``.
        """
        source = next((one for one in self._settings.current.sources if one.id == source_id), None)
        if source is None:
            raise InputError("api.unknown_source", source=source_id)
        if not source.to_input().SENT_BY_PAGE:
            raise InputError("api.not_a_browser", source=source.name)
        return self._feeds.connect(source_id, page)

    def _with_status(self, entry: Mapping[str, Any], statuses: Mapping[str, SourceStatus]) -> dict[str, Any]:
        status = statuses.get(entry["id"], SourceStatus(entry["id"], State.IDLE))
        counts = asdict(self._counts.source(status.source_id))
        level = counts.pop("level")
        is_heard = status.state is State.LIVE  # else the newest level is an old one
        return {
            **entry,
            "status": with_messages(asdict(status)),
            "counts": counts,
            "level": level if is_heard else None,
        }
