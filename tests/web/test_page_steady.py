"""What the page shows is true, and stays where it is while somebody presses something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.peers.waiting import wait_until
from tests.web.browser import browsing, needs_browser, until
from tests.web.conftest import Served, clap, serving

from claptrap.core.events import SourceStatus, State
from claptrap.service import Application

ON_A_PHONE = ("house", "start", "source/salon")
VIEWS = (*ON_A_PHONE, "source/salon/reactions", "source/salon/source", "history", "settings/mqtt")
# all that can be pressed, and where it is; but for the foot, which is where the view ends
MARK = """() => {
    const kinds = 'a[href], button, input, select, textarea, summary';
    const all = [...document.querySelectorAll(kinds)].filter(one => one.offsetParent && !one.closest('.foot'));
    window.places = new Map(all.map(one => [one, one.getBoundingClientRect()]));
    return places.size;
}"""
MOVED = """() => [...places].flatMap(([one, {x, y}]) => {
    const now = one.getBoundingClientRect();
    const isMoved = one.isConnected && Math.hypot(now.x - x, now.y - y) > 1;
    return isMoved ? [`${now.x - x} ${now.y - y} ${one.outerHTML.slice(0, 100)}`] : [];
})"""
# how many questions are not answered yet
COUNTED = """(ask => {
    window.pending = window.asked = 0;
    const count = more => { pending += more; asked = performance.now(); };
    addEventListener('hashchange', () => count(0));
    window.fetch = (...question) => { count(1); return ask(...question).finally(() => count(-1)); };
})(fetch)"""
# a hand that moves: under it no list grows, unless the browser was too busy to move it
HAND = """() => {
    let last = performance.now();
    window.rested = false;
    const move = () => {
        rested ||= performance.now() - last > 1500;
        last = performance.now();
        dispatchEvent(new PointerEvent('pointermove'));
    };
    window.hand = setInterval(move, 100);
    move();
}"""
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


def test_news_move_nothing_that_can_be_pressed(page: Page, served: Served) -> None:
    """A source that fails and comes back with a fault, and claps: on a desk and on a phone."""
    page.add_init_script(COUNTED)
    page.reload()
    expect(page.get_by_role("article")).to_be_visible()
    served.service.stop_detection()  # else what the source itself says comes over what is said for it here
    news = iter(range(1, 100))

    def tell(state: State, code: str) -> None:
        """Say how the source is, and let it clap; return when the page shows both."""
        n = next(news)
        params = {"path": "x", "seconds": 5}
        served.service.status.offer(SourceStatus("salon", state, code, params, attempt=1, rate_hz=48_000))
        served.service.events.record(replace(clap(n), score=n / 100))
        expect(page.locator("[aria-live=polite] span")).to_contain_text(f"0,{n:02}")

    moved = {}
    for view, width in (*((view, 1280) for view in VIEWS), *((view, 390) for view in ON_A_PHONE)):
        page.set_viewport_size({"width": width, "height": 844})
        page.goto(f"{served.url}/#/{view}")
        expect(page.locator(f"main[data-view={view.partition('/')[0]}] h1")).to_be_attached()
        tell(State.LIVE, "")
        until(page, "pending === 0 && performance.now() - asked > 400")  # what a view asks for has come
        page.evaluate(HAND)
        assert page.evaluate(MARK) > 5
        for state, code in ((State.FAILED, "file.missing"), (State.LIVE, "source.silent")):
            tell(state, code)
            if (found := page.evaluate(MOVED)) and not page.evaluate("rested"):
                moved[view, width, code] = found
        page.evaluate("clearInterval(hand)")
    assert moved == {}
