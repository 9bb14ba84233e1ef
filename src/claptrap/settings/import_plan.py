"""What importing a document, ours or the original's, would make of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from claptrap.core.errors import InputError
from claptrap.settings.export import filled
from claptrap.settings.ids import with_ids
from claptrap.settings.merge import merged
from claptrap.settings.migrate import migrated
from claptrap.settings.original import Note, convert, is_foreign
from claptrap.settings.revision import without_revision
from claptrap.settings.schema import Settings
from claptrap.settings.validation import DocumentFault, SettingsFaults, check

Format = Literal["claptrap", "original", "fork"]
Mode = Literal["replace", "merge"]
"""Whether the settings become the document, or it is added to them: its sources to those that are there, the same by id."""


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What a document would do.

    Attributes:
        format: whose it is.
        mode: how it is taken.
        wanted: the settings that would be in force; None where ``faults`` forbid it.
        notes: what of it is not taken, or not as it is, and why.
        faults: why it cannot be taken at all.
    """

    format: Format
    mode: Mode
    wanted: Settings | None
    notes: tuple[Note, ...]
    faults: tuple[DocumentFault, ...]


def plan_import(document: Mapping[str, Any], current: Settings, mode: Mode | None = None) -> ImportPlan:
    """Return what ``document`` would do to ``current``; nothing is done.

    Args:
        document: ours, of any version, or the original's or its fork's.
        current: the settings in force; secrets that the document has masks for are taken from there.
        mode: as the document's format asks for unless said: ours replaces, others are added.

    Raises:
        InputError: ``import.unknown_format``.
        SettingsError: ``settings.newer``.
    """
    if is_foreign(document):
        return _foreign(document, current, mode or "merge")
    if not set(Settings.model_fields) & set(document):
        raise InputError("import.unknown_format")
    ours = migrated(without_revision(document))
    try:
        found = filled(ours, current)
    except RecursionError as error:  # objects within objects without end
        raise InputError("import.unknown_format") from error
    notes = tuple(Note(fault.path, "left_out", fault.code) for fault in found.left_out)
    return _checked("claptrap", mode or "replace", found.document, current, notes)


def _foreign(document: Mapping[str, Any], current: Settings, mode: Mode) -> ImportPlan:
    found = convert(document)
    whole = current.whole() if mode == "replace" else {}
    return _checked(
        "fork" if found.is_fork else "original", mode, {**whole, "sources": list(found.sources)}, current, found.notes
    )


def _checked(
    whose: Format, mode: Mode, document: Mapping[str, Any], current: Settings, notes: tuple[Note, ...]
) -> ImportPlan:
    try:
        wanted = check(with_ids(document, {}) if mode == "replace" else merged(current, document))
    except SettingsFaults as error:
        return ImportPlan(whose, mode, None, notes, error.faults)
    return ImportPlan(whose, mode, wanted, notes, ())
