"""The page in a real browser, on the real service."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright
from tests.peers.receiver import Receiver, answer
from tests.web.conftest import Served, clap

from claptrap.core.events import Heard, ModelProgress
from claptrap.web.page import ASSETS

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic", "--no-first-run")
PATIENCE_MS = 20_000

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is missing: sudo apt install chromium"),
    pytest.mark.skipif(not (ASSETS / "index.html").exists(), reason="the page is not built: make page"),
]


@pytest.fixture
def page(served: Served) -> Iterator[Page]:
    """The page, opened. Fails the test afterwards if it complained on its console or asked anybody but its own service."""
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = browser.new_context(locale="en-US").new_page()  # French is the default whatever the browser speaks
        opened.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        opened.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        opened.on("pageerror", lambda error: complaints.append(str(error)))
        opened.on("request", lambda asked: None if asked.url.startswith(served.url) else complaints.append(asked.url))
        opened.on(
            "websocket",
            lambda socket: (
                None if socket.url.startswith(served.url.replace("http", "ws")) else complaints.append(socket.url)
            ),
        )
        opened.goto(served.url)
        yield opened
        browser.close()
    assert [said for said in complaints if "422" not in said] == []  # Chromium's own note of a refusal that a test provokes


def test_it_opens_in_french_and_speaks_english_by_choice(page: Page, served: Served) -> None:
    expect(page.get_by_role("button", name="Arrêter la détection")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Stop detection")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.wait_for_function("fetch('api/settings').then(a => a.json()).then(s => s.language === 'en')")
    page.reload()
    expect(page.get_by_role("button", name="Stop detection")).to_be_visible()
    assert served.service.language == "en"


def test_detection_is_stopped_and_started(page: Page, served: Served) -> None:
    expect(page.locator(".state-live")).to_be_visible()
    page.get_by_role("button", name="Arrêter la détection").click()
    expect(page.get_by_text("Détection arrêtée")).to_be_visible()
    assert not served.service.running
    page.get_by_role("button", name="Démarrer la détection").click()
    expect(page.locator(".state-live")).to_be_visible()
    assert served.service.running


def test_a_threshold_that_was_set_is_there_after_a_reload_and_on_another_page(page: Page, served: Served) -> None:
    expect(page.get_by_role("slider")).to_have_value("0.5")
    other = page.context.new_page()
    other.goto(served.url)
    expect(other.get_by_role("slider")).to_have_value("0.5")
    page.get_by_role("slider").fill("0.8")
    expect(other.get_by_role("slider")).to_have_value("0.8")
    page.reload()
    expect(page.get_by_role("slider")).to_have_value("0.8")
    assert served.service.settings().sources[0].threshold == 0.8


def test_the_webhook_test_shows_its_outcome(page: Page, served: Served) -> None:
    with Receiver(answer(204), then=answer(403)) as receiver:
        served.service.change(
            {"sources": [{"id": "salon", "webhooks": [{"id": "webhook", "url": receiver.url, "max_attempts": 1}]}]}
        )
        button = page.get_by_role("button", name="Tester")
        expect(button).to_be_enabled()
        button.click()
        expect(page.locator(".test-outcome")).to_have_text(re.compile(r"Test reçu : réponse 204 en "))
        button.click()
        expect(page.locator(".test-outcome")).to_have_text(re.compile(r"Échec du test : .*403"))
        assert [request.json["event"] for request in receiver.wait_for(2)] == ["test", "test"]


def test_a_clap_is_shown_at_once_and_kept_in_the_list(page: Page, served: Served) -> None:
    expect(page.locator(".state-live")).to_be_visible()
    served.service.take(clap(0))
    expect(page.locator('[data-mood="clap"]')).to_have_text("👏")
    expect(page.locator(".feed tbody tr")).to_have_count(1)
    page.reload()
    expect(page.locator(".feed tbody tr")).to_have_count(1)


def test_sounds_are_named_in_the_page_s_language(page: Page, served: Served) -> None:
    expect(page.locator(".state-live")).to_be_visible()
    served.service.take(clap(0))
    served.service.offer(ModelProgress("yamnet.tflite", 1, 1, in_use=True))
    served.service.offer(Heard("salon", 6.0, (("Finger snapping", 0.7), ("Inside, small room", 0.2))))
    expect(page.locator(".sound-name")).to_have_text(["Claquement de doigts", "Intérieur, petite pièce"])
    expect(page.locator(".feed .col-sounds").last).to_have_text(re.compile(r"^Battement de mains 80"))
    page.get_by_role("button", name="English").click()
    expect(page.locator(".sound-name")).to_have_text(["Finger snapping", "Inside, small room"])
    expect(page.locator(".feed .col-sounds").last).to_have_text(re.compile(r"^Clapping 80"))


def test_a_bad_address_is_refused_beside_its_field(page: Page, served: Served) -> None:
    field = page.get_by_role("textbox", name="Webhook")
    field.fill("ftp://nowhere")
    field.blur()
    expect(page.get_by_text("L'adresse doit commencer par http:// ou https://")).to_be_visible()
    assert served.service.settings().sources[0].webhooks[0].url == ""


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_sticks_out(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    expect(page.locator(".state-live")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
