"""Profiles that other models made: learnt again from the sound that was kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from claptrap.audio.frame import RATE_HZ
from claptrap.core.errors import ClapTrapError, InputError
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.enrolment import Enroller
from claptrap.detect.profile import MOST_NOTE, Example, Profile
from claptrap.detect.yamnet import YamNet, load_yamnet
from claptrap.models.catalogue import YAMNET, has_yamnet_runtime, models_folder
from claptrap.models.model_store import find
from claptrap.service.example_clips import ExampleClips
from claptrap.service.profile_store import ProfileStore
from claptrap.settings.os_errors import write_error

_log = logging.getLogger(__name__)


def recalled(
    store: ProfileStore, clips: ExampleClips, source_id: str, enroller: Callable[[], Enroller]
) -> tuple[Profile, ClapTrapError | None]:
    """Return the profile of a source, and why the one in place cannot be used.

    Where other models made it, the examples whose sound is kept are learnt again, and the others are set aside.

    Args:
        store: has the profile.
        clips: has the sound of examples.
        source_id: which source.
        enroller: makes examples; asked only where there is something to learn again.
    """
    try:
        return store.load(source_id), None
    except InputError as error:
        sounds = [entry for entry in store.unused(source_id) if clips.find(source_id, str(entry.get("id")))]
        if error.code != "profile.other_models" or not sounds:
            return Profile(), error
        made = _relearnt(sounds, clips, source_id, enroller())
        learnt = Profile.of(*made.values())
        try:
            store.set_aside(source_id, made.keys())
            store.save(source_id, learnt)
        except OSError as fault:
            return learnt, write_error(store.path(source_id), fault)
        except ClapTrapError as fault:  # it is in force until the next start
            return learnt, fault
        _log.info("%s: %d examples of other models were learnt again from their sound", source_id, len(made))
        return learnt, None


def load_yamnet_again() -> YamNet | None:
    """Return a YAMNet of the caller's own, as detection has its own; None where it cannot be had."""
    try:
        if has_yamnet_runtime() and (path := find(YAMNET, models_folder())) is not None:
            return load_yamnet(path)
    except ClapTrapError as error:
        _log.warning("%s", error)
    return None


def load_enroller() -> Enroller:
    """Return an enroller with YAMNet, or without it where it cannot be had."""
    return Enroller(load_clapnet(), load_confirmer(), load_yamnet_again())


def _relearnt(entries: list[dict[str, Any]], clips: ExampleClips, source_id: str, enroller: Enroller) -> dict[str, Example]:
    """Return the examples that their sound still gives, by their ids of before; their sound is kept under the new ones."""
    made = {}
    for entry in entries:
        known, is_clap, note, at = (entry.get(name) for name in ("id", "clap", "note", "at"))
        samples = clips.read(source_id, str(known))
        if samples is None or not isinstance(is_clap, bool):
            continue
        found = enroller.example(samples, RATE_HZ // 2, is_clap=is_clap, note=str(note or "")[:MOST_NOTE])
        if isinstance(found, Example):
            made[str(known)] = Example(is_clap, found.embedding, found.note, at if isinstance(at, int | float) else None)
            clips.save(source_id, made[str(known)].id, samples)
    return made
