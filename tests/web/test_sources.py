"""Sources come, change and go over REST while the others are heard."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from tests.peers.ports import free_port
from tests.peers.vban import Sender, packets, sine
from tests.web.conftest import WAIT_S, Served, clap, serving

from claptrap.core.events import Attempt, Clap
from claptrap.core.weburl import MASK
from claptrap.service import Application
from claptrap.service.probes import MAX_CAMERAS
from claptrap.sources.vban_packet import Packet
from claptrap.web.server import WSGI_THREADS

CAMERA = {"kind": "rtsp", "name": "Été à 2", "enabled": False, "input": {"url": "rtsp://u:hunter2@127.0.0.1:1/x"}}


def file_source(served: Served, name: str = "Salon") -> dict[str, Any]:
    (salon,) = [s for s in served.ask("GET", "/api/sources").json if s["id"] == "salon"]
    return {"kind": "file", "name": name, "input": salon["input"]}


def wait_until(served: Served, source_id: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Ask until a source is so, as a script would."""
    deadline = time.monotonic() + WAIT_S
    while not is_so(source := served.ask("GET", f"/api/sources/{source_id}").json):
        assert time.monotonic() < deadline, source
        time.sleep(0.02)  # not to be busy: the condition above is what is waited for
    return dict(source)


def is_live(source: dict[str, Any]) -> bool:
    return bool(source["status"]["state"] == "live" and source["level"])


def test_sources_have_rooms_and_an_order(served: Served) -> None:
    """Those that are not named follow in the order they had."""
    for name in ("Cuisine", "Cour"):
        served.ask("POST", "/api/sources", {**file_source(served, name), "room": "Bas"})
    ordered = served.ask("PUT", "/api/sources/order", {"ids": ["cour", "salon"]})
    assert [(one["id"], one["room"]) for one in ordered.json] == [("cour", "Bas"), ("salon", ""), ("cuisine", "Bas")]
    assert [one.id for one in served.service.settings.current.sources] == ["cour", "salon", "cuisine"]
    assert served.ask("PUT", "/api/sources/order", {"ids": ["attic"]}).json["code"] == "api.unknown_source"
    assert served.ask("PUT", "/api/sources/order", {"ids": [1]}).json["code"] == "api.bad_parameter"
    assert set(served.ask("GET", "/api/days").json) == {"cour", "salon", "cuisine"}


def test_a_source_is_added_changed_toggled_and_removed(served: Served) -> None:
    added = served.ask("POST", "/api/sources", file_source(served, "Cuisine"))
    assert (added.status, added.headers["location"]) == (201, "sources/cuisine")
    assert added.json["status"]["state"] in ("connecting", "live")
    assert added.json["counts"] == {"claps": 0, "detections": 0, "retries": 0, "vetoed": 0}
    assert wait_until(served, "cuisine", is_live)["level"]["rms_dbfs"] == pytest.approx(-15, abs=0.5)

    changed = served.ask("PATCH", "/api/sources/cuisine", {"name": "Bar", "patterns": [{"claps": 2, "at_least": False}]})
    assert (changed.status, changed.json["name"], changed.json["threshold"]) == (200, "Bar", 0.5)
    assert changed.json["patterns"] == [{"claps": 2, "at_least": False, "min_gap_s": 0.1, "max_gap_s": 0.7}]

    off = served.ask("PATCH", "/api/sources/cuisine", {"enabled": False}).json
    assert (off["status"]["state"], off["level"]) == ("idle", None)
    served.ask("PATCH", "/api/sources/cuisine", {"enabled": True})
    wait_until(served, "cuisine", is_live)

    removed = served.ask("DELETE", "/api/sources/cuisine")
    assert (removed.status, removed.json["name"]) == (200, "Bar")
    assert served.ask("GET", "/api/sources/cuisine").status == 404
    assert [s["id"] for s in served.ask("GET", "/api/sources").json] == ["salon"]


