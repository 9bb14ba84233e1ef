"""The settings view: the broker, what is kept, backups, and a file that comes in."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from tests.peers.broker import MOSQUITTO, Broker
from tests.peers.receiver import Receiver, answer
from tests.web.browser import needs_browser, until
from tests.web.conftest import Served

pytestmark = needs_browser

PAGES = {"Conservation": "Sons et conservation", "Sauvegardes des réglages": "Changements et sauvegardes"}
ORIGINAL = {
    "global": {"threshold": "0.4", "delay": "1.5", "chunk_duration": "0.5"},
    "rtsp_sources": [
        {"name": "Entrée", "url": "rtsp://u:hunter2@127.0.0.1:9/live", "enabled": False},
        {"name": "Broken", "url": "http://not-a-camera/"},
    ],
}


def panel(page: Page, name: str) -> Locator:
    """Open the page of the settings that has a panel; return that panel."""
    page.get_by_role("link", name="Réglages", exact=True).click()
    pages = page.get_by_role("navigation", name="Parties des réglages")
    pages.get_by_role("link", name=PAGES.get(name, name)).click()
    return page.get_by_role("region", name=name, exact=True)


def test_a_broker_is_saved_as_a_whole_and_a_fault_stands_beside_its_field(page: Page, served: Served) -> None:
    broker = panel(page, "MQTT et Home Assistant")
    link = broker.locator(".mqtt-state")
    expect(link).to_have_text("Désactivé : rien n'est envoyé par MQTT.")
    broker.get_by_role("switch", name="Utiliser un broker").check()
    broker.get_by_label("Broker", exact=True).fill("127.0.0.1")
    broker.get_by_label("Mot de passe").fill("hunter2")
    port = broker.get_by_label("Port")
    port.fill("99999")
    broker.get_by_role("button", name="Enregistrer").click()
    expect(port).to_have_attribute("aria-invalid", "true")
    expect(broker.get_by_role("alert")).to_contain_text("65535")
    assert not served.service.settings.current.mqtt.enabled

    port.fill(str(served.port))  # somebody who is no broker
    broker.get_by_role("button", name="Enregistrer").click()
    expect(broker.get_by_text("Réglages MQTT enregistrés.")).to_be_visible()
    expect(link).to_contain_text("En attente")
    expect(link).to_contain_text(f"127.0.0.1:{served.port}")
    assert served.service.settings.current.mqtt.password == "hunter2"
    expect(broker.get_by_label("Mot de passe")).not_to_have_value("hunter2")
    assert "hunter2" not in page.content()


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is missing: sudo apt install mosquitto")
def test_the_link_to_a_broker_is_told_as_it_comes_and_goes(page: Page, served: Served, tmp_path: Path) -> None:
    """By the socket: the page does not ask for it again and again."""
    asked: list[str] = []
    settings = panel(page, "MQTT et Home Assistant")
    link = settings.locator(".mqtt-state")
    page.on("request", lambda request: asked.append(request.url))
    with Broker(tmp_path) as broker:
        served.service.settings.apply({"mqtt": {"enabled": True, "host": "127.0.0.1", "port": broker.port}})
        expect(link).to_have_text("Connecté au broker.")
    expect(link).to_contain_text("En attente")
    served.service.settings.apply({"mqtt": {"enabled": False}})
    expect(link).to_have_text("Désactivé : rien n'est envoyé par MQTT.")
    assert not [url for url in asked if url.endswith("/api/state")]


def test_how_long_is_kept_is_saved_as_it_is_typed(page: Page, served: Served) -> None:
    kept = panel(page, "Conservation")
    kept.get_by_label("Détections (jours)").fill("0")
    expect(kept.get_by_role("alert")).to_be_visible()
    assert served.service.settings.current.history.keep_days == 365
    kept.get_by_label("Détections (jours)").fill("30")
    kept.get_by_label("Place pour ces sons (Mo)").fill("50")
    until(page, "fetch('api/settings').then(a => a.json()).then(s => s.history.keep_days === 30 && s.clips.keep_mb === 50)")
    expect(kept.get_by_role("alert")).to_have_count(0)


def test_a_change_is_undone_at_once_by_key_or_later_from_the_list(page: Page, served: Served) -> None:
    """And brought back; in a text Ctrl+Z is the text's; what somebody has changed since is refused in words."""
    kept = panel(page, "Conservation")
    bar = page.locator(".undo")
    days = kept.get_by_label("Détections (jours)")
    days.fill("30")
    expect(bar).to_contain_text("Détections (jours) : 365 → 30")
    bar.get_by_role("button", name="Annuler").click()
    expect(bar).to_contain_text("Annulé. Détections (jours) : 30 → 365")
    expect(days).to_have_value("365")
    bar.get_by_role("button", name="Rétablir").press("Enter")
    expect(days).to_have_value("30")
    days.focus()
    page.keyboard.press("Control+z")
    page.get_by_role("link", name="Sons et conservation").focus()
    assert served.service.settings.current.history.keep_days == 30
    page.keyboard.press("Control+z")
    expect(days).to_have_value("365")
    page.keyboard.press("Control+y")
    expect(days).to_have_value("30")
    expect(bar).to_contain_text("Détections (jours) : 365 → 30")  # once it is answered: before, the bar would come back
    bar.get_by_role("button", name="Masquer").click()
    expect(bar).to_be_empty()

    served.service.sources.change("salon", {"threshold": 0.8, "name": "Cuisine"})
    page.get_by_role("link", name="Changements et sauvegardes").click()
    changes = page.get_by_role("region", name="Derniers changements")
    both = changes.get_by_role("listitem").filter(has_text="et 1 de plus")
    both.get_by_text("Tous les changements").click()
    expect(both.get_by_text("Cuisine, Seuil")).to_be_visible()
    served.service.sources.change("salon", {"name": "Véranda"})
    expect(changes.get_by_text("Véranda, Nom : « Cuisine » → « Véranda »")).to_be_visible()
    both.get_by_role("button", name=re.compile("^Annuler")).click()
    expect(bar).to_contain_text("Rien n'a été annulé : « sources.salon.name »")
    changes.get_by_role("button", name="Annuler : Véranda, Nom : « Cuisine »").click()
    expect(bar).to_contain_text("Annulé.")
    both.get_by_role("button", name=re.compile("^Annuler")).click()
    expect(bar).to_contain_text("Annulé. Salon, Nom")
    assert (served.service.settings.current.sources[0].name, served.service.settings.current.history.keep_days) == (
        "Salon",
        30,
    )


