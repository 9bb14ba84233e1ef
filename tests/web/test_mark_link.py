"""A link in a notification marks one detection, once, without a login; nothing else gets through."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.peers.receiver import Receiver, answer
from tests.web.browser import browsing, needs_browser
from tests.web.conftest import WAIT_S, Served, clap, serving

from claptrap.core.clock import SystemClock
from claptrap.service import Application
from claptrap.service.mark_links import LASTS_S


@pytest.fixture
def locked(data_dir: Path, quiet_models: Path) -> Iterator[Served]:
    """A service with a password, that has a detection and knows where phones reach it."""
    assert not quiet_models.exists()
    service = Application(data_dir)
    service.access.set_password("correct horse")
    with serving(service) as running:
        service.settings.apply({"public_url": running.url})
        service.events.record(clap(0))
        yield running


def link(served: Served, sequence: int = 0) -> str:
    return served.service.mark_links.link(clap(sequence).id, "not_clap").removeprefix(served.url)


def mark(served: Served) -> str | None:
    kept = served.service.journal.detection(clap(0).id)
    assert kept is not None
    return kept.mark


def test_a_link_marks_its_detection_once(locked: Served) -> None:
    path = link(locked)
    shown = locked.ask("GET", f"{path}?lang=en")
    assert (shown.status, mark(locked)) == (200, None)
    assert b"<form" in shown.body
    assert b"Salon" in shown.body
    assert locked.ask("POST", path, Origin="http://elsewhere.example").status == 403
    assert mark(locked) is None
    assert locked.ask("POST", path, Origin=locked.url).status == 200
    assert mark(locked) == "not_clap"
    locked.service.marks.mark(clap(0).id, "clap")
    again = locked.ask("POST", path, Origin=locked.url)
    assert (again.status, b"<form" in again.body, mark(locked)) == (200, False, "clap")
    assert locked.ask("PATCH", f"/api/history/{clap(0).id}", {"mark": None}, Origin=locked.url).status == 401


def test_what_is_no_link_of_ours_does_nothing(locked: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    path = link(locked)
    said, _, signature = path.removeprefix("/mark/").partition(".")
    other = link(locked, 1).removeprefix("/mark/").partition(".")[0]
    for token in ("x", f"{said}.", f"{said}.{signature[:-2]}AA", f"{other}.{signature}", f"{said}.%C3%A9", "a" * 5000):
        found = locked.ask("POST", f"/mark/{token}", Origin=locked.url, Accept="text/html")
        assert (found.status, found.headers["content-type"]) == (410, "text/html; charset=utf-8"), token
    assert locked.ask("POST", "/mark/x", Origin=locked.url).json["code"] == "mark.bad_link"
    assert locked.ask("GET", link(locked, 5)).status == 404
    now = time.time()
    monkeypatch.setattr("claptrap.core.clock.SystemClock.unix", lambda _: now + LASTS_S + 60)
    assert locked.ask("POST", path, Origin=locked.url).status == 410
    assert mark(locked) is None


def test_links_outlive_a_restart_and_need_an_address(locked: Served, tmp_path: Path) -> None:
    service, path = locked.service, link(locked)
    key = tmp_path / "data" / "links.key"
    assert key.stat().st_mode & 0o077 == 0
    again = type(service.mark_links)(tmp_path / "data", service.settings, service.journal, service.marks, SystemClock())
    assert again.read(path.removeprefix("/mark/")).mark == "not_clap"
    service.settings.apply({"public_url": ""})
    assert service.mark_links.link(clap(0).id, "clap") == ""


def test_a_notification_carries_the_link(locked: Served) -> None:
    with Receiver(then=answer(200)) as receiver:
        address = f"{receiver.url.replace('http://', 'json://')}/?rto={WAIT_S}"
        locked.service.settings.apply({"notify": [{"id": "phone", "url": address}]})
        now = replace(clap(7), timestamp=time.time())
        locked.service.events.record(now)
        receiver.wait_for(1)
        text = receiver.requests[0].json["message"]
    token = text.rpartition("/mark/")[2]
    assert locked.service.mark_links.read(token).event.id == now.id


class TestInABrowser:
    """What a person does with it: the policy of the page must let its form be sent."""

    pytestmark = needs_browser

    def test_the_button_marks(self, locked: Served) -> None:
        with browsing(locked.url + link(locked)) as page:
            page.get_by_role("button").click()
            expect(page.get_by_role("button")).to_have_count(0)
        assert mark(locked) == "not_clap"