def test_a_script_invents_no_ids(served: Served) -> None:
    """Neither of a source nor of its webhooks: the answer has those that were made."""
    receiver = {"url": "http://127.0.0.1:9/hook", "enabled": False}
    added = served.ask("POST", "/api/sources", {**file_source(served, "Bar"), "webhooks": [receiver, receiver]})
    assert (added.status, added.json["id"]) == (201, "bar")
    assert [webhook["id"] for webhook in added.json["webhooks"]] == ["webhook", "webhook-2"]
    changed = served.ask("PATCH", "/api/sources/bar", {"webhooks": [receiver]})
    assert [webhook["id"] for webhook in changed.json["webhooks"]] == ["webhook", "webhook-2", "webhook-3"]


@pytest.mark.changes_nothing
def test_a_webhook_to_claptrap_itself_is_refused(served: Served) -> None:
    """A clap that stops the hearing would be the last."""
    for host in ("127.0.0.1", "localhost"):
        webhook = {"url": f"http://{host}:{served.port}/api/detection/stop"}
        answer = served.ask("PATCH", "/api/sources/salon", {"webhooks": [webhook]})
        assert (answer.status, [fault["code"] for fault in answer.json["faults"]]) == (422, ["url.own"])


def test_patterns_are_offered_by_a_word(served: Served) -> None:
    """What is offered can be set as it is."""
    presets = served.ask("GET", "/api/patterns").json["presets"]
    assert list(presets) == ["any", "double", "single", "single_and_double"]  # as JSON is sorted
    for patterns in presets.values():
        assert served.ask("PATCH", "/api/sources/salon", {"patterns": patterns}).json["patterns"] == patterns


@pytest.mark.slow
def test_the_others_are_not_disturbed(served: Served) -> None:
    """Whatever is done to one source, the runner of another goes on in the same thread and epoch."""
    wait_until(served, "salon", is_live)
    served.service.events.record(clap(0))
    worker = served.service.detection._worker
    assert worker is not None
    runner = worker._runners["salon"]
    stream = runner._stream
    served.ask("POST", "/api/sources", file_source(served, "Cuisine"))
    served.ask("POST", "/api/sources", CAMERA)
    served.ask("PATCH", "/api/sources/cuisine", {"input": {"loop": False}})
    served.ask("PATCH", "/api/sources/cuisine", {"enabled": False})
    served.ask("PATCH", "/api/sources/salon", {"name": "Séjour", "hears": "claps", "threshold": 0.6})
    served.ask("DELETE", "/api/sources/cuisine")
    served.ask("POST", "/api/sources", {"kind": "file"})
    assert worker._runners == {"salon": runner}
    assert runner._stream is stream
    assert stream is not None
    assert not stream.ended
    assert wait_until(served, "salon", is_live)["counts"]["detections"] == 1


def test_the_last_source_can_go_and_the_change_lasts(data_dir: Path, quiet_models: Path) -> None:
    assert not quiet_models.exists()
    with serving(Application(data_dir)) as served:
        served.ask("DELETE", "/api/sources/salon")
        assert served.ask("GET", "/api/sources").json == []
        assert served.ask("GET", "/healthz").status == 200
    with serving(Application(data_dir)) as served:
        assert served.ask("GET", "/api/sources").json == []
        assert served.ask("POST", "/api/sources", CAMERA).json["id"] == "ete-a-2"
        assert served.ask("POST", "/api/sources", CAMERA).json["id"] == "ete-a-2-2"
        assert served.ask("POST", "/api/sources", {**CAMERA, "name": "猫"}).json["id"] == "rtsp"