def test_a_source_that_was_removed_comes_back(page: Page, served: Served) -> None:
    """Whole, with the secrets that nobody can read, wherever one is by then."""
    webhook = {"id": "webhook", "url": "http://127.0.0.1:9/", "headers": {"Authorization": "Bearer s3cret"}}
    before = served.service.settings.apply({"sources": [{"id": "salon", "webhooks": [webhook]}]}).settings.sources
    page.goto(f"{served.url}/#/source/salon/source")
    page.get_by_role("button", name="Retirer Salon…").click()
    page.get_by_role("dialog").get_by_role("button", name="Retirer").click()
    expect(page.locator("main[data-view=house]")).to_be_visible()
    expect(page.locator(".undo")).to_contain_text("Salon : retiré")
    page.locator(".undo").get_by_role("button", name="Annuler").press("Enter")
    expect(page.get_by_role("article", name="Salon")).to_be_visible()
    assert served.service.settings.current.sources == before


def test_a_notification_service_is_set_up_tried_out_and_removed(page: Page, served: Served) -> None:
    """A wrong address is told beside it; the right one is masked; it is told of the sources that were chosen."""
    notify = panel(page, "Notifications")
    with Receiver(then=answer(200)) as receiver:
        notify.get_by_role("button", name="Ajouter un service").press("Enter")
        address = notify.get_by_label("Adresse Apprise", exact=True)
        expect(address).to_be_focused()
        address.fill("nothing-like-this://x")
        address.press("Enter")
        expect(notify.get_by_role("alert")).to_contain_text("Apprise ne connaît pas ce type d'adresse")
        expect(address).to_have_attribute("aria-invalid", "true")
        address.fill(f"{receiver.url.replace('http://', 'json://')}/s3cret")
        notify.get_by_role("button", name="Tester Notification 1").click()
        expect(notify.get_by_text("Test envoyé : accepté en")).to_be_visible()
        assert receiver.wait_for(1)[0].json["title"] == "ClapTrap : test"
        expect(address).to_have_value("********")
        notify.get_by_label("Nom", exact=True).fill("Téléphone")
        notify.get_by_role("checkbox", name="Salon").press("Space")
        notify.get_by_role("checkbox", name="1 clap").press("Space")  # all are ticked at first
        until(
            page,
            """fetch('api/settings').then(a => a.json()).then(s => s.notify.length === 1 && s.notify[0].name === 'Téléphone'
                && s.notify[0].sources.join() === 'salon' && s.notify[0].claps.join() === '2,3,4')""",
        )
        (kept,) = served.service.settings.current.notify
        assert (kept.id, kept.url.endswith("/s3cret"), kept.enabled) == ("notification-1", True, True)
        assert (kept.sources, kept.claps, kept.triggers) == (["salon"], [2, 3, 4], ["clap", "applause"])
    assert "s3cret" not in page.content()
    notify.get_by_role("switch", name="Notifier").press("Space")
    expect(notify.get_by_role("button", name="Tester Téléphone")).to_be_disabled()
    expect(page.locator(".undo-bar")).to_contain_text("Notifier")
    late: list[Route] = []
    steps = re.compile(r"/api/settings/steps\?")
    page.route(steps, lambda route: late.append(route))  # noqa: PLW0108  # Playwright takes no built-in
    notify.get_by_role("button", name="Retirer Téléphone").press("Enter")
    expect(notify.get_by_role("group")).to_have_count(0)
    expect(notify.get_by_role("button", name="Ajouter un service")).to_be_focused()
    page.keyboard.press("Control+z")  # before the page knows which step the removal was
    page.evaluate("fetch('api/settings').then(answer => answer.text())")
    page.route(steps, lambda route: route.continue_())
    for held in reversed(late):
        with page.expect_response(steps):
            held.continue_()
    expect(notify.get_by_role("group", name="Téléphone")).to_be_visible()
    assert served.service.settings.current.notify[0].url == kept.url


