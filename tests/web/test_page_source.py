"""One source close up: what it hears and why, and what can be set there, while real sound plays."""

from __future__ import annotations

import json
import re
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from tests.peers.claps import GOOD, Sound, clap, recording
from tests.peers.receiver import Receiver, answer
from tests.peers.waiting import wait_until
from tests.web.browser import browsing, needs_browser, until
from tests.web.conftest import Served, serving

from claptrap.core.events import TaughtWindow
from claptrap.core.spec import PatternSpec
from claptrap.detect.taught import packed, sound_vector
from claptrap.detect.yamnet import FEATURES
from claptrap.service import Application

pytestmark = needs_browser
RATE_HZ = 16_000


@pytest.fixture
def clapping(tmp_path: Path, quiet_models: Path) -> Iterator[Served]:
    """The service with a source that claps every 1.3 s, over and over."""
    assert not quiet_models.exists()
    write_claps(tmp_path / "claps.wav")
    folder = tmp_path / "data"
    folder.mkdir()
    source = {"id": "salon", "kind": "file", "name": "Salon", "input": {"path": str(tmp_path / "claps.wav"), "loop": True}}
    (folder / "settings.json").write_text(json.dumps({"version": 3, "sources": [source]}))
    with serving(Application(folder)) as running:
        yield running


def write_claps(path: Path) -> None:
    write(path, recording(6, RATE_HZ)[0])


def write_row(path: Path, rate_hz: int = RATE_HZ) -> None:
    """Write four claps in the rhythm "long, short, short", in a room that is still before and after them."""
    sound = np.random.default_rng(0).normal(0, 3e-4, 5 * rate_hz).astype(np.float32)
    for seed, onset in zip(GOOD, (1.5, 2.3, 2.7, 3.1), strict=False):
        one = clap(np.random.default_rng(seed), rate_hz)
        begin = round(onset * rate_hz)
        sound[begin : begin + len(one)] += np.float32(0.35) * one
    write(path, sound, rate_hz)


def write(path: Path, sound: Sound, rate_hz: int = RATE_HZ) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(sound, -1, 1) * 32_767).astype("<i2").tobytes())


@pytest.fixture
def page(clapping: Served) -> Iterator[Page]:
    with browsing(clapping.url) as opened:
        opened.goto(f"{clapping.url}#/source/salon")
        yield opened


def test_the_sound_is_drawn_and_every_candidate_says_why(page: Page, clapping: Served) -> None:
    """At a threshold that nothing reaches the same claps are below it; the picture stops when nobody looks."""
    expect(page.locator("canvas[data-drawn]")).to_be_visible()
    expect(page.locator(".candidates").get_by_text("Clap : détection.").first).to_be_visible()
    page.get_by_role("slider").fill("1")
    expect(page.locator(".candidates").get_by_text("avec ce seuil : pas un clap").first).to_be_visible()
    expect(page.locator(".candidates").get_by_text("Proche d'un clap, mais sous le seuil.").first).to_be_visible()
    page.get_by_role("button", name="Envoyer un clap d'essai").click()
    expect(page.locator(".proof-steps")).to_contain_text("est sous le seuil, 1")
    page.get_by_role("link", name="Réglages", exact=True).click()
    until(page, "document.querySelector('canvas.sound-picture') === null")
    page.goto(f"{clapping.url}#/source/salon")
    expect(page.locator("canvas[data-drawn]")).to_be_visible()


