"""The history view: what was heard is found, marked, sent again, taken away and forgotten."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, Page, Route, expect
from tests.peers.receiver import Receiver
from tests.web.browser import needs_browser
from tests.web.conftest import Served, clap
from tests.web.test_page import REFUSED
from tests.web.test_page_views import HOSTILE

from claptrap.audio.clip import Clip
from claptrap.core.events import Event

pytestmark = needs_browser


def heard(sequence: int, ago_s: float, score: float) -> Event:
    """Return a detection made so long ago."""
    return replace(clap(sequence), timestamp=time.time() - ago_s, score=score)


def rows(page: Page) -> Locator:
    """Return the rows of the table of detections."""
    return page.get_by_role("region", name="Détections", exact=True).locator("tbody tr")


def choose(row: Locator, name: str) -> None:
    """Choose something from the menu of a row."""
    row.locator(".menu summary").press("Enter")
    row.get_by_role("button", name=name, exact=True).press("Enter")


def go_to(page: Page, part: str) -> None:
    """Go to a part of the history."""
    page.get_by_role("navigation", name="Parties de l'historique").get_by_role("link", name=part).click()


def test_detections_are_found_marked_and_taken_away(page: Page, served: Served, tmp_path: Path) -> None:
    served.service.events.record(heard(1, 2.5 * 86_400, 0.55))
    served.service.events.record(heard(2, 1.0, 0.95))
    page.get_by_role("link", name="Historique").click()
    found = rows(page)
    expect(found).to_have_count(2)
    expect(page.locator(".dot")).to_have_count(2)

    first = found.first
    choose(first, "pas un clap")
    expect(first.locator(".tag")).to_have_text("pas un clap")
    assert served.service.journal.detection("salon:e:2").mark == "not_clap"
    page.get_by_label("Votre avis").select_option("pas un clap")
    expect(found).to_have_count(1)
    choose(first, "pas un clap")  # taken back
    expect(first.locator(".tag")).to_have_count(0)
    page.get_by_label("Votre avis").select_option("tous")
    page.get_by_label("Période").select_option("aujourd'hui")
    expect(found).to_have_count(1)
    page.get_by_label("Période").select_option("7 jours")
    expect(found).to_have_count(2)

    page.get_by_label("Son", exact=True).fill("porte")
    expect(found).to_have_count(0)
    page.get_by_label("Son", exact=True).fill("battement")
    expect(found).to_have_count(2)

    with page.expect_download() as download:
        page.get_by_role("link", name="Télécharger en JSON").click()
    file = tmp_path / "history.jsonl"
    download.value.save_as(file)
    assert {json.loads(line)["score"] for line in file.read_text("utf-8").splitlines()} == {0.55, 0.95}

    served.service.events.record(heard(3, 0.0, 0.8))  # appears by itself
    expect(found).to_have_count(3)
    page.get_by_label("Score d'au moins").fill("0.9")
    expect(found).to_have_count(1)
    page.get_by_label("Score d'au moins").fill("0")
    expect(found).to_have_count(3)
    choose(found.first, "Supprimer")
    page.get_by_role("dialog").get_by_role("button", name="Supprimer").press("Enter")
    expect(found).to_have_count(2)

    page.get_by_role("button", name="Effacer l'historique").click()
    page.get_by_role("dialog").get_by_role("button", name="Effacer l'historique").click()
    expect(page.get_by_text("2 détections effacées.")).to_be_visible()
    expect(found).to_have_count(0)
    page.get_by_role("link", name="Maison", exact=True).click()
    expect(page.get_by_text("Pas encore de clap.")).to_be_visible()


def test_pages_that_were_asked_for_stay_when_something_new_is_heard(page: Page, served: Served) -> None:
    for i in range(70):
        served.service.events.record(heard(i, 100.0 - i, 0.9))
    page.get_by_role("link", name="Historique").click()
    found = rows(page)
    expect(found).to_have_count(50)
    page.get_by_role("region", name="Détections", exact=True).get_by_role("button", name="Plus anciennes").click()
    expect(found).to_have_count(70)
    served.service.events.record(heard(70, 0.0, 0.5))
    expect(found.filter(has_text="0,50")).to_have_count(1)
    expect(found).to_have_count(70)


def test_a_day_of_the_calendar_shows_that_day(page: Page, served: Served) -> None:
    """And its week what each source did in it; the table scrolls in its own box on a phone."""
    served.service.events.record(heard(1, 40 * 86_400, 0.55))
    page.get_by_role("link", name="Historique").click()
    expect(rows(page)).to_have_count(1)  # it opens on what there is
    go_to(page, "Statistiques")
    page.get_by_label("Période").select_option("7 jours")
    expect(page.get_by_text("Par heure (0 en tout)")).to_be_visible()
    day = page.locator(".calendar-day[data-level='4']")
    expect(day).to_have_count(1)
    day.press("Enter")
    expect(day).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_text("Par heure (1 en tout)")).to_be_visible()
    go_to(page, "Détections")
    expect(rows(page)).to_have_count(1)
    go_to(page, "Statistiques")
    day.press("Enter")
    expect(page.get_by_text("Par heure (0 en tout)")).to_be_visible()
    day.press("ArrowDown")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowRight")
    expect(day).to_be_focused()
    assert page.locator(".calendar-day[tabindex='0']").count() == 1, "one stop of the Tab key, not one for each day"

    weeks = page.get_by_role("group", name="Par semaine et par source")
    expect(weeks.get_by_role("rowheader")).to_have_text("Salon")
    figures = weeks.locator("tbody td")
    expect(figures.first).to_have_text("0")
    reported = served.ask("GET", "/api/reports").json["weeks"]
    start = next(week["start"] for week in reported if week["sources"]["salon"]["detections"])
    page.get_by_label("Semaine", exact=True).select_option(str(int(start)))
    expect(figures.first).to_have_text("1")
    expect(figures.nth(3)).to_have_text("–")  # it did not run then
    expect(figures.nth(5)).to_have_text("100 ms")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert weeks.evaluate("box => box.scrollWidth > box.clientWidth")


def test_a_delivery_is_shown_with_its_answer_and_sent_again(page: Page, served: Served) -> None:
    with Receiver() as receiver:
        served.service.settings.apply({"sources": [{"id": "salon", "webhooks": [{"id": "webhook", "url": receiver.url}]}]})
        served.service.events.record(heard(1, 0.0, 0.9))
        receiver.wait_for(1)
        page.get_by_role("link", name="Historique").click()
        go_to(page, "Envois")
        told = page.get_by_role("region", name="Envois").get_by_role("listitem").filter(has_text="Salon")
        expect(told.get_by_text("accepté")).to_be_visible()
        told.get_by_text("Essais : 1").click()
        expect(told.get_by_text("réponse 204", exact=True)).to_be_visible()
        told.get_by_role("button", name="Renvoyer").click()
        posts = receiver.wait_for(2)
        assert posts[0].headers["idempotency-key"] == posts[1].headers["idempotency-key"]
        expect(told.get_by_text("Essais : 2")).to_be_visible()
        go_to(page, "Détections")
        choose(rows(page).first, "Renvoyer")
        expect(rows(page).first.get_by_text("renvoyé à 1 destinataire")).to_be_visible()
        expect(rows(page).first.locator(".found-check")).to_contain_text("accepté")
        assert receiver.wait_for(3)[2].headers["idempotency-key"] == posts[0].headers["idempotency-key"]
        go_to(page, "Envois")
        page.get_by_label("Quels envois").select_option("abandonné")
        expect(page.get_by_text("Rien n'a encore été envoyé.")).to_be_visible()


def test_a_sound_that_is_kept_can_be_played_at_once(page: Page, served: Served) -> None:
    """It is there only a moment after its detection; how much is kept follows, too."""
    page.get_by_role("link", name="Historique").click()
    expect(page.get_by_text("Sons gardés : 0")).to_be_visible()
    event = heard(1, 0.0, 0.9)
    served.service.events.record(event)
    found = rows(page)
    expect(found).to_have_count(1)
    expect(found.get_by_role("button", name="Écouter")).to_have_count(0)
    served.service.clips.offer(Clip(event.id, event.timestamp, np.zeros(40_000, np.float32)))
    expect(found.get_by_role("button", name="Écouter")).to_be_visible()
    expect(page.get_by_text("Sons gardés : 1")).to_be_visible()
    found.get_by_role("button", name="Écouter").press("Enter")
    expect(page.locator("canvas[data-drawn]")).to_be_visible()
    page.get_by_role("button", name="Écouter").press("Enter")
    expect(found).to_have_count(1)
    page.get_by_role("button", name="Effacer les sons").click()
    page.get_by_role("dialog").get_by_role("button", name="Effacer les sons").click()
    expect(page.get_by_text("1 son effacé.")).to_be_visible()
    expect(found.get_by_role("button", name="Écouter")).to_have_count(0)
    expect(page.get_by_text("Sons gardés : 0")).to_be_visible()


PLACES = """row => {
    const places = [row.querySelector('.found-what'), row.querySelector('b'), row].map(one => one.getBoundingClientRect());
    return [places[0].x, places[1].x, places[2].height];
}"""


def test_a_name_from_right_to_left_or_a_long_one_leaves_its_line_as_it_is(page: Page, served: Served) -> None:
    """What was heard stands behind it and can be read, and a name of 200 letters takes one line."""
    page.get_by_role("link", name="Historique").click()
    for i, name in enumerate((*HOSTILE, "\u0627\u0644\u0635\u0627\u0644\u0629")):
        served.service.events.record(replace(heard(i, 0.0, 0.9), source_name=name))
        line = rows(page).first
        expect(line.locator("b")).to_have_text(name)
        claps_x, name_x, height = line.evaluate(PLACES)
        assert claps_x > name_x, name
        assert height < 60, name


def test_why_an_older_question_failed_is_not_said_of_the_newer(page: Page, served: Served) -> None:
    """Nor does what follows belong to it: both would be about other detections."""
    for i in range(60):
        served.service.events.record(heard(i, 100.0 - i, 0.9))
    page.get_by_role("link", name="Historique").click()
    region = page.get_by_role("region", name="Détections", exact=True)
    expect(region.get_by_role("button", name="Plus anciennes")).to_be_visible()
    late: list[Route] = []
    page.route(lambda url: "/api/history?" in url and "mark=clap" in url, lambda route: late.append(route))  # noqa: PLW0108  # Playwright marks its handlers
    page.get_by_label("Votre avis").select_option("un clap")
    expect(region.get_by_role("button", name="Plus anciennes")).to_have_count(0)
    page.get_by_label("Votre avis").select_option("tous")
    expect(region.get_by_role("button", name="Plus anciennes")).to_be_visible()
    with page.expect_event("requestfinished"):
        late[0].fulfill(status=422, json=REFUSED)
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")
    expect(rows(page)).to_have_count(50)
    assert region.get_by_role("alert").count() == 0


def test_why_a_delivery_was_not_sent_again_is_said_until_it_is(page: Page, served: Served) -> None:
    with Receiver() as receiver:
        served.service.settings.apply({"sources": [{"id": "salon", "webhooks": [{"id": "webhook", "url": receiver.url}]}]})
        served.service.events.record(heard(1, 0.0, 0.9))
        page.get_by_role("link", name="Historique").click()
        go_to(page, "Envois")
        region = page.get_by_role("region", name="Envois")
        page.route("**/api/deliveries/*/replay?*", lambda route: route.fulfill(status=422, json=REFUSED), times=1)
        region.get_by_role("button", name="Renvoyer").click()
        expect(region.get_by_role("alert")).to_have_text("Refusé.")
        region.get_by_role("button", name="Renvoyer").click()
        expect(region.get_by_role("alert")).to_have_count(0)
        receiver.wait_for(2)


def test_what_could_not_be_asked_without_a_connection_is_asked_once_it_is_back(page: Page, served: Served) -> None:
    """In the history, and in the settings, whose lists nobody asks for again by hand."""
    served.service.events.record(heard(1, 0.0, 0.9))
    expect(page.locator(".activity li")).to_have_count(1)
    for view, region, found in (
        ("Historique", page.get_by_role("region", name="Détections", exact=True), ".found tbody tr"),
        ("Réglages", page.get_by_role("region", name="Sauvegardes des réglages"), ".muted"),
    ):
        page.context.set_offline(True)
        page.get_by_role("link", name=view).click()
        if view == "Réglages":
            page.get_by_role("link", name="Changements et sauvegardes").click()
        expect(region.get_by_role("alert")).to_have_text("service injoignable")
        page.context.set_offline(False)
        expect(page.get_by_text("Connecté", exact=True)).to_be_visible()
        expect(region.get_by_role("alert")).to_have_count(0)
        expect(region.locator(found).first).to_be_visible()


def test_the_filter_names_a_source_that_is_gone(page: Page, served: Served) -> None:
    """What is asked for is what is shown, though nobody hears that source any more."""
    served.service.events.record(heard(1, 0.0, 0.9))
    page.get_by_role("link", name="Historique").click()
    choice = page.locator(".filters select").first
    choice.select_option("Salon")
    served.service.sources.remove("salon")
    expect(choice.locator("option:checked")).to_have_text("salon (retirée)")
    expect(rows(page)).to_have_count(1)
