"""Sounds and rhythms in the service: settings, lessons, whom their events reach, and what they are called there."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.detect.test_profile import enrolled
from tests.peers.claps import recording
from tests.peers.hearing import Tap
from tests.service.test_learning import SOURCE, refused
from tests.web.conftest import clap

from claptrap.audio.frame import RATE_HZ
from claptrap.delivery.discovery import event_type
from claptrap.delivery.notify import message
from claptrap.delivery.payload import event_payload
from claptrap.detect.embedding import Embedding
from claptrap.history.query import DetectionFilter
from claptrap.receivers import NotifySpec, WebhookSpec
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.service import Application
from claptrap.settings.sound_presets import SOUND_PRESETS
from claptrap.settings.validation import SettingsFaults

GLASS = replace(clap(0), claps=0, labels=(("Glass", 0.6),), trigger="glass", trigger_name="Window")


@pytest.fixture(scope="module")
def embedding() -> Embedding:
    return enrolled(*recording(1, RATE_HZ))[0].embedding


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Application]:
    source = {"id": SOURCE, "kind": "file", "name": "Kitchen", "input": {"path": "x"}}
    (tmp_path / "settings.json").write_text(json.dumps({"version": 3, "sources": [source]}))
    made = Application(tmp_path, build_source=lambda _: Tap())
    made.start()
    yield made
    made.stop()


def test_presets_are_settings_and_unknown_sounds_are_refused(service: Application) -> None:
    sounds = [
        {
            "id": p.id,
            "labels": list(p.labels),
            "threshold": p.threshold,
            "persistence_s": p.persistence_s,
            "delay_s": p.delay_s,
        }
        for p in SOUND_PRESETS
    ]
    service.settings.apply({"sources": [{"id": SOURCE, "sounds": [*sounds, {**sounds[0], "id": "off", "enabled": False}]}]})
    spec = service.settings.current.specs()[0]
    assert [one.id for one in spec.sounds] == [p.id for p in SOUND_PRESETS]
    assert type(spec).from_json(json.loads(json.dumps(spec.to_json()))) == spec
    service.sources.remove_trigger(SOURCE, "glass")
    assert "glass" not in [one.id for one in service.settings.current.specs()[0].sounds]
    refused("api.unknown_trigger", lambda: service.sources.remove_trigger(SOURCE, "glass"))
    for wrong, code in (
        ({"id": "x", "labels": ["Unicorn"]}, "settings.unknown_sound"),
        ({"id": "clap", "labels": ["Glass"]}, "settings.duplicate_trigger"),
    ):
        with pytest.raises(SettingsFaults) as caught:
            service.settings.apply({"sources": [{"id": SOURCE, "sounds": [wrong]}]})
        assert [fault.code for fault in caught.value.faults] == [code]


def test_each_receiver_gets_what_it_names(service: Application) -> None:
    """Without triggers claps and applause, as ever; with them nothing else, but what names claps or applause."""
    for triggers, wants_clap, wants_glass, wants_applause in (
        ((), True, False, True),
        (("glass",), False, True, False),
        (("other",), False, False, False),
        (("glass", "clap"), True, True, True),
        (("applause",), False, False, True),
    ):
        for receiver in (
            WebhookSpec("salon.w", "salon", "http://127.0.0.1:9", triggers=triggers),
            NotifySpec("n", "json://127.0.0.1:9", triggers=triggers),
        ):
            assert (receiver.wants(clap(0)), receiver.wants(GLASS)) == (wants_clap, wants_glass)
            assert receiver.wants(replace(clap(0), applause=True)) == wants_applause
            only_two = replace(receiver, claps=(2,))
            assert not only_two.wants(clap(0))
            assert only_two.wants(replace(clap(0), claps=2)) == wants_clap
    body = event_payload(GLASS)
    assert (body["event"], body["trigger"], body["trigger_name"], body["claps"]) == ("sound", "glass", "Window", 0)
    assert "trigger" not in event_payload(clap(0))
    assert event_payload(replace(GLASS, claps=4))["event"] == "rhythm"
    assert (event_type(body), event_type(event_payload(clap(0)))) == ("glass", "clap")
    assert message(body, "en") == ("Window: Salon", "Score 90%")
    assert service.events.record(GLASS) is None
    assert service.journal.events(DetectionFilter(), 1).rows[0].event == GLASS
    assert service.learning.mark_event(GLASS, "not_clap") is None  # it teaches nothing of claps


def test_a_rhythm_is_taught_by_three_examples(service: Application, embedding: Embedding) -> None:
    lessons = service.rhythm_lessons
    refused("rhythm.no_lesson", lambda: lessons.get(SOURCE))
    refused("api.unknown_source", lambda: lessons.begin("gone"))
    assert lessons.begin(SOURCE)["rows"] == []
    began = time.time() - 60
    lessons._began[SOURCE] = began, time.monotonic()  # a minute ago: what follows has been heard meanwhile

    def heard(at: float, *gaps: float) -> None:
        for offset in [0.0, *(sum(gaps[: i + 1]) for i in range(len(gaps)))]:
            onset = round((at + offset) * RATE_HZ)
            one = KeptCandidate(
                SOURCE, "e", onset, began + at + offset, 0.9, 0.9, True, (), embedding, None, False
            )  # a record
            service.learning.offer(one)

    heard(1, 0.4, 0.2, 0.2)
    heard(6, 0.3)
    heard(12, 0.42, 0.2, 0.19)
    assert [row["outcome"] for row in lessons.get(SOURCE)["rows"]] == ["accepted", "too_few", "accepted"]
    refused("rhythm.too_few", lambda: lessons.apply(SOURCE, {"name": "Knock"}))
    heard(20, 0.6, 0.31, 0.3)
    proposal = lessons.get(SOURCE)["proposal"]
    assert proposal["claps"] == 4
    assert proposal["intervals"] == pytest.approx([1.5, 0.75, 0.75], abs=0.05)
    assert (proposal["spread"] < 0.1, proposal["tolerance"]) == (True, 0.2)
    assert 0 < proposal["chance"] < 0.15
    rhythm = lessons.apply(SOURCE, {"name": "Knock", "tolerance": 0.15})
    refused("rhythm.no_lesson", lambda: lessons.cancel(SOURCE))
    (spec,) = service.settings.current.specs()[0].rhythms
    assert (spec.id, spec.name, spec.tolerance, list(spec.intervals)) == ("knock", "Knock", 0.15, rhythm["intervals"])
