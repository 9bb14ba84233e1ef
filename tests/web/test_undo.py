"""Taking single changes back over REST."""

from __future__ import annotations

from tests.web.conftest import Served

SECRET = "T0PSECRET"
WEBHOOK = {"id": "webhook", "url": "http://127.0.0.1:9/x", "headers": {"Authorization": f"Bearer {SECRET}"}}


def test_one_change_is_undone_and_later_ones_stay(served: Served) -> None:
    """Named path by path, secrets masked; what somebody has changed again is refused in words, and undoing can be undone."""
    assert served.ask("GET", "/api/settings/steps").json == {"steps": []}
    served.ask("PATCH", "/api/settings", {"sources": [{"id": "salon", "threshold": 0.8, "webhooks": [WEBHOOK]}]})
    before = served.service.settings.current
    revision = served.ask("PATCH", "/api/settings", {"language": "en"}).json["revision"]
    language, source = served.ask("GET", "/api/settings/steps").json["steps"]
    assert (language["revision"], language["why"]) == (revision, "change")
    assert language["changes"] == [{"path": "language", "kind": "changed", "old": "fr", "new": "en"}]
    assert [change["path"] for change in source["changes"]] == ["sources.salon.threshold", *(
        f"sources.salon.webhooks.webhook.{name}" for name in ("url", "headers.Authorization")
    )]  # fmt: skip

    removed = served.ask("DELETE", "/api/sources/salon")
    assert removed.status == 200
    gone = served.ask("GET", "/api/settings/steps")
    back = served.ask("POST", f"/api/settings/steps/{gone.json['steps'][0]['id']}/undo")
    assert (back.status, back.json["step"]["why"]) == (200, "undo")
    assert back.json["settings"] == served.ask("GET", "/api/settings").json
    assert served.service.settings.current.sources == before.sources, "its secrets too"
    assert served.service.language == "en"
    assert SECRET.encode() not in removed.body + gone.body + back.body
    assert served.ask("GET", "/api/settings/backups").json["backups"][0]["why"] == "undo"
    again = served.ask("POST", f"/api/settings/steps/{back.json['step']['id']}/undo")
    assert (again.status, again.json["settings"]["sources"]) == (200, [])

    path = f"/api/settings/steps/{source['id']}/undo"
    for tongue, words in (("fr", "Rien n'a été annulé : « sources.salon »"), ("en", "Nothing was undone: “sources.salon”")):
        refused = served.ask("POST", f"{path}?lang={tongue}")
        assert (refused.status, refused.json["code"]) == (409, "settings.changed_since")
        assert refused.json["message"].startswith(words)
    assert served.ask("POST", f"/api/settings/steps/{gone.json['steps'][0]['id']}/undo").status == 404
    assert served.ask("POST", path, Origin="http://evil.example").status == 403
