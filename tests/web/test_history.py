"""REST for history and deliveries, and a page that is told of them after a restart."""

from __future__ import annotations

import csv
import io
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tests.peers.receiver import Receiver, answer
from tests.web.conftest import WAIT_S, Served, clap, serving
from tests.web.test_live import page

from claptrap.service import Application
from claptrap.text.catalogue import labels_for_people
from claptrap.web import export

T0 = 1_700_000_000


def told_of(served: Served, n: int, state: str) -> list[dict[str, Any]]:
    """Return the deliveries in ``state`` once there are ``n``."""
    deadline = time.monotonic() + WAIT_S
    while True:
        found: list[dict[str, Any]] = served.ask("GET", f"/api/deliveries?state={state}").json["deliveries"]
        if len(found) >= n:
            return found
        assert time.monotonic() < deadline, served.ask("GET", "/api/deliveries").json


def with_webhook(served: Served, url: str, **webhook: Any) -> None:
    change = {"sources": [{"id": "salon", "webhooks": [{"id": "webhook", "url": url, **webhook}]}]}
    assert served.ask("PATCH", "/api/settings", change).status == 200


def test_history_comes_in_pages_and_by_filter(served: Served) -> None:
    for i in range(5):
        served.service.events.record(clap(i))
    first = served.ask("GET", "/api/history?limit=3").json
    rest = served.ask("GET", f"/api/history?limit=3&cursor={first['cursor']}").json
    assert [e["sequence"] for e in first["events"] + rest["events"]] == [4, 3, 2, 1, 0]
    assert rest["cursor"] is None
    more = {"labels": labels_for_people(clap(4).labels), "latency_s": pytest.approx(0.1)}
    nothing = {"mark": None, "clip": False, "deliveries": []}
    assert first["events"][0] == clap(4).to_json() | more | nothing
    assert served.ask("GET", "/api/history/salon:e:4").json == first["events"][0]
    some = served.ask("GET", f"/api/history?source=salon&since={T0 + 1}&before={T0 + 3}&least_score=0.9&most_score=0.9").json
    assert [e["sequence"] for e in some["events"]] == [2, 1]
    assert served.ask("GET", "/api/history?source=kitchen").json == {"events": [], "cursor": None}