def test_without_apprise_the_page_says_what_to_install(page: Page, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is set up, where it is tried out, and on top, where it was given up."""
    served.service.settings.apply({"notify": [{"id": "phone", "name": "Léa", "url": "json://127.0.0.1:9"}]})
    monkeypatch.setitem(sys.modules, "apprise", None)
    notify = panel(page, "Notifications")
    expect(notify.locator(".reason")).to_contain_text("pip install 'claptrap[notify]'")
    notify.get_by_role("button", name="Tester Léa").click()
    expect(notify.get_by_role("status")).to_contain_text("Échec du test : Les notifications ont besoin d'Apprise")
    expect(page.get_by_role("region", name="À régler")).to_contain_text(
        "Léa : la dernière notification n'a pas été envoyée."
    )


def test_a_backup_is_kept_compared_and_restored(page: Page, served: Served, tmp_path: Path) -> None:
    backups = panel(page, "Sauvegardes des réglages")
    backups.get_by_role("button", name="Sauvegarder maintenant").click()
    expect(backups.get_by_text("Sauvegarde faite.")).to_be_visible()
    asked = backups.get_by_role("listitem").filter(has_text="à la demande")
    served.service.sources.change("salon", {"threshold": 0.9})
    asked.get_by_role("button", name="Comparer").click()
    expect(backups.get_by_text("avant Salon, Seuil : 0,50 → 0,90")).to_be_visible()
    expect(asked.get_by_text("Salon, Seuil", exact=True)).to_be_visible()
    expect(asked.locator("del")).to_have_text("0,90")
    asked.get_by_role("button", name="Restaurer").click()
    page.get_by_role("dialog").get_by_role("button", name="Restaurer").click()
    expect(backups.get_by_text("restaurés.")).to_be_visible()
    assert served.service.settings.current.sources[0].threshold == 0.5

    backups.get_by_role("button", name="Télécharger avec les secrets").click()
    with page.expect_download() as download:
        page.get_by_role("dialog").get_by_role("button", name="Avec les secrets…").click()
    file = tmp_path / "settings.json"
    download.value.save_as(file)
    assert json.loads(file.read_text("utf-8"))["sources"][0]["id"] == "salon"


def test_a_file_of_the_original_is_looked_at_then_taken(page: Page, served: Served, tmp_path: Path) -> None:
    incoming = panel(page, "Importer des réglages")
    file = tmp_path / "settings.json"
    file.write_text("[1]")
    incoming.get_by_label("Fichier JSON").set_input_files(file)
    expect(incoming.get_by_role("alert")).to_have_text("Ce fichier n'est pas un document JSON.")

    file.write_text(json.dumps(ORIGINAL))
    incoming.get_by_label("Fichier JSON").set_input_files(file)
    expect(incoming.get_by_role("heading", name="Réglages du ClapTrap d'origine")).to_be_visible()
    expect(incoming.get_by_text("0 réglage actuel est écrasé.")).to_be_visible()
    expect(incoming.get_by_text("rtsp_sources.1.url")).to_be_visible()
    expect(incoming.locator(".change-refused")).not_to_have_count(0)
    assert "hunter2" not in page.content()
    assert [source.name for source in served.service.settings.current.sources] == ["Salon"]

    incoming.get_by_role("button", name="Importer", exact=True).click()
    expect(incoming.get_by_text("Réglages importés")).to_be_visible()
    assert "Entrée" in [source.name for source in served.service.settings.current.sources]
