"""Settings that leave and come: exported, looked at before they are imported, imported."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from claptrap.detect.profile import Profile
from claptrap.service.learning import LearningService
from claptrap.service.messages import with_messages
from claptrap.service.profile_transfer import KEY, split, usable
from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.changes import changes
from claptrap.settings.export import exported
from claptrap.settings.import_plan import ImportPlan, Mode, plan_import
from claptrap.settings.original import Note
from claptrap.settings.schema import Settings
from claptrap.settings.validation import SettingsFaults


class ImportService:
    """Exports the settings with what the sources have learnt, and imports other documents into them.

    Args:
        settings: the owner of what is in force.
        learning: what the sources have learnt.
    """

    def __init__(self, settings: SettingsOwner, learning: LearningService) -> None:
        self._settings = settings
        self._learning = learning

    def export(self, *, secrets: bool) -> dict[str, Any]:
        """Return the whole document as JSON data; with its secrets only for a person who knows what that means."""
        profiles = self._learning.documents()
        return {**exported(self._settings.current, secrets=secrets), **({KEY: profiles} if profiles else {})}

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
        rest, given = split(document)
        with self._settings.locked(revisions) as state:
            plan = plan_import(rest, state.settings, mode)
            return {**self._as_json(plan, state.settings, *self._profiles(plan, given)), "revision": state.revision}

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
        rest, given = split(document)
        with self._settings.locked(revisions) as state:
            plan = plan_import(rest, state.settings, mode)
            if plan.wanted is None:
                raise SettingsFaults(plan.faults)
            profiles, notes = self._profiles(plan, given)
            done = self._as_json(plan, state.settings, profiles, notes)
            shown = self._settings.replace(plan.wanted, "import").shown()
            self._learning.restore(profiles)
            return {**done, "settings": shown}

    def _profiles(self, plan: ImportPlan, given: Mapping[str, Any]) -> tuple[dict[str, Profile], list[Note]]:
        return usable(given, {source.id for source in plan.wanted.sources}) if plan.wanted else ({}, [])

    def _as_json(
        self, plan: ImportPlan, current: Settings, profiles: Mapping[str, Profile], notes: Sequence[Note]
    ) -> dict[str, Any]:
        found = [*changes(current, plan.wanted), *self._learning.changes(profiles)] if plan.wanted else []
        return {
            "format": plan.format,
            "mode": plan.mode,
            "applicable": plan.wanted is not None,
            "changes": [asdict(change) for change in found],
            "notes": [with_messages({**asdict(note), "params": dict(note.params)}) for note in (*plan.notes, *notes)],
            "faults": [with_messages({**asdict(fault), "params": dict(fault.params)}) for fault in plan.faults],
        }
