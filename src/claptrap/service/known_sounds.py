"""Names of sounds in the settings, which must be YAMNet's."""

from __future__ import annotations

from claptrap.settings.schema import Settings
from claptrap.settings.validation import DocumentFault, SettingsFaults
from claptrap.text.catalogue import SOUNDS


def check_sounds(wanted: Settings, current: Settings) -> None:
    """Refuse sounds that YAMNet does not name; those that are in force stay.

    Raises:
        SettingsFaults: with each of them.
    """
    known = {label for _, label in _labels(current)} | SOUNDS["fr"].keys()
    faults = [
        DocumentFault(path, "settings.unknown_sound", {"label": label[:80]})
        for path, label in _labels(wanted)
        if label not in known
    ]
    if faults:
        raise SettingsFaults(faults)


def _labels(settings: Settings) -> list[tuple[str, str]]:
    """Return the path and the name of each sound that is listened for."""
    return [
        (f"sources.{source.id}.sounds.{sound.id}.labels", label)
        for source in settings.sources
        for sound in source.sounds
        for label in sound.labels
    ]
