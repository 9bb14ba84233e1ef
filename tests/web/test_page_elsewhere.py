"""The page overwrites nothing that somebody else has changed meanwhile, and says so."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from playwright.sync_api import Page, Route, expect
from tests.web.browser import glimpse, needs_browser
from tests.web.conftest import Served

pytestmark = needs_browser


def test_a_change_elsewhere_to_another_field_is_kept_and_ours_is_made_too(page: Page, served: Served) -> None:
    """The page has not heard of it yet when it sends its own: it looks again and sends it anew."""
    statuses: list[int] = []
    page.on("response", lambda r: statuses.append(r.status) if r.request.method == "PATCH" else None)

    def change_first(route: Route) -> None:
        if route.request.method == "PATCH" and served.service.settings.current.sources[0].name == "Salon":
            served.service.settings.apply({"sources": [{"id": "salon", "name": "Cuisine"}]})
        route.continue_()

    page.route(lambda url: urlsplit(url).path == "/api/settings", change_first)
    expect(page.get_by_role("slider")).to_have_value("0.5")
    with glimpse(page, "document.querySelector('.field-threshold .save-state').textContent === 'Enregistré'"):
        page.get_by_role("slider").fill("0.8")
    source = served.service.settings.current.sources[0]
    assert (source.name, source.threshold) == ("Cuisine", 0.8)
    assert statuses == [412, 200]


def test_a_change_elsewhere_to_the_same_field_is_shown_and_replaced_only_by_typing_again(page: Page, served: Served) -> None:
    """What the person typed stays in the field, with what the service has beside it."""
    address, mine = "http://127.0.0.1:9/theirs", "http://127.0.0.1:9/mine"

    def change_first(route: Route) -> None:
        if route.request.method == "PATCH" and not served.service.settings.current.sources[0].webhooks[0].url:
            served.service.settings.apply({"sources": [{"id": "salon", "webhooks": [{"id": "webhook", "url": address}]}]})
        route.continue_()

    page.route(lambda url: urlsplit(url).path == "/api/settings", change_first)
    field = page.get_by_role("textbox", name="Webhook")
    field.fill(mine)
    field.blur()
    expect(page.get_by_text(re.compile(rf"Modifié ailleurs\s: «\s{address}\s»"))).to_be_visible()
    expect(field).to_have_value(mine)
    assert served.service.settings.current.sources[0].webhooks[0].url == address
    with glimpse(page, "document.querySelector('.field-webhook .save-state').textContent === 'Enregistré'"):
        field.fill(mine + "2")
        field.blur()
    assert served.service.settings.current.sources[0].webhooks[0].url == mine + "2"


def test_a_source_that_was_changed_elsewhere_while_it_is_edited_is_replaced_only_when_saved_again(
    page: Page, served: Served
) -> None:
    """The form keeps what the person typed."""
    page.goto(f"{served.url}#/source/salon/source")
    page.get_by_role("button", name="Modifier Salon").click()
    name = page.get_by_label("Nom", exact=True)
    name.fill("Chambre")
    served.service.settings.apply({"sources": [{"id": "salon", "name": "Cuisine"}]})
    expect(page.get_by_role("heading", name="Cuisine", level=1)).to_be_visible()
    name.press("Enter")
    expect(page.get_by_text("Cette source a été modifiée ailleurs (son nom est « Cuisine »)")).to_be_visible()
    assert served.service.settings.current.sources[0].name == "Cuisine"
    expect(name).to_have_value("Chambre")
    name.press("Enter")
    expect(page.get_by_role("heading", name="Chambre", level=1)).to_be_visible()
    assert served.service.settings.current.sources[0].name == "Chambre"
