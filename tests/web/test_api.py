"""REST: what is answered, and how a refusal reads."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from tests.web.conftest import Served, clap, exchange, serving

from claptrap.core.errors import ServiceError
from claptrap.service import Application
from claptrap.web.app import create_app
from claptrap.web.proxies import Proxies


def test_state_is_all_that_a_page_needs(served: Served) -> None:
    served.service.events.record(clap(0))
    answer = served.ask("GET", "/api/state")
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    state = answer.json
    assert state["running"] is True
    assert state["language"] == "fr"
    assert state["model"] is None
    assert [event["id"] for event in state["events"]] == ["salon:e:0"]
    assert state["statuses"]["salon"]["state"] in ("connecting", "live")


def test_settings_are_changed_in_part_and_given_back_whole(served: Served) -> None:
    answer = served.ask("PATCH", "/api/settings", {"sources": [{"id": "salon", "threshold": 0.7}]})
    assert answer.status == 200
    assert answer.json["sources"][0]["threshold"] == 0.7
    assert answer.json["sources"][0]["name"] == "Salon"
    assert served.ask("GET", "/api/settings").json == answer.json


def test_half_a_character_is_a_fault_like_another(served: Served) -> None:
    """JSON can say what no text can; it comes back, where it is quoted, as a question mark."""
    for method, path in (("PATCH", "/api/sources/salon"), ("POST", "/api/micro")):
        refused = served.ask(method, path, {"name": "\ud800"})
        assert (refused.status, refused.json["faults"][0]["code"]) == (422, "settings.not_a_text")


def test_every_fault_of_a_change_is_told_with_its_path_and_nothing_is_changed(served: Served) -> None:
    before = served.ask("GET", "/api/settings").json
    bad = {"sources": [{"id": "salon", "threshold": 2, "delay_s": 0, "webhooks": [{"id": "webhook", "url": "ftp://x"}]}]}
    answer = served.ask("PATCH", "/api/settings?lang=en", bad)
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert (problem["status"], problem["code"]) == (422, "settings.invalid_document")
    assert problem["title"]
    assert {fault["path"]: fault["message"] for fault in problem["faults"]} == {
        "sources.salon.threshold": "It must be at most 1.0.",
        "sources.salon.delay_s": "It must be greater than 0.0.",
        "sources.salon.webhooks.webhook.url": "The address must begin with http:// or https://, like http://192.168.1.10/hook.",
    }
    assert served.ask("GET", "/api/settings").json == before


def test_detection_stops_and_starts(served: Served) -> None:
    assert served.ask("POST", "/api/detection/stop").json == {"running": False}
    assert served.ask("GET", "/api/state").json["running"] is False
    assert served.ask("POST", "/api/detection/start").json == {"running": True}
    assert served.ask("GET", "/healthz").json == {"ok": True, "reasons": []}


def test_ill_health_is_503_with_reasons(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served.service.detection._worker, "stalled", lambda: ["tick"])
    answer = served.ask("GET", "/healthz")
    assert (answer.status, answer.json["ok"]) == (503, False)
    (reason,) = answer.json["reasons"]
    assert (reason["code"], reason["params"]) == ("service.stalled", {"thread": "tick"})
    assert reason["message_en"].startswith("The thread “tick” is stuck")
    assert reason["message_fr"].startswith("Le thread « tick » est bloqué")


def test_health_tells_what_the_page_tells(served: Served) -> None:
    """And so do the metrics; but whoever restarts on ill health is only told of what a restart may mend."""
    broken = ServiceError("history.unwritable", retryable=False, path="/somewhere", reason="full")
    served.service.problems.add(lambda: [broken])
    answer = served.ask("GET", "/healthz")
    assert (answer.status, answer.json["ok"]) == (503, False)
    assert answer.json["reasons"] == served.service.snapshot()["problems"]
    assert answer.json["reasons"][0]["params"] == {"path": "/somewhere", "reason": "full"}
    assert b'claptrap_problems{code="history.unwritable"} 1.0' in served.ask("GET", "/metrics").body
    assert served.ask("GET", "/livez").json == {"ok": True, "reasons": []}


def test_health_gives_no_particulars_to_strangers(served: Served) -> None:
    """It is open before the login: folders, hosts and names are for whoever has logged in."""
    broken = ServiceError("history.unwritable", retryable=False, path="/somewhere", reason="full")
    served.service.problems.add(lambda: [broken])
    served.service.access.set_password("correct horse")
    stranger = served.ask("GET", "/healthz")
    assert (stranger.status, [reason["code"] for reason in stranger.json["reasons"]]) == (503, ["history.unwritable"])
    assert b"somewhere" not in stranger.body
    _, token = served.service.access.create_token("monitor")
    assert b"somewhere" in served.ask("GET", "/healthz", Authorization=f"Bearer {token}").body


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/nothing", None, 404, "api.not_found"),
        ("GET", "/nothing", None, 404, "api.not_found"),
        ("GET", "/../pyproject.toml", None, 404, "api.not_found"),
        ("GET", "/.built-from", None, 404, "api.not_found"),
        ("DELETE", "/api/settings", None, 405, "api.not_allowed"),
        ("PATCH", "/api/settings", b"{", 400, "api.not_json"),
        ("PATCH", "/api/settings", b"[" * 100_000, 400, "api.not_json"),
        ("PATCH", "/api/settings", b"[]", 400, "api.not_an_object"),
        ("PATCH", "/api/settings", b"x" * 2_100_000, 413, "api.too_large"),
        ("POST", "/api/sources/kitchen/webhook/test", None, 404, "api.unknown_source"),
        ("POST", "/api/sources/salon/webhook/test", None, 409, "api.no_webhook"),
    ],
)
def test_refusals_are_problem_documents(
    served: Served, method: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    answer = served.ask(method, path, body)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json["status"], answer.json["code"]) == (status, code)
    assert answer.json["message"]


def test_a_method_that_is_not_allowed_names_those_that_are(served: Served) -> None:
    assert "PATCH" in served.ask("DELETE", "/api/settings").headers["allow"]


def test_what_does_not_say_that_it_is_json_is_not_read(served: Served) -> None:
    answer = served.ask("PATCH", "/api/settings", b'{"language": "en"}', Content_Type="text/plain")
    assert (answer.status, answer.json["code"]) == (415, "api.not_json")
    assert served.service.language == "fr"


def test_a_body_of_unknown_length_is_read_and_bounded_too(served: Served) -> None:
    head = (
        f"PATCH /api/settings HTTP/1.1\r\nHost: 127.0.0.1:{served.port}\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    ).encode()
    assert exchange(served.port, head + b'12\r\n{"language": "en"}\r\n0\r\n\r\n').startswith(b"HTTP/1.1 200")
    assert served.service.language == "en"
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    assert exchange(served.port, head + chunk * 130 + b"0\r\n\r\n").startswith(b"HTTP/1.1 413")


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("path", "accept", "settings", "message"),
    [
        ("/api/nothing?lang=en", "fr", "fr", "There is nothing at this address."),
        ("/api/nothing?lang=fr", "en", "en", "Il n'y a rien à cette adresse."),
        ("/api/nothing", "de, en;q=0.8, fr;q=0.5", "fr", "There is nothing at this address."),
        ("/api/nothing?lang=xx", "fr-CA", "en", "Il n'y a rien à cette adresse."),
        ("/api/nothing", "", "en", "There is nothing at this address."),
        ("/api/nothing", "de", "fr", "Il n'y a rien à cette adresse."),
    ],
)
def test_the_language_of_a_refusal(served: Served, path: str, accept: str, settings: str, message: str) -> None:
    served.service.settings.apply({"language": settings})
    assert served.ask("GET", path, Accept_Language=accept).json["message"] == message


def test_an_unexpected_fault_is_logged_and_tells_no_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    service = Application(tmp_path)

    def break_down() -> Any:
        raise RuntimeError("password is 1234")

    monkeypatch.setattr(service, "snapshot", break_down)
    with caplog.at_level(logging.ERROR):
        answer = create_app(service).test_client().get("/api/state?lang=en")
    assert answer.status_code == 500
    assert answer.get_json(force=True)["code"] == "api.internal"
    assert b"1234" not in answer.data
    assert "GET /api/state failed" in caplog.text


def test_without_its_page_the_service_says_what_to_do_and_runs(data_dir: Path, quiet_models: Path, tmp_path: Path) -> None:
    assert not quiet_models.exists()
    with serving(Application(data_dir), assets=tmp_path / "none") as served:
        page = served.ask("GET", "/")
        assert page.status == 200
        text = page.body.decode()
        assert "n'a pas été construite" in text
        assert "was not built" in text
        assert served.ask("GET", "/healthz").status == 200


def test_the_page_may_be_kept_only_where_its_name_changes_with_it(
    data_dir: Path, quiet_models: Path, tmp_path: Path
) -> None:
    assert not quiet_models.exists()
    assets = tmp_path / "assets"
    assets.mkdir()
    (assets / "index.html").write_text("<!doctype html><html><head></head></html>")
    (assets / "app-ABCD1234.js").write_text("1")
    (assets / "icon.svg").write_text("<svg/>")
    with serving(Application(data_dir), assets=assets, proxies=Proxies(["127.0.0.1"])) as served:
        assert served.ask("GET", "/app-ABCD1234.js").headers["cache-control"] == "public, max-age=31536000, immutable"
        assert served.ask("GET", "/icon.svg").headers["cache-control"] == "no-cache"
        index = served.ask("GET", "/")
        assert index.headers["cache-control"] == "no-cache"
        assert served.ask("GET", "/", If_None_Match=index.headers["etag"]).status == 304
        assert b"<base" not in index.body
        assert b'<base href="/clap/trap/">' in served.ask("GET", "/", X_Forwarded_Prefix="/clap/trap").body
        assert b"<base" not in served.ask("GET", "/", X_Forwarded_Prefix='//evil"><script>').body
