"""Notifications as people set them up: saved, tried out and removed by REST, without telling the address to anybody."""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import time
import zipfile

import pytest
from tests.peers.receiver import Receiver, answer
from tests.web.conftest import WAIT_S, Served, clap

from claptrap.delivery import notify

SECRET = "t0ken-of-mine-4711"


def test_a_service_is_set_up_tried_out_and_removed(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """Its address comes back masked, is kept when it is given back so, and is in no snapshot, log or support bundle."""
    caplog.set_level(logging.DEBUG)
    with Receiver(then=answer(200)) as receiver:
        address = f"{receiver.url.replace('http://', f'json://{SECRET}-user:{SECRET}-password@')}/{SECRET}?rto={WAIT_S}"
        phone = {"id": "phone", "url": address, "sources": ["salon"]}
        assert served.ask("PATCH", "/api/settings", {"notify": [phone]}).status == 200
        shown = served.ask("GET", "/api/settings")
        assert shown.json["notify"] == [
            {
                **phone,
                "url": "********",
                "name": "",
                "enabled": True,
                "claps": [],
                "max_age_s": 900.0,
                "triggers": [],
                "alerts": False,
            }
        ]
        given_back = [{**shown.json["notify"][0], "claps": [1]}]
        assert served.ask("PATCH", "/api/settings", {"notify": given_back}).status == 200
        sent = served.ask("POST", "/api/notify/phone/test")
        assert sent.status == 202
        receiver.wait_for(1)
        served.service.events.record(clap(0))
        receiver.wait_for(2)
        assert [request.json["title"] for request in receiver.requests] == ["ClapTrap : test", "Clap : Salon"]
        deadline = time.monotonic() + WAIT_S
        while not (journal := served.ask("GET", f"/api/deliveries?event={sent.json['event_id']}")).json["deliveries"][0][
            "attempts"
        ]:
            assert time.monotonic() < deadline
        exported = served.ask("GET", "/api/settings/export")
        assert exported.status == 200
        assert served.ask("POST", "/api/settings/import", exported.json).status == 200
        assert served.service.settings.current.notify[0].url == address
        bundle = zipfile.ZipFile(io.BytesIO(served.ask("GET", "/api/support-bundle").body))
        told = [bundle.read(name).decode() for name in bundle.namelist()]
        paths = ("/api/receivers", "/api/state", "/api/history", "/api/deliveries", "/metrics", "/api/settings/backups")
        seen = [served.ask("GET", path).body.decode() for path in paths]
        assert json.loads(seen[0])[-1]["url"] == "json://…"
        assert (
            SECRET
            not in f"{told} {seen} {caplog.text} {journal.body!r} {exported.body!r} {served.service.settings.current!r}"
        )
    assert served.ask("DELETE", "/api/notify/phone").json["notify"] == []
    assert served.ask("GET", "/api/receivers").json == []
    assert served.ask("POST", "/api/notify/phone/test").json["code"] == "api.unknown_notify"
    assert served.ask("DELETE", "/api/notify/phone").status == 404
    assert (
        served.ask("PATCH", "/api/settings", {"heartbeats": [{"enabled": False}]}).json["heartbeats"][0]["id"] == "heartbeat"
    )
    assert served.ask("DELETE", "/api/heartbeats/heartbeat").json["heartbeats"] == []
    assert served.ask("DELETE", "/api/heartbeats/heartbeat").json["code"] == "api.unknown_heartbeat"


def test_faults_are_told_at_their_place(served: Served) -> None:
    """What is no address, what Apprise does not know, and two of one name; nothing of it is kept or quoted."""
    for address in ("no address", "nothing-like-this://x"):
        refused = served.ask("PATCH", "/api/settings", {"notify": [{"id": "phone", "url": address}]})
        assert refused.status == 422
        (fault,) = refused.json["faults"]
        assert (fault["path"], fault["code"], fault["value"]) == ("notify.phone.url", "notify.bad_address", "")
    refused = served.ask("POST", "/api/settings/import", {"version": 3, "notify": [{"id": "phone"}] * 2})
    assert [fault["code"] for fault in refused.json["faults"]] == ["settings.duplicate_notify"]
    off = {"id": "phone", "url": "json://127.0.0.1:9", "enabled": False}
    assert served.ask("PATCH", "/api/settings", {"notify": [off]}).status == 200
    refused = served.ask("POST", "/api/notify/phone/test?lang=fr")
    assert (refused.status, refused.json["code"]) == (409, "api.no_notify")
    assert "phone" in refused.json["message"]


def test_others_do_not_wait_while_apprise_is_loaded(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a second or more the first time, on a small machine many."""
    load, loading, go_on = notify._loaded, threading.Event(), threading.Event()

    def slowly(url: str) -> object:
        loading.set()
        assert go_on.wait(WAIT_S)
        return load(url)

    monkeypatch.setattr(notify, "_loaded", slowly)
    answers: list[int] = []
    wish = {"notify": [{"id": "phone", "url": "json://127.0.0.1:9", "enabled": False}]}
    asking = threading.Thread(target=lambda: answers.append(served.ask("PATCH", "/api/settings", wish).status))
    asking.start()
    try:
        assert loading.wait(WAIT_S)
        served.service.settings.apply({"language": "en"})
        assert not go_on.is_set()
    finally:
        go_on.set()
        asking.join(WAIT_S)
    assert answers == [200]
    assert served.service.settings.current.language == "en"


def test_a_saved_address_survives_apprise_going_away(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Apprise other settings can be changed all the same, and a test says what to install."""
    assert served.ask("PATCH", "/api/settings", {"notify": [{"id": "phone", "url": "json://127.0.0.1:9"}]}).status == 200
    assert served.ask("GET", "/api/notify").json["installed"] is True
    monkeypatch.setitem(sys.modules, "apprise", None)
    missing = served.ask("GET", "/api/notify").json
    assert (missing["installed"], missing["code"]) == (False, "notify.no_apprise")
    assert served.ask("PATCH", "/api/settings", {"language": "en"}).status == 200
    event = served.ask("POST", "/api/notify/phone/test").json["event_id"]
    deadline = time.monotonic() + WAIT_S
    while not (attempts := served.ask("GET", f"/api/deliveries?event={event}").json["deliveries"][0]["attempts"]):
        assert time.monotonic() < deadline
    assert attempts[0]["code"] == "notify.no_apprise"
    assert "pip install 'claptrap[notify]'" in attempts[0]["message_fr"]
    assert served.service.settings.current.notify[0].url == "json://127.0.0.1:9"
