"""The way between the page's views."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from tests.web.browser import needs_browser

pytestmark = needs_browser


def test_every_view_is_reached_by_keyboard_and_says_where_one_is(page: Page) -> None:
    """The heading takes the focus, the title and the nav follow, and "back" goes back."""
    expect(page).to_have_title("Maison · ClapTrap")
    nav = page.get_by_role("navigation", name="Vues")
    for name, link in (("Historique", "#/history"), ("Réglages", "#/settings")):
        nav.get_by_role("link", name=name).press("Enter")
        expect(page).to_have_title(f"{name} · ClapTrap")
        expect(page).to_have_url(re.compile(f"{link}$"))
        expect(page.get_by_role("heading", name=name, level=1)).to_be_focused()
        expect(nav.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
    page.go_back()
    expect(page.get_by_role("heading", name="Historique", level=1)).to_be_focused()
    page.get_by_role("button", name="Aller au contenu").press("Enter")
    expect(page.get_by_role("heading", name="Historique", level=1)).to_be_focused()


def test_a_link_to_a_view_opens_it_and_an_old_one_says_so(page: Page) -> None:
    page.goto(page.url.partition("#")[0] + "#/source/salon")
    expect(page.get_by_role("heading", name="Salon", level=1)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Salon", level=1)).to_be_visible()
    for old in ("gone", "%E0%A4"):
        page.goto(page.url.partition("#")[0] + f"#/source/{old}")
        expect(page.get_by_role("heading", name="Source introuvable", level=1)).to_be_visible()
    page.get_by_role("link", name="Retour à la maison").click()
    expect(page).to_have_title("Maison · ClapTrap")


def test_the_shade_is_the_device_s_until_somebody_chooses(page: Page) -> None:
    html = page.locator("html")
    expect(html).to_have_attribute("data-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(html).to_have_attribute("data-theme", "light")
    page.get_by_role("link", name="Réglages").click()
    page.get_by_role("radio", name="Sombre").check(force=True)
    page.reload()
    expect(html).to_have_attribute("data-theme", "dark")
