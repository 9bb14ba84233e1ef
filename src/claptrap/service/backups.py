"""Backups of the settings: listed, compared, made and restored, without showing a secret."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from claptrap.detect.profile import Profile
from claptrap.service import profile_transfer
from claptrap.service.learning import LearningService
from claptrap.service.messages import with_messages
from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.backups import Backup
from claptrap.settings.changes import Change, changes_between
from claptrap.settings.dump import SettingsDump


class BackupService:
    """The backups of one data folder.

    Args:
        settings: the owner of what is in force.
        learning: what the sources have learnt, which is kept with each.
    """

    def __init__(self, settings: SettingsOwner, learning: LearningService) -> None:
        self._settings = settings
        self._learning = learning

    def all(self) -> list[dict[str, Any]]:
        """Return all backups as JSON data, newest first.

        ``code`` and its sentences say why one cannot be used; ``changes`` is what was changed next: up to the backup after
        it that can be used, or up to now.
        """
        found = []
        after = self._settings.state.dump
        for backup in self._settings.store.backups.all():
            changes: list[Change] = []
            if backup.settings is not None:
                before = SettingsDump.of(backup.settings)
                changes, after = changes_between(before, after), before
            found.append(_as_json(backup, changes))
        return found

    def create(self) -> dict[str, Any]:
        """Copy the settings in force to a backup; return it.

        Raises:
            SettingsError: they cannot be written.
        """
        store = self._settings.store
        with self._settings.locked() as state:
            if (name := store.back_up()) is None:
                store.save(state.settings)
                name = store.back_up()
        return next(backup for backup in self.all() if backup["name"] == name)

    def compare(self, name: str) -> tuple[list[dict[str, Any]], str]:
        """Return what would change if a backup were restored, and the revision of the settings that it was compared with.

        Raises:
            InputError: ``settings.unknown_backup``.
            SettingsError: it cannot be used; why.
        """
        wanted = SettingsDump.of(self._settings.store.backups.read(name))
        state, ids = self._settings.state, {source.id for source in wanted.settings.sources}
        found = [*changes_between(state.dump, wanted), *self._learning.changes(self._profiles(name, ids))]
        return [asdict(change) for change in found], state.revision

    def restore(self, name: str, revisions: Collection[str] | None = None) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Put a backup back in force, its secrets included; return what changed, and the settings as they are shown.

        What its sources had learnt then comes back, too. The settings until now become a backup.

        Raises:
            InputError: ``settings.unknown_backup`` or ``settings.stale``.
            SettingsError: it cannot be used, or nothing can be written; nothing has changed then.
        """
        with self._settings.locked(revisions) as before:
            wanted = self._settings.store.backups.read(name)
            profiles = self._profiles(name, {source.id for source in wanted.sources})  # before the backup may be forgotten
            learnt = self._learning.changes(profiles)
            after = self._settings.replace(wanted, "restore")
            self._learning.restore(profiles)
            return [asdict(change) for change in (*changes_between(before.dump, after.dump), *learnt)], after.shown()

    def _profiles(self, name: str, source_ids: Collection[str]) -> dict[str, Profile]:
        found = profile_transfer.read(self._settings.store.backups.beside(name))
        return {source_id: profile for source_id, profile in found.items() if source_id in source_ids}


def _as_json(backup: Backup, changes: list[Change]) -> dict[str, Any]:
    fault = backup.fault
    coded = {"code": fault.code if fault else "", "params": dict(fault.params) if fault else {}}
    known = {"name": backup.name, "at": backup.at, "why": backup.why, "size": backup.size, "valid": fault is None}
    return with_messages({**known, "changes": [asdict(change) for change in changes], **coded})
