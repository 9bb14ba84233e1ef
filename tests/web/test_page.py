"""The page in a real browser, on the real service."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect
from tests.peers.ports import free_port
from tests.peers.receiver import Receiver, answer
from tests.peers.rtsp_server import PASSWORD, USER, RtspServer, why_missing
from tests.peers.vban import Sender, packets, sine
from tests.web.browser import browsing, glimpse, needs_browser, until
from tests.web.conftest import Served, clap

from claptrap.core.events import Heard, Level, Levels, ModelProgress, SourceStatus, State
from claptrap.core.spec import PatternSpec, RtspInput, VbanInput

pytestmark = needs_browser

REFUSED = {"code": "api.refused", "message": "Refusé.", "status": 422}


def test_each_device_speaks_its_own_language(page: Page, served: Served) -> None:
    """At first the browser's; what is chosen on one is kept there, and changes no other, nor the service's."""
    expect(page.get_by_role("button", name="Arrêter la détection")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("button", name="Stop detection")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Stop detection")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert served.service.language == "fr"
    with browsing(served.url, locale="de-DE") as guest:
        expect(guest.get_by_role("button", name="Stop detection")).to_be_visible()
        guest.get_by_role("button", name="Français").click()
        expect(guest.get_by_role("button", name="Arrêter la détection")).to_be_visible()
    expect(page.get_by_role("button", name="Stop detection")).to_be_visible()


def test_detection_is_stopped_and_started(page: Page, served: Served) -> None:
    expect(page.locator(".state-live")).to_be_visible()
    page.get_by_role("button", name="Arrêter la détection").click()
    expect(page.get_by_text("Détection arrêtée")).to_be_visible()
    assert not served.service.detection.running
    page.get_by_role("button", name="Démarrer la détection").click()
    expect(page.locator(".state-live")).to_be_visible()
    assert served.service.detection.running


def test_a_threshold_that_was_set_is_there_after_a_reload_and_on_another_page(page: Page, served: Served) -> None:
    expect(page.get_by_role("slider")).to_have_value("0.5")
    other = page.context.new_page()
    other.goto(served.url)
    expect(other.get_by_role("slider")).to_have_value("0.5")
    page.get_by_role("slider").fill("0.8")
    expect(other.get_by_role("slider")).to_have_value("0.8")
    page.reload()
    expect(page.get_by_role("slider")).to_have_value("0.8")
    assert served.service.settings.current.sources[0].threshold == 0.8


def test_the_webhook_test_shows_its_outcome(page: Page, served: Served) -> None:
    with Receiver(answer(204), then=answer(403)) as receiver:
        served.service.settings.apply(
            {"sources": [{"id": "salon", "webhooks": [{"id": "webhook", "url": receiver.url, "max_attempts": 1}]}]}
        )
        button = page.get_by_role("button", name="Tester")
        expect(button).to_be_enabled()
        button.click()
        expect(page.locator(".test-outcome")).to_have_text(re.compile(r"Test reçu\s: réponse 204 en "))
        button.click()
        expect(page.locator(".test-outcome")).to_have_text(re.compile(r"Échec du test\s: .*403"))
        assert [request.json["event"] for request in receiver.wait_for(2)] == ["test", "test"]


def test_a_test_that_stands_behind_what_a_dead_receiver_does_not_take_says_so(page: Page, served: Served) -> None:
    """And can be asked for again; what was said is forgotten once another address is typed."""
    dead = {"id": "webhook", "url": "http://127.0.0.1:9/", "max_attempts": 10}
    served.service.settings.apply({"sources": [{"id": "salon", "webhooks": [dead]}]})
    served.service.events.record(clap(0))
    expect(page.locator(".activity .outcome").first).to_be_visible()
    button = page.get_by_role("button", name="Tester")
    button.click()
    expect(page.locator(".test-outcome")).to_contain_text("Le test attend derrière d'autres envois")
    expect(button).to_be_enabled()
    page.get_by_role("textbox", name="Webhook").fill("http://127.0.0.1:9/another")
    expect(page.locator(".test-outcome")).to_have_text("")


def test_two_webhooks_that_fail_alike_are_said_once_and_gone_once_mended(page: Page, served: Served) -> None:
    """Nobody could tell the two sentences apart."""
    with Receiver(then=answer(404)) as receiver:
        dead = [{"id": name, "url": receiver.url} for name in ("one", "two")]
        served.service.settings.apply({"sources": [{"id": "salon", "webhooks": dead}]})
        served.service.events.record(clap(0))
        expect(page.locator(".activity .outcome")).to_have_count(2)
        said = page.get_by_role("alert").filter(has_text="Salon : le dernier envoi au webhook a échoué.")
        expect(said).to_have_count(1)
        served.service.settings.apply(
            {"sources": [{"id": "salon", "webhooks": [{"id": one["id"], "enabled": False} for one in dead]}]}
        )
        expect(said).to_have_count(0)


def test_a_clap_is_shown_at_once_and_kept_in_the_list(page: Page, served: Served) -> None:
    expect(page.locator(".state-live")).to_be_visible()
    with glimpse(page, """document.querySelector('[data-mood="clap"]')?.textContent === '👏'"""):
        served.service.events.record(clap(0))
    expect(page.locator(".activity li")).to_have_count(1)
    page.reload()
    expect(page.locator(".activity li")).to_have_count(1)


def test_sounds_are_named_in_the_page_s_language(page: Page, served: Served) -> None:
    expect(page.locator(".state-live")).to_be_visible()
    served.service.events.record(clap(0))
    served.service.status.offer(ModelProgress("yamnet.tflite", 1, 1, in_use=True))
    served.service.status.offer(Heard("salon", 6.0, (("Finger snapping", 0.7), ("Inside, small room", 0.2))))
    page.get_by_text("Sons entendus").click()
    expect(page.locator(".sound-name")).to_have_text(["Claquement de doigts", "Intérieur, petite pièce"])
    page.goto(f"{served.url}/#/source/salon")
    expect(page.locator(".activity .sound-names")).to_have_text(re.compile(r"^Battement de mains\s*Battement de mains 80"))
    page.get_by_role("button", name="English").click()
    expect(page.locator(".activity .sound-names")).to_have_text(re.compile(r"^Clapping\s*Clapping 80"))
    page.goto(f"{served.url}/#/")
    expect(page.locator(".sound-name")).to_have_text(["Finger snapping", "Inside, small room"])


def test_a_bad_address_is_refused_beside_its_field(page: Page, served: Served) -> None:
    field = page.get_by_role("textbox", name="Webhook")
    field.fill("ftp://nowhere")
    field.blur()
    expect(page.get_by_text("L'adresse doit commencer par http:// ou https://")).to_be_visible()
    assert served.service.settings.current.sources[0].webhooks[0].url == ""


def test_a_source_is_added_set_to_two_claps_and_removed(page: Page, served: Served) -> None:
    """With the keyboard where it matters: opening, choosing, sending, cancelling."""
    recording = served.service.sources.get("salon")["input"]["path"]
    page.get_by_role("button", name="Ajouter une source").press("Enter")
    page.get_by_role("radio", name="Microphone").press("ArrowUp")  # round to the last kind
    page.get_by_label("Nom", exact=True).fill("Répétition")
    field = page.get_by_label("Fichier", exact=True)
    field.press("Enter")
    expect(page.get_by_text("Il manque une valeur ici.")).to_be_visible()
    field.fill(recording)
    page.get_by_role("switch", name="Répéter").press("Space")
    field.press("Enter")
    card = page.get_by_role("article", name="Répétition")
    expect(card.locator(".state-live")).to_be_visible()
    expect(page.get_by_role("button", name="Ajouter une source")).to_be_focused()

    card.get_by_role("link", name="Détails et réglages").press("Enter")
    card = page.get_by_role("main")
    card.get_by_role("link", name="Réactions").press("Enter")
    two = card.get_by_role("group", name="Quand envoyer").get_by_role("radio", name="2 claps")
    expect(two).to_be_enabled()  # what there is to choose comes from the service
    two.press("Space")
    card.get_by_label("Réagit à").select_option("des claps")
    card.get_by_role("button", name="2 claps").press("Enter")
    expect(card.get_by_text("Envoyé quand aucun autre clap n'a suivi pendant 0,7 s.")).to_be_visible()
    kept = "s.hears === 'claps' && s.patterns[0].claps === 2"
    until(page, f"fetch('api/sources/repetition').then(a => a.json()).then(s => {kept})")
    (spec,) = [spec for spec in served.service.settings.current.specs() if spec.id == "repetition"]
    assert spec.patterns == (PatternSpec(2, at_least=False),)

    card.get_by_role("link", name="Source", exact=True).press("Enter")
    card.get_by_role("button", name="Retirer Répétition").press("Enter")
    page.keyboard.press("Enter")  # the harmless answer has the focus
    expect(page.get_by_role("dialog")).not_to_be_visible()
    card.get_by_role("button", name="Retirer Répétition").press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Retirer").press("Enter")
    expect(page).to_have_title("Maison · ClapTrap")
    expect(page.get_by_role("article")).to_have_count(1)
    assert [source.id for source in served.service.settings.current.sources] == ["salon"]


def test_a_source_that_goes_leaves_nothing_that_news_could_stumble_over(page: Page, served: Served) -> None:
    """Frames that come late, as on a busy machine: what is tidied up after a frame is not when news comes."""
    page.add_init_script(
        """
        const later = window.setTimeout;
        window.setTimeout = (call, ms, ...rest) => later(call, ms === 35 ? 1500 : ms, ...rest);  // Preact's, after a frame
        window.requestAnimationFrame = () => 0;
        """
    )
    page.reload()
    card = page.get_by_role("article", name="Salon")
    expect(card.locator(".level-value")).to_contain_text("dBFS")
    served.service.sources.remove("salon")
    expect(card).to_have_count(0)
    served.service.hub.publish(Levels((Level("salon", 0.0, -3.0),)))  # louder than the recording ever is
    expect(page.locator(".orb")).to_have_attribute("style", re.compile(r"--level: ?1\.00"))


def test_a_stream_seen_on_the_network_becomes_a_source_at_a_press(page: Page, served: Served) -> None:
    """The page lists what arrives; the press is all it takes."""
    port = free_port()
    page.get_by_role("button", name="Ajouter une source").click()
    page.get_by_role("radio", name="Audio réseau").press("Space")
    page.locator("#streams-port").fill(str(port))
    expect(page.get_by_text(f"port UDP {port} : il apparaîtra ici")).to_be_visible()
    with Sender(port) as sender, sending(sender):
        page.get_by_role("button", name="Ajouter Voicemeeter").click()
        expect(page.get_by_role("article", name="Voicemeeter").locator(".state-live")).to_be_visible()
    (spec,) = [spec for spec in served.service.settings.current.specs() if spec.kind == "vban"]
    assert spec.input == VbanInput("127.0.0.1", "Voicemeeter", port)


def test_why_a_stream_was_not_taken_stays_while_others_are_looked_for(page: Page) -> None:
    stream = {"host": "192.0.2.1", "stream": "Voicemeeter", "port": 6980, "rate_hz": 48_000, "channels": 2, "wanted": False}
    looks = 0

    def look(route: Route) -> None:
        nonlocal looks
        looks += 1
        route.fulfill(json=[{**stream, "code": "", "message_fr": "", "message_en": ""}])

    page.route("**/api/vban/streams?*", look)
    page.route("**/api/sources?*", lambda route: route.fulfill(status=422, json=REFUSED))
    page.get_by_role("button", name="Ajouter une source").click()
    page.get_by_role("radio", name="Audio réseau").press("Space")
    page.get_by_role("button", name="Ajouter Voicemeeter").click()
    expect(page.locator(".streams").get_by_role("alert")).to_have_text("Refusé.")
    seen = looks
    while looks < seen + 2:
        with page.expect_response("**/api/vban/streams?*"):
            pass
    expect(page.locator(".streams").get_by_role("alert")).to_have_text("Refusé.")


@contextmanager
def sending(sender: Sender) -> Iterator[None]:
    """Send a stream until the block ends."""
    ending = threading.Event()

    def send() -> None:
        first = 0
        while not ending.wait(0.05):
            sent = packets(sine(seconds=0.05), name=b"Voicemeeter", first=first)
            sender.send(sent)
            first += len(sent)

    thread = threading.Thread(target=send, name="test:sender")
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


@pytest.mark.xdist_group("cameras")
@pytest.mark.skipif(bool(why_missing()), reason=f"GStreamer's RTSP server is missing: {why_missing()}")
def test_a_camera_is_tried_before_it_is_added(page: Page, served: Served) -> None:
    """The page says what it gives; nothing is kept until it is added."""
    with RtspServer() as camera:
        page.get_by_role("button", name="Ajouter une source").click()
        page.get_by_role("radio", name="Caméra réseau").press("Space")
        page.get_by_label("Nom", exact=True).fill("Cour")
        page.get_by_label("Adresse", exact=True).fill(f"{camera.guarded_url}/pcmu")
        page.get_by_label("Utilisateur").fill(USER)
        page.get_by_label("Mot de passe").fill(PASSWORD)
        page.get_by_role("button", name="Tester l'adresse").click()
        expect(page.get_by_text(re.compile(r"La caméra répond\s: pcm_mulaw, 8 kHz, mono"))).to_be_visible()
        assert len(served.service.settings.current.sources) == 1
        page.get_by_role("button", name="Ajouter", exact=True).click()
        expect(page.get_by_role("article", name="Cour").locator(".state-live")).to_be_visible()


def test_what_a_camera_gave_is_not_said_of_another_address(page: Page) -> None:
    """Neither what was known before it was typed, nor what is answered late."""
    found = {"codec": "opus", "rate_hz": 48_000, "channels": 1, "level_dbfs": -40.0, "tracks": []}
    late: list[Route] = []
    page.route("**/api/probe/rtsp?*", lambda route: late.append(route))  # noqa: PLW0108  # Playwright marks its handlers
    page.get_by_role("button", name="Ajouter une source").click()
    page.get_by_role("radio", name="Caméra réseau").press("Space")
    address, attempt = page.get_by_label("Adresse", exact=True), page.get_by_role("button", name="Tester l'adresse")
    for typed_after_answer in (True, False):
        address.fill("rtsp://192.0.2.1/one")
        with page.expect_request("**/api/probe/rtsp?*"):
            attempt.click()
        while not late:
            page.wait_for_timeout(10)  # lets Playwright bring what the page has asked already
        if typed_after_answer:
            late.pop().fulfill(json={**found, "code": "", "message_fr": "", "message_en": ""})
            expect(page.get_by_text("La caméra répond")).to_be_visible()
        address.fill("rtsp://192.0.2.1/two")
        if not typed_after_answer:
            late.pop().fulfill(json={**found, "code": "", "message_fr": "", "message_en": ""})
        expect(attempt).to_be_enabled()
        expect(page.get_by_text("La caméra répond")).to_have_count(0)


def test_a_camera_s_password_stays_behind_its_mask(page: Page, served: Served) -> None:
    """The form sends the mask back as it came: another name changes nothing else."""
    url = "rtsp://u:hunter2@127.0.0.1:1/x?token=T0P"
    served.service.sources.add({"kind": "rtsp", "name": "Cour", "enabled": False, "input": {"url": url}})
    before = served.service.settings.current.specs()[1].input
    page.goto(f"{served.url}/#/source/cour/source")
    page.get_by_role("button", name="Modifier Cour").click()
    card = page.get_by_role("main")
    expect(card.get_by_label("Mot de passe")).to_have_value("********")
    card.get_by_label("Nom", exact=True).fill("Jardin")
    card.get_by_role("button", name="Enregistrer").click()
    expect(page.get_by_role("button", name="Modifier Jardin")).to_be_visible()
    assert served.service.settings.current.specs()[1].input == before
    assert "hunter2" not in page.content()


def test_a_camera_at_another_address_wants_its_password_typed_again(page: Page, served: Served) -> None:
    """Trying says so in a sentence, saving says so beside the field; typed again it is kept."""
    served.service.sources.add(
        {"kind": "rtsp", "name": "Cour", "enabled": False, "input": {"url": "rtsp://u:hunter2@127.0.0.1:1/x"}}
    )
    page.goto(f"{served.url}/#/source/cour/source")
    page.get_by_role("button", name="Modifier Cour").click()
    card = page.get_by_role("main")
    card.get_by_label("Adresse", exact=True).fill("rtsp://127.0.0.1:2/x")
    card.get_by_role("button", name="Tester l'adresse").click()
    expect(card.get_by_text(re.compile("Retapez-le"))).to_be_visible()
    card.get_by_role("button", name="Enregistrer").click()
    expect(card.get_by_label("Mot de passe")).to_have_attribute("aria-invalid", "true")
    card.get_by_label("Mot de passe").fill("another")
    card.get_by_role("button", name="Enregistrer").click()
    expect(card.get_by_role("button", name="Enregistrer")).to_have_count(0)
    assert served.service.settings.current.specs()[1].input == RtspInput(
        "rtsp://127.0.0.1:2/x", username="u", password="another"
    )


def test_what_happened_to_a_source_is_told_to_who_looks(page: Page, served: Served) -> None:
    """Sound that the machine lost is said at once, wherever the source is shown; the figures are on its page, and follow."""
    expect(page.locator(".state-live")).to_be_visible()
    page.goto(f"{served.url}/#/source/salon/source")
    card = page.get_by_role("main")
    expect(card.get_by_text("trop lente")).to_have_count(0)
    card.get_by_text("Détails").click()
    retries = card.locator("dt", has_text="après une panne").locator("+ dd")
    expect(retries).to_have_text("0")
    served.service.stop_detection()  # else what the source itself says comes over what is said for it here
    served.service.status.offer(
        SourceStatus("salon", State.RETRYING, "file.missing", {"path": "x"}, attempt=1, dropped_hops=70, missing_hops=5)
    )
    expect(retries).to_have_text("1")
    expect(card.get_by_text(re.compile("1,4 s de son perdues"))).to_be_visible()
    expect(card.locator("dt", has_text="perdu sur le réseau").locator("+ dd")).to_have_text("100 ms")
    expect(card.locator("dt", has_text="Dernier son").locator("+ dd")).not_to_be_empty()
    page.get_by_role("navigation", name="Vues").get_by_role("link", name="Maison").click()
    expect(page.get_by_role("article", name="Salon").get_by_text(re.compile("1,4 s de son perdues"))).to_be_visible()
    served.service.status.offer(SourceStatus("salon", State.ENDED))
    sound = page.get_by_role("article", name="Salon").locator(".sound")
    expect(sound.locator(".strip")).to_be_visible()
    assert not sound.evaluate("one => [...one.childNodes].some(n => n.nodeType === Node.TEXT_NODE)"), "a 0 that says nothing"


def test_nothing_sticks_out(page: Page) -> None:
    """On a television, a desk, a phone and a small one."""

    def look() -> None:
        for width in (3840, 1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 844})
            until(page, f"document.documentElement.scrollWidth <= {width}")  # once what is drawn has been drawn for it

    expect(page.locator(".state-live")).to_be_visible()
    page.get_by_role("button", name="Ajouter une source").click()
    for kind in page.get_by_role("radio", name=re.compile("Caméra|Enregistrement")).all():
        kind.press("Space")
        look()
    for view in (
        "#/source/salon",
        "#/source/salon/reactions",
        "#/source/salon/source",
        "#/history",
        "#/history/statistics",
        "#/settings",
        "#/start",
    ):
        page.goto(page.url.partition("#")[0] + view)
        expect(page.locator(f"main[data-view={view.split('/')[1]}] h1")).to_be_visible()
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        look()


LARGE = """() => {
    const main = document.querySelector('main').getBoundingClientRect();
    const isSeen = one => one.getClientRects().length && !one.closest('.unseen');
    const isText = node => node.nodeType === Node.TEXT_NODE && node.data.trim();
    const texts = [...document.querySelectorAll('main *')].filter(one => isSeen(one) && [...one.childNodes].some(isText));
    return {
        left: main.left, right: document.documentElement.clientWidth - main.right, width: main.width,
        text: Math.min(...texts.map(one => parseFloat(getComputedStyle(one).fontSize))),
    };
}"""


def test_a_large_screen_is_used(page: Page) -> None:
    """At 3840 x 2160 the page stands in the middle, fills a good part, and its smallest text can be read from a chair."""
    page.set_viewport_size({"width": 3840, "height": 2160})
    expect(page.locator(".state-live")).to_be_visible()
    for view, least in (("house", 2000), ("source/salon", 2000), ("history", 2000), ("settings", 1500), ("start", 900)):
        page.goto(f"{page.url.partition('#')[0]}#/{view}")
        expect(page.locator(f"main[data-view={view.partition('/')[0]}] h1")).to_be_attached()
        found = page.evaluate(LARGE)
        assert abs(found["left"] - found["right"]) < 20, view
        assert found["width"] >= least, view
        assert found["text"] >= 14, view
