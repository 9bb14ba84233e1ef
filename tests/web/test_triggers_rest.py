"""REST for sounds and rhythms: presets, lessons, removal, and refusals."""

from __future__ import annotations

import pytest
from tests.web.conftest import Served

from claptrap.web import learning_responses


def test_sounds_are_chosen_taught_and_removed(served: Served) -> None:
    sounds = served.ask("GET", "/api/sounds").json
    learning_responses.Sounds.model.model_validate(sounds)
    assert len(sounds["labels"]) == 521
    assert {label for preset in sounds["presets"] for label in preset["labels"]} <= {
        one["label"] for one in sounds["labels"]
    }
    assert "certifi" in sounds["advice_fr"]
    dog = {"id": "dog", "labels": ["Dog"]}
    assert served.ask("PATCH", "/api/sources/salon", {"sounds": [dog]}).json["sounds"][0]["threshold"] == 0.3
    assert served.ask("DELETE", "/api/sources/salon/triggers/dog").json["sounds"] == []
    lesson = served.ask("POST", "/api/sources/salon/rhythms/lesson")
    learning_responses.RhythmLesson.model.model_validate(lesson.json)
    assert (lesson.json["rows"], lesson.json["proposal"]) == ([], None)
    assert served.ask("DELETE", "/api/sources/salon/rhythms/lesson").status == 200
    lesson = served.ask("POST", "/api/sources/salon/sounds/lesson")
    learning_responses.SoundLesson.model.model_validate(lesson.json)
    assert (lesson.json["examples"], lesson.json["proposal"]) == ([], None)
    assert served.ask("POST", "/api/sources/salon/sounds/lesson/apply", {"name": "x"}).json["code"] == "sound.too_few"
    assert served.ask("DELETE", "/api/sources/salon/sounds/lesson").status == 200


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("method", "path", "body", "code", "status"),
    [
        ("GET", "/api/sources/gone/rhythms/lesson", None, "api.unknown_source", 404),
        ("GET", "/api/sources/salon/rhythms/lesson", None, "rhythm.no_lesson", 404),
        ("POST", "/api/sources/salon/rhythms/lesson/apply", {"name": "x"}, "rhythm.no_lesson", 404),
        ("GET", "/api/sources/salon/sounds/lesson", None, "sound.no_lesson", 404),
        ("PATCH", "/api/sources/salon", {"sounds": [{"id": "x"}]}, "settings.invalid_document", 422),
        ("PATCH", "/api/sources/salon", {"sounds": [{"id": "x", "examples": ["x"]}]}, "settings.invalid_document", 422),
        ("DELETE", "/api/sources/salon/triggers/x", None, "api.unknown_trigger", 404),
    ],
)
def test_what_cannot_be_is_refused(
    served: Served, method: str, path: str, body: dict[str, str] | None, code: str, status: int
) -> None:
    answer = served.ask(method, path, body)
    assert (answer.json["code"], answer.status) == (code, status)