def test_counts(served: Served) -> None:
    for i in (0, 1, 3600):
        served.service.events.record(clap(i))
    hours = served.ask("GET", "/api/history/counts?per=hour&tz=UTC").json
    assert hours == {
        "per": "hour",
        "counts": [
            {"start": T0 // 3600 * 3600, "count": 2, "sources": {"salon": 2}},
            {"start": T0 // 3600 * 3600 + 3600, "count": 1, "sources": {"salon": 1}},
        ],
    }
    days = served.ask("GET", f"/api/history/counts?before={T0 + 2}").json
    assert (days["per"], [c["count"] for c in days["counts"]]) == ("day", [2])


def test_a_person_says_what_it_was(served: Served) -> None:
    """The mark is kept, asked for, and taken back."""
    for i in range(3):
        served.service.events.record(clap(i))
    said = served.ask("PATCH", "/api/history/salon:e:1", {"mark": "not_clap"})
    assert (said.status, said.json["mark"], said.json["id"]) == (200, "not_clap", "salon:e:1")
    assert [e["id"] for e in served.ask("GET", "/api/history?mark=not_clap").json["events"]] == ["salon:e:1"]
    assert (
        len(served.ask("GET", "/api/history?mark=none&kind=file&claps=1&applause=false&label=Clapping").json["events"]) == 2
    )
    assert [e["mark"] for e in served.ask("GET", "/api/state").json["events"]] == [None, "not_clap", None]
    assert served.ask("PATCH", "/api/history/salon:e:1", {"mark": None}).json["mark"] is None
    for wrong in ({"mark": "maybe"}, {"mark": ["clap"]}, {}, {"mark": "clap", "score": 1}):
        refused = served.ask("PATCH", "/api/history/salon:e:1", wrong)
        assert (refused.status, refused.json["code"]) == (400, "api.bad_mark")


def test_history_as_a_file(served: Served) -> None:
    """More than a page of it, newest first; a name that looks like a formula stays a name; only what was asked for."""
    for i in range(1003):
        served.service.events.record(replace(clap(i), source_name='=cmd|"/C calc"!A0' if i == 1002 else "Salon, d'été"))
    table = served.ask("GET", "/api/history/export?tz=%2B02:00")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    assert table.headers["content-disposition"] == 'attachment; filename="claptrap-history.csv"'
    rows = list(csv.DictReader(io.StringIO(table.body.decode(), newline="")))
    assert [int(row["sequence"]) for row in rows] == list(range(1002, -1, -1))
    assert rows[0]["source_name"] == '\'=cmd|"/C calc"!A0'
    assert (rows[1]["source_name"], rows[1]["labels"], rows[1]["mark"]) == ("Salon, d'été", "Clapping 0.800", "")
    assert rows[1002]["time"] == "2023-11-15T00:13:20.000+02:00"
    lines = served.ask("GET", f"/api/history/export?format=jsonl&since={T0 + 1001}").body.decode().splitlines()
    assert [json.loads(line)["source_name"] for line in lines] == ['=cmd|"/C calc"!A0', "Salon, d'été"]
    assert json.loads(lines[1])["labels"] == [["Clapping", 0.8]]
    assert served.ask("GET", "/api/history/export?source=nobody").body.decode().count("\r\n") == 1


def test_a_file_that_would_be_too_large_is_refused_in_words(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "MAX_EXPORTED", 2)
    for i in range(3):
        served.service.events.record(clap(i))
    refused = served.ask("GET", "/api/history/export?lang=en")
    assert (refused.status, refused.json["code"]) == (400, "history.too_many")
    assert "3 detections" in refused.json["message"]


def test_a_sound_is_found_by_a_part_of_its_name_in_either_language(served: Served) -> None:
    """Whatever the case and the accents; a name that no sound has finds nothing."""
    served.service.events.record(replace(clap(1), labels=(("Door", 0.6), ("Slam", 0.4))))
    served.service.events.record(clap(2))
    for sound, n in (("DOOR", 1), ("porte", 1), ("battement", 1), ("clap", 1), ("nothing like it", 0)):
        assert len(served.ask("GET", f"/api/history?sound={quote(sound)}").json["events"]) == n, sound


def test_one_detection_is_deleted_with_what_was_sent_of_it(served: Served) -> None:
    with Receiver() as receiver:
        with_webhook(served, receiver.url)
        served.service.events.record(clap(1))
        served.service.events.record(clap(2))
        told_of(served, 2, "taken")
        newest = served.ask("GET", "/api/history?limit=1").json["events"][0]
        assert newest["deliveries"] == [{"target_id": "salon.webhook", "state": "taken"}]
        path = f"/api/history/{quote(newest['id'])}"
        assert served.ask("DELETE", path).json == {"deleted": 1, "clips": 0}
        assert [event["id"] for event in served.ask("GET", "/api/history").json["events"]] == ["salon:e:1"]
        assert [one["event_id"] for one in served.ask("GET", "/api/deliveries").json["deliveries"]] == ["salon:e:1"]
        assert served.ask("DELETE", path).status == 404


def test_history_is_deleted_by_age_and_whole(served: Served) -> None:
    for i in range(4):
        served.service.events.record(clap(i))
    assert served.ask("DELETE", f"/api/history?before={T0 + 1}").json == {"deleted": 1, "clips": 0}
    assert len(served.ask("GET", "/api/state").json["events"]) == 3
    assert served.ask("DELETE", "/api/history").json == {"deleted": 3, "clips": 0}
    assert served.ask("GET", "/api/history").json["events"] == []
    assert served.ask("DELETE", "/api/history", Origin="http://evil.example").status == 403


def test_deliveries_are_told_with_every_attempt(served: Served) -> None:
    with Receiver(answer(503, b"busy", Retry_After="0"), then=answer(404, b"no hook S3CRET here")) as receiver:
        with_webhook(served, receiver.url + "?token=S3CRET")
        served.service.events.record(clap(0))
        (one,) = told_of(served, 1, "given_up")
    assert (one["event_id"], one["target_id"], one["source_id"]) == ("salon:e:0", "salon.webhook", "salon")
    assert (one["code"], one["params"]) == ("delivery.status", {"status": 404})
    assert "404" in one["message_fr"]
    assert [(a["number"], a["status"], a["ok"], a["excerpt"]) for a in one["attempts"]] == [
        (1, 503, False, "busy"),
        (2, 404, False, "no hook ******** here"),
    ]
    assert "S3CRET" not in served.ask("GET", "/api/deliveries").body.decode()


def test_a_delivery_and_an_event_are_sent_again(served: Served) -> None:
    with Receiver(answer(404)) as receiver:
        with_webhook(served, receiver.url)
        served.service.events.record(clap(0))
        (one,) = told_of(served, 1, "given_up")
        sent = served.ask("POST", f"/api/deliveries/{one['id']}/replay")
        assert (sent.status, sent.json) == (202, {"event_id": "salon:e:0"})
        told_of(served, 1, "taken")
        sent = served.ask("POST", "/api/history/salon:e:0/replay")
        assert (sent.status, sent.json) == (202, {"event_id": "salon:e:0", "receivers": 1})
        assert {r.headers["idempotency-key"] for r in receiver.wait_for(3)} == {"salon:e:0"}
        with_webhook(served, "")
        for path in (f"/api/deliveries/{one['id']}/replay", "/api/history/salon:e:0/replay"):
            refused = served.ask("POST", path)
            assert (refused.status, refused.json["code"]) == (409, "api.no_receiver")


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/history?limit=0", 400, "api.bad_parameter"),
        ("GET", "/api/history?limit=501", 400, "api.bad_parameter"),
        ("GET", "/api/history?limit=x", 400, "api.bad_parameter"),
        ("GET", "/api/history?limit=99999999999999999999", 400, "api.bad_parameter"),
        ("GET", "/api/history?since=yesterday", 400, "api.bad_parameter"),
        ("GET", "/api/history?before=nan", 400, "api.bad_parameter"),
        ("GET", "/api/history?least_score=inf", 400, "api.bad_parameter"),
        ("GET", "/api/history?cursor=1", 400, "api.bad_parameter"),
        ("GET", "/api/history/counts?per=week", 400, "api.bad_parameter"),
        ("GET", "/api/history/counts?tz=Mars", 400, "api.bad_parameter"),
        ("GET", "/api/history/export?format=xls", 400, "api.bad_parameter"),
        ("GET", "/api/history?mark=maybe", 400, "api.bad_parameter"),
        ("GET", "/api/history?claps=two", 400, "api.bad_parameter"),
        ("GET", "/api/history/none", 404, "api.unknown_event"),
        ("GET", "/api/history/salon:e:0/clip", 404, "api.no_clip"),
        ("GET", "/api/history/..%2F..%2Fsettings/clip", 404, "api.not_found"),
        ("DELETE", "/api/history/salon:e:0/clip", 404, "api.no_clip"),
        ("DELETE", "/api/clips?before=x", 400, "api.bad_parameter"),
        ("DELETE", "/api/history?befor=1", 400, "api.bad_parameter"),
        ("DELETE", "/api/history?before=", 400, "api.bad_parameter"),
        ("GET", "/api/deliveries?state=lost", 400, "api.bad_parameter"),
        ("GET", "/api/deliveries?cursor=x", 400, "api.bad_parameter"),
        ("POST", "/api/deliveries/none/replay", 404, "api.unknown_delivery"),
        ("POST", "/api/history/none/replay", 404, "api.unknown_event"),
        ("PUT", "/api/history", 405, "api.not_allowed"),
    ],
)
def test_refusals_are_problem_documents(served: Served, method: str, path: str, status: int, code: str) -> None:
    refused = served.ask(method, path)
    assert (refused.status, refused.json["code"]) == (status, code)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json["message"]


