"""The room of settings that leave and come: exported, looked at before they are taken, taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from claptrap.service.backups import Follow
from claptrap.service.messages import with_messages
from claptrap.settings.changes import changes
from claptrap.settings.export import exported
from claptrap.settings.import_plan import ImportPlan, Mode, plan_import
from claptrap.settings.schema import Settings
from claptrap.settings.validation import SettingsFaults


class ImportService:
    """What comes into the settings of one data folder from elsewhere, and goes there.

    Args:
        current: gives the settings in force.
        follow: puts others in force.
    """

    def __init__(self, current: Callable[[], Settings], follow: Follow) -> None:
        self._current = current
        self._follow = follow

    def export(self, *, secrets: bool) -> dict[str, Any]:
        """Return the whole document as JSON data; with its secrets only for a person who knows what that means."""
        return exported(self._current(), secrets=secrets)

    def preview(self, document: Mapping[str, Any], mode: Mode | None = None) -> dict[str, Any]:
        """Return what a document would do, as JSON data: its ``format``, ``changes``, ``notes`` and ``faults``, in words.

        Raises:
            InputError: ``import.unknown_format``.
            SettingsError: ``settings.newer``.
        """
        return self._told(plan_import(document, self._current(), mode))

    def take(self, document: Mapping[str, Any], mode: Mode | None = None) -> dict[str, Any]:
        """Put what a document says in force, and return what that was; the settings of before become a backup.

        Raises:
            InputError, SettingsError: as ``preview``.
            SettingsFaults: it is not valid.
            SettingsError: it cannot be written. Nothing has changed in any of these cases.
        """
        found = plan_import(document, self._current(), mode)
        if found.wanted is None:
            raise SettingsFaults(found.faults)
        told = self._told(found)
        self._follow(found.wanted, "import")
        return told

    def _told(self, found: ImportPlan) -> dict[str, Any]:
        return {
            "format": found.format,
            "mode": found.mode,
            "applicable": found.wanted is not None,
            "changes": [asdict(change) for change in changes(self._current(), found.wanted)] if found.wanted else [],
            "notes": [with_messages({**asdict(note), "params": dict(note.params)}) for note in found.notes],
            "faults": [with_messages({**asdict(fault), "params": dict(fault.params)}) for fault in found.faults],
        }