def test_reactions_are_rows_that_say_who_is_called(page: Page, clapping: Served) -> None:
    """One clap calls the lamp, a dog and two claps the gate: rows are added, tuned, ticked and taken away by keyboard."""
    with Receiver(answer(204)) as lamp:
        page.get_by_role("link", name="Réactions").click()
        page.get_by_role("button", name="Ajouter un motif").press("Enter")
        page.get_by_role("button", name="1 clap ou plus", exact=True).press("Enter")  # no more each, beside two
        page.get_by_label("Exactement ou au moins").select_option("Exactement")
        first = page.get_by_role("group", name="Quand 1 clap", exact=True)
        shortest, longest = first.get_by_label("Écart de"), first.get_by_label("l'écart le plus long")
        shortest.fill("0.9")
        shortest.press("Enter")
        expect(longest).to_have_attribute("aria-invalid", "true")
        expect(first.get_by_role("alert")).to_contain_text("0.9")
        shortest.fill("0.2")
        shortest.press("Enter")
        expect(longest).to_have_attribute("aria-invalid", "false")
        page.get_by_role("button", name="Ajouter un webhook").press("Enter")
        fields = page.get_by_role("textbox", name=re.compile("^Webhook"))
        expect(fields.nth(1)).to_be_focused()
        page.get_by_role("combobox", name="Ajouter un son…").select_option("preset:dog")
        dog, two = page.get_by_role("group", name="Quand Chien"), page.get_by_role("group", name="Quand 2 claps")
        expect(dog.get_by_role("checkbox", checked=True)).to_have_count(0)
        expect(page.get_by_text(re.compile("commodité"))).to_be_visible()  # the advice: it is no safety device
        dog.get_by_role("checkbox", name="Webhook 2").press("Space")
        expect(
            page.get_by_role("group", name="Quand 1 clap", exact=True).get_by_role("checkbox", name="Webhook 2")
        ).to_be_checked()
        first.get_by_role("checkbox", name="Webhook 2").press("Space")
        expect(first.get_by_role("checkbox", name="Webhook 2")).not_to_be_checked()
        two.get_by_role("checkbox", name="Webhook 1").press("Space")
        expect(two.get_by_role("checkbox", name="Webhook 1")).not_to_be_checked()
        fields.nth(0).fill(lamp.url)
        fields.nth(0).press("Enter")
        fields.nth(1).fill("http://127.0.0.1:1/gate")
        fields.nth(1).press("Enter")
        assert lamp.wait_for(1)[0].json["claps"] == 1
    salon = clapping.service.settings.current.sources[0]
    assert [(one.claps, one.at_least) for one in salon.patterns] == [(1, False), (2, False)]
    assert [(one.claps, one.triggers) for one in salon.webhooks] == [
        ([1], ["clap", "applause"]),
        ([2], ["clap", "applause", "dog"]),
    ]
    dog.get_by_role("button", name="Retirer : Chien").press("Enter")
    expect(dog).to_have_count(0)
    undo = page.locator(".undo-bar").filter(has_text="Chien")
    undo.get_by_role("button", name="Annuler").press("Enter")
    expect(dog).to_have_count(1)
    page.get_by_role("button", name="Apprendre un son").press("Enter")
    expect(page.get_by_text("Faites entendre votre son 3 fois")).to_be_visible()
    wait_until(lambda: clapping.service.sound_lessons.is_active("salon"))
    for i in range(3):
        bell = packed(sound_vector(np.ones(FEATURES, np.float32)))
        clapping.service.sound_lessons.observe(TaughtWindow("salon", 10.0 * i, 0.5, bell, (("Bell", 0.3),)))
    page.get_by_label("Nom", exact=True).fill("Sonnette")
    page.get_by_role("button", name="Ajouter ce son").press("Enter")
    expect(page.get_by_role("group", name="Quand Sonnette")).to_be_visible()
    expect(page.get_by_role("button", name="Apprendre un son")).to_be_visible()
    page.get_by_role("button", name="Retirer : 1 clap", exact=True).press("Enter")
    page.get_by_role("button", name="Retirer le webhook 2").press("Enter")
    expect(page.get_by_role("textbox", name=re.compile("^Webhook"))).to_have_count(1)
    expect(page.get_by_role("button", name="Ajouter un webhook")).to_be_focused()
    until(page, "fetch('api/sources/salon').then(a => a.json()).then(s => s.patterns.length === 1)")
    assert clapping.service.settings.current.specs()[0].patterns == (PatternSpec(2, at_least=False),)