def test_a_restarted_service_still_shows_what_was(data_dir: Path, quiet_models: Path) -> None:
    """Detections and attempts are on the page that opens after the restart."""
    assert not quiet_models.exists()
    with Receiver() as receiver:
        with serving(Application(data_dir)) as served:
            with_webhook(served, receiver.url)
            served.service.events.record(clap(0))
            told_of(served, 1, "taken")
            before = served.ask("GET", "/api/state").json
        with serving(Application(data_dir)) as served, page(served) as told:
            state = told.next("state")
    assert state["events"] == before["events"] != []
    assert state["attempts"] == before["attempts"] != []


def test_a_history_that_cannot_be_kept_is_said_on_the_page_and_claps_are_told(data_dir: Path, quiet_models: Path) -> None:
    """Where the file should be there is a folder: everything works, and the page has the reason."""
    assert not quiet_models.exists()
    (data_dir / "history.sqlite").mkdir()
    with Receiver() as receiver, serving(Application(data_dir)) as served:
        with_webhook(served, receiver.url)
        (problem,) = served.ask("GET", "/api/state").json["problems"]
        assert problem["code"] == "history.unwritable"
        assert "en mémoire" in problem["message_fr"]
        served.service.events.record(clap(0))
        told_of(served, 1, "taken")
        assert [e["id"] for e in served.ask("GET", "/api/history").json["events"]] == ["salon:e:0"]
        refused = served.ask("DELETE", "/api/history")
        assert (refused.status, refused.json["code"]) == (503, "history.unwritable")


