"""The settings as a whole over REST: revisions, backups."""

from __future__ import annotations

import json

import pytest
from tests.web.conftest import Served

from claptrap.settings.migrate import NEWEST

HEADERS = {"Authorization": "Bearer T0PSECRET"}


def test_a_change_of_what_somebody_else_has_changed_is_refused(served: Served) -> None:
    read = served.ask("GET", "/api/settings")
    revision = read.json["revision"]
    assert read.headers["etag"] == f'"{revision}"'
    first = served.ask("PATCH", "/api/settings", {"language": "en"}, If_Match=f'"{revision}"')
    assert (first.status, first.headers["etag"]) == (200, f'"{first.json["revision"]}"')
    assert first.json["revision"] != revision
    for late in (
        served.ask("PATCH", "/api/settings?lang=fr", {"language": "fr"}, If_Match=f'"{revision}"'),
        served.ask("PATCH", "/api/settings?lang=fr", {"language": "fr", "revision": revision}),
        served.ask("PATCH", "/api/settings?lang=fr", {"language": "fr"}, If_Match=f'W/"{first.json["revision"]}"'),
    ):
        assert (late.status, late.json["code"]) == (412, "settings.stale")
        assert late.json["message"].startswith("Quelqu'un d'autre")
    assert served.service.language == "en"
    for fine in ("*", f'"other", "{first.json["revision"]}"'):
        answer = served.ask("PATCH", "/api/settings", {"language": "en"}, If_Match=fine)
        assert (answer.status, answer.json["revision"]) == (200, first.json["revision"])
    assert served.ask("PATCH", "/api/settings", {"language": "fr"}).json["revision"] == revision


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
    before = served.service.settings()
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
    assert served.service.settings() == before
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
    folder = served.service._store.backups.folder
    (folder / "settings-bad.json").write_text("{" if document is None else json.dumps(document))
    listed = next(b for b in served.ask("GET", "/api/settings/backups").json["backups"] if b["name"] == "settings-bad.json")
    assert (listed["valid"], listed["code"]) == (False, code)
    assert listed["message_fr"] != listed["message_en"] != ""
    before = served.service.settings()
    refused = served.ask("POST", "/api/settings/backups/settings-bad.json/restore")
    assert (refused.status, refused.json["code"]) == (status, code)
    assert served.ask("GET", "/api/settings/backups/settings-bad.json/diff").status == status
    assert served.service.settings() == before
    assert served.ask("POST", "/api/settings/backups/settings-none.json/restore").status == 404
