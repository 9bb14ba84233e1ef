"""Every view, in both languages and both shades, on a desk and on a phone: nothing that keeps people out."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.web.browser import browsing, needs_browser
from tests.web.conftest import Served, clap

pytestmark = needs_browser

AXE = files("axe_playwright_python") / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
VIEWS = {"house": "#/", "start": "#/start", "source": "#/source/salon", "history": "#/history", "settings": "#/settings"}
WIDTHS = (1280, 390)
FIND = """async rules => (await axe.run(document, {runOnly: rules})).violations.map(
    one => `${one.id}: ${one.help}: ${one.nodes.map(node => `${node.html} ${node.failureSummary}`).join(' | ')}`)"""
# axe measures one place after another: it must find all where it was a moment before
STILL = """async () => {
    for (let before = ''; ;) {
        await new Promise(done => setTimeout(done, 100));
        const now = JSON.stringify([...document.querySelectorAll('body *')].map(one => [one.offsetTop, one.offsetHeight]));
        if (now === before) return;
        before = now;
    }
}"""


@pytest.mark.parametrize("shade", ["dark", "light"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_axe_finds_nothing(served: Served, language: str, shade: Any) -> None:
    served.service.change({"language": language, "notify": [{"id": "phone", "name": "Léa"}]})
    served.service.take(clap(0))
    with browsing(served.url, reduced_motion="reduce", bypass_csp=True) as page:
        page.evaluate("shade => localStorage.setItem('claptrap.theme', shade)", shade)
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", shade)
        expect(page.locator(".state-live")).to_be_visible()
        page.add_script_tag(content=AXE.read_text("utf-8"))
        page.locator("article").get_by_role("switch").last.press("Space")  # so that its undoing is offered
        expect(page.locator(".undo-bar")).to_be_visible()
        assert page.evaluate(FIND, list(RULES)) == []
        page.locator(".undo-bar .icon-only").press("Enter")  # it stands over what can be scrolled from under it
        expect(page.locator(".undo-bar")).to_have_count(0)
        assert {place: found for place in _places() if (found := _look(page, *place))} == {}


def _places() -> list[tuple[str, int]]:
    return [(view, width) for width in WIDTHS for view in VIEWS]


def _look(page: Page, view: str, width: int) -> list[str]:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(page.url.partition("#")[0] + VIEWS[view])
    expect(page.locator(f"main[data-view={view}]").get_by_role("heading", level=1)).to_have_count(1)
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    page.evaluate(STILL)
    found: list[str] = page.evaluate(FIND, list(RULES))
    return found
