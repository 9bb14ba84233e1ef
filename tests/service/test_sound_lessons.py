"""A person's own sound, made a few times, becomes a trigger of its source."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from claptrap.core.clock import SystemClock
from claptrap.core.errors import InputError
from claptrap.core.events import Levels, TaughtWindow
from claptrap.core.triggers import SoundSpec
from claptrap.detect.sounds import SoundTriggers
from claptrap.detect.taught import POOLED, packed, similarity, sound_vector, unpacked
from claptrap.detect.yamnet import FEATURES, SAMPLES
from claptrap.service.settings_owner import SettingsOwner
from claptrap.service.sound_lessons import SoundLessons
from claptrap.settings.store import Store

RNG = np.random.default_rng(0)
BELL, DOOR = RNG.gamma(0.3, 1.0, (2, FEATURES)).astype(np.float32)


def like(features: np.ndarray) -> np.ndarray:
    """Return the features of the same sound another time."""
    return (features * RNG.uniform(0.7, 1.3, len(features))).astype(np.float32)


class Hall:
    """One source, and its lessons."""

    def __init__(self, data_dir: Path) -> None:
        sources = [{"id": "hall", "name": "Hall", "kind": "file", "input": {"path": "x"}, "enabled": False}]
        (data_dir / "settings.json").write_text(json.dumps({"version": 3, "sources": sources}))
        self.settings = SettingsOwner(Store(data_dir), ())
        self.settings.open()
        self.sound_lessons = SoundLessons(self.settings, SystemClock())


@pytest.fixture
def service(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


def test_vectors_compare_alike_and_survive_being_written() -> None:
    """Two of a bell are alike, a bell and a door are not; 8 bits a number are enough."""
    bell, again, door = (sound_vector(one) for one in (BELL, like(BELL), DOOR))
    assert similarity([bell], again) > 0.85
    assert similarity([bell], door) < 0.6
    assert similarity([unpacked(packed(bell))], bell) > 0.999
    for damaged in ("", "?", packed(bell)[:40]):
        with pytest.raises(ValueError, match="not"):
            unpacked(damaged)
    assert len(BELL) > POOLED


def test_three_examples_make_a_trigger_that_fires_at_the_sound_and_no_other(service: Hall) -> None:
    """What a lesson teaches is in the settings, and what detection makes of them knows the sound again."""
    lessons = service.sound_lessons
    with pytest.raises(InputError, match=r"sound\.no_lesson"):
        lessons.get("hall")
    lessons.begin("hall")
    assert lessons.is_active("hall")
    with pytest.raises(InputError, match=r"sound\.too_few"):
        lessons.apply("hall", {"name": "Bell"})
    at = 1000.0
    for _ in range(3):
        for peak in (0.4, 0.2):  # it lies in two windows
            lessons.observe(TaughtWindow("hall", at, peak, packed(sound_vector(like(BELL))), (("Bell", 0.3),)))
            at += 0.48
        for _ in range(4):  # and then the noise of the room
            lessons.observe(TaughtWindow("hall", at, 0.01, packed(sound_vector(like(DOOR))), ()))
            at += 0.48
    lessons.observe(Levels(()))
    state = lessons.get("hall")
    assert [one["labels"] for one in state["examples"]] == [[{"label": "Bell", "label_fr": "Cloche", "score": 0.3}]] * 3
    sound = lessons.apply("hall", {"name": "Bell"})
    assert (sound["id"], len(sound["examples"]), sound["threshold"]) == ("bell", 6, state["proposal"]["threshold"])
    assert not lessons.is_active("hall")
    ((spec,),) = (source.spec.sounds for source in service.settings.current.sources)
    assert spec == SoundSpec("bell", "Bell", (), sound["threshold"], 0.0, 2.0, tuple(sound["examples"]))
    triggers = SoundTriggers([spec])
    assert triggers.process(SAMPLES, {}, like(DOOR)) == []
    assert triggers.process(2 * SAMPLES, {}) == []
    (found,) = triggers.process(3 * SAMPLES, {}, like(BELL))
    assert (found.trigger, found.claps) == ("bell", 0)


def test_sounds_that_are_not_alike_teach_nothing(service: Hall) -> None:
    """Three different ones are no sound."""
    service.sound_lessons.begin("hall")
    for i in range(3):
        vector = packed(sound_vector(RNG.gamma(0.3, 1.0, FEATURES).astype(np.float32)))
        service.sound_lessons.observe(TaughtWindow("hall", 10.0 * i, 0.5, vector, ()))
    state = service.sound_lessons.get("hall")
    assert (len(state["examples"]), state["proposal"]) == (3, None)
    service.sound_lessons.cancel("hall")
    assert not service.sound_lessons.is_active("hall")
