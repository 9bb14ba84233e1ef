"""Every view in both shades, on a desk and on a phone; all that opens: nothing that keeps people out.

Views are read in French and what opens in English: both have the same names (``tests.text``), and no colour depends on them.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.web.browser import browsing, needs_browser
from tests.web.conftest import Served, clap, serving

from claptrap.service import Application

pytestmark = needs_browser

AXE = files("axe_playwright_python") / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
VIEWS = (
    "house",
    "start",
    "source/salon",
    "source/salon/reactions",
    "source/salon/source",
    "history",
    "history/deliveries",
    "history/statistics",
    "settings",
)
WALL = ("house", "at/salon", "kiosk")
SETTINGS = ("acting", "sounds", "notify", "mqtt", "backups", "import", "access", "about")
WIDTHS = (1280, 390)
# in the shade that is chosen by all rules, in the other by those about colour
FIND = """async rules => {
    const look = async rules => (await axe.run(document, {runOnly: rules, resultTypes: ['violations']})).violations.map(
        one => `${one.id}: ${one.help}: ${one.nodes.map(node => `${node.html} ${node.failureSummary}`).join(' | ')}`);
    const page = document.documentElement, shade = page.dataset.theme;
    const found = await look(rules);
    page.dataset.theme = shade === 'dark' ? 'light' : 'dark';
    found.push(...await look(['color-contrast', 'link-in-text-block']));
    page.dataset.theme = shade;
    return found;
}"""
# axe measures one place after another: it must find all where it was a moment before
STILL = """async () => {
    for (let before = ''; ;) {
        await new Promise(done => setTimeout(done, 100));
        const now = JSON.stringify([...document.querySelectorAll('body *')].map(one => [one.offsetTop, one.offsetHeight]));
        if (now === before) return;
        before = now;
    }
}"""


def test_axe_finds_nothing(served: Served) -> None:
    served.service.settings.apply({"notify": [{"id": "phone", "name": "Léa"}]})
    served.service.events.record(clap(0))
    with browsing(served.url, reduced_motion="reduce", bypass_csp=True) as page:
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page.locator(".state-live")).to_be_visible()
        page.add_script_tag(content=AXE.read_text("utf-8"))
        page.locator("article").get_by_role("switch").last.press("Space")  # so that its undoing is offered
        page.locator(".undo-bar .icon-only").focus()  # it stays as long as somebody is at it
        assert page.evaluate(FIND, list(RULES)) == []
        page.locator(".undo-bar .icon-only").press("Enter")  # it stands over what can be scrolled from under it
        expect(page.locator(".undo-bar")).to_have_count(0)
        assert {place: found for place in _places(VIEWS) if (found := _look(page, *place))} == {}
        for name in ("Cuisine", "Cour"):  # three sources are a wall
            served.service.sources.add({"kind": "file", "name": name, "input": {"path": "gone.wav"}, "room": "Bas"})
        assert {place: found for place in _places(WALL) if (found := _look(page, *place))} == {}


def _places(views: tuple[str, ...]) -> list[tuple[str, int]]:
    return [(view, width) for width in WIDTHS for view in views]


def _look(page: Page, view: str, width: int) -> list[str]:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{page.url.partition('#')[0]}#/{view}")
    expect(page.locator(f"main[data-view={view.partition('/')[0]}]").get_by_role("heading", level=1)).to_have_count(1)
    page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")
    page.evaluate(STILL)
    page.evaluate("scrollTo(0, 0)")  # what opens is scrolled to; axe finds fault with what lies under the bar
    found: list[str] = page.evaluate(FIND, list(RULES))
    return found


def test_axe_finds_nothing_in_what_opens(data_dir: Path, quiet_models: Path) -> None:
    """Forms, dialogs, the steps of the first minute, what is not there; the other pages."""
    assert not quiet_models.exists()
    service = Application(data_dir, dev=True)
    refusals = ["401", "503 /api/devices"]  # without a login; where the machine's sound system is slow
    options = {"locale": "en-GB", "color_scheme": "light", "reduced_motion": "reduce", "bypass_csp": True}
    with serving(service) as served, browsing(served.url, refusals, **options) as page:
        service.backups.create()
        expect(page.locator(".state-live")).to_be_visible()
        expect(page.locator("html")).to_have_attribute("lang", "en")
        found = {}

        def look(what: str) -> None:
            page.evaluate(STILL)
            if seen := page.evaluate(FIND, list(RULES)):
                found[what] = seen

        page.add_script_tag(content=AXE.read_text("utf-8"))
        page.locator(".add-open").press("Enter")
        for kind in ("microphone", "rtsp", "browser", "vban", "wyoming", "file"):
            page.locator(f"input[value={kind}]").press("Space")
            look(f"adding {kind}")
        page.keyboard.press("Escape")
        page.locator(".linklike").press("Enter")
        expect(page.locator(".selftest [data-stage=running]")).to_have_count(0)
        look("tests")
        page.keyboard.press("Escape")
        for view, buttons in (("#/source/salon/source", ".edit-actions"), ("#/settings/backups", ".backup-actions")):
            page.goto(f"{served.url}/{view}")
            page.locator(buttons).first.locator("> button").nth(1).press("Enter")
            expect(page.locator("dialog[open]")).to_be_visible()
            look(f"dialog of {view}")
            page.keyboard.press("Escape")
        for part in SETTINGS:
            page.goto(f"{served.url}/#/settings/{part}")
            expect(page.locator(f'.sections a[href$="/{part}"]')).to_have_attribute("aria-current", "page")
            look(part)
        page.goto(f"{served.url}/#/source/gone")
        look("no such source")
        page.goto(f"{served.url}/#/start")
        for step in (2, 3):
            page.locator(".step-actions .start").press("Enter")
            look(f"step {step}")
        service.access.set_password("correct horse")
        expect(page.locator(".login-form")).to_be_visible()
        look("login")
        page.locator("#login-password").fill("correct horse")
        page.keyboard.press("Enter")
        expect(page.locator(".link-connected")).to_be_visible()
        for other in ("micro", "api/docs"):
            page.goto(f"{served.url}/{other}")
            page.evaluate(
                "document.querySelectorAll('details:nth-of-type(n + 6)').forEach(one => one.remove())"
            )  # all alike
            page.add_script_tag(content=AXE.read_text("utf-8"))
            look(other)
        assert found == {}
