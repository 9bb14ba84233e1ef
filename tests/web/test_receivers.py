"""REST for those who are told: how each stands, in words."""

from __future__ import annotations

import json
import time
from dataclasses import replace

from tests.peers.receiver import Receiver, answer
from tests.web.conftest import WAIT_S, Served, clap

from claptrap.delivery.circuit import OPEN_AFTER


def test_a_receiver_that_is_out_of_order_is_said_to_be_until_it_is_back(served: Served) -> None:
    """Its state, the problem on the page, the metric; then it is back, takes what waited, and all is well by itself."""
    busy = [answer(503, Retry_After="0")] * (OPEN_AFTER - 1)
    with Receiver(*busy, answer(503)) as receiver:
        webhook = {"id": "webhook", "url": receiver.url, "max_age_s": 600.0, "timeout_s": WAIT_S}
        assert served.ask("PATCH", "/api/settings", {"sources": [{"id": "salon", "webhooks": [webhook]}]}).status == 200
        (well,) = served.ask("GET", "/api/receivers").json
        assert (well["id"], well["state"], well["failures"], well["waiting"]) == ("salon.webhook", "well", 0, 0)
        for i in range(3):
            served.service.events.record(clap(i))
        deadline = time.monotonic() + WAIT_S
        while (found := served.ask("GET", "/api/receivers").json[0])["state"] != "open":
            assert time.monotonic() < deadline, found
        assert (found["code"], found["waiting"], found["failures"]) == ("delivery.not_now", 3, OPEN_AFTER)
        assert "503" in found["message_fr"]
        problems = {problem["code"]: problem["message_fr"] for problem in served.ask("GET", "/api/state").json["problems"]}
        assert "« Salon »" in problems["delivery.open"]
        assert b'claptrap_receiver_open{receiver="salon.webhook"} 1.0' in served.ask("GET", "/metrics").body
        event_id = served.ask("POST", "/api/sources/salon/webhook/test").json["event_id"]
        receiver.wait_for(OPEN_AFTER + 4)
        assert [r.json["event_id"] for r in receiver.requests[-4:]] == [*(f"salon:e:{i}" for i in range(3)), event_id]
        while served.ask("GET", "/api/receivers").json[0]["waiting"]:
            assert time.monotonic() < deadline
    assert served.ask("GET", "/api/receivers").json[0]["state"] == "well"
    assert "delivery.open" not in [problem["code"] for problem in served.ask("GET", "/api/state").json["problems"]]


def test_a_webhook_is_previewed_before_it_is_kept(served: Served) -> None:
    """On an example of every kind of event; faults come with their place, and nothing is sent or kept."""
    wish = {"template": '{"text": {{ ("Clap: " ~ source_name) | tojson }}, "what": "{{ event }}"}', "method": "PUT"}
    shown = served.ask("POST", "/api/webhooks/preview", wish).json
    assert (shown["method"], shown["content_type"]) == ("PUT", "application/json")
    assert [json.loads(sample["body"])["what"] for sample in shown["samples"]] == ["clap", "applause", "test"]
    assert [sample["event"] for sample in shown["samples"]] == ["clap", "applause", "test"]
    served.service.events.record(clap(3))
    path = "/api/webhooks/preview?source=salon"
    real, *examples = served.ask("POST", path, wish).json["samples"]
    assert (real["real"], json.loads(real["body"])["text"], examples) == (True, "Clap: Salon", shown["samples"])
    served.service.events.record(replace(clap(4), labels=()))
    picky = served.ask("POST", path, {**wish, "template": '"{% if event_id == "salon:e:4" %}{{ labels[9] }}{% endif %}"'})
    assert (picky.json["samples"][0]["body"], picky.json["samples"][0]["code"]) == ("", "delivery.template")
    assert "labels" in picky.json["samples"][0]["message_fr"] or "element" in picky.json["samples"][0]["message_fr"]
    plain = served.ask("POST", "/api/webhooks/preview", {}).json["samples"][0]["body"]
    assert json.loads(plain)["event_id"] == "salon:19b0:7"
    assert served.ask("POST", "/api/webhooks/preview", {"method": "GET"}).json["samples"][0]["body"] == ""
    refused = served.ask("POST", "/api/webhooks/preview", {"template": "{{ 9 ** 9 }}", "method": "DELETE"})
    assert refused.status == 422
    assert {fault["path"]: fault["code"] for fault in refused.json["faults"]} == {
        "method": "settings.not_one_of",
        "template": "settings.bad_template",
    }
