"""What the page shows is true, and stays where it is while somebody presses something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.peers.waiting import wait_until
from tests.web.browser import browsing, needs_browser
from tests.web.conftest import Served, clap, serving

from claptrap.service import Application

pytestmark = needs_browser


@pytest.fixture
def page(served: Served) -> Iterator[Page]:
    with browsing(served.url) as opened:
        yield opened


def top(of: Locator) -> float:
    box = of.bounding_box()
    assert box is not None
    return box["y"]


def last_step(page: Page, served: Served) -> tuple[Locator, Locator]:
    """Go to the last of the first steps; return its field and the button behind it."""
    page.goto(f"{served.url}/#/start")
    for _ in range(2):
        page.get_by_role("button", name="Continuer").click()
    return page.get_by_role("textbox", name="Webhook"), page.get_by_role("button", name="Terminer")


def test_nothing_moves_when_a_field_is_left(page: Page, served: Served) -> None:
    """A refused address, then a good one: the line beneath has its place from the first key on."""
    field, done = last_step(page, served)
    field.press_sequentially("nonsense")
    place = top(done)
    field.press("Tab")
    expect(page.locator(".save-refused")).to_be_visible()
    assert top(done) == place
    field.fill("http://127.0.0.1:9/clap")
    assert top(done) == place
    field.press("Tab")
    expect(page.locator(".save-refused")).to_have_count(0)
    assert top(done) == place


def test_a_press_that_leaves_a_field_is_a_click(page: Page, served: Served) -> None:
    """The answer to what was typed came between pressing and letting go, and moved the button away from under the mouse."""
    page.set_viewport_size({"width": 320, "height": 700})  # where the reason takes several lines
    field, done = last_step(page, served)
    field.fill("nonsense")
    done.hover()
    page.mouse.down()
    place = top(done)
    for _ in range(3):  # whatever was asked before is answered by then
        page.evaluate("fetch('api/settings').then(answer => answer.text()).then(() => new Promise(requestAnimationFrame))")
    assert top(done) == place
    with page.expect_response(re.compile("api/settings")):  # which is asked for once the button is free
        page.mouse.up()
    expect(page).to_have_title(re.compile("Maison · ClapTrap$"))
    wait_until(lambda: served.service.settings.current.welcomed)


def test_a_source_whose_claps_others_have_pushed_out_has_clapped(data_dir: Path, quiet_models: Path) -> None:
    """The page knows the newest 200 of all sources: of one that has none among them, the history is asked."""
    assert not quiet_models.exists()
    with serving(Application(data_dir)) as served:
        served.service.sources.add({"id": "silent", "kind": "browser", "name": "Silence"})
        served.service.events.record(clap(0))
        for sequence in range(1, 202):
            served.service.events.record(clap(sequence, "other"))
        with browsing(served.url) as page:
            expect(page.get_by_role("article", name="Salon").get_by_text("Dernier clap : 14 nov.")).to_be_visible()
            expect(page.get_by_role("article", name="Silence").get_by_text("Aucun clap pour l'instant")).to_be_visible()
            page.goto(f"{served.url}/#/source/salon")
            expect(page.locator(".activity li")).to_have_count(1)
            expect(page.get_by_text("Pas encore de clap")).to_have_count(0)


def test_offline_nothing_is_said_to_listen(page: Page, served: Served) -> None:
    """Neither a source nor the broker: without the service nobody knows."""
    served.service.settings.apply({"sources": [{"id": "salon", "enabled": True}]})
    expect(page.locator(".state-live")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("Inconnu : service injoignable")).to_be_visible()
    expect(page.locator(".state-live")).to_have_count(0)
    page.goto(f"{page.url.partition('#')[0]}#/settings/mqtt")
    expect(page.get_by_text("Inconnu : le service est injoignable.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("Désactivé : rien n'est envoyé par MQTT.")).to_be_visible()
