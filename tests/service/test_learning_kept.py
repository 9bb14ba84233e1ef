"""What sources have learnt goes where the settings go: backups, exports, removal and undo; and is forgotten everywhere."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tests.detect.test_profile import enrolled
from tests.peers.claps import recording
from tests.peers.hearing import Tap
from tests.service.test_learning import SOURCE, refused

from claptrap.audio.frame import RATE_HZ
from claptrap.detect.profile import Example
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.service import Application
from claptrap.service.candidates import MOST_SOUNDS

SETTINGS = {
    "version": 3,
    "sources": [{"id": SOURCE, "kind": "file", "name": "Kitchen", "input": {"path": "x"}, "example_clips": True}],
}


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return enrolled(*recording(3, RATE_HZ))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Application]:
    (tmp_path / "settings.json").write_text(json.dumps(SETTINGS))
    made = Application(tmp_path, build_source=lambda _: Tap())
    made.start()
    yield made
    made.stop()


def hear(service: Application, example: Example, n: int = 1) -> KeptCandidate:
    """Have the service hear a sound that may have been a clap."""
    sound = np.full(RATE_HZ, n / 1000, np.float32)
    heard = KeptCandidate(
        SOURCE, "e", n, time.time(), 0.9, 0.8, True, (), example.embedding, None, was_calibrating=False, sound=sound
    )
    service.learning.offer(heard)
    return heard


def learn(service: Application, example: Example, n: int = 1) -> dict[str, Any]:
    state: dict[str, Any] = service.learning.mark(SOURCE, hear(service, example, n).id, "clap")["learning"]
    return state


def remove(service: Application) -> None:
    service.sources.remove(SOURCE)


def test_a_profile_survives_the_removal_of_its_source_and_undo(service: Application, examples: list[Example]) -> None:
    learn(service, examples[0])
    remove(service)
    service.undo.undo(service.undo.steps()[0]["id"])
    assert service.learning.state(SOURCE)["claps"] == 1
    remove(service)
    service.sources.add(SETTINGS["sources"][0])  # type: ignore[index,arg-type]  # another of the same name: it has learnt nothing
    assert service.learning.state(SOURCE)["claps"] == 0
    assert service.learning.kept(SOURCE) == []


def test_a_backup_brings_back_what_was_learnt(service: Application, examples: list[Example], tmp_path: Path) -> None:
    learn(service, examples[0])
    name = service.backups.create()["name"]
    learn(service, examples[1], 2)
    (change,), _ = service.backups.compare(name)
    assert (change["path"], change["old"], change["new"]) == (
        f"profiles.{SOURCE}",
        {"claps": 2, "others": 0},
        {"claps": 1, "others": 0},
    )
    remove(service)
    service.backups.restore(name)
    assert [e["id"] for e in service.learning.state(SOURCE)["examples"]] == [examples[0].id]
    (tmp_path / "backups" / name).with_suffix("").joinpath(f"{SOURCE}.json").write_text("{}")
    assert service.backups.compare(name)[0] == []  # what cannot be used is as good as none
    service.learning.forget(SOURCE)
    assert not list(tmp_path.glob(f"**/{SOURCE}.json"))  # nor in a backup


def test_an_export_carries_profiles_and_an_import_says_what_it_leaves_out(
    service: Application, examples: list[Example]
) -> None:
    learn(service, examples[0])
    document = json.loads(json.dumps(service.imports.export(secrets=False)))
    assert document["profiles"].keys() == {SOURCE}
    service.learning.forget(SOURCE)
    assert [change["path"] for change in service.imports.preview(document)["changes"]] == [f"profiles.{SOURCE}"]
    assert service.imports.apply(document)["notes"] == []
    assert service.learning.state(SOURCE)["claps"] == 1
    assert service.learning.undo(SOURCE)["claps"] == 0
    profile = document["profiles"][SOURCE]
    document["profiles"] = {"gone": profile, SOURCE: {**profile, "models": "0123456789abcdef"}}
    notes = service.imports.apply(document)["notes"]
    assert [(note["path"], note["code"]) for note in notes] == [
        ("profiles.gone", "api.unknown_source"),
        (f"profiles.{SOURCE}", "profile.other_models"),
    ]
    assert service.learning.state(SOURCE)["claps"] == 0


@pytest.mark.parametrize("has_sound", [False, True])
def test_a_profile_of_other_models_is_never_lost(
    service: Application, examples: list[Example], tmp_path: Path, *, has_sound: bool
) -> None:
    """Its examples are learnt again from their sound; without sound the next mark sets them aside, and says so."""
    sound, onsets = recording(3, RATE_HZ)
    for example, onset in zip(examples[:2], onsets, strict=False):
        heard = hear(service, example, round(onset * RATE_HZ))
        begin = round((onset - 0.5) * RATE_HZ)
        service.learning.mark(SOURCE, heard.id, "clap")
        if has_sound:
            service.learning.keep_sounds(SOURCE, [(example, replace(heard, sound=sound[begin : begin + RATE_HZ]))])
        else:
            service.learning.delete_example_clip(SOURCE, example.id)
    service.stop()
    path, aside = tmp_path / "profiles" / f"{SOURCE}.json", tmp_path / "profiles" / f"{SOURCE}.aside" / "1.json"
    old = json.loads(path.read_text())
    strange = [{**entry, "id": entry["id"][::-1]} for entry in old["examples"]]  # other models give other embeddings
    for entry, other in zip(old["examples"], strange, strict=True):
        if has_sound:
            clip = tmp_path / "profiles" / f"{SOURCE}.clips" / f"{entry['id']}.flac"
            clip.rename(clip.with_stem(other["id"]))
    path.write_text(json.dumps({**old, "models": "0123456789abcdef", "examples": strange}))
    again = Application(tmp_path, build_source=lambda _: Tap())
    again.start()
    try:
        state = again.learning.state(SOURCE)
        assert state["claps"] == (2 if has_sound else 0)
        assert [one["clip"] for one in state["examples"]] == [True] * state["claps"]
        assert (state["fault"] or {}).get("code") == (None if has_sound else "profile.other_models")
        assert bool(again.learning.taught(again.settings.current.specs()[0]).profile) == has_sound
        state = learn(again, examples[2], 3)
        assert state["claps"] == (3 if has_sound else 1)
        if not has_sound:
            assert (state["fault"]["code"], state["fault"]["params"]["n"]) == ("learning.set_aside", 2)
            assert json.loads(aside.read_text())["examples"] == strange
        assert again.learning.forget(SOURCE)["fault"] is None
        assert not aside.parent.exists()
    finally:
        again.stop()


def test_examples_are_kept_in_sound_only_where_a_person_allows_it(
    service: Application, examples: list[Example], tmp_path: Path
) -> None:
    learning = service.learning
    state = learn(service, examples[0], 5)
    example = examples[0].id
    assert state["examples"][0]["clip"]
    samples, rate = soundfile.read(learning.example_clip(SOURCE, example))
    assert (rate, len(samples), round(samples[0], 3)) == (RATE_HZ, RATE_HZ, 0.005)
    (heard,) = learning.candidates(SOURCE, 1)
    assert heard["clip"]
    assert len(soundfile.read(io.BytesIO(learning.candidate_clip(SOURCE, heard["id"])))[0]) == RATE_HZ
    assert not learning.delete_example_clip(SOURCE, example)["examples"][0]["clip"]
    refused("learning.no_clip", lambda: learning.delete_example_clip(SOURCE, example))
    learn(service, examples[1], 6)
    folder = tmp_path / "profiles" / f"{SOURCE}.clips"
    assert [path.stem for path in folder.iterdir()] == [examples[1].id]
    learning.forget_example(SOURCE, examples[1].id)
    assert learning.undo(SOURCE)["examples"]
    assert learning.example_clip(SOURCE, examples[1].id).exists()
    service.settings.apply({"sources": [{"id": SOURCE, "example_clips": False}]})
    assert not folder.exists()
    learn(service, examples[2], 7)
    assert not folder.exists()


def test_the_sound_of_candidates_is_bounded(service: Application, examples: list[Example]) -> None:
    for n in range(MOST_SOUNDS + 5):
        hear(service, examples[0], n)
    assert [one.sound is not None for one in service.learning.kept(SOURCE)] == [False] * 5 + [True] * MOST_SOUNDS