def test_a_password_goes_in_and_never_comes_out(served: Served, data_dir: Path) -> None:
    """Shown masked it may be given back; it is kept, and a new one replaces it."""
    shown = served.ask("POST", "/api/sources", CAMERA)
    assert shown.json["input"]["password"] == MASK
    path = f"/api/sources/{shown.json['id']}"
    back = served.ask("PATCH", path, {"name": "Cour", "input": shown.json["input"]})
    gone = served.ask("DELETE", path)
    for answer in (shown, back, gone, served.ask("GET", "/api/state")):
        assert answer.status < 300
        assert b"hunter2" not in answer.body
    backups = sorted((data_dir / "backups").iterdir())
    kept = json.loads(backups[-1].read_text())["sources"][1]
    assert (kept["name"], kept["input"]["username"], kept["input"]["password"]) == ("Cour", "u", "hunter2")


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("method", "path", "body", "status", "told"),
    [
        ("POST", "", {"name": "x"}, 422, {"sources.x": "settings.missing_kind"}),
        ("POST", "", {"kind": "file", "name": "x"}, 422, {"sources.x.input": "settings.missing"}),
        ("POST", "", {"kind": "file", "id": "salon"}, 422, {"sources.salon.id": "settings.duplicate_id"}),
        ("POST", "", {**CAMERA, "id": []}, 422, {"sources.0.id": "settings.not_a_text"}),
        ("POST", "", {**CAMERA, "id": "É"}, 422, {"sources.É.id": "settings.bad_id"}),
        (
            "POST",
            "",
            {**CAMERA, "name": "c", "input": {"url": "rtsp://a/", "password": MASK}},
            422,
            {"sources.c.input.password": "settings.masked"},
        ),
        ("PATCH", "/salon", {"id": "other"}, 422, {"sources.salon.id": "settings.fixed_id"}),
        (
            "PATCH",
            "/salon",
            {"threshold": 2, "patterns": []},
            422,
            {"sources.salon.threshold": "settings.at_most", "sources.salon.patterns": "settings.too_few"},
        ),
        ("PATCH", "/salon", {"kind": "vban"}, 422, {"sources.salon.input": "settings.missing"}),
        ("PATCH", "/salon", [], 400, {}),
        ("PATCH", "/nobody", {"name": "x"}, 404, {}),
        ("DELETE", "/nobody", None, 404, {}),
        ("GET", "/nobody", None, 404, {}),
    ],
)
def test_a_refused_change_says_where_and_changes_nothing(
    served: Served, method: str, path: str, body: Any, status: int, told: dict[str, str]
) -> None:
    before = served.ask("GET", "/api/settings").json
    answer = served.ask(method, f"/api/sources{path}", body)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert {fault["path"]: fault["code"] for fault in answer.json["faults"]} == told
    assert answer.json["message"]
    assert served.ask("GET", "/api/settings").json == before


def test_a_source_can_become_another_kind(served: Served) -> None:
    """With the input of that kind; what the old kind had is gone."""
    answer = served.ask("PATCH", "/api/sources/salon", {"kind": "microphone", "enabled": False})
    assert (answer.status, answer.json["input"]) == (200, {"device": "", "channel": "auto"})


def test_what_happened_is_counted(served: Served) -> None:
    """Until the source is gone: another of the same name begins at nothing."""
    served.service.status.offer(Clap("salon", 1.0, 1.1, 1.7e9, 0.9))
    served.service.events.record(clap(0))
    assert served.ask("GET", "/api/sources/salon").json["counts"] == {"claps": 1, "detections": 1, "retries": 0, "vetoed": 0}
    served.ask("PATCH", "/api/sources/salon", {"input": {"path": "/nowhere.wav"}})
    failed = wait_until(served, "salon", lambda s: s["status"]["state"] == "failed")
    assert (failed["status"]["code"], failed["counts"]["retries"]) == ("file.missing", 1)
    assert failed["status"]["message_fr"]
    missing = file_source(served)
    served.ask("DELETE", "/api/sources/salon")
    assert served.ask("POST", "/api/sources", {**missing, "enabled": False}).json["counts"]["claps"] == 0


def test_deliveries_are_counted_by_outcome(served: Served) -> None:
    tried = Attempt("e", "salon.webhook", "salon", "http://x", 1, 1.7e9, 0.1)
    failed = Attempt(
        "e", "salon.webhook", "salon", "http://x", 1, 1.7e9, 0.1, code="delivery.timeout", params={"seconds": 5}
    )
    again = Attempt("e", "salon.webhook", "salon", "http://x", 1, 1.7e9, 0.1, 503, "delivery.status", {"status": 503}, 1.0)
    for attempt in (tried, again, again, failed):
        served.service.status.offer(attempt)
    assert served.service.counts.deliveries() == {"delivered": 1, "late": 0, "retried": 2, "given_up": 1}


