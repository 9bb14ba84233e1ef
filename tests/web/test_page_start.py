"""The first minute in a new house, on a machine without a microphone: nothing in it is a dead end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.peers.receiver import Receiver, answer
from tests.web.browser import browsing, needs_browser, until
from tests.web.conftest import Served, serving
from tests.web.test_page_source import write_claps

from claptrap.core.events import SourceStatus, State
from claptrap.service import Application

pytestmark = needs_browser
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def empty(tmp_path: Path, quiet_models: Path) -> Iterator[Served]:
    """A service without any source."""
    assert not quiet_models.exists()
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps({"version": 3, "sources": []}))
    with serving(Application(folder)) as running:
        yield running


@pytest.fixture
def page(empty: Served) -> Iterator[Page]:
    with browsing(empty.url) as opened:
        yield opened


def add_recording(page: Page, path: Path) -> None:
    page.get_by_role("button", name="Ajouter une source").click()
    page.get_by_role("radio", name="Enregistrement").press("Space")
    page.get_by_label("Fichier", exact=True).fill(str(path))
    page.get_by_role("switch", name="Répéter").press("Space")
    page.get_by_role("button", name="Ajouter", exact=True).click()
    expect(page.get_by_role("dialog")).not_to_be_visible()  # news of the source may come before the answer that closes it


def test_from_nothing_to_a_clap_that_is_told(page: Page, empty: Served, tmp_path: Path) -> None:
    """A source, a clap with its score and reason, a webhook that answers; then the house, for ever."""
    write_claps(tmp_path / "claps.wav")
    expect(page).to_have_title("Premiers pas · ClapTrap")
    expect(page.get_by_text("Il n'y a pas encore de source.")).to_be_visible()
    add_recording(page, tmp_path / "claps.wav")
    expect(page.locator(".step .state-live")).to_be_visible()

    page.get_by_role("button", name="Continuer").press("Enter")
    expect(page.get_by_role("heading", name="Claquez des mains une fois")).to_be_focused()
    expect(page.locator(".clap-result")).to_contain_text("Clap : détection.")

    page.get_by_role("button", name="Continuer").press("Enter")
    with Receiver(answer(204)) as receiver:
        page.get_by_role("textbox", name="Webhook").fill(receiver.url)
        page.get_by_role("button", name="Tester").click()
        expect(page.locator(".test-outcome")).to_contain_text("Test reçu : réponse 204")
        page.get_by_role("button", name="Terminer").click()
        expect(page).to_have_title(re.compile("Maison · ClapTrap$"))  # with a 👏 before it just after a clap
        until(page, "fetch('api/settings').then(a => a.json()).then(s => s.welcomed)")
    page.reload()
    expect(page.get_by_role("article", name="Enregistrement")).to_be_visible()
    assert empty.service.settings.current.welcomed


def test_a_microphone_that_cannot_be_heard_says_why_and_what_else_could(page: Page, empty: Served) -> None:
    """No device, no permission, no library: the reason, and a phone or another source as the way on; or none, for now."""
    expect(page.get_by_role("heading", name="Choisissez le micro")).to_be_visible()  # news of before would be lost to it
    empty.service.settings.apply(
        {"sources": [{"id": "microphone", "kind": "microphone", "name": "Microphone", "enabled": False}]}
    )
    empty.service.settings.apply({"sources": [{"id": "microphone", "enabled": True}]})
    for code in ("source.no_device", "source.no_portaudio"):
        empty.service.stop_detection()  # the machine's own microphone, or its want of one, has no say
        empty.service.status.offer(SourceStatus("microphone", State.FAILED, code))
        expect(page.locator(".step .reason")).to_be_visible()
    expect(page.locator(".step .reason")).to_contain_text("PortAudio")
    page.get_by_role("button", name="Un téléphone, une caméra").press("Enter")
    page.get_by_role("dialog").get_by_role("radio", name="Téléphone").press("Space")
    expect(page.get_by_role("dialog").get_by_text("serve --host 0.0.0.0 --tls")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Démarrer la détection")).to_be_visible()
    page.get_by_role("button", name="Passer les premiers pas").click()
    expect(page).to_have_title("Maison · ClapTrap")
    until(page, "fetch('api/settings').then(a => a.json()).then(s => s.welcomed)")


def test_the_steps_go_on_with_what_was_added_where_the_microphone_fails(page: Page, empty: Served, tmp_path: Path) -> None:
    """They do not wait for a microphone that is not there: a clap is heard by the source that is."""
    write_claps(tmp_path / "claps.wav")
    expect(
        page.get_by_role("heading", name="Choisissez le micro")
    ).to_be_visible()  # a house that has a source opens without steps
    empty.service.sources.add({"kind": "microphone", "name": "Microphone", "input": {"device": "nowhere"}})
    expect(page.locator(".step .reason")).to_be_visible()
    add_recording(page, tmp_path / "claps.wav")
    expect(page.locator(".step .state-live")).to_be_visible()
    page.get_by_role("button", name="Continuer").click()
    expect(page.locator(".clap-result")).to_contain_text("Clap : détection.")


def test_who_has_the_example_receiver_is_told_of_it(
    tmp_path: Path, data_dir: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After ``make run`` it is there, beside the program; whoever has ClapTrap otherwise is not sent to look for it."""
    assert not quiet_models.exists()
    for program, count in ((f"{tmp_path}/.venv/bin/claptrap", 1), ("claptrap", 0)):
        monkeypatch.setattr("claptrap.service.app.program", lambda program=program: program)
        with serving(Application(data_dir)) as served, browsing(served.url) as page:
            page.goto(f"{served.url}#/start")
            page.get_by_role("button", name="Continuer").click()
            page.get_by_role("button", name="Continuer").click()
            expect(page.get_by_role("heading", name="Où envoyer les claps ?")).to_be_focused()
            expect(page.get_by_text(f"python3 {tmp_path}/examples/receiver.py", exact=True)).to_have_count(count)
            expect(page.get_by_text("http://127.0.0.1:8080/clap", exact=True)).to_have_count(count)
    assert (ROOT / "examples" / "receiver.py").is_file()
