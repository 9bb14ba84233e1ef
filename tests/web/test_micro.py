"""The page ``/micro``: a real Chromium whose microphone plays a recording, on the real service."""

from __future__ import annotations

import json
import random
import re
import wave
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import socketio
import soxr
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect
from tests.peers.live import LiveClient
from tests.peers.waiting import wait_until
from tests.web.browser import CHROMIUM, PATIENCE_MS, WHOLE, chromium, glimpse, show_phone
from tests.web.conftest import WAIT_S, Served, clap, serving
from tests.web.test_page_source import write_row
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect as ws_connect

from claptrap.audio.frame import Frame
from claptrap.core.events import State
from claptrap.core.spec import SourceSpec
from claptrap.service import Application
from claptrap.sources.base import Sink, Source
from claptrap.sources.browser_block import build
from claptrap.sources.feeds import MOST_BAD
from claptrap.web.page import ASSETS

RATE_HZ = 48_000
PATIENT_MS = 60_000
CLAPPING = "document.querySelector('.face[data-mood=clap]')"  # for a second
in_browser = [
    pytest.mark.slow,
    pytest.mark.xdist_group("cameras"),
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is missing: sudo apt install chromium-headless-shell"),
    pytest.mark.skipif(not (ASSETS / "micro.html").exists(), reason="the page is not built: make page"),
]


class Tap:
    """Keeps what every source gives on its way to the service."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.n_live = 0

    def wrapped(self, source: Source) -> Source:
        tap = self

        class Tapped:
            def run(self, sink: Sink) -> None:
                source.run(Listening(sink, tap))

        return Tapped()

    def sound(self) -> NDArray[np.float32]:
        return np.concatenate([frame.samples[:, 0] for frame in self.frames] or [np.zeros(0, np.float32)])


class Listening:
    """A sink that tells the tap, and then the real one."""

    def __init__(self, sink: Sink, tap: Tap) -> None:
        self._sink, self._tap = sink, tap
        self.stop = sink.stop
        self.waiting = sink.waiting

    def live(self, rate_hz: int, channels: int) -> None:
        self._tap.n_live += 1
        self._sink.live(rate_hz, channels)

    def frame(self, frame: Frame) -> None:
        self._tap.frames.append(frame)
        self._sink.frame(frame)


@pytest.fixture
def tap() -> Tap:
    return Tap()


@pytest.fixture
def house(tmp_path: Path, quiet_models: Path, tap: Tap) -> Iterator[Served]:
    """The service without any source."""
    assert not quiet_models.exists()
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps({"version": 1, "language": "fr", "sources": []}))
    service: Application

    def build_source(spec: SourceSpec) -> Source:
        return tap.wrapped(service.inputs.build(spec))

    service = Application(folder, build_source=build_source)
    with serving(service) as running:
        yield running


def hiss() -> NDArray[np.float32]:
    """Three seconds of noise below 6 kHz that never repeats itself."""
    noise = np.random.default_rng(7).normal(0, 1, 3 * RATE_HZ)
    spectrum = np.fft.rfft(noise)
    spectrum[np.fft.rfftfreq(len(noise), 1 / RATE_HZ) > 6_000] = 0
    low = np.fft.irfft(spectrum)
    return (0.5 * low / np.abs(low).max()).astype(np.float32)


def write(path: Path, sound: NDArray[np.float32]) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes((sound * 32_767).astype("<i2").tobytes())


@pytest.fixture
def hissing(tmp_path: Path) -> Path:
    """A recording of ``hiss``."""
    path = tmp_path / "hiss.wav"
    write(path, hiss())
    return path


def playing(sound: Path) -> tuple[str, str]:
    """Return the flags of a Chromium with a recording for a microphone."""
    return "--use-fake-device-for-media-stream", f"--use-file-for-fake-audio-capture={sound}"


@pytest.fixture
def browser(hissing: Path) -> Iterator[Browser]:
    with chromium(*playing(hissing), "--use-fake-ui-for-media-stream") as opened:
        yield opened


WATCHED = """
  window.contexts = []; window.nodes = [];
  window.AudioContext = class extends AudioContext {
    constructor(...given) { super(...given); contexts.push(this); }
    createMediaStreamSource(stream) {
      const node = super.createMediaStreamSource(stream);
      const held = new WeakRef(node);
      nodes.push({ disconnect: () => held.deref().disconnect() });
      window.track = stream.getAudioTracks()[0];
      return node;
    }
  };
  const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  let isThere = true;
  navigator.mediaDevices.getUserMedia = (wish) =>
    isThere ? ask(wish) : Promise.reject(new DOMException("no device", "NotFoundError"));
  window.unplug = () => { isThere = false; track.dispatchEvent(new Event("ended")); };
  window.plugIn = () => { isThere = true; navigator.mediaDevices.dispatchEvent(new Event("devicechange")); };
