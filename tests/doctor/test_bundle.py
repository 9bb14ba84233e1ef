"""What goes into a support bundle, and above all what does not."""

from __future__ import annotations

import io
import json
import logging
import os
import zipfile
from typing import Any

import pytest
from tests.peers.receiver import Receiver, answer
from tests.web.conftest import Served, data_dir, quiet_models, served

from claptrap.core.weburl import MASK
from claptrap.doctor.bundle import BundleContents, bundle
from claptrap.doctor.finding import Finding, Severity
from claptrap.doctor.log_tail import LogTail, tail_of_log
from claptrap.doctor.redact import Redactor

__all__ = ["data_dir", "quiet_models", "served"]  # fixtures

SECRETS = {
    "path": "hook-4f9a8c7b6d5e",
    "query": "qu3ry-t0ken",
    "header": "h3ader-value-xyz",
    "signing": "sign1ng-secret-of-mine",
    "user": "camera-admin",
    "password": "p4ss w0rd/of:camera",
}
HOSTS = ("hooks.example.org", "203.0.113.77", "camera-garden.lan", "192.168.77.12", "2001:db8::77")
SETTINGS = {
    "version": 3,
    "sources": [
        {
            "id": "garden",
            "kind": "rtsp",
            "name": "Garden",
            "enabled": False,
            "input": {
                "url": "rtsp://camera-garden.lan:8554/live",
                "username": SECRETS["user"],
                "password": SECRETS["password"],
            },
            "webhooks": [
                {
                    "id": "w",
                    "url": f"https://hooks.example.org:8443/{SECRETS['path']}?token={SECRETS['query']}",
                    "headers": {"Authorization": f"Bearer {SECRETS['header']}"},
                    "signing_secret": SECRETS["signing"],
                },
                {"id": "v", "url": "http://[2001:db8::77]/x"},
            ],
        },
        {"id": "vban", "kind": "vban", "name": "V", "enabled": False, "input": {"host": "192.168.77.12", "stream": "Mic"}},
    ],
}
LOG = f"""\
2026-11-25 10:00:01 INFO    garden: rtsp://camera-garden.lan:8554/live is live; {SECRETS["user"]} {SECRETS["password"]}
2026-11-25 10:00:02 WARNING post https://u:{SECRETS["query"]}@hooks.example.org/{SECRETS["path"]} from 203.0.113.77:55000
2026-11-25 10:00:03 INFO    Authorization: Bearer {SECRETS["header"]} {SECRETS["signing"]} mail: me@hooks.example.org
2026-11-25 10:00:04 INFO    VBAN from 192.168.77.12, CAMERA-GARDEN.LAN, 2001:db8::77, aa:bb:cc:dd:ee:ff in /home/alice/x
"""


