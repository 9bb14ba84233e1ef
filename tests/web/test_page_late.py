"""What the service tells comes on two ways, its news and its answers, which overtake one another: nothing older wins."""

from __future__ import annotations

import re

from playwright.sync_api import Page, WebSocketRoute, expect
from tests.web.browser import needs_browser, until
from tests.web.conftest import Served

pytestmark = needs_browser


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


def test_older_news_take_nothing_away_that_was_just_added(page: Page, served: Served) -> None:
    """Nor do they let a change look as if it were somebody else's."""
    news = News(page)
    page.goto(f"{served.url}#/source/salon/reactions")
    page.reload()
    delay = page.get_by_label("Délai entre deux détections (s)", exact=True)
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
