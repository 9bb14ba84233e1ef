"""REST for what a source learns: every route answers as it is described, and refuses in words."""

from __future__ import annotations

import io
import time

import numpy as np
import pytest
import soundfile
from tests.detect.test_profile import enrolled
from tests.peers.claps import recording
from tests.web.conftest import Served

from claptrap.audio.frame import RATE_HZ
from claptrap.detect.enrolment import Refusal
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.web import learning_responses

BASE = "/api/sources/salon"


@pytest.fixture
def heard(served: Served) -> list[KeptCandidate]:
    """Three candidates that the service has just heard, as if it were calibrated."""
    made = [
        KeptCandidate("salon", "e", i, time.time(), 0.9, 0.8, True, (), e.embedding, refusal, True)
        for i, (e, refusal) in enumerate(
            zip(enrolled(*recording(4, RATE_HZ)), (None, None, None, Refusal.CLIPPED), strict=True), 1000
        )
    ]
    for one in made:
        served.service.learning.offer(one)
    return made


def test_what_was_heard_is_listed_marked_and_forgotten(served: Served, heard: list[KeptCandidate]) -> None:
    listed = served.ask("GET", f"{BASE}/candidates?limit=2")
    assert listed.status == 200
    learning_responses.Candidates.model.model_validate(listed.json)
    assert [one["id"] for one in listed.json["candidates"]] == [heard[3].id, heard[2].id]
    marked = served.ask("POST", f"{BASE}/candidates/{heard[0].id}/mark", {"mark": "clap"})
    assert marked.status == 200
    learning_responses.Marked.model.model_validate(marked.json)
    assert marked.json["learning"]["claps"] == 1
    profile = served.ask("GET", f"{BASE}/learning/profile")
    assert "attachment" in profile.headers["content-disposition"]
    assert served.ask("DELETE", f"{BASE}/learning").json["claps"] == 0
    state = served.ask("PUT", f"{BASE}/learning/profile", profile.json)
    learning_responses.Learning.model.model_validate(state.json)
    (example,) = state.json["examples"]
    assert served.ask("DELETE", f"{BASE}/learning/examples/{example['id']}").json["examples"] == []
    assert served.ask("POST", f"{BASE}/learning/undo").json["claps"] == 1
    tried = served.ask("POST", f"{BASE}/what-if", {"threshold": 0.3, "profile": False})
    learning_responses.WhatIf.model.model_validate(tried.json)
    assert tried.json["kept"] == 4


@pytest.mark.slow
def test_a_recording_is_sent_and_settings_are_tried_on_it(served: Served) -> None:
    file = io.BytesIO()
    sound, _ = recording(2, RATE_HZ)
    soundfile.write(file, np.concatenate([sound, np.zeros(30 * RATE_HZ, np.float32)]), RATE_HZ, format="WAV")
    made = served.ask("POST", f"{BASE}/recordings?name=evening.wav", file.getvalue())  # larger than other bodies may be
    assert made.status == 200
    learning_responses.TriedRecording.model.model_validate(made.json)
    learning_responses.TriedRecordings.model.model_validate(served.ask("GET", f"{BASE}/recordings").json)
    tried = served.ask("POST", f"{BASE}/what-if", {"recording": made.json["id"], "threshold": 1})
    assert (tried.json["now"]["claps"], tried.json["then"]["claps"]) == (2, 0)


def test_a_calibration_goes_its_way(served: Served, heard: list[KeptCandidate]) -> None:
    begun = served.ask("POST", f"{BASE}/calibration", {"phase": "claps"})
    assert (begun.status, begun.json["sounds"]) == (200, [])
    for one in heard:
        served.service.learning.offer(one)
    session = served.ask("GET", f"{BASE}/calibration")
    learning_responses.Calibration.model.model_validate(session.json)
    assert [sound["outcome"] for sound in session.json["sounds"]] == ["accepted"] * 3 + ["clipped"]
    assert session.json["proposal"]["claps"]["total"] == 3
    assert served.ask("DELETE", f"{BASE}/calibration/sounds/4").json["sounds"][-1]["n"] == 3
    assert served.ask("POST", f"{BASE}/calibration", {"phase": "noises"}).json["phase"] == "noises"
    assert served.ask("POST", f"{BASE}/calibration/apply").json["claps"] == 3
    assert served.ask("POST", f"{BASE}/calibration", {"phase": "claps"}).status == 200
    assert served.ask("DELETE", f"{BASE}/calibration").status == 200


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("method", "path", "body", "code", "status"),
    [
        ("GET", "/api/sources/gone/learning", None, "api.unknown_source", 404),
        ("GET", f"{BASE}/calibration", None, "learning.no_calibration", 404),
        ("DELETE", f"{BASE}/calibration", None, "learning.no_calibration", 404),
        ("POST", f"{BASE}/calibration", {"phase": "x"}, "learning.bad_phase", 400),
        ("POST", f"{BASE}/calibration/apply", None, "learning.no_calibration", 404),
        ("DELETE", f"{BASE}/calibration/sounds/x", None, "learning.no_calibration", 404),
        ("POST", f"{BASE}/candidates/x/mark", {"mark": "clap"}, "learning.unknown_candidate", 404),
        ("POST", f"{BASE}/candidates/x/mark", {"mark": "snap"}, "api.bad_mark", 400),
        ("DELETE", f"{BASE}/learning/examples/x", None, "learning.unknown_example", 404),
        ("POST", f"{BASE}/learning/undo", None, "learning.nothing_to_undo", 409),
        ("PUT", f"{BASE}/learning/profile", {}, "profile.damaged", 400),
        ("POST", f"{BASE}/what-if", {"threshold": 7}, "learning.bad_wish", 400),
        ("POST", f"{BASE}/what-if", {"recording": "r9"}, "learning.unknown_recording", 404),
    ],
)
def test_what_cannot_be_is_refused(
    served: Served, method: str, path: str, body: dict[str, object] | None, code: str, status: int
) -> None:
    answer = served.ask(method, path, body)
    assert (answer.json["code"], answer.status) == (code, status)