def test_several_webhooks_of_one_source(served: Served) -> None:
    """Each is told what it wants, tested by its name, and removed without the other noticing; secrets stay inside."""
    with Receiver(then=answer(200, b"hello S3CRET")) as one, Receiver() as two:
        webhooks = [
            {"id": "webhook", "url": one.url, "headers": {"Authorization": "S3CRET"}, "signing_secret": "S3CRET too"},
            {"id": "two-claps", "url": two.url, "claps": [2]},
        ]
        changed = served.ask("PATCH", "/api/settings", {"sources": [{"id": "salon", "webhooks": webhooks}]})
        assert changed.status == 200
        served.service.events.record(clap(0))
        served.service.events.record(replace(clap(1), claps=2))
        told_of(served, 3, "taken")
        assert [r.json["event_id"] for r in one.requests] == ["salon:e:0", "salon:e:1"]
        assert [r.json["event_id"] for r in two.requests] == ["salon:e:1"]
        assert one.requests[0].headers["authorization"] == "S3CRET"
        assert one.requests[0].headers["webhook-signature"].startswith("v1,")
        sent = served.ask("POST", "/api/sources/salon/webhook/test?webhook=two-claps")
        assert two.wait_for(2)[1].json["event_id"] == sent.json["event_id"]
        for path in ("/api/settings", "/api/state", "/api/deliveries", "/api/sources"):
            assert "S3CRET" not in served.ask("GET", path).body.decode()
        left = served.ask("DELETE", "/api/sources/salon/webhooks/webhook")
        assert (left.status, [w["id"] for w in left.json["webhooks"]]) == (200, ["two-claps"])
        served.service.events.record(replace(clap(2), claps=2))
        assert two.wait_for(3)[2].json["event_id"] == "salon:e:2"
        assert len(one.requests) == 2


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("DELETE", "/api/sources/salon/webhooks/none", 404, "api.unknown_webhook"),
        ("DELETE", "/api/sources/kitchen/webhooks/webhook", 404, "api.unknown_source"),
        ("POST", "/api/sources/salon/webhook/test?webhook=none", 409, "api.no_webhook"),
    ],
)
def test_a_webhook_that_is_not_there_is_said(served: Served, method: str, path: str, status: int, code: str) -> None:
    refused = served.ask(method, path)
    assert (refused.status, refused.json["code"]) == (status, code)
