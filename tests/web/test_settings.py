"""The settings as a whole over REST: revisions, backups."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from tests.web.conftest import Served, serving

from claptrap.service import Application
from claptrap.settings.environment import overrides
from claptrap.settings.migrate import NEWEST

HEADERS = {"Authorization": "Bearer T0PSECRET"}


def test_a_change_of_what_somebody_else_has_changed_is_refused(served: Served) -> None:
    read = served.ask("GET", "/api/settings")
    revision = read.json["revision"]
    assert read.headers["etag"] == f'"{revision}"'
    first = served.ask("PATCH", "/api/settings", {"language": "en"}, If_Match=f'"{revision}"')
    assert (first.status, first.headers["etag"]) == (200, f'"{first.json["revision"]}"')
    assert first.json["revision"] != revision
    assert first.json["serial"] > read.json["serial"]
    for late in (
        served.ask("PATCH", "/api/settings?lang=fr", {"language": "fr"}, If_Match=f'"{revision}"'),
        served.ask("PATCH", "/api/settings?lang=fr", {"language": "fr"}, If_Match=f'W/"{first.json["revision"]}"'),
    ):
        assert (late.status, late.json["code"]) == (412, "settings.stale")
        assert late.json["message"].startswith("Les réglages ont été changés ailleurs")
    assert served.service.language == "en"
    for fine in ("*", f'"other", "{first.json["revision"]}"'):
        answer = served.ask("PATCH", "/api/settings", {"language": "en"}, If_Match=fine)
        assert (answer.status, answer.json["revision"]) == (200, first.json["revision"])
    again = served.ask("PATCH", "/api/settings", {"language": "fr", "serial": read.json["serial"]})  # as it was shown
    assert (again.json["revision"], again.json["serial"]) == (revision, first.json["serial"] + 1)


def test_a_secret_changes_the_revision_and_the_state_has_it(served: Served) -> None:
    def webhook(secret: str) -> dict[str, object]:
        return {"id": "webhook", "url": "http://127.0.0.1:9/x", "headers": {"Authorization": secret}}

    revisions = []
    for secret in ("one", "two"):
        patch = {"sources": [{"id": "salon", "webhooks": [webhook(secret)]}]}
        revisions.append(served.ask("PATCH", "/api/settings", patch).json["revision"])
        assert served.ask("GET", "/api/state").json["settings"]["revision"] == revisions[-1]
    assert len(set(revisions)) == 2


def test_a_source_has_a_revision_of_its_own(served: Served) -> None:
    path = "/api/sources/salon"
    tag = served.ask("GET", path).headers["etag"]
    served.ask("PATCH", "/api/settings", {"language": "en"})
    changed = served.ask("PATCH", path, {"threshold": 0.6}, If_Match=tag)
    assert changed.status == 200
    assert changed.headers["etag"] == served.ask("GET", path).headers["etag"] != tag
    assert served.ask("PATCH", path, {"threshold": 0.7}, If_Match=tag).status == 412
    assert served.ask("DELETE", path, If_Match=tag).status == 412
    assert served.ask("GET", path).json["threshold"] == 0.6
    assert served.ask("PATCH", "/api/sources/none", {}, If_Match=tag).status == 404
    assert served.ask("DELETE", path, If_Match=changed.headers["etag"]).status == 200


def test_a_backup_is_listed_compared_and_put_back_with_its_secrets(served: Served) -> None:
    webhook = {"id": "webhook", "url": "http://127.0.0.1:9/x", "headers": HEADERS}
    served.ask("PATCH", "/api/settings", {"sources": [{"id": "salon", "webhooks": [webhook]}]})
    before = served.service.settings.current
    kept = served.ask("POST", "/api/settings/backups")
    assert (kept.status, kept.json["why"], kept.json["valid"]) == (201, "asked", True)
    served.ask(
        "PATCH",
        "/api/settings",
        {"sources": [{"id": "salon", "webhooks": [{**webhook, "headers": {"Authorization": "x"}}]}]},
    )
    served.ask("PATCH", "/api/settings", {"sources": [{"id": "salon", "threshold": 0.9}]})
    path = f"/api/settings/backups/{kept.json['name']}"
    compared = served.ask("GET", f"{path}/diff")
    assert {(c["path"], c["kind"], c["old"], c["new"]) for c in compared.json["changes"]} == {
        ("sources.salon.threshold", "changed", 0.9, 0.5),
        ("sources.salon.webhooks.webhook.headers.Authorization", "changed", "********", "********"),
    }
    restored = served.ask("POST", f"{path}/restore", If_Match=f'"{compared.json["revision"]}"')
    assert restored.status == 200
    assert restored.json["changes"] == compared.json["changes"]
    assert restored.json["settings"] == served.ask("GET", "/api/settings").json
    assert served.service.settings.current == before
    newest = served.ask("GET", "/api/settings/backups").json["backups"][0]
    assert newest["why"] == "restore", "what was in force is kept"
    assert b"T0PSECRET" not in compared.body + restored.body + served.ask("GET", "/api/settings/backups").body
    assert served.ask("POST", f"{path}/restore", If_Match=f'"{compared.json["revision"]}"').status == 412


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [
        ({"version": NEWEST + 1}, 422, "settings.newer"),
        ({"language": "de"}, 422, "settings.invalid_document"),
        (None, 422, "settings.not_json"),
    ],
)
def test_a_backup_that_cannot_be_used_says_why_and_changes_nothing(
    served: Served, document: object, status: int, code: str
) -> None:
    served.ask("POST", "/api/settings/backups")
    folder = served.service.settings.store.backups.folder
    (folder / "settings-bad.json").write_text("{" if document is None else json.dumps(document))
    listed = next(b for b in served.ask("GET", "/api/settings/backups").json["backups"] if b["name"] == "settings-bad.json")
    assert (listed["valid"], listed["code"]) == (False, code)
    assert listed["message_fr"] != listed["message_en"] != ""
    before = served.service.settings.current
    refused = served.ask("POST", "/api/settings/backups/settings-bad.json/restore")
    assert (refused.status, refused.json["code"]) == (status, code)
    assert served.ask("GET", "/api/settings/backups/settings-bad.json/diff").status == status
    assert served.service.settings.current == before
    assert served.ask("POST", "/api/settings/backups/settings-none.json/restore").status == 404


def test_an_export_is_a_file_without_secrets_unless_they_are_asked_for_by_word(served: Served) -> None:
    webhook = {"id": "webhook", "url": "http://127.0.0.1:9/x", "headers": HEADERS}
    served.ask("PATCH", "/api/settings", {"sources": [{"id": "salon", "webhooks": [webhook]}]})
    plain = served.ask("GET", "/api/settings/export")
    assert plain.headers["content-disposition"].startswith('attachment; filename="claptrap-settings-20')
    assert b"T0PSECRET" not in plain.body
    assert b"T0PSECRET" not in served.ask("GET", "/api/settings/export?secrets=true").body
    for refused in ({}, {"secrets": False}, {"secrets": "yes"}):
        assert served.ask("POST", "/api/settings/export", refused).status == 400
    whole = served.ask("POST", "/api/settings/export", {"secrets": True})
    assert "with-secrets" in whole.headers["content-disposition"]
    assert whole.json == served.service.settings.current.whole()
    unasked = served.ask("POST", "/api/settings/export", {"secrets": True}, Origin="http://elsewhere.example")
    assert unasked.status == 403


def test_an_import_is_looked_at_first_and_then_taken_as_it_was_seen(served: Served) -> None:
    document = {"global": {"threshold": "0.4", "debug": True}, "microphone": {"audio_source": "USB", "enabled": False}}
    before = served.service.settings.current
    seen = served.ask("POST", "/api/settings/import/preview", document).json
    assert (seen["format"], seen["mode"], seen["applicable"]) == ("original", "merge", True)
    assert [(change["path"], change["kind"]) for change in seen["changes"]] == [("sources.microphone", "added")]
    left = next(note for note in seen["notes"] if note["path"] == "global.debug")
    assert (left["kind"], left["code"]) == ("left_out", "import.not_needed")
    assert left["message_fr"] != left["message_en"] != ""
    assert served.service.settings.current == before, "a look changes nothing"
    taken = served.ask("POST", "/api/settings/import", document, If_Match=f'"{seen["revision"]}"')
    assert taken.status == 200
    assert taken.json["changes"] == seen["changes"]
    assert [source.id for source in served.service.settings.current.sources] == ["salon", "microphone"]
    assert served.ask("GET", "/api/settings/backups").json["backups"][0]["why"] in ("change", "import")
    late = served.ask("POST", "/api/settings/import?mode=replace", document, If_Match=f'"{seen["revision"]}"')
    assert (late.status, late.json["code"]) == (412, "settings.stale")


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("path", "document", "status", "code"),
    [
        ("", {"language": "de"}, 422, "settings.invalid_document"),
        ("", {"version": NEWEST + 1}, 422, "settings.newer"),
        ("", {"colour": "red"}, 422, "import.unknown_format"),
        ("?mode=other", {"language": "en"}, 400, "api.bad_parameter"),
        ("", [], 400, "api.not_an_object"),
    ],
)
def test_an_import_that_cannot_be_taken_changes_nothing(
    served: Served, path: str, document: object, status: int, code: str
) -> None:
    before = served.service.settings.current
    refused = served.ask("POST", f"/api/settings/import{path}", document)
    assert (refused.status, refused.json["code"]) == (status, code)
    looked = served.ask("POST", f"/api/settings/import/preview{path}", document)
    if code == "settings.invalid_document":
        assert (looked.status, looked.json["applicable"]) == (200, False)
        assert [fault["path"] for fault in looked.json["faults"]] == ["language"]
    else:
        assert looked.status == status
    assert served.service.settings.current == before


def test_the_state_says_what_the_environment_decides(data_dir: Path, quiet_models: Path) -> None:
    assert not quiet_models.exists()
    told = overrides({"CLAPTRAP_PORT": "1234"}, {"CLAPTRAP_PORT": "--port"})
    with serving(Application(data_dir, environment=told)) as running:
        assert running.ask("GET", "/api/state").json["environment"] == [
            {"variable": "CLAPTRAP_PORT", "option": "--port", "value": "1234", "near": ""}
        ]


def test_one_step_of_a_slider_dumps_the_document_three_times_at_most(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its secrets for the file and for those who use them, without for everybody who looks; it was 15 times."""
    dumped: list[str] = []
    real = BaseModel.model_dump

    def counting(model: BaseModel, **how: Any) -> Any:
        dumped.append(type(model).__name__)
        return real(model, **how)

    before = served.ask("GET", "/api/settings").json
    step = {"sources": [{"id": before["sources"][0]["id"], "threshold": 0.61}]}
    monkeypatch.setattr(BaseModel, "model_dump", counting)
    with served.service.hub.subscribe() as news:
        answer = served.ask("PATCH", "/api/settings", step, If_Match=f'"{before["revision"]}"')
        assert answer.json["sources"][0]["threshold"] == 0.61
        assert news.get(10) is not None
    assert dumped == ["Settings"] * len(dumped)
    assert 0 < len(dumped) <= 3
