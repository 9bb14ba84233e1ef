"""The wall: a dozen sources at a glance, on a desk, a tablet and a phone."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.peers.hearing import Tap
from tests.web.browser import browsing, needs_browser, until
from tests.web.conftest import Served, clap, serving
from tests.web.test_nodes import CAMERA, FOUND, Kitchen
from tests.web.test_page_steady import HAND

from claptrap.core.events import SourceStatus, State
from claptrap.service import Application

pytestmark = needs_browser

ROOMS = ("Bas", "Bas", "Haut", "")
BROKEN = ("s4", "s7")


@pytest.fixture
def dozen(tmp_path: Path, quiet_models: Path) -> Iterator[Served]:
    """Twelve sources of which nothing is heard but what a test says: nine listen, two are broken, one is off."""
    assert not quiet_models.exists()
    folder = tmp_path / "data"
    folder.mkdir()
    sources = [{"id": f"s{n}", "kind": "browser", "name": f"Source {n}", "enabled": n != 11} for n in range(12)]
    (folder / "settings.json").write_text(json.dumps({"version": 3, "welcomed": True, "sources": sources}))
    with serving(Application(folder)) as running:
        running.service.stop_detection()
        yield running


def say(served: Served, page: Page) -> None:
    """Say how the twelve are, to a page that is connected."""
    expect(page.locator(".link-connected")).to_be_visible()
    expect(page.locator(".tile")).to_have_count(12)
    for n in range(11):
        is_broken = f"s{n}" in BROKEN
        code, params = ("file.missing", {"path": "x"}) if is_broken else ("", {})
        state = State.FAILED if is_broken else State.LIVE
        served.service.status.offer(SourceStatus(f"s{n}", state, code, params, attempt=int(is_broken), rate_hz=48_000))
    expect(page.locator(".tile .state-live")).to_have_count(9)


def test_twelve_sources_are_seen_at_once_and_the_broken_ones_first(dozen: Served) -> None:
    with browsing(dozen.url, viewport={"width": 1440, "height": 900}) as page:
        say(dozen, page)
        expect(page.locator(".health")).to_have_text(re.compile(r"9 à l'écoute +2 en panne"))
        tiles = page.get_by_role("article")
        for place, n in enumerate((4, 7, 0)):
            expect(tiles.nth(place)).to_have_attribute("aria-label", f"Source {n}")
        expect(tiles.first.get_by_text("x : fichier introuvable.")).to_be_visible()
        expect(tiles.first.get_by_role("link", name="Réparer Source 4")).to_be_visible()
        page.evaluate(HAND)
        dozen.service.status.offer(SourceStatus("s9", State.FAILED, "file.missing", {"path": "x"}, attempt=1))
        expect(page.get_by_role("article", name="Source 9").locator(".state-failed")).to_be_visible()
        third = tiles.nth(2).get_attribute("aria-label")
        assert third == "Source 0" or page.evaluate("rested")
        page.evaluate("clearInterval(hand)")
        expect(tiles.nth(2)).to_have_attribute("aria-label", "Source 9")
        for width, height, n_columns in ((1440, 900, None), (820, 1180, 2), (390, 844, 1)):
            page.set_viewport_size({"width": width, "height": height})
            boxes = [box for tile in tiles.all() if (box := tile.bounding_box())]
            if n_columns is None:
                assert max(box["y"] + box["height"] for box in boxes) <= height
                assert page.evaluate("document.documentElement.scrollHeight") <= height
            else:
                assert len({box["x"] for box in boxes}) == n_columns
            if n_columns == 1:
                assert {box["height"] for box in boxes} == {72}


def test_nothing_is_sent_for_an_hour_and_then_again_at_a_press(dozen: Served) -> None:
    with browsing(dozen.url, viewport={"width": 1440, "height": 900}) as page:
        say(dozen, page)
        page.get_by_role("button", name="Ne rien envoyer pendant une heure").click()
        expect(page.get_by_role("button", name="Envoyer de nouveau les détections")).to_be_visible()
        assert not dozen.service.arming.acts("s0", time.time() + 3500)
        page.get_by_role("button", name="Envoyer de nouveau les détections").click()
        expect(page.get_by_role("button", name="Ne rien envoyer pendant une heure")).to_be_visible()
        assert dozen.service.arming.acts("s0", time.time())


def test_a_clap_lights_its_tile_and_a_tap_opens_the_recipe_of_two_claps(dozen: Served) -> None:
    """Two presses from the wall to "two claps"; what happened stands in the rail."""
    with browsing(dozen.url, viewport={"width": 1440, "height": 900}) as page:
        say(dozen, page)
        tile = page.get_by_role("article", name="Source 3", exact=True)
        expect(tile.get_by_text("Aucun clap pour l'instant")).to_be_visible()
        dozen.service.events.record(replace(clap(0, "s3"), source_name="Source 3", timestamp=time.time()))
        expect(page.locator(".glow")).to_have_count(1)
        expect(tile.locator(".glow")).to_be_attached()
        expect(tile.get_by_text(re.compile(r"maintenant|il y a\s\d+\ss"))).to_be_visible()
        expect(page.locator(".activity li")).to_have_text(re.compile("Source 3 · 1 clap"))
        tile.get_by_role("link", name="Source 3").click()
        panel = page.get_by_role("complementary", name="Source 3")
        expect(panel.get_by_role("heading", name="Source 3")).to_be_focused()
        double = panel.get_by_role("radio", name="2 claps")
        expect(double).to_be_enabled()  # the presets have come
        double.press("Space")
        until(page, "fetch('api/sources/s3').then(a => a.json()).then(s => s.patterns[0].claps === 2)")
        page.keyboard.press("Escape")
        expect(panel).to_have_count(0)
        expect(tile.get_by_role("link", name="Source 3")).to_be_focused()


def test_a_threshold_is_set_by_dragging_its_line(dozen: Served) -> None:
    with browsing(dozen.url, viewport={"width": 1440, "height": 900}) as page:
        say(dozen, page)
        page.goto(f"{dozen.url}/#/at/s3")
        line = page.locator(".strip-line")
        line.hover()
        page.mouse.down()
        page.locator(".strip-scores").hover(position={"x": 5, "y": 2})
        expect(page.get_by_role("slider", name="Seuil")).to_have_value(re.compile(r"^(0\.9\d?|1)$"))
        page.mouse.up()
        until(page, "fetch('api/sources/s3').then(a => a.json()).then(s => s.threshold >= 0.9)")


def test_rooms_fold_and_the_kiosk_shows_all(dozen: Served) -> None:
    """What is folded stays so; without the service nothing on the tablet is said to listen."""
    rooms = [{"id": f"s{n}", "room": ROOMS[n % len(ROOMS)]} for n in range(12)]
    dozen.service.settings.apply({"sources": rooms})
    with browsing(dozen.url, viewport={"width": 1440, "height": 900}) as page:
        say(dozen, page)
        expect(page.locator(".room h2")).to_have_text(["Bas", "Haut", "Sans pièce"])
        kept = page.evaluate("document.querySelector('.room summary').click(), localStorage['claptrap.folded']")
        assert kept == '["Bas"]', "it is kept at the press, whatever becomes of the page after it"
        expect(page.get_by_role("article")).to_have_count(6)
        page.reload()
        expect(page.get_by_role("article")).to_have_count(6)
        page.get_by_role("heading", name="Haut").click()
        expect(page.get_by_role("article")).to_have_count(3)
        page.get_by_role("heading", name="Haut").click()
        expect(page.get_by_role("article")).to_have_count(6)
        page.get_by_role("link", name="Vue murale").click()
        expect(page.locator(".kiosk-clock")).to_have_text(re.compile(r"^\d\d:\d\d$"))
        expect(page.get_by_role("article")).to_have_count(12)
        page.context.set_offline(True)
        expect(page.locator(".state-unknown")).to_have_count(12)
        expect(page.locator('[data-mood="offline"]')).to_be_visible()
        page.context.set_offline(False)
        expect(page.locator(".state-unknown")).to_have_count(0)
        page.get_by_role("link", name="Quitter").click()
        expect(page).to_have_title("Maison · ClapTrap")


def test_a_machine_of_the_cluster_gives_its_sources_away_at_a_press(tmp_path: Path, quiet_models: Path) -> None:
    """It has its page where there is a cluster; a source says where it is heard, and a clap who else heard it.

    What could be heard at it is offered where a source is added.
    """
    assert not quiet_models.exists()
    sources = [CAMERA, {**CAMERA, "id": "porch", "name": "Porch", "input": {"url": "rtsp://127.0.0.1:1/y"}}]
    (tmp_path / "settings.json").write_text(json.dumps({"version": 3, "welcomed": True, "sources": sources}))
    cluster = Kitchen()
    with serving(Application(tmp_path, cluster=cluster, build_source=lambda _spec: Tap())) as served:
        served.service.events.record(replace(clap(0, "hall"), source_name="Hall", heard_by=("hall", "porch")))
        with browsing(served.url, ["503 /api/devices", "503 /api/nodes/kitchen/devices"]) as page:
            expect(page.locator(".activity li")).to_contain_text("aussi entendu par Porch")
            page.get_by_role("link", name="Réglages", exact=True).click()
            page.get_by_role("link", name="Machines").click()
            kitchen = page.get_by_role("article", name="kitchen")
            expect(kitchen).to_contain_text("2 sur 60")
            kitchen.get_by_role("button", name="Confier ses sources aux autres").click()
            expect(kitchen.get_by_text("Cède ses sources")).to_be_visible()
            page.goto(f"{served.url}/#/source/hall/source")
            expect(page.get_by_text("écoutée par kitchen")).to_be_visible()
            page.get_by_label("Écoutée par", exact=True).select_option("kitchen")
            until(page, "fetch('api/sources/hall').then(a => a.json()).then(s => s.node === 'kitchen')")
            page.get_by_role("button", name="Ajouter une source").press("Enter")
            dialog = page.get_by_role("dialog", name="Ajouter une source")
            dialog.get_by_label("Machine", exact=True).select_option("kitchen")
            expect(dialog.get_by_text("« kitchen » ne répond pas.")).to_be_visible()
            expect(dialog.get_by_text("Écouter chaque micro")).to_have_count(0)
            cluster.found = FOUND
            dialog.get_by_role("button", name="Chercher à nouveau les micros").press("Enter")
            dialog.get_by_label("Micro", exact=True).select_option("Micro de table, ALSA")
            dialog.get_by_role("radio", name="Audio réseau").press("Space")
            dialog.get_by_role("button", name="Ajouter Esp").press("Enter")
            expect(dialog).to_have_count(0)
            page.get_by_role("button", name="Ajouter une source").press("Enter")
            dialog.get_by_label("Machine", exact=True).select_option("kitchen")
            dialog.get_by_label("Micro", exact=True).select_option("Micro de table, ALSA")
            dialog.get_by_role("button", name="Ajouter", exact=True).press("Enter")
            expect(dialog).to_have_count(0)
            stream, microphone = served.service.settings.current.sources[2:]
            assert (stream.node, stream.input.host, stream.input.stream) == ("kitchen", "192.0.2.7", "Esp")
            assert (microphone.node, microphone.input.device) == ("kitchen", "Micro de table, ALSA")
