"""Learning in the service: what is heard is kept, marked, calibrated with, tried out, and survives a restart."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tests.detect.test_profile import knock
from tests.peers.claps import Sound, recording
from tests.peers.hearing import Tap
from tests.peers.waiting import wait_until

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.core.errors import InputError
from claptrap.history.query import DetectionFilter
from claptrap.service import Application
from claptrap.service.recordings import MOST

SOURCE = "kitchen"


class House:
    """A service with one source, whose sound the test pours."""

    def __init__(self, folder: Path) -> None:
        self.tap = Tap()
        self.service = Application(folder, build_source=lambda _: self.tap)
        self.service.start()

    def clap(self, n: int) -> None:
        """Give ``n`` different claps."""
        self.pour(*recording(n, RATE_HZ))

    def pour(self, sound: Sound, onsets: list[float]) -> None:
        """Give what begins at each onset, one after the other: the next when it is kept."""
        for onset in onsets:
            n = self.service.learning.state(SOURCE)["kept"]
            begin = round((onset - 0.6) * RATE_HZ)
            piece = sound[begin : begin + 80 * HOP]  # 1.6 s
            self.tap.pour(*np.pad(piece, (0, 80 * HOP - len(piece))).reshape(8, 10 * HOP))
            wait_until(lambda n=n: self.service.learning.state(SOURCE)["kept"] > n)

    def candidates(self, n: int) -> list[dict[str, Any]]:
        """Return the candidates, as soon as there are ``n``."""
        wait_until(lambda: len(self.service.learning.candidates(SOURCE, 500)) >= n)
        return self.service.learning.candidates(SOURCE, 500)

    def sounds(self, n: int) -> dict[str, Any]:
        """Return the calibration, as soon as it has ``n`` sounds."""
        wait_until(lambda: len(self.service.learning.calibrations.get(SOURCE)["sounds"]) >= n)
        return self.service.learning.calibrations.get(SOURCE)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    source = {"id": SOURCE, "kind": "file", "name": "Kitchen", "input": {"path": "x"}}
    (tmp_path / "settings.json").write_text(json.dumps({"version": 3, "sources": [source]}))
    made = House(tmp_path)
    yield made
    made.service.stop()


def refused(code: str, call: Callable[[], object]) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.code == code


def test_marks_are_learnt_kept_and_taken_back(house: House, tmp_path: Path) -> None:
    """Three claps are heard; one is marked. It is an example, on disk, and in force after a restart; null unlearns it."""
    learning = house.service.learning
    assert learning.state(SOURCE)["examples"] == []
    house.clap(3)
    heard = house.candidates(3)
    assert [one["clap"] for one in heard] == [True] * 3
    places = [int(one["id"].rpartition("-")[2]) for one in heard]  # not their times: the sound came faster than time passes
    assert places == sorted(places, reverse=True)
    done = learning.mark(SOURCE, heard[0]["id"], "not_clap")
    assert (done["learning"]["claps"], done["learning"]["others"]) == (0, 1)
    assert done["effect"]["before"]["others_heard"] == 1
    assert learning.candidates(SOURCE, 1)[0]["mark"] == "not_clap"
    kept = tmp_path / "profiles" / f"{SOURCE}.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert learning.taught(house.service.settings.current.specs()[0]).profile.encode() == kept.read_bytes()

    house.service.stop()
    house.service = Application(tmp_path, build_source=lambda _: house.tap)
    house.service.start()
    learning = house.service.learning
    assert learning.state(SOURCE)["others"] == 1
    assert learning.state(SOURCE)["kept"] == 0  # what was heard is not kept over a restart
    refused("learning.unknown_candidate", lambda: learning.mark(SOURCE, heard[0]["id"], None))
    example = learning.state(SOURCE)["examples"][0]["id"]
    assert learning.forget_example(SOURCE, example)["others"] == 0
    assert not kept.exists()
    assert learning.undo(SOURCE)["others"] == 1
    refused("learning.nothing_to_undo", lambda: learning.undo(SOURCE))
    assert learning.forget(SOURCE)["others"] == 0


def test_a_marked_detection_teaches(house: House) -> None:
    """A mark in the history is learnt too, and what is heard with it from then on scores less."""
    house.clap(1)
    before = house.candidates(1)[0]
    wait_until(lambda: bool(house.service.snapshot()["events"]))
    event = house.service.journal.events(DetectionFilter(), 1).rows[0].event
    assert house.service.learning.mark_event(event, "not_clap") is not None
    assert house.service.learning.state(SOURCE)["examples"][0]["note"] == "detection"
    house.clap(1)
    wait_until(lambda: house.service.learning.state(SOURCE)["kept"] == 2)
    after = house.service.learning.candidates(SOURCE, 1)[0]
    assert after["score"] < before["score"]
    assert after["by_models"] >= 0.5  # it is kept though it may be heard no more


def test_a_minute_of_calibration(house: House) -> None:
    """Five claps and two knocks; what is proposed comes in force together, and is taken back together."""
    learning = house.service.learning
    refused("learning.no_calibration", lambda: learning.calibrations.get(SOURCE))
    refused("learning.bad_phase", lambda: learning.calibrations.begin(SOURCE, "dance"))
    house.service.settings.apply({"sources": [{"id": SOURCE, "threshold": 0.9, "input": {"channel": "mean"}}]})
    house.tap.beside = np.random.default_rng(2).normal(0, 1e-3, (10 * HOP, 1)).astype(np.float32)  # hisses, hears no clap
    assert learning.calibrations.begin(SOURCE, "claps")["sounds"] == []
    house.clap(5)
    session = house.sounds(5)
    assert [sound["outcome"] for sound in session["sounds"] if sound["score"] > 0.5] == ["accepted"] * 5
    accepted = [sound for sound in session["sounds"] if sound["outcome"] == "accepted"]
    assert learning.calibrations.begin(SOURCE, "noises")["phase"] == "noises"
    n = len(session["sounds"])
    house.pour(*knock(2))
    session = house.sounds(n + 2)
    assert {sound["phase"] for sound in session["sounds"][n:]} == {"noises"}
    proposal = session["proposal"]
    assert proposal["claps"]["heard"] == proposal["claps"]["total"] == len(accepted)
    assert proposal["noises"]["total"] == len(session["sounds"]) - n
    assert proposal["noises"]["heard"] == 0
    channel = proposal["channel"]
    assert (channel["was"], channel["channel"]) == ("mean", "2")
    assert channel["rise_db"] > channel["was_rise_db"] + 3
    assert (
        learning.calibrations.remove_sound(SOURCE, session["sounds"][-1]["n"])["proposal"]["noises"]["total"]
        == proposal["noises"]["total"] - 1
    )
    refused("learning.unknown_sound", lambda: learning.calibrations.remove_sound(SOURCE, 999))
    state = learning.calibrations.apply(SOURCE)
    assert state["claps"] == len(accepted)
    assert state["others"] >= 1
    refused("learning.no_calibration", lambda: learning.calibrations.get(SOURCE))
    spec = house.service.settings.current.specs()[0]
    assert (spec.threshold, spec.input.heard_channel) == (proposal["threshold"], "2")
    assert learning.undo(SOURCE)["examples"] == []
    spec = house.service.settings.current.specs()[0]
    assert (spec.threshold, spec.input.heard_channel) == (0.9, "mean")


def test_too_few_claps_propose_nothing_and_a_session_can_be_given_up(house: House) -> None:
    learning = house.service.learning
    learning.calibrations.begin(SOURCE, "claps")
    house.clap(1)
    assert house.sounds(1)["proposal"] is None
    refused("learning.too_few", lambda: learning.calibrations.apply(SOURCE))
    learning.calibrations.cancel(SOURCE)
    refused("learning.no_calibration", lambda: learning.calibrations.cancel(SOURCE))
    assert learning.state(SOURCE)["examples"] == []


def test_what_if_replays_the_day(house: House) -> None:
    """Now is what happened; an impossible threshold lets nothing through, pairs fewer than claps."""
    what_if = house.service.what_if
    assert what_if.replayed(SOURCE, {})["now"] == {"claps": 0, "detections": 0}
    house.clap(4)
    house.candidates(4)
    tried = what_if.replayed(SOURCE, {})
    assert tried["now"] == tried["then"] == {"claps": 4, "detections": 4}
    assert [one["claps"] for one in tried["detections"]] == [1] * 4
    assert what_if.replayed(SOURCE, {"threshold": 1})["then"] == {"claps": 0, "detections": 0}
    assert what_if.replayed(SOURCE, {"delay_s": 60})["then"] == {"claps": 4, "detections": 1}
    pair = {"claps": 2, "at_least": False, "min_gap_s": 0.1, "max_gap_s": 0.7}
    assert what_if.replayed(SOURCE, {"patterns": [pair]})["then"] == {"claps": 4, "detections": 0}
    for wish in (
        {"threshold": "x"},
        {"threshold": 2},
        {"patterns": []},
        {"patterns": [{"claps": "?"}]},
        {"other": 1},
        {"profile": 1},
    ):
        refused("learning.bad_wish", lambda wish=wish: what_if.replayed(SOURCE, wish))


def test_what_if_replays_a_recording_as_detect_hears_it(house: House) -> None:
    """Four claps in a file are heard where ``claptrap detect`` hears them, and other settings count on them at once."""
    sound, onsets = recording(4, 44_100)
    file = io.BytesIO()
    soundfile.write(file, sound, 44_100, format="OGG")
    made = house.service.what_if.recordings.add(SOURCE, "evening.ogg", file.getvalue())
    assert made["seconds"] == pytest.approx(len(sound) / 44_100, abs=0.05)
    assert house.service.what_if.recordings.all(SOURCE) == [made]
    tried = house.service.what_if.replayed(SOURCE, {"recording": made["id"]})
    assert tried["now"] == {"claps": 4, "detections": 4}
    assert [one["at"] for one in reversed(tried["detections"])] == pytest.approx(onsets, abs=0.05)
    tried = house.service.what_if.replayed(SOURCE, {"recording": made["id"], "delay_s": 60})
    assert (tried["now"]["detections"], tried["then"]["detections"]) == (4, 1)
    assert house.service.what_if.replayed(SOURCE, {})["kept"] == 0  # the source itself has heard nothing
    refused("learning.unknown_recording", lambda: house.service.what_if.replayed(SOURCE, {"recording": "r99"}))
    refused("file.not_audio", lambda: house.service.what_if.recordings.add(SOURCE, "x", b"no sound at all" * 100))
    for _ in range(MOST):
        house.service.what_if.recordings.add(SOURCE, "short", _tone())
    assert made not in house.service.what_if.recordings.all(SOURCE)


def _tone() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(1600, np.float32), RATE_HZ, format="WAV")
    return file.getvalue()


def test_a_profile_is_exported_and_imported(house: House) -> None:
    learning = house.service.learning
    house.clap(2)
    learning.mark(SOURCE, house.candidates(2)[0]["id"], "clap")
    document = json.loads(learning.document(SOURCE))
    learning.forget(SOURCE)
    assert learning.replace(SOURCE, document)["claps"] == 1
    refused("profile.damaged", lambda: learning.replace(SOURCE, {"format": "?"}))
    assert learning.state(SOURCE)["claps"] == 1


def test_three_near_misses_in_a_minute_offer_a_calibration(house: House) -> None:
    """Nobody sets such a threshold; so three claps are near misses."""
    house.service.settings.apply({"sources": [{"id": SOURCE, "threshold": 1.0}]})
    assert not house.service.learning.state(SOURCE)["offer"]
    house.clap(3)
    heard = house.candidates(3)
    assert [one["clap"] for one in heard] == [False] * 3
    assert house.service.learning.state(SOURCE)["offer"]


def test_what_cannot_be_read_is_said_and_a_removed_source_is_forgotten(house: House, tmp_path: Path) -> None:
    house.clap(1)
    house.service.learning.mark(SOURCE, house.candidates(1)[0]["id"], "clap")
    house.service.stop()
    path = tmp_path / "profiles" / f"{SOURCE}.json"
    path.write_text("{}")
    (tmp_path / "profiles" / "gone.json").write_text("{}")
    house.service = Application(tmp_path, build_source=lambda _: house.tap)
    house.service.start()
    assert house.service.learning.state(SOURCE)["fault"]["code"] == "profile.damaged"
    assert not (tmp_path / "profiles" / "gone.json").exists()
    assert path.exists()
    refused("api.unknown_source", lambda: house.service.learning.state("gone"))
