"""What the service tells comes on two ways, its news and its answers, which overtake one another: nothing older wins."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import APIResponse, Page, Route, WebSocketRoute, expect
from tests.web.browser import needs_browser, until
from tests.web.conftest import Served

pytestmark = needs_browser

SPOKEN = """() => {
    window.spoken = [];
    const html = document.documentElement;
    new MutationObserver(() => spoken.push(html.lang)).observe(html, {attributeFilter: ["lang"]});
}"""


class News:
    """What the service sends a page over its socket; kept back while it is held."""

    def __init__(self, page: Page) -> None:
        self._late: list[tuple[WebSocketRoute, str | bytes]] = []
        self._held = False
        page.route_web_socket(re.compile("socket.io"), self._join)

    def hold(self) -> None:
        """Let nothing through from now on."""
        self._held = True

    def release(self, most: int | None = None, event: str = "") -> None:
        """Let everything through, or only the oldest ``most`` of one event."""
        self._held = most is not None
        chosen = [one for one in self._late if not event or f'"{event}"' in str(one[1])][:most]
        self._late = [one for one in self._late if one not in chosen]
        for socket, news in chosen:
            socket.send(news)

    def _join(self, socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda news: self._late.append((socket, news)) if self._held else socket.send(news))


def choose(page: Page, name: str, code: str) -> None:
    page.evaluate(SPOKEN)
    page.get_by_role("button", name=name).click()
    expect(page.locator("html")).to_have_attribute("lang", code)


def test_a_language_chosen_while_the_page_opens_is_kept(page: Page, served: Served) -> None:
    """Older news that come after the choice, before the service knows of it or after it has answered, change nothing."""
    news = News(page)
    news.hold()
    page.reload()
    expect(page.get_by_role("heading", name="Connexion…")).to_be_visible()
    choose(page, "English", "en")
    news.release()
    until(page, "fetch('api/settings').then(a => a.json()).then(s => s.language === 'en')")
    expect(page.get_by_text("Connected", exact=True)).to_be_visible()
    assert set(page.evaluate("spoken")) == {"en"}

    news.hold()
    served.service.sources.change("salon", {"delay_s": 2.0})
    choose(page, "Français", "fr")
    until(page, "fetch('api/settings').then(a => a.json()).then(s => s.language === 'fr')")
    news.release()
    expect(page.get_by_label("Délai entre deux détections")).to_have_value("2")
    assert set(page.evaluate("spoken")) == {"fr"}


def test_a_language_is_not_put_back_by_an_answer_of_before(page: Page, served: Served) -> None:
    """Asked for before the choice, and there long after it."""
    late: list[tuple[Route, APIResponse]] = []

    def hold(route: Route) -> None:
        if route.request.method == "GET":
            late.append((route, route.fetch()))
        else:
            route.continue_()

    page.route(lambda url: urlsplit(url).path == "/api/settings", hold)
    page.get_by_role("button", name="Ajouter une source").click()
    page.get_by_role("radio", name="Enregistrement").press("Space")
    page.get_by_label("Nom", exact=True).fill("Répétition")
    page.get_by_label("Fichier", exact=True).fill(served.service.sources.get("salon")["input"]["path"])
    page.get_by_role("button", name="Ajouter", exact=True).click()
    expect(page.get_by_role("article", name="Répétition")).to_be_visible()  # by the news
    choose(page, "English", "en")
    expect(page.locator(".undo-bar")).to_contain_text("Language")  # it is saved, and everybody was told
    for route, answer in late:
        route.fulfill(response=answer)
    expect(page.get_by_role("button", name="Add a source")).to_be_focused()
    assert set(page.evaluate("spoken")) == {"en"}


def test_older_news_take_nothing_away_that_was_just_added(page: Page, served: Served) -> None:
    """Nor do they let a change look as if it were somebody else's."""
    news = News(page)
    page.goto(f"{served.url}#/source/salon/reactions")
    page.reload()
    delay = page.get_by_label("Délai entre deux détections")
    expect(delay).to_have_value("0.5")
    news.hold()
    served.service.sources.change("salon", {"threshold": 0.8})
    delay.fill("2")
    until(page, "fetch('api/settings').then(a => a.json()).then(s => s.sources[0].delay_s === 2)")
    page.get_by_role("button", name="Ajouter un webhook").press("Enter")
    address = page.get_by_role("textbox", name="Webhook 2")
    expect(address).to_be_focused()

    news.release(1, "settings")
    page.keyboard.type("http://127.0.0.1:9/typed")
    expect(address).to_have_value("http://127.0.0.1:9/typed")
    expect(address).to_be_focused()
    delay.fill("3")
    until(page, "fetch('api/settings').then(a => a.json()).then(s => s.sources[0].delay_s === 3)")
    news.release()
    expect(delay).to_have_value("3")
    assert served.service.settings.current.sources[0].webhooks[1].url == "http://127.0.0.1:9/typed"