def test_a_webhook_s_headers_and_secret_can_be_given_and_never_read(page: Page, clapping: Served) -> None:
    """What was given is masked; a fault is told beside its field."""
    page.get_by_role("link", name="Réactions").click()
    page.get_by_text("Options avancées").click()
    page.get_by_label("Nom de l'en-tête").fill("X-Key")
    page.get_by_label("Valeur").fill("s3cret")
    page.get_by_label("Valeur").press("Enter")
    expect(page.get_by_text("X-Key: ********")).to_be_visible()
    page.get_by_label("Ne jamais agir sur un clap plus vieux que (s)").fill("60")
    page.get_by_label("Nombre d'essais maximal").fill("99")
    page.get_by_label("Nombre d'essais maximal").blur()
    expect(page.get_by_label("Nombre d'essais maximal")).to_have_attribute("aria-invalid", "true")
    secret = page.get_by_label("Secret de signature", exact=True)
    secret.fill("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    secret.blur()
    expect(secret).to_have_value("********")
    template, preview = page.get_by_label("Modèle du corps", exact=True), page.locator(".preview")
    shown = preview.get_by_role("group")
    page.get_by_label("Aperçu de la requête").select_option("exemple : test")
    expect(shown).to_contain_text('"event": "test"')
    template.fill("{% for")
    template.blur()
    expect(template).to_have_attribute("aria-invalid", "true")
    expect(preview).to_contain_text("Pas d'aperçu")
    template.fill('{"who": {{ source_name | tojson }}, "id": {{ event_id | tojson }}}')
    page.get_by_label("Aperçu de la requête").select_option("la dernière détection")
    expect(shown).to_contain_text(re.compile(r'"who": "Salon", "id": "salon:\w+:\d+"'))
    template.blur()
    until(page, "fetch('api/sources/salon').then(a => a.json()).then(s => s.webhooks[0].template.includes('who'))")
    page.get_by_label("Méthode").select_option("GET")
    expect(page.get_by_text("Un GET n'a pas de corps")).to_be_visible()
    template.fill("")  # it is still there to be emptied
    template.blur()
    expect(template).to_have_count(0)
    until(page, "fetch('api/sources/salon').then(a => a.json()).then(s => s.webhooks[0].method === 'GET')")
    assert clapping.service.settings.current.sources[0].webhooks[0].headers == {"X-Key": "s3cret"}
    page.get_by_role("button", name="Retirer l'en-tête X-Key").click()
    expect(page.get_by_text("X-Key: ********")).to_have_count(0)
    assert "s3cret" not in page.content()
    webhook = clapping.service.settings.current.sources[0].webhooks[0]
    assert (webhook.headers, webhook.signing_secret[:6], webhook.max_attempts, webhook.max_age_s) == ({}, "whsec_", 4, 60)


def test_the_sound_is_kept_only_when_somebody_wants_it(page: Page, clapping: Served) -> None:
    page.get_by_role("link", name="Source", exact=True).click()
    keep = page.get_by_role("switch", name="Garder le son autour de chaque détection")
    expect(keep).not_to_be_checked()
    keep.press("Space")
    until(page, "fetch('api/sources/salon').then(a => a.json()).then(s => s.clips)")
    page.get_by_role("link", name="À écouter ou effacer").click()
    expect(page.get_by_role("button", name=re.compile("^Écouter")).first).to_be_visible()
    page.get_by_role("button", name="Effacer les sons").click()
    page.get_by_role("dialog").get_by_role("button", name="Effacer les sons").click()
    expect(page.get_by_text(re.compile(r"\d+ sons? effacés?\."))).to_be_visible()
    assert clapping.service.settings.current.sources[0].clips


def test_a_webhook_can_be_ready_made_or_like_another_source_s(page: Page, clapping: Served) -> None:
    """What cannot be read back is not copied."""
    webhook = {"id": "webhook", "url": "http://127.0.0.1:9/lamp", "headers": {"X-A": "s3cret"}, "max_age_s": 30.0}
    recording = clapping.service.sources.get("salon")["input"]
    kitchen = {"id": "kitchen", "kind": "file", "name": "Kitchen", "enabled": False, "input": recording}
    clapping.service.settings.apply({"sources": [{**kitchen, "webhooks": [webhook]}]})
    page.goto(f"{clapping.url}#/source/salon/reactions")
    page.get_by_role("button", name="Home Assistant").press("Enter")
    address = page.get_by_role("textbox", name="Webhook 2")
    expect(address).to_have_value("http://homeassistant.local:8123/api/webhook/claptrap-salon")
    expect(address).to_be_focused()
    page.get_by_role("button", name="Comme Kitchen").press("Enter")
    expect(page.get_by_role("textbox", name="Webhook 3")).to_have_value("http://127.0.0.1:9/lamp")
    expect(page.get_by_role("button", name="Comme Kitchen")).to_have_count(0)
    salon = next(one for one in clapping.service.settings.current.sources if one.id == "salon")
    copied = salon.webhooks[-1]
    assert (copied.url, copied.max_age_s, copied.headers) == ("http://127.0.0.1:9/lamp", 30.0, {})