"""  # the page's microphone in the hands of a test, which itself keeps no node alive


def open_micro(browser: Browser, url: str, init: str = "", **options: Any) -> Page:
    page = browser.new_context(locale="fr-FR", **options).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(init)
    page.goto(f"{url}/micro")
    return page


def listen(page: Page) -> None:
    page.get_by_role("button", name="Écouter avec ce micro").click()
    expect(page.get_by_role("heading", name="ClapTrap entend ce micro")).to_be_visible()


def status(served: Served) -> tuple[str, str]:
    """Return state and code of the only source."""
    (found,) = served.service.snapshot()["statuses"].values()
    return found["state"], found["code"]


def likeness(heard: NDArray[np.float32], rate_hz: int) -> float:
    """Return the best correlation of ``heard`` with any part of the recording, which plays over and over."""
    reference = soxr.resample(np.tile(hiss(), 3), RATE_HZ, rate_hz)
    n = 1 << (len(reference) + len(heard)).bit_length()
    products = np.fft.irfft(np.fft.rfft(reference, n) * np.conj(np.fft.rfft(heard, n)), n)[: len(reference) - len(heard)]
    energy = np.cumsum(np.concatenate(([0.0], reference.astype(np.float64) ** 2)))
    norms = np.sqrt(
        (energy[len(heard) :] - energy[: -len(heard)])[: len(products)] * float((heard.astype(np.float64) ** 2).sum())
    )
    return float((products / norms).max())


# -- in a real browser ------------------------------------------------------------------------------------------------------


class TestInChromium:
    pytestmark = in_browser

    def test_a_phone_becomes_a_source_and_its_sound_arrives_whole(self, house: Served, browser: Browser, tap: Tap) -> None:
        complaints: list[str] = []
        page = open_micro(browser, house.url)
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.get_by_label("Nom de ce micro").fill("Téléphone de Zoé")
        listen(page)
        (source,) = house.service.settings.current.sources
        assert (source.kind, source.name, source.enabled) == ("browser", "Téléphone de Zoé", True)
        assert status(house) == ("live", "")
        expect(page.get_by_role("meter")).not_to_have_attribute("aria-valuetext", "silence")
        wait_until(lambda: len(tap.sound()) > 2.5 * 48_000)
        rate_hz = tap.frames[0].rate_hz
        wait_until(lambda: likeness(tap.sound()[-3 * rate_hz // 2 :], rate_hz) > 0.95)  # a busy browser stutters
        assert not any(frame.lost_samples for frame in tap.frames)
        with glimpse(page, CLAPPING):
            house.service.events.record(clap(0, source.id))
        expect(page.get_by_text("Dernier clap")).to_be_visible()
        page.close(run_before_unload=False)
        gone = {("retrying", "browser.closed"), ("retrying", "browser.lost")}  # a tab that goes may take its farewell along
        wait_until(lambda: status(house) in gone, lambda: status(house))
        assert complaints == []

    def test_claps_near_the_phone_are_shown_on_it_and_teach_the_house(self, house: Served, tmp_path: Path) -> None:
        """A clap is shown on the phone; beside it one calibrates its place, and teaches a rhythm, which then happens."""
        write_row(tmp_path / "row.wav", RATE_HZ)
        with chromium(*playing(tmp_path / "row.wav"), "--use-fake-ui-for-media-stream") as browser:
            page = open_micro(browser, house.url)
            with glimpse(page, CLAPPING):
                listen(page)
            expect(page.get_by_text("Dernier clap")).to_be_visible()
            event = house.service.snapshot()["events"][-1]
            assert (event["kind"], event["applause"]) == ("browser", False)
            (source,) = house.service.settings.current.sources
            minute, lesson = page.context.new_page(), page.context.new_page()
            minute.goto(f"{house.url}#/calibrate/{source.id}")
            lesson.goto(f"{house.url}#/source/{source.id}/reactions")
            lesson.get_by_role("button", name="Apprendre un rythme").click()
            lesson.get_by_label("Nom", exact=True).fill("Porte", timeout=PATIENT_MS)  # once three rows agree
            lesson.get_by_role("button", name="Ajouter ce rythme").click()
            expect(lesson.get_by_role("group", name="Quand Porte").locator("circle")).to_have_count(4)
            wait_until(lambda: "Porte" in [one["trigger_name"] for one in house.service.snapshot()["events"]])
            expect(minute.locator(".clap-dot-full")).to_have_count(5, timeout=PATIENT_MS)
            minute.get_by_role("button", name="Continuer").click()
            minute.get_by_role("button", name="Continuer").click()
            minute.get_by_role("button", name="Appliquer").click()
            expect(minute.get_by_role("heading", name="C'est appris")).to_be_visible()
            assert house.service.learning.state(source.id)["claps"] >= 5

    def test_the_same_browser_is_the_same_source_and_stop_is_told(self, house: Served, browser: Browser) -> None:
        page = open_micro(browser, house.url)
        listen(page)
        page.get_by_role("button", name="Couper le micro").click()
        wait_until(lambda: status(house) == ("retrying", "browser.stopped"), lambda: status(house))
        page.reload()
        listen(page)
        assert status(house) == ("live", "")
        assert len(house.service.settings.current.sources) == 1

    def test_a_network_blip_is_survived_in_the_same_epoch(self, house: Served, browser: Browser, tap: Tap) -> None:
        page = open_micro(browser, house.url)
        listen(page)
        wait_until(lambda: len(tap.frames) > 20)
        page.context.set_offline(True)
        expect(page.get_by_role("heading", name="Connexion perdue")).to_be_visible()
        page.context.set_offline(False)
        n_before = len(tap.frames)
        expect(page.get_by_role("heading", name="ClapTrap entend ce micro")).to_be_visible()
        wait_until(lambda: len(tap.frames) > n_before + 20)
        seams = [frame.lost_samples for frame in tap.frames if frame.lost_samples]
        assert (tap.n_live, len(seams)) == (1, 1)
        assert 0.05 < seams[0] / tap.frames[0].rate_hz < 8
        assert len(house.service.settings.current.sources) == 1

    def test_the_sound_survives_a_pause_and_a_collection_of_garbage(self, house: Served, browser: Browser, tap: Tap) -> None:
        """As when a phone's system pauses the page's sound: nothing held the microphone's node, and the page went deaf."""
        page = open_micro(browser, house.url, init=WATCHED)
        listen(page)
        wait_until(lambda: len(tap.frames) > 20)
        page.evaluate("contexts[0].suspend()")
        developer = page.context.new_cdp_session(page)
        for _ in range(3):
            developer.send("HeapProfiler.collectGarbage")
        n_before = len(tap.frames)
        wait_until(lambda: len(tap.frames) > n_before + 50)  # the page goes on by itself, without a touch
        assert page.evaluate("contexts.length") == 1

    def test_a_microphone_that_gives_nothing_though_it_runs_is_opened_again(
        self, house: Served, browser: Browser, tap: Tap
    ) -> None:
        page = open_micro(browser, house.url, init=WATCHED)
        listen(page)
        wait_until(lambda: len(tap.frames) > 20)
        page.evaluate("nodes[0].disconnect()")
        n_before = len(tap.frames)
        wait_until(lambda: len(tap.frames) > n_before + 50)
        assert page.evaluate("contexts.length") == 2
        assert page.evaluate("contexts[0].state") == "closed"
        assert len(house.service.settings.current.sources) == 1

    def test_an_unplugged_microphone_goes_on_when_it_is_plugged_in(self, house: Served, browser: Browser, tap: Tap) -> None:
        """Without a press of a button; the service knows meanwhile why it hears nothing."""
        page = open_micro(browser, house.url, init=WATCHED)
        listen(page)
        page.evaluate("unplug()")
        expect(page.get_by_text("Il reprend dès qu'il est de retour")).to_be_visible()
        wait_until(lambda: status(house) == ("retrying", "browser.unplugged"), lambda: status(house))
        n_before = len(tap.frames)
        page.evaluate("plugIn()")
        expect(page.get_by_role("heading", name="ClapTrap entend ce micro")).to_be_visible()
        wait_until(lambda: len(tap.frames) > n_before + 20)
        assert status(house) == ("live", "")
        assert len(house.service.settings.current.sources) == 1

    def test_two_browsers_are_two_sources_and_two_pages_of_one_are_not(self, house: Served, browser: Browser) -> None:
        first, other = open_micro(browser, house.url), open_micro(browser, house.url)
        listen(first)
        listen(other)
        assert len(house.service.settings.current.sources) == 2
        again = first.context.new_page()
        again.goto(f"{house.url}/micro")
        listen(again)
        expect(first.get_by_text("Une autre page envoie maintenant le son")).to_be_visible()
        expect(other.get_by_role("heading", name="ClapTrap entend ce micro")).to_be_visible()
        assert len(house.service.settings.current.sources) == 2

    def test_a_source_that_is_switched_off_says_so_on_the_phone(self, house: Served, browser: Browser) -> None:
        page = open_micro(browser, house.url)
        listen(page)
        (source,) = house.service.settings.current.sources
        house.service.settings.apply({"sources": [{"id": source.id, "enabled": False}]})
        expect(page.get_by_text("Ce micro est désactivé")).to_be_visible()
        house.service.settings.apply({"sources": [{"id": source.id, "enabled": True}]})
        expect(page.get_by_role("heading", name="ClapTrap entend ce micro")).to_be_visible()
        house.service.stop_detection()
        expect(page.get_by_text("La détection est arrêtée")).to_be_visible()

    @pytest.mark.skipif(not WHOLE.exists(), reason="Chromium is missing: sudo apt install chromium")
    def test_a_refused_permission_is_no_dead_end(self, house: Served, hissing: Path) -> None:
        """From the first minute: refused, told how to allow it; allowed, told so; heard, and the first minute goes on."""
        with chromium(*playing(hissing), "--deny-permission-prompts", path=WHOLE) as browser:
            first = browser.new_context(locale="fr-FR").new_page()
            first.set_default_timeout(PATIENCE_MS)
            first.goto(house.url)
            expect(first).to_have_title("Premiers pas · ClapTrap")
            with first.context.expect_page() as opened:
                show_phone(first)
                first.get_by_role("link", name="Utiliser le micro de cet appareil").click()
            page = opened.value
            page.get_by_role("button", name="Écouter avec ce micro").click()
            expect(page.get_by_text("Le micro est refusé à cette page")).to_be_visible()
            assert house.service.settings.current.sources == []
            page.context.grant_permissions(["microphone"], origin=house.url)
            expect(page.get_by_text("Le micro est maintenant autorisé")).to_be_visible()
            listen(page)
            expect(first.locator(".step .state-live")).to_be_visible()

    def test_a_device_without_a_microphone_says_so(self, house: Served) -> None:
        with chromium("--use-fake-ui-for-media-stream") as browser:
            page = open_micro(browser, house.url)
            page.get_by_role("button", name="Écouter avec ce micro").click()
            expect(page.get_by_text(re.compile("n'a pas de micro|est pris par une autre application"))).to_be_visible()
            expect(page.get_by_role("button", name="Écouter avec ce micro")).to_be_enabled()

    def test_http_from_elsewhere_is_explained_in_both_languages(
        self, tmp_path: Path, quiet_models: Path, hissing: Path
    ) -> None:
        """By a name that is not this machine's loopback a browser gives no microphone without TLS."""
        assert not quiet_models.exists()
        with (
            serving(Application(tmp_path / "data"), allowed_hosts=["claptrap.example"]) as house,
            chromium(*playing(hissing), "--host-resolver-rules=MAP claptrap.example 127.0.0.1") as browser,
        ):
            page = browser.new_context(locale="fr-FR", viewport={"width": 320, "height": 640}).new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.goto(f"http://claptrap.example:{house.port}/micro")
            assert page.evaluate("window.isSecureContext") is False
            expect(page.get_by_text("ne partage le micro qu'avec les pages https")).to_be_visible()
            expect(page.get_by_text("claptrap serve --host 0.0.0.0 --tls")).to_be_visible()
            expect(page.get_by_text(f"https://claptrap.example:{house.port}/micro")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
            page.get_by_role("button", name="English").click()
            expect(page.get_by_text("only shares the microphone with https pages")).to_be_visible()
            page.goto(f"http://claptrap.example:{house.port}/")
            show_phone(page, "Add a source", "Phone")
            expect(page.get_by_text("A phone only shares its microphone with an https page")).to_be_visible()

    def test_nothing_sticks_out_of_a_small_phone(self, house: Served, browser: Browser) -> None:
        page = open_micro(browser, house.url, viewport={"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        listen(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320

    def test_the_dashboard_says_what_a_phone_needs(self, house: Served, browser: Browser) -> None:
        page = browser.new_page(locale="fr-FR")
        page.goto(house.url)
        show_phone(page)
        expect(page.get_by_text("ClapTrap n'accepte que cette machine")).to_be_visible()
        with page.context.expect_page() as opened:  # the house stays open beside it
            page.get_by_role("link", name="Utiliser le micro de cet appareil").click()
        expect(opened.value.get_by_role("button", name="Écouter avec ce micro")).to_be_visible()


# -- without a browser ------------------------------------------------------------------------------------------------------


def test_a_source_is_claimed_once(house: Served) -> None:
    made = house.ask("POST", "/api/micro", {"name": "Salon"})
    assert made.status == 201
    again = house.ask("POST", "/api/micro", {"name": "Cuisine", "id": made.json["id"]})
    assert (again.status, again.json) == (200, made.json)
    stale = house.ask("POST", "/api/micro", {"name": "Cave", "id": "browser-gone"})
    assert stale.status == 201
    assert [source.name for source in house.service.settings.current.sources] == ["Cuisine", "Cave"]
    for wrong in ({}, {"name": ""}, {"name": 3}, {"name": "x" * 201}):
        assert house.ask("POST", "/api/micro", wrong).status == 422
    assert house.ask("POST", "/api/micro", [1]).status == 400
    assert len(house.service.settings.current.sources) == 2


def test_only_a_browsers_source_may_be_spoken_for(served: Served) -> None:
    with LiveClient(served.url) as page:
        for wish, code in [
            ({"source": "salon", "page": "p"}, "api.not_a_browser"),
            ({"source": "nobody", "page": "p"}, "api.unknown_source"),
            ({"source": "salon"}, "api.not_a_name"),
            ({"source": "x" * 65, "page": "p"}, "api.not_a_name"),
            ("salon", "api.not_a_name"),
            (None, "api.not_a_name"),
        ]:
            answer = page.ask("micro_open", wish)
            assert answer["code"] == code
            assert answer["message_fr"]
            assert answer["message_en"]


def test_rubbish_does_no_harm_and_is_shown_out(house: Served) -> None:
    """Anything at all in the three events, before and after opening; then real sound on another connection is heard."""
    rng = random.Random(8)
    source = house.ask("POST", "/api/micro", {"name": "Salon"}).json["id"]
    with LiveClient(house.url) as bad, LiveClient(house.url) as good:
        for opened in (False, True):
            if opened:
                assert bad.ask("micro_open", {"source": source, "page": "p"}) == {"code": ""}
            for _ in range(60):
                rubbish = rng.choice([None, 1, "x", [b"a"], {"a": b"b"}, rng.randbytes(rng.randrange(60)), (), (1, 2)])
                bad.emit("micro_sound", rubbish)
        assert not bad.is_gone
        with suppress(socketio.exceptions.BadNamespaceError):  # so the client says that it has been disconnected
            for _ in range(10 * MOST_BAD):
                bad.emit("micro_sound", rng.randbytes(9))
        bad.wait_until_disconnected()
        assert good.ask("micro_open", {"source": source, "page": "q"}) == {"code": ""}
        good.emit("micro_sound", build(48_000, 0, np.ones(960, np.int16)))
        wait_until(lambda: status(house) == ("live", ""), lambda: status(house))
        for wish in (None, {"code": ["x"]}, {"code": "service.exposed"}):
            good.emit("micro_close", wish)
        wait_until(lambda: status(house) == ("retrying", "browser.closed"), lambda: status(house))
    assert house.ask("GET", "/healthz").json["ok"] is True


def test_a_flooding_browser_is_cut_off_below_socket_io(house: Served) -> None:
    """One that does not go when Socket.IO asks it to stayed connected, and what it sent was taken in for ever."""
    source = house.ask("POST", "/api/micro", {"name": "Salon"}).json["id"]
    address = f"ws://127.0.0.1:{house.port}/socket.io/?EIO=4&transport=websocket"
    with ws_connect(address, origin=house.url) as flooding:
        flooding.send("40")
        flooding.send(f'420["micro_open",{{"source":"{source}","page":"p"}}]')
        while not str(flooding.recv(WAIT_S)).startswith("430"):
            pass
        with suppress(ConnectionClosed):
            for _ in range(10_000):  # whatever it is told meanwhile
                flooding.send('451-["micro_sound",{"_placeholder":true,"num":0}]')
                flooding.send(b"rubbish")
        assert flooding.close_code is not None
    assert house.ask("GET", "/healthz").json["ok"] is True


def test_a_connection_that_breaks_and_comes_back_goes_on(house: Served, tap: Tap) -> None:
    source = house.ask("POST", "/api/micro", {"name": "Salon"}).json["id"]
    for i in range(3):
        with LiveClient(house.url) as page:
            page.ask("micro_open", {"source": source, "page": "p"})
            page.emit("micro_sound", build(48_000, 4_800 * i, np.ones(960, np.int16)))
            wait_until(lambda n=i: len(tap.frames) == n + 1)
    assert [frame.lost_samples for frame in tap.frames] == [0, 3_840, 3_840]
    assert tap.n_live == 1
    assert status(house)[0] == State.LIVE


def test_the_way_for_a_phone(house: Served) -> None:
    """From this machine alone: none, in a service on loopback. Asked under a name that others use: that name."""
    assert house.ask("GET", "/api/micro").json == {"address": "", "secure": False}
    assert house.ask("GET", "/api/micro/qr.svg").status == 404
    host = f"192.168.1.10:{house.port}"
    assert house.ask("GET", "/api/micro", Host=host).json == {"address": f"http://{host}/micro", "secure": False}
    forged = {"X_Forwarded_Proto": "https", "X_Forwarded_Prefix": "/claptrap"}  # by nobody that was named
    assert house.ask("GET", "/api/micro", Host=host, **forged).json == {"address": f"http://{host}/micro", "secure": False}
    drawing = house.ask("GET", "/api/micro/qr.svg", Host=host)
    assert (drawing.status, drawing.headers["content-type"].partition(";")[0]) == (200, "image/svg+xml")
    assert drawing.body.startswith(b"<?xml")
    assert b"<path" in drawing.body
