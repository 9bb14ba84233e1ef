"""The minute in which a source learns its place, marks, and what-if: a person's way through the page, with real sound."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from tests.peers.waiting import wait_until
from tests.web.browser import browsing, needs_browser
from tests.web.conftest import Served, serving
from tests.web.test_page_source import clapping, write_row
from tests.web.test_page_steady import MARK, MOVED

from claptrap.service import Application

pytestmark = needs_browser
__all__ = ["clapping"]
PATIENT_MS = 60_000


@pytest.fixture
def page(clapping: Served) -> Iterator[Page]:
    with browsing(clapping.url, ["404"]) as opened:  # a look at the session that was under way when it was applied
        opened.goto(f"{clapping.url}#/source/salon")
        yield opened


def test_the_minute_teaches_the_claps_and_is_undone(page: Page, clapping: Served) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    answers: list[Route] = []
    with page.expect_request("**/calibration?*"):
        page.route("**/calibration?*", lambda route: answers.append(route), times=1)  # noqa: PLW0108  # Playwright marks its handlers
        page.get_by_role("link", name="Calibrer en une minute").click()
    expect(page.get_by_role("heading", name="Clapez cinq fois")).to_be_focused()
    next_step = page.get_by_role("button", name="Continuer")
    expect(next_step).to_be_disabled()
    page.evaluate(MARK)  # before the service has answered
    answers[0].continue_()
    expect(page.locator(".clap-dot-full")).to_have_count(5, timeout=PATIENT_MS)
    expect(page.locator(".learn-examples").get_by_text("Accepté.").first).to_be_visible()
    assert page.evaluate(MOVED) == []  # the claps come in above the way on
    next_step.click()
    expect(page.get_by_role("heading", name="Faites les bruits de la pièce")).to_be_focused()
    next_step.click()
    expect(page.locator(".proposal")).to_contain_text(re.compile(r"Claps reconnus\s*\d+ sur \d+"))
    page.get_by_role("button", name="Appliquer").click()
    expect(page.get_by_role("heading", name="C'est appris")).to_be_visible()
    assert clapping.service.learning.state("salon")["claps"] >= 5
    page.get_by_role("button", name="Annuler").click()
    expect(page.get_by_text("Rien encore")).to_be_visible()
    assert clapping.service.learning.state("salon")["claps"] == 0


def test_giving_up_ends_the_session_and_learns_nothing(page: Page, clapping: Served) -> None:
    page.get_by_role("link", name="Calibrer en une minute").click()
    expect(page.locator(".clap-dot-full").first).to_be_visible(timeout=PATIENT_MS)
    page.get_by_role("button", name="Abandonner").click()
    expect(page.get_by_text("Rien encore")).to_be_visible()
    wait_until(lambda: clapping.ask("GET", "/api/sources/salon/calibration").status == 404)


def test_a_mark_teaches_at_once(page: Page) -> None:
    heard = page.locator(".learning .candidates li").last
    heard.get_by_role("button", name="un clap", exact=False).first.click(timeout=PATIENT_MS)
    expect(page.locator(".learn-effect")).to_have_text(re.compile("^Appris"))
    expect(page.get_by_text(re.compile("Claps appris.: 1\\."))).to_be_visible()


def test_what_if_says_what_the_last_day_would_have_fired(page: Page) -> None:
    said = page.locator(".what-if")
    expect(said).to_have_text(re.compile("avec ces réglages.: [1-9]"), timeout=PATIENT_MS)
    page.get_by_role("slider").fill("1")
    expect(said).to_have_text(re.compile("avec ces réglages.: 0 au lieu de [1-9]"))


def test_a_sound_is_taught_by_making_it(tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By YAMNet itself, from the sound of the source; from then on it is a reaction that happens."""
    monkeypatch.setenv("CLAPTRAP_MODELS_DIR", str(shared / "models"))
    write_row(tmp_path / "row.wav")
    recording = {"path": str(tmp_path / "row.wav"), "loop": True}
    source = {"id": "salon", "kind": "file", "name": "Salon", "hears": "applause", "input": recording}
    (tmp_path / "settings.json").write_text(json.dumps({"version": 3, "welcomed": True, "sources": [source]}))
    with serving(Application(tmp_path)) as served, browsing(f"{served.url}") as page:
        page.goto(f"{served.url}#/source/salon/reactions")
        page.get_by_role("button", name="Apprendre un son").click()
        lesson = page.locator(".lesson")
        lesson.get_by_label("Nom", exact=True).fill("Trois coups", timeout=PATIENT_MS)  # once three examples are alike
        expect(lesson.locator(".lesson-rows li").nth(2)).to_contain_text("Exemple 3")
        lesson.get_by_role("button", name="Ajouter ce son").click()
        expect(page.get_by_role("group", name="Quand Trois coups")).to_be_visible()
        page.get_by_role("navigation", name="Vues").get_by_role("link", name="Maison").click()
        expect(page.locator(".activity li").first).to_contain_text("Trois coups", timeout=PATIENT_MS)
