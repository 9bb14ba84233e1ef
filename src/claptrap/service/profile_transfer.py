"""Profiles that travel with settings: beside them in an export, and in the files of a backup."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from claptrap.core.errors import InputError
from claptrap.detect.profile import Profile, read_profile, serialized
from claptrap.service.profile_store import FOLDER, ProfileStore
from claptrap.settings.changes import Change
from claptrap.settings.original import Note

KEY = "profiles"
"""Beside the settings in an exported document: profiles by source."""


def split(document: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Return the settings of an exported document, and its profiles; none where there is no object of them."""
    profiles = document.get(KEY)
    rest = {name: value for name, value in document.items() if name != KEY}
    return rest, profiles if isinstance(profiles, Mapping) else {}


def usable(documents: Mapping[str, Any], source_ids: Collection[str]) -> tuple[dict[str, Profile], list[Note]]:
    """Return the profiles that sources can use, and why the others are left out: other models made them, for one."""
    found, notes = {}, []
    for source_id, document in documents.items():
        path = f"{KEY}.{str(source_id)[:64]}"
        if source_id not in source_ids:
            notes.append(Note(path, "left_out", "api.unknown_source", {"source": str(source_id)[:64]}))
            continue
        try:
            found[source_id] = Profile.from_json(document)
        except InputError as error:
            notes.append(Note(path, "left_out", error.code, error.params))
    return found, notes


def read(files: Iterable[Path]) -> dict[str, Profile]:
    """Return the profiles in files named after their sources; those that cannot be used are left out."""
    found = {}
    for path in files:
        try:
            found[path.stem] = read_profile(path)
        except InputError:
            continue  # it is as good as none; where it is in force, the source says why
    return found


def changes(now: Mapping[str, Profile], wanted: Mapping[str, Profile]) -> list[Change]:
    """Return what putting ``wanted`` in force would change, by the numbers of examples; other sources keep theirs."""
    pairs = {source_id: (now.get(source_id, Profile()), profile) for source_id, profile in wanted.items()}
    return [
        Change(f"{KEY}.{source_id}", "changed" if before.examples else "added", _numbers(before), _numbers(after))
        for source_id, (before, after) in pairs.items()
        if serialized(before) != serialized(after)
    ]


def _numbers(profile: Profile) -> dict[str, int] | None:
    n = len(profile.examples)
    return {"claps": profile.n_claps, "others": n - profile.n_claps} if n else None


def exported(data_dir: Path) -> dict[str, Any]:
    """Return what stands beside the settings in an export: the profiles in a data folder, if there are any."""
    found = {source_id: profile.to_json() for source_id, profile in read((data_dir / FOLDER).glob("*.json")).items()}
    return {KEY: found} if found else {}


def write(data_dir: Path, profiles: Mapping[str, Profile]) -> None:
    """Put profiles into a data folder that no service has. Raises SettingsError."""
    store = ProfileStore(data_dir / FOLDER)
    for source_id, profile in profiles.items():
        store.save(source_id, profile)
