"""The heart of it: somebody claps near a microphone, a webhook fires, and the page shows 👏.

Everything is real: PulseAudio with a virtual microphone, the service in a process of its own, an HTTP server on loopback, a
Socket.IO client, Chromium.
"""

from __future__ import annotations

import csv
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from playwright.sync_api import Page, expect
from tests.peers import sound
from tests.peers.claps import Sound, recording
from tests.peers.live import LiveClient
from tests.peers.receiver import Receiver, Request, answer
from tests.peers.service import Service
from tests.peers.sound import RATE_HZ, SoundServer, faint_noise
from tests.web.browser import CHROMIUM, chromium

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("sound"),
    pytest.mark.timeout(180),
    pytest.mark.skipif(bool(sound.missing()), reason=sound.missing() or "-"),
]

N_CLAPS = 4
PATIENT_MS = 30_000


@dataclass(frozen=True, slots=True)
class House:
    """All that is needed to hear a clap and to see what came of it."""

    sound: SoundServer
    service: Service
    receiver: Receiver

    def play(self, recorded: Sound) -> None:
        """Play into the microphone, in real time, and a moment of quiet after it."""
        self.sound.microphone.play(np.concatenate([recorded, faint_noise(RATE_HZ // 2)]))

    def posts_so_far(self) -> list[Request]:
        """Return the posts of all detections that were made until now: a test, which queues behind them, is the fence."""
        event_id = self.service.post("/api/sources/microphone/webhook/test")["event_id"]
        deadline = time.monotonic() + 20
        while True:
            posts = self.receiver.requests
            if posts and posts[-1].json["event_id"] == event_id:
                return [post for post in posts if not post.json.get("test")]
            assert time.monotonic() < deadline, self.service.log_text()
            self.receiver.wait_for(len(posts) + 1)


@contextmanager
def house(folder: Path, *behaviours: object) -> Iterator[House]:
    with (
        SoundServer() as server,
        Receiver(*behaviours) as receiver,
        Service(folder / "data", **server.environment) as service,
    ):
        webhook = {"id": "webhook", "url": receiver.url + "?token=S3CRET"}
        service.patch({"sources": [{"id": "microphone", "name": "Salon d'été", "webhooks": [webhook]}]})
        service.wait_for_status("microphone", "live")
        yield House(server, service, receiver)


@contextmanager
def page_of(service: Service) -> Iterator[Page]:
    if not CHROMIUM.exists():
        pytest.skip("needs Chromium (apt install chromium)")
    with chromium() as browser:
        page = browser.new_page(locale="fr-FR")
        page.goto(service.url)
        yield page


@contextmanager
def playing(house: House, recorded: Sound) -> Iterator[None]:
    """Play while the block runs, and wait for the end of both."""
    player = threading.Thread(target=house.play, args=(recorded,), name="test:player")
    player.start()
    try:
        yield
    finally:
        player.join()


def check_posts(posts: list[Request], onsets: list[float], began: float) -> None:
    """Each clap was told once, as it was: the documented body, and the moment at which it sounded."""
    assert len(posts) == len(onsets)
    bodies = [post.json for post in posts]
    assert len({body["event_id"] for body in bodies}) == len(onsets)
    for post, body in zip(posts, bodies, strict=True):
        assert (post.method, post.path) == ("POST", "/hook?token=S3CRET")
        assert post.headers["content-type"] == "application/json"
        assert post.headers["idempotency-key"] == body["event_id"]
        assert (body["source"], body["event"], body["claps"]) == ("microphone", "clap", 1)
        assert (body["source_id"], body["source_name"]) == ("microphone", "Salon d'été")
        assert 0.5 <= body["score"] <= 1
        assert isinstance(body["labels"], list)
        assert set(body) == {
            *("source", "timestamp", "score", "event", "event_id", "source_id", "source_name", "claps", "labels"),
        }
    stamps = np.array([body["timestamp"] for body in bodies])
    assert np.abs(np.diff(stamps) - np.diff(onsets)).max(initial=0) < 0.1
    assert -0.2 < stamps[0] - (began + onsets[0]) < 5  # the player may have been slow, never fast


def test_each_clap_is_one_webhook_and_all_who_watch_see_it(tmp_path: Path) -> None:
    """Played into the microphone: one POST per clap, a ``clap`` for every Socket.IO client, 👏 on the page."""
    recorded, onsets = recording(N_CLAPS, RATE_HZ)
    with house(tmp_path) as home, LiveClient(home.service.url) as live:
        began = time.time()
        home.play(recorded)
        posts = home.posts_so_far()
        check_posts(posts, onsets, began)
        claps = live.wait_for("clap", n=N_CLAPS)
        assert [c["event_id"] for c in claps] == [p.json["event_id"] for p in posts]
        deliveries = live.wait_for("delivery", lambda d: not d["event_id"].startswith("test:"), N_CLAPS)
        assert all(d["ok"] and d["status"] == 204 for d in deliveries)
        assert [e["id"] for e in home.service.get("/api/state")["events"]] == [c["event_id"] for c in reversed(claps)]
        assert "S3CRET" not in home.service.log_text()
        assert all(0 < c["latency_s"] < 0.5 for c in claps)


def test_the_page_shows_the_clap(tmp_path: Path) -> None:
    """👂 while it waits, 👏 when somebody claps, then 👂 again; the detection and its delivery are listed."""
    recorded, onsets = recording(2, RATE_HZ, lead_s=2.0, spacing_s=3.0)
    with house(tmp_path, answer(200)) as home, page_of(home.service) as page:
        face = page.locator(".ear .face")
        expect(face).to_have_text("👂", timeout=PATIENT_MS)
        with playing(home, recorded):
            expect(face).to_have_text("👏", timeout=PATIENT_MS)
            expect(page.locator(".activity li")).to_have_count(2, timeout=PATIENT_MS)
        expect(face).to_have_text("👂", timeout=PATIENT_MS)
        expect(page.get_by_text("Salon d'été").first).to_be_visible()
        assert len(home.posts_so_far()) == len(onsets)


def test_a_receiver_that_fails_gets_the_same_clap_again(tmp_path: Path) -> None:
    """The first answer is an error: the clap is repeated under its key, and the page's API knows both attempts."""
    recorded, _ = recording(1, RATE_HZ)
    with house(tmp_path, answer(503, Retry_After="0")) as home:
        home.play(recorded)
        posts = home.posts_so_far()
        assert len(posts) == 2
        assert posts[0].headers["idempotency-key"] == posts[1].headers["idempotency-key"]
        assert posts[0].body == posts[1].body
        attempts = home.service.get("/api/state")["attempts"]
        mine = [a for a in attempts if a["event_id"] == posts[0].json["event_id"]]
        assert [(a["number"], a["status"], a["ok"]) for a in mine] == [(2, 204, True), (1, 503, False)]
        assert "503" in mine[1]["message_fr"]


def test_a_sound_server_that_dies_is_heard_again_without_help(tmp_path: Path) -> None:
    """Killed and restarted, as an update of the system does: the next clap is a webhook again, under a new epoch."""
    recorded, _ = recording(1, RATE_HZ)
    with house(tmp_path) as home, LiveClient(home.service.url) as live:
        home.play(recorded)
        (before,) = home.posts_so_far()
        n_live = len([s for s in live.told("source") if s["state"] == "live"])
        home.sound.kill()
        (retrying,) = live.wait_for("source", lambda s: s["state"] == "retrying")[:1]
        assert retrying["message_fr"]
        home.sound.start()
        live.wait_for("source", lambda s: s["state"] == "live" and s["rate_hz"] > 0, n_live + 1)
        home.play(recorded)
        _, after = home.posts_so_far()
        assert before.json["event_id"].split(":")[1] != after.json["event_id"].split(":")[1]
        assert home.service.get("/healthz")["ok"]


def test_faint_noise_and_silence_are_no_clap(tmp_path: Path) -> None:
    """A quiet room, then a noisy one that fades in and out: nobody is told anything."""
    n = 3 * RATE_HZ
    swell = np.sin(np.linspace(0, np.pi, n)) ** 2
    noise = np.random.default_rng(5).normal(0, 0.05, n) * swell
    with house(tmp_path) as home:
        home.play(np.concatenate([faint_noise(RATE_HZ), faint_noise(n) + noise.astype(np.float32)]))
        assert home.posts_so_far() == []


REAL = ("astronaut701__ClapOriginal", "aymoon12__clap", "cdohl__Hand-clap", "enesozi__clap")  # one clap in each


def test_real_claps_are_heard_too(tmp_path: Path, shared: Path) -> None:
    """Recordings of people, where they are at hand: their claps are told, and nothing is told twice."""
    parts = [faint_noise(RATE_HZ)]
    with (shared / "audio" / "onsets.csv").open(newline="") as table:
        onsets = {Path(row["file"]).stem: float(row["onset_s"]) for row in csv.DictReader(table)}
    for name in REAL:
        samples, rate_hz = soundfile.read(shared / "audio" / "claps" / f"{name}.flac", dtype="float32", always_2d=True)
        begin = max(0, int((onsets[name] - 0.3) * rate_hz))
        part = (
            samples[begin : begin + rate_hz, 0] * np.minimum(1, np.arange(rate_hz) / (0.1 * rate_hz))[: len(samples) - begin]
        )
        parts += [soxr.resample(part.astype(np.float32), rate_hz, RATE_HZ), faint_noise(RATE_HZ)]
    with house(tmp_path) as home:
        home.play(np.concatenate(parts))
        posts = home.posts_so_far()
    assert len(REAL) - 1 <= len(posts) <= len(REAL) + 1
    assert len({post.json["event_id"] for post in posts}) == len(posts)


def test_a_sound_server_that_hangs_is_said_and_keeps_nothing_from_ending(tmp_path: Path) -> None:
    """Stopped in the middle of everything, as by a debugger or a driver in trouble: the page says so, and Ctrl-C works."""
    with house(tmp_path) as home:
        home.sound.freeze()
        try:
            status = home.service.wait_for_status("microphone", "retrying")
            assert status["code"] in ("source.system_hangs", "source.silent")
            began = time.monotonic()
            assert home.service.raw("GET", "/api/state")[0] == 200
            assert home.service.end(signal.SIGTERM) == 0
            assert time.monotonic() - began < 8  # 5 s, and time for a busy machine
        finally:
            home.sound.thaw()


def test_a_sound_server_that_hung_is_heard_again(tmp_path: Path) -> None:
    """Once it goes on, so does hearing."""
    recorded, _ = recording(1, RATE_HZ)
    with house(tmp_path) as home, LiveClient(home.service.url) as live:
        n_live = len([s for s in live.told("source") if s["state"] == "live"])
        home.sound.freeze()
        live.wait_for("source", lambda s: s["state"] == "retrying")
        home.sound.thaw()
        live.wait_for("source", lambda s: s["state"] == "live" and s["rate_hz"] > 0, n_live + 1)
        home.play(recorded)
        assert len(home.posts_so_far()) == 1
