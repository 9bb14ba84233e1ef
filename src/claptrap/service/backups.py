"""The room of documents of before: listed, compared, kept and put back in force, with nothing of a secret told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from claptrap.service.messages import with_messages
from claptrap.settings.backups import Backup, Why
from claptrap.settings.changes import changes
from claptrap.settings.schema import Settings
from claptrap.settings.store import Store

Follow = Callable[[Settings, Why], None]
"""Saves settings, keeping those of before for a reason, and puts them in force; nothing has changed where that fails."""


class BackupService:
    """The backups of one data folder, for whoever has it: the running service, or a command while none runs.

    Args:
        store: of the folder.
        current: gives the settings in force.
        follow: puts others in force.
    """

    def __init__(self, store: Store, current: Callable[[], Settings], follow: Follow) -> None:
        self._store = store
        self._current = current
        self._follow = follow

    def found(self) -> list[dict[str, Any]]:
        """Return all backups as JSON data, newest first; ``code`` and its sentences say why one cannot be used."""
        return [_told(backup) for backup in self._store.backups.found()]

    def keep(self) -> dict[str, Any]:
        """Keep the settings in force as a backup; return it.

        Raises:
            SettingsError: they cannot be written.
        """
        if (name := self._store.keep()) is None:
            self._store.save(self._current())
            name = self._store.keep()
        return next(backup for backup in self.found() if backup["name"] == name)

    def compare(self, name: str) -> list[dict[str, Any]]:
        """Return what would change if a backup were put back in force.

        Raises:
            InputError: ``settings.unknown_backup``.
            SettingsError: it cannot be used; why.
        """
        return [asdict(change) for change in changes(self._current(), self._store.backups.read(name))]

    def restore(self, name: str) -> list[dict[str, Any]]:
        """Put a backup back in force, its secrets included; return what changed. The settings of now become a backup.

        Raises:
            InputError: ``settings.unknown_backup``.
            SettingsError: it cannot be used, or nothing can be written; nothing has changed then.
        """
        wanted = self._store.backups.read(name)
        found = [asdict(change) for change in changes(self._current(), wanted)]
        self._follow(wanted, "restore")
        return found


def _told(backup: Backup) -> dict[str, Any]:
    fault = backup.fault
    coded = {"code": fault.code if fault else "", "params": dict(fault.params) if fault else {}}
    return with_messages(
        {"name": backup.name, "at": backup.at, "why": backup.why, "size": backup.size, "valid": fault is None, **coded}
    )
