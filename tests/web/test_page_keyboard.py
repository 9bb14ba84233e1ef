"""With the Tab key alone: everything that can be pressed is reached, and what has the focus can be seen."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect
from tests.web.browser import needs_browser
from tests.web.conftest import Served, clap

pytestmark = needs_browser

VIEWS = ("house", "start", "source/salon", "source/salon/reactions", "source/salon/source", "history", "settings/mqtt")
WIDTHS = (390, 1280)
# what can be pressed or typed into; of radio buttons the one that is chosen stands for all
MARK = """() => {
    const kinds = 'a[href], button, input, select, textarea, summary, audio[controls], [tabindex="0"]';
    const all = [...document.querySelectorAll(kinds)];
    const can = one => one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.tabIndex >= 0 && !one.hidden;
    const stands = one => one.type !== 'radio' || one.checked;
    const found = all.filter(one => can(one) && stands(one));
    found.forEach((one, index) => { one.dataset.stop = index; });
    document.activeElement.blur();
    return found.map(one => one.outerHTML.slice(0, 120));
}"""
WHERE = """() => {
    const one = document.activeElement;
    const seen = place => {
        const {left, right, top, bottom: end} = place.getBoundingClientRect();
        const bottom = place.matches('textarea') ? top + 24 : end;  // of many lines the browser shows the one to write in
        if (top < 0 || left < 0 || bottom > innerHeight + 1 || right > innerWidth + 1) return bottom - top > innerHeight;
        const there = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
        return place.contains(there) || there?.contains(place);
    };
    const isBody = one === document.body;
    return {stop: one.dataset.stop ?? null, isBody, isSeen: isBody || seen(one.closest('label:not(:has(textarea))') ?? one),
            html: one.outerHTML.slice(0, 120)};
}"""


def test_tab_reaches_all_and_hides_nothing(page: Page, served: Served) -> None:
    """In every view, on a desk and on a phone."""
    page.emulate_media(reduced_motion="reduce")
    served.service.events.record(clap(0))
    served.service.stop_detection()  # nothing moves while it is looked at
    found = {}
    for view in VIEWS:
        page.goto(f"{served.url}/#/{view}")
        page.reload()
        heading = page.locator(f"main[data-view={view.partition('/')[0]}]").get_by_role("heading", level=1)
        expect(heading).to_have_count(1)
        expect(page.locator(".link-connected")).to_be_visible()
        page.wait_for_load_state("networkidle")  # what a view asks for has come
        expect(page.locator(".state-idle, .view-title, .steps").first).to_be_visible()
        if view != "start":
            page.evaluate(
                "document.querySelectorAll('details:not(.menu, .help)').forEach(details => { details.open = true; })"
            )
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            if faults := _walk(page):
                found[view, width] = faults
    assert found == {}


def _walk(page: Page) -> list[str]:
    """Go through the page with the Tab key; return what is not reached, and what has the focus and is not seen."""
    wanted: list[str] = page.evaluate(MARK)
    reached: set[str] = set()
    hidden: list[str] = []
    for _ in range(2 * len(wanted)):
        page.keyboard.press("Tab")
        where: dict[str, Any] = page.evaluate(WHERE)
        if where["isBody"] or where["stop"] in reached:
            break
        if not where["isSeen"]:
            hidden.append(f"hidden: {where['html']}")
        if where["stop"] is not None:
            reached.add(where["stop"])
    assert wanted
    return [f"not reached: {html}" for stop, html in enumerate(wanted) if str(stop) not in reached] + hidden


def test_a_menu_is_opened_gone_through_and_left_by_keyboard(page: Page, served: Served) -> None:
    """It closes when the focus goes elsewhere, and gives it back after Escape."""
    served.service.events.record(clap(0))
    page.goto(f"{served.url}/#/history")
    summary = page.locator("details.menu > summary").first
    summary.press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="un clap", exact=False).first).to_be_focused()
    page.keyboard.press("Escape")
    expect(summary).to_be_focused()
    expect(page.locator("details.menu[open]")).to_have_count(0)
    page.set_viewport_size(
        {"width": 390, "height": 800}
    )  # what a term means is opened the same way, moves nothing, and is seen whole
    page.goto(f"{served.url}/#/source/salon")
    help_ = page.locator(".field-threshold .help")
    question, slider = help_.locator("summary"), page.get_by_role("slider", name="Seuil")
    expect(question).to_have_attribute("aria-label", re.compile("Seuil"))
    before = slider.bounding_box()
    question.press("Enter")
    expect(help_.get_by_text("Chaque son bref reçoit un score")).to_be_in_viewport(ratio=1)
    after = slider.bounding_box()
    assert before
    assert after
    assert (before["x"], before["width"], before["height"]) == (after["x"], after["width"], after["height"])
    page.keyboard.press("Escape")
    expect(question).to_be_focused()
    expect(page.locator("details.help[open]")).to_have_count(0)


def test_what_is_removed_does_not_take_the_focus_along(page: Page, served: Served) -> None:
    """Who works with the keyboard would begin at the top of the page again; the undo bar's button changes its word only."""
    patterns = [{"claps": claps, "at_least": False} for claps in (2, 3)]
    webhook = {"id": "webhook", "url": "http://127.0.0.1:9/", "headers": {"X-A": "1"}}
    served.service.settings.apply({"sources": [{"id": "salon", "patterns": patterns, "webhooks": [webhook]}]})
    page.goto(f"{served.url}/#/source/salon/reactions")
    page.get_by_role("button", name="Retirer : 3 claps").press("Enter")
    expect(page.get_by_role("button", name="Retirer : 3 claps")).to_have_count(0)
    expect(page.get_by_role("button", name="Ajouter un motif")).to_be_focused()
    page.get_by_text("Options avancées").press("Enter")
    page.get_by_role("button", name="Retirer l'en-tête X-A").press("Enter")
    expect(page.get_by_role("button", name="Retirer l'en-tête X-A")).to_have_count(0)
    expect(page.get_by_label("Nom de l'en-tête")).to_be_focused()
    undo = page.locator(".undo-bar")
    expect(undo).to_contain_text("En-têtes HTTP")
    undo.get_by_role("button", name="Annuler").press("Enter")
    expect(undo.get_by_role("button", name="Rétablir")).to_be_focused()

    served.service.access.create_token("Prometheus")
    page.get_by_role("link", name="Réglages", exact=True).click()
    page.get_by_role("link", name="Accès").click()
    page.get_by_role("button", name="Révoquer le jeton Prometheus").press("Enter")
    expect(page.get_by_role("button", name="Révoquer le jeton Prometheus")).to_have_count(0)
    expect(page.get_by_label("Nom du nouveau jeton")).to_be_focused()
