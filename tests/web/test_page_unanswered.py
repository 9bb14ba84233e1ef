"""Answers that never come, are cut short, or come from somebody else: the page goes on, and loses no change."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import Page, Route, expect
from tests.web.browser import needs_browser, until
from tests.web.conftest import Served

pytestmark = needs_browser

PROXY_SAYS = "<html>Please log in to the network</html>"


def is_settings(url: str) -> bool:
    return urlsplit(url).path == "/api/settings"


def choose_delay(page: Page, seconds: str) -> None:
    delay = page.get_by_label("Délai entre deux détections (s)", exact=True)
    delay.fill(seconds)
    delay.press("Tab")


def test_a_change_is_saved_though_its_first_request_is_never_answered(page: Page, served: Served) -> None:
    """As after a phone has slept: the connection is dead, and nobody says so."""
    unanswered: list[Route] = []

    def swallow(route: Route) -> None:
        if route.request.method == "PATCH" and not unanswered:
            unanswered.append(route)
        else:
            route.continue_()

    page.route(is_settings, swallow)
    page.clock.install()
    page.goto(f"{served.url}#/source/salon/reactions")
    page.reload()
    choose_delay(page, "7")
    expect(page.get_by_text("Enregistrement…")).to_be_visible()
    while not unanswered:
        page.wait_for_timeout(20)
    page.clock.fast_forward("01:05")
    until(page, "fetch('api/settings').then(a => a.json()).then(s => s.sources[0].delay_s === 7)")
    assert served.service.settings.current.sources[0].delay_s == 7


def test_an_answer_of_somebody_else_is_none(page: Page, served: Served) -> None:
    """A network that wants a login answers 200 with a page of its own: it is said, and the change is saved later."""
    left = [1, 1]

    def answer(route: Route) -> None:
        if route.request.method == "PATCH" and left:
            left.pop()
            route.fulfill(status=200, content_type="text/html", body=PROXY_SAYS)
        else:
            route.continue_()

    page.route(is_settings, answer)
    page.goto(f"{served.url}#/source/salon/reactions")
    page.reload()
    choose_delay(page, "7")
    expect(page.get_by_role("alert").filter(has_text="service injoignable")).to_be_visible()
    until(page, "fetch('api/settings').then(a => a.json()).then(s => s.sources[0].delay_s === 7)")
    assert not left
