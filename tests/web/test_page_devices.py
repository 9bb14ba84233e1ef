"""Which of several microphones: the page shows how loud it is at each."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from tests.peers.claps import recording
from tests.peers.sound import RATE_HZ, SoundServer, sound_server
from tests.web.browser import browsing, needs_browser
from tests.web.conftest import Served

from claptrap.core.errors import SourceError
from claptrap.service import probes as service_probes
from claptrap.sources.microphone import Device, Measured

__all__ = ["sound_server"]  # a fixture

pytestmark = [*needs_browser, pytest.mark.xdist_group("sound")]

QUIET = Device("Intern", "ALSA", 2, 48_000, default=True)
LOUD = Device("Casque USB", "ALSA", 1, 48_000, default=False)
TAKEN = Device("HDMI", "ALSA", 2, 48_000, default=False)


def measure(device: str) -> Measured:
    if device == TAKEN.id:
        raise SourceError("source.device_busy", retryable=True, device=TAKEN.name)
    return Measured(48_000, 1, -12.0 if device == LOUD.id else -70.0)


def test_the_right_microphone_is_found_by_speaking(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is opened before somebody wants to listen; the one that is loud is chosen at a press."""
    asked: list[str] = []
    monkeypatch.setattr(service_probes, "list_devices", lambda: (QUIET, LOUD))
    monkeypatch.setattr(service_probes, "measure", lambda device: asked.append(device) or measure(device))
    page.get_by_role("button", name="Ajouter une source").press("Enter")
    choice = page.get_by_label("Micro", exact=True)
    expect(choice.locator("option")).to_have_count(3)
    assert asked == []
    page.get_by_text("Écouter chaque micro").press("Enter")
    rows = page.locator(".device-levels").get_by_role("listitem")
    expect(rows.filter(has_text="Casque")).to_contain_text("−12 dBFS")
    expect(rows.filter(has_text="Intern")).to_contain_text("−70 dBFS")
    rows.filter(has_text="Casque").get_by_role("button", name="Choisir Casque USB").press("Enter")
    expect(choice).to_have_value(LOUD.id)
    expect(rows.filter(has_text="Casque").get_by_role("button")).to_have_text("Choisi")
    page.get_by_role("button", name="Annuler").press("Enter")
    n_asked = len(asked)
    page.evaluate("new Promise(done => setTimeout(done, 300))")
    assert len(asked) <= n_asked + 1, "nobody listens any more"


def test_no_microphone_is_opened_for_a_page_that_nobody_sees(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forgotten tab would open each of them again and again; looked at once more, it goes on."""
    monkeypatch.setattr(service_probes, "list_devices", lambda: (QUIET, LOUD))
    monkeypatch.setattr(service_probes, "measure", measure)
    page.get_by_role("button", name="Ajouter une source").press("Enter")
    page.get_by_text("Écouter chaque micro").press("Enter")
    expect(page.locator(".device-levels").get_by_text("−12 dBFS")).to_be_visible()
    probes: list[str] = []
    page.on("request", lambda asked: probes.append(asked.url) if "/api/probe/" in asked.url else None)
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    before = len(probes)
    page.wait_for_timeout(600)  # in which there would be five
    assert len(probes) == before
    with page.expect_request("**/api/probe/microphone?*"):
        page.evaluate("delete document.hidden")


def test_a_microphone_is_added_and_heard(sound_server: SoundServer, served: Served) -> None:
    """Real sound: the one that somebody speaks into shows it, is chosen, and hears a clap."""
    claps, _ = recording(3, RATE_HZ)
    with browsing(served.url, provoked=["503"]) as page:  # one of the system's devices is out of order
        page.get_by_role("button", name="Ajouter une source").press("Enter")
        page.get_by_label("Nom", exact=True).fill("Cuisine")
        page.get_by_text("Écouter chaque micro").press("Enter")
        kitchen = page.locator(".device-levels").get_by_role("listitem").filter(has_text="kitchen")
        speaking = threading.Thread(target=sound_server.kitchen.play, args=(np.full(60 * RATE_HZ, 0.5, np.float32),))
        speaking.start()
        expect(kitchen).to_contain_text("−6 dBFS")
        kitchen.get_by_role("button", name="Choisir kitchen").press("Enter")
        sound_server.kitchen.hush()
        speaking.join()
        page.get_by_role("button", name="Ajouter", exact=True).press("Enter")
        card = page.get_by_role("article", name="Cuisine")
        expect(card.locator(".state-live")).to_be_visible()
        sound_server.kitchen.play(claps)
        expect(page.locator(".activity li").filter(has_text="Cuisine").first).to_be_visible()
    assert served.service.settings.current.sources[1].input.device == "kitchen, ALSA"


def test_one_microphone_is_tried_at_a_time(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks meanwhile is told so at once; what cannot be opened says why; what is no name is refused."""
    begun, go_on = threading.Event(), threading.Event()

    def slowly(device: str) -> Measured:
        begun.set()
        assert go_on.wait(20)
        return measure(device)

    monkeypatch.setattr(service_probes, "measure", slowly)
    answers: list[object] = []
    first = threading.Thread(
        target=lambda: answers.append(served.ask("POST", "/api/probe/microphone", {"device": LOUD.id}).json)
    )
    first.start()
    try:
        assert begun.wait(20)
        meanwhile = served.ask("POST", "/api/probe/microphone", {"device": QUIET.id})
    finally:
        go_on.set()
        first.join(20)
    assert (meanwhile.status, meanwhile.json["code"]) == (429, "api.microphone_probed")
    assert answers == [{"rate_hz": 48_000, "channels": 1, "peak_dbfs": -12.0}]
    busy = served.ask("POST", "/api/probe/microphone?lang=fr", {"device": TAKEN.id})
    assert busy.json["code"] == "source.device_busy"
    assert "HDMI" in busy.json["message"]
    assert served.ask("POST", "/api/probe/microphone", {"device": 3}).status == 400
