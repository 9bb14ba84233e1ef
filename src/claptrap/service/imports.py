"""Settings that leave and come: exported, looked at before they are imported, imported."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import Any

from claptrap.service.messages import with_messages
from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.changes import changes
from claptrap.settings.export import exported
from claptrap.settings.import_plan import ImportPlan, Mode, plan_import
from claptrap.settings.schema import Settings
from claptrap.settings.validation import SettingsFaults


class ImportService:
    """Exports the settings, and imports other documents into them.

    Args:
        settings: the owner of what is in force.
    """

    def __init__(self, settings: SettingsOwner) -> None:
        self._settings = settings

    def export(self, *, secrets: bool) -> dict[str, Any]:
        """Return the whole document as JSON data; with its secrets only for a person who knows what that means."""
        return exported(self._settings.current, secrets=secrets)

    def preview(
        self, document: Mapping[str, Any], mode: Mode | None = None, revisions: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Return what a document would do, as JSON data in words.

        It has the document's ``format``, ``mode``, ``changes``, ``notes`` and ``faults``, whether it is ``applicable``, and
        the ``revision`` of the settings that it was compared with.

        Raises:
            InputError: ``import.unknown_format`` or ``settings.stale``.
            SettingsError: ``settings.newer``.
        """
        with self._settings.locked(revisions) as state:
            return {**_as_json(plan_import(document, state.settings, mode), state.settings), "revision": state.revision}

    def apply(
        self, document: Mapping[str, Any], mode: Mode | None = None, revisions: Collection[str] | None = None
    ) -> dict[str, Any]:
        """Put what a document says in force; return what that was, and the new ``settings``.

        Those until now become a backup.

        Raises:
            InputError, SettingsError: as ``preview``.
            SettingsFaults: it is not valid.
            SettingsError: it cannot be written. Nothing has changed in any of these cases.
        """
        with self._settings.locked(revisions) as state:
            plan = plan_import(document, state.settings, mode)
            if plan.wanted is None:
                raise SettingsFaults(plan.faults)
            done = _as_json(plan, state.settings)
            return {**done, "settings": self._settings.replace(plan.wanted, "import").shown()}


def _as_json(plan: ImportPlan, current: Settings) -> dict[str, Any]:
    return {
        "format": plan.format,
        "mode": plan.mode,
        "applicable": plan.wanted is not None,
        "changes": [asdict(change) for change in changes(current, plan.wanted)] if plan.wanted else [],
        "notes": [with_messages({**asdict(note), "params": dict(note.params)}) for note in plan.notes],
        "faults": [with_messages({**asdict(fault), "params": dict(fault.params)}) for fault in plan.faults],
    }