def unpacked(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        return {name: file.read(name).decode() for name in file.namelist()}


def told(files: dict[str, str]) -> str:
    return "\n".join(files.values()).lower()


def test_nothing_that_was_planted_is_in_a_bundle() -> None:
    """Not in the settings, the log, the metrics, the states, the report; but what helps still is."""
    subject = f"Garden → https://hooks.example.org/{SECRETS['path']}"
    finding = Finding("webhook", Severity.FAULT, "delivery.unresolved", {"host": "hooks.example.org"}, subject)
    metrics = 'claptrap_vban_packets_total{host="192.168.77.12",stream="Mic"} 7.0\n'
    state = {
        "id": "garden",
        "name": "Garden",
        "status": {"code": "rtsp.refused", "params": {"where": "rtsp://camera-garden.lan"}},
    }
    files = unpacked(bundle(BundleContents([finding], SETTINGS, LOG, metrics, [state])))
    for planted in (*SECRETS.values(), *HOSTS, "aa:bb:cc:dd:ee:ff", "alice"):
        assert planted.lower() not in told(files), planted
    kept = json.loads(files["settings.json"])["sources"][0]
    assert (kept["name"], kept["input"]["password"]) == ("Garden", MASK)
    assert kept["webhooks"][0]["headers"] == {"Authorization": MASK}
    assert "10:00:02 WARNING" in files["log.txt"]
    assert len(files["log.txt"].splitlines()) == 4
    assert 'stream="Mic"} 7.0' in files["metrics.txt"]
    assert "delivery.unresolved" in files["doctor.json"]
    assert "numpy" in json.loads(files["versions.json"])["packages"]


def test_one_address_has_one_name_everywhere() -> None:
    """So that somebody who helps can tell them apart; this machine's own loopback stays what it is."""
    scrub = Redactor(SETTINGS)
    first, second = scrub.text("from 8.8.4.4"), scrub.text("to 8.8.4.4:80 and 9.9.9.9 via 127.0.0.1")
    name = first.removeprefix("from ")
    assert name.startswith("internet-")
    assert second.startswith(f"to {name}:80 and internet-")
    assert second.endswith(" via 127.0.0.1")
    assert scrub.name("192.168.77.12").startswith("lan-")
    assert scrub.text("rtsp://CAMERA-garden.lan:8554/live/x") == f"rtsp://{scrub.name('camera-garden.lan')}:8554/…"


@pytest.mark.parametrize("text", ["10:20:30", "version 1.2.3", "0.1.0 (1a2b3c4d5e6f)", "50:50", "-41.2 dBFS"])
def test_what_is_no_address_stays(text: str) -> None:
    """Times, versions, levels."""
    assert Redactor({}).text(text) == text


@pytest.mark.parametrize(
    "document", [None, [], "x", {"url": "http://[broken/abcdefgh"}, {"sources": [{"url": 5, "password": None}]}]
)
def test_settings_that_are_none_are_no_obstacle(document: object) -> None:
    """Whatever is in the file, a bundle can be made, and a secret in it is none of its."""
    files = unpacked(bundle(BundleContents([], document, "log http://[broken/abcdefgh")))
    assert "README.txt" in files
    assert "abcdefgh" not in told(files)


def test_the_newest_lines_of_the_log_are_kept() -> None:
    """And no more."""
    root, tail = logging.getLogger(), LogTail(2)
    tail.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    assert tail_of_log() == ""
    root.addHandler(tail)
    try:
        for number in range(5):
            root.warning("line %d", number)
        assert tail_of_log() == "WARNING line 3\nWARNING line 4"
    finally:
        root.removeHandler(tail)


def test_a_line_that_cannot_be_formed_fails_nobody_who_logs(capsys: pytest.CaptureFixture[str]) -> None:
    """It is told where Python tells it, on stderr."""
    log, tail = logging.Logger("of its own"), LogTail()  # noqa: LOG001  # whose lines go nowhere else
    log.addHandler(tail)
    log.warning("%d claps", "no number")
    log.warning("next")
    assert tail.text() == "next"
    assert "Logging error" in capsys.readouterr().err


def test_a_path_that_is_no_utf_8_can_be_in_a_bundle() -> None:
    log, tail = logging.Logger("of its own"), LogTail()  # noqa: LOG001  # whose lines go nowhere else
    log.addHandler(tail)
    log.warning("%s is missing", os.fsdecode(b"/data/\xe9t\xe9"))
    assert tail.text() == "/data/\\udce9t\\udce9 is missing"


def test_a_token_in_a_template_stays_at_home() -> None:
    """Some receivers (Pushover) want theirs in the body."""
    webhook = {"id": "w", "url": "", "template": '{"token": "azGDORePK8gMaC0QOYAMyEEuzJnyUi", "message": "clap"}'}
    files = unpacked(
        bundle(BundleContents([], {"sources": [{"id": "s", "webhooks": [webhook]}]}, sources=[{"webhooks": [webhook]}]))
    )
    assert "azgdorepk8gmac0qoyamyeeuzjnyui" not in told(files)


def test_the_page_can_offer_it(served: Served) -> None:
    """A zip, made by the running service, with nothing of what was planted in it."""
    with Receiver(answer()) as receiver:
        garden: dict[str, Any] = json.loads(json.dumps(SETTINGS["sources"][0]))  # type: ignore[index]  # a list
        garden["webhooks"].append({"id": "live", "url": f"{receiver.url}/{SECRETS['path']}"})
        assert served.ask("POST", "/api/sources", garden).status == 201
        assert served.ask("PATCH", "/api/sources/garden", {"input": {"url": "rtsp://127.0.0.1:1/live"}}).status == 422
        done = served.ask("GET", "/api/support-bundle")
        assert receiver.requests == []
    assert (done.status, done.headers["content-type"]) == (200, "application/zip")
    assert done.headers["content-disposition"].startswith('attachment; filename="claptrap-support-')
    files = unpacked(done.body)
    assert set(files) >= {
        "README.txt",
        "doctor.json",
        "doctor.fr.txt",
        "versions.json",
        "settings.json",
        "sources.json",
        "metrics.txt",
    }
    for planted in (*SECRETS.values(), *HOSTS):
        assert planted.lower() not in told(files), planted
    assert "claptrap_healthy 1.0" in files["metrics.txt"]
    assert {found["check"] for found in json.loads(files["doctor.json"])} >= {"python", "libraries", "data", "clock"}


def test_only_one_is_made_at_a_time(served: Served) -> None:
    """A second one is refused at once, in words, and told when to come back."""
    busy = served.service.support._busy
    with busy:
        refused = served.ask("GET", "/api/support-bundle?lang=fr")
    assert (refused.status, refused.headers["retry-after"]) == (429, "10")
    assert "dossier d'assistance" in refused.json["message"]
    assert not busy.locked()