def test_a_camera_is_probed_without_being_kept(served: Served) -> None:
    """Why it cannot be heard is told in words; a wish that is not valid, with its path."""
    refused = served.ask("POST", "/api/probe/rtsp?lang=en", {"input": {"url": "rtsp://u:hunter2@127.0.0.1:1/x"}})
    assert (refused.status, refused.json["code"]) == (503, "rtsp.refused")
    assert "127.0.0.1" in refused.json["message"]
    assert b"hunter2" not in refused.body
    for wish, path in (({}, "url"), ({"input": {"url": "http://a"}}, "url")):
        answer = served.ask("POST", "/api/probe/rtsp", wish)
        assert answer.status == 422
        assert [fault["path"] for fault in answer.json["faults"]] == [f"sources.new.input.{path}"]
    assert len(served.ask("GET", "/api/sources").json) == 1


def test_few_cameras_are_tried_at_once_and_nobody_else_waits_for_them(served: Served) -> None:
    """Mute cameras hold a probe for seconds: as many as may are tried, the next is refused at once, all else is answered."""
    with socket.create_server(("127.0.0.1", 0)) as mute, ThreadPoolExecutor(MAX_CAMERAS) as people:
        mute.settimeout(WAIT_S)
        wish = {"input": {"url": f"rtsp://127.0.0.1:{mute.getsockname()[1]}/x"}}
        tried = [people.submit(served.ask, "POST", "/api/probe/rtsp", wish) for _ in range(MAX_CAMERAS)]
        asked = [mute.accept()[0] for _ in tried]
        refused = [served.ask("POST", "/api/probe/rtsp?lang=fr", wish) for _ in range(WSGI_THREADS)]
        assert {(answer.status, answer.json["code"]) for answer in refused} == {(429, "api.too_many_probes")}
        assert refused[0].headers["retry-after"] == "5"
        assert "2 caméras" in refused[0].json["message"]
        assert served.ask("GET", "/healthz").status == 200
        assert not any(probe.done() for probe in tried)
        for connection in asked:
            connection.close()
        assert {probe.result(WAIT_S).json["code"] for probe in tried} == {"rtsp.ended"}
    assert served.ask("POST", "/api/probe/rtsp", wish).json["code"] == "rtsp.refused"


def test_streams_on_the_network_are_seen_and_counted(served: Served) -> None:
    """One that nobody asked for is listed; once it is a source it is counted."""
    port = free_port()
    assert served.ask("GET", f"/api/vban/streams?port={port}").json == []
    packet = packets(sine(seconds=0.001), name=b"Mic")[0]
    with Sender(port) as sender:
        seen = _until_seen(served, port, sender, packet)
        assert (seen["host"], seen["stream"], seen["port"], seen["rate_hz"]) == ("127.0.0.1", "Mic", port, 48_000)
        assert (seen["code"], seen["message_fr"], seen["wanted"]) == ("", "", False)
        wish = {"kind": "vban", "name": "PC", "input": {"host": seen["host"], "stream": "Mic", "port": port}}
        assert served.ask("POST", "/api/sources", wish).json["id"] == "pc"
        counts = served.ask("GET", "/api/vban/counts").json
    assert [(s["host"], s["stream"], s["port"]) for s in counts["streams"]] == [("127.0.0.1", "Mic", port)]
    assert [p["port"] for p in counts["ports"]] == [port]


def _until_seen(served: Served, port: int, sender: Sender, packet: Packet) -> dict[str, Any]:
    deadline = time.monotonic() + WAIT_S
    while not (seen := served.ask("GET", f"/api/vban/streams?port={port}").json):
        assert time.monotonic() < deadline
        sender.send([packet])
    return dict(seen[0])


@pytest.mark.changes_nothing
@pytest.mark.parametrize("port", ["0", "65536", "x", "-1", "²", "1e3", ""])
def test_a_port_that_cannot_be(served: Served, port: str) -> None:
    answer = served.ask("GET", f"/api/vban/streams?port={port.replace('²', '%C2%B2')}")
    assert (answer.status, answer.json["code"]) == (400, "api.bad_port")


def test_a_port_that_is_taken_is_said_in_words(served: Served) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("", 0))
        answer = served.ask("GET", f"/api/vban/streams?port={holder.getsockname()[1]}")
    assert (answer.status, answer.json["code"]) == (503, "vban.port_taken")
