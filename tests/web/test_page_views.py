"""The way between the page's views."""

from __future__ import annotations

import re
from dataclasses import replace

from playwright.sync_api import Page, expect
from tests.web.browser import glimpse, needs_browser, until
from tests.web.conftest import Served, clap

from claptrap.core.events import SourceStatus, State
from claptrap.settings.fields import is_name_character

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


def test_a_clap_of_before_is_not_shown_again_in_the_next_view(page: Page, served: Served) -> None:
    """Who walks through the house after a clap sees no other."""
    expect(page.locator(".state-live")).to_be_visible()
    with glimpse(page, "document.title === '👏 Maison · ClapTrap'"):
        served.service.events.record(clap(1))
    expect(page).to_have_title("Maison · ClapTrap")
    page.evaluate(
        """() => {
            window.seen = [];
            const look = () => window.seen.push(document.title, document.querySelector('.face')?.textContent);
            new MutationObserver(look).observe(document, {subtree: true, childList: true, characterData: true});
        }"""
    )
    for name in ("Historique", "Maison"):
        page.get_by_role("navigation", name="Vues").get_by_role("link", name=name).click()
        expect(page).to_have_title(f"{name} · ClapTrap")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")
    assert len(page.evaluate("window.seen")) > 0
    assert not [one for one in page.evaluate("window.seen") if one and "👏" in one]


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


def test_it_is_as_the_device_is_until_somebody_chooses(page: Page) -> None:
    html = page.locator("html")
    expect(html).to_have_attribute("data-theme", "dark")
    page.emulate_media(color_scheme="light")
    expect(html).to_have_attribute("data-theme", "light")
    page.get_by_role("link", name="Réglages", exact=True).click()
    page.get_by_role("radio", name="Sombre").press("Space")
    page.reload()
    expect(html).to_have_attribute("data-theme", "dark")
    page.get_by_role("radio", name="Comme l'appareil").press("Space")
    expect(html).to_have_attribute("data-theme", "light")


HOSTILE = (
    "<script>document.title='taken'</script><img src=x onerror=alert(1)>",
    "\u202etxt.exe\u2066 \u0627\u0644\u0635\u0627\u0644\u0629",
    "w" * 200,
)


def test_hostile_names_are_harmless_and_legible(page: Page, served: Served) -> None:
    """Names are text, whatever is in them, and never push the page apart, on the narrowest phone either."""
    page.set_viewport_size({"width": 320, "height": 640})
    for i, hostile in enumerate(HOSTILE):
        name = "".join(
            filter(is_name_character, hostile)
        )  # a source's has nothing that turns text around; an old clap's may
        served.service.sources.change("salon", {"name": name})
        served.service.events.record(replace(clap(i), source_name=hostile))
        expect(page.get_by_role("article")).to_have_attribute("aria-label", name)
        expect(page.locator(".activity li")).to_have_count(i + 1)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.get_by_role("article").get_by_role("link").first.click()
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page).to_have_title(re.compile(r"· ClapTrap$"))
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        page.get_by_role("navigation", name="Vues").get_by_role("link", name="Maison").click()
    assert page.locator("main script, main img").count() == 0


def test_the_list_of_detections_has_room_for_names_on_a_narrow_phone(page: Page, served: Served) -> None:
    """Of two sources one must know which; why nothing was sent takes a line; webhooks to one machine are told apart."""
    page.set_viewport_size({"width": 320, "height": 640})
    served.service.sources.add({"kind": "file", "name": "Cuisine", "input": {"path": "gone.wav"}})
    webhooks = [{"id": one, "url": f"http://127.0.0.1:9/a/{one}", "max_attempts": 1} for one in "vw"]
    served.service.settings.apply({"sources": [{"id": "salon", "webhooks": webhooks}]})
    served.service.events.record(clap(1))
    line = page.locator(".activity li")
    expect(line).to_contain_text("Salon")
    expect(line.locator(".why").last).to_contain_text("Connexion refusée")
    assert line.evaluate("line => line.clientHeight < 120 && line.scrollWidth <= line.clientWidth")
    expect(line.locator(".receiver")).to_have_text(["Webhook 2, 127.0.0.1:9", "Webhook 3, 127.0.0.1:9"])
    page.goto(f"{served.url}/#/source/salon")
    expect(line.locator(".why").first).to_contain_text("Connexion refusée")
    page.goto(f"{served.url}/#/source/salon/reactions")
    expect(page.locator(".receiver-check .clip").nth(1)).to_have_text("127.0.0.1:9/…/v")


def test_a_connection_that_is_lost_is_said_and_comes_back_by_itself(page: Page, served: Served) -> None:
    """What was set meanwhile is saved once it is back, and what happened meanwhile is shown."""
    expect(page.locator(".state-live")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_role("alert").filter(has_text="Connexion perdue")).to_be_visible()
    expect(page.locator('[data-mood="offline"]')).to_be_visible()
    page.get_by_role("slider").fill("0.8")
    expect(page.get_by_text("Pas enregistré : service injoignable")).to_be_visible()
    served.service.events.record(clap(7))
    page.context.set_offline(False)
    expect(page.get_by_text("Connecté", exact=True)).to_be_visible()
    expect(page.locator(".activity li")).to_have_count(1)
    until(page, "fetch('api/settings').then(a => a.json()).then(s => s.sources[0].threshold === 0.8)")


BROKEN = r"""() => {
    const found = [];
    const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) if (/ [;:?!»]|« /.test(words.currentNode.data)) found.push(words.currentNode.data);
    return found;
}"""


def test_no_line_of_french_begins_with_a_sign(page: Page, served: Served) -> None:
    """Neither the page's own sentences nor the service's, nor why something was refused, can break before ; : ? ! or »."""
    served.service.sources.add({"kind": "file", "name": "Perdu", "input": {"path": "gone.wav"}})
    expect(page.get_by_text("gone.wav : fichier introuvable.").first).to_be_visible()
    field = page.get_by_role("article", name="Perdu").get_by_label("Délai entre deux détections (s)", exact=True)
    field.fill("")
    field.blur()
    expect(page.get_by_role("alert")).to_be_visible()
    for view in ("house", "source/salon", "history", "settings", "start"):
        page.goto(f"{page.url.partition('#')[0]}#/{view}")
        expect(page.locator(f"main[data-view={view.partition('/')[0]}] h1")).to_be_attached()
        assert not page.evaluate(BROKEN), view


SAID = """() => {
    window.said = [];
    const state = document.querySelector('article[aria-label=Perdu] .state');
    const isSaid = part => part.ariaHidden !== 'true';
    const words = () => [...state.childNodes].filter(isSaid).map(part => part.textContent).join('');
    new MutationObserver(() => said.push(words())).observe(state, {subtree: true, childList: true, characterData: true});
}"""


def test_a_countdown_is_seen_and_not_said(page: Page, served: Served) -> None:
    """A screen reader would say every second of a source that is tried again, for as long as it fails."""
    served.service.sources.add({"kind": "file", "name": "Perdu", "input": {"path": "gone.wav"}})
    state = page.get_by_role("article", name="Perdu").locator(".state")
    expect(state).to_be_visible()
    served.service.stop_detection()  # else what the source itself says comes over what is said for it here
    served.service.status.offer(
        SourceStatus("perdu", State.RETRYING, "file.missing", {"path": "x"}, attempt=1, next_in_s=60.0)
    )
    expect(state).to_contain_text(re.compile(r"Nouvel essai dans \d+ s"))
    page.evaluate(SAID)
    until(page, "said.length >= 2")
    assert set(page.evaluate("said")) == {"Perdu, Nouvel essai"}
