"""How long people need on the page, how often they press, and how far they scroll.

A script acts on the real service at a person's pace by the keystroke-level model (Card, Moran, Newell, CACM 23(7), 1980):
1.35 s of thought and 1.1 s of pointing before each press of 0.2 s, 0.2 s a key; and 250 words a minute for all that each
screen says. The microphone is a virtual one (PulseAudio), the clap is made by arithmetic, the receiver is on loopback, the
browser is Debian's Chromium without a screen. Measured are

* the first minute: from the first look at the page of an empty data folder to the first webhook, which is the test that the
  page offers, and to the webhook of the first clap after it;
* the recipe of two claps: presses from the wall of twelve sources to a source that reacts to exactly two claps;
* twelve sources, two of them broken: how far down the page the last of them ends, in three windows, and whether that takes
  scrolling.

    python -m benchmarks.page_paths [--before FOLDER] [--rounds 1] [--note "what ran beside"]

``--before`` is a checkout of an earlier version with its page built (``python hatch_build.py``); the two take turns, and
medians are kept.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Locator, Page, expect
from tests.peers.claps import recording
from tests.peers.receiver import Receiver
from tests.peers.service import Service
from tests.peers.sound import RATE_HZ, SoundServer, faint_noise
from tests.peers.waiting import wait_until
from tests.web.browser import chromium
from tests.web.conftest import write_tone

from benchmarks.process import machine

ROOT = Path(__file__).parents[1]
THINK_S, POINT_S, PRESS_S, KEY_S = 1.35, 1.1, 0.2, 0.2
WORDS_A_MINUTE = 250
WINDOWS = ((1440, 900), (820, 1180), (390, 844))
N_SOURCES, N_BROKEN = 12, 2
SHOWN = """one => {
    const unseen = [...one.querySelectorAll('.unseen')];
    unseen.forEach(part => { part.style.display = 'none'; });
    const text = one.innerText;
    unseen.forEach(part => { part.style.display = ''; });
    return text;
}"""
END = "Math.max(...[...document.querySelectorAll('article')].map(one => one.getBoundingClientRect().bottom + scrollY))"


def main() -> None:
    """Measure, print and keep."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--before", type=Path, default=None)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--note", default="")
    args = asked.parse_args()
    trees = {"now": ROOT, **({"before": args.before.resolve()} if args.before else {})}
    with chromium() as browser:
        rounds = [{name: measure(browser, tree) for name, tree in trees.items()} for _ in range(args.rounds)]
    at = datetime.now(UTC)
    found = {
        "date": at.isoformat(timespec="seconds"),
        **machine(),
        "rounds": args.rounds,
        "beside": args.note,
        "pace": {
            "think_s": THINK_S,
            "point_s": POINT_S,
            "press_s": PRESS_S,
            "key_s": KEY_S,
            "words_a_minute": WORDS_A_MINUTE,
        },
        **{name: {"commit": commit(tree), **median([one[name] for one in rounds])} for name, tree in trees.items()},
    }
    text = json.dumps(found, indent=1)
    (ROOT / "benchmarks" / "results" / f"page-paths-{at:%Y-%m-%d}.json").write_text(text + "\n", encoding="utf-8")
    print(text)


def measure(browser: Browser, tree: Path) -> dict[str, dict[str, float]]:
    """Return the figures of the version in ``tree``."""
    with tempfile.TemporaryDirectory() as folder:
        return {"first_minute": first_minute(browser, tree, Path(folder)), **wall(browser, tree, Path(folder))}


@dataclass(slots=True)
class Person:
    """Acts on a page at a person's pace, and counts."""

    page: Page
    presses: int = 0
    keys: int = 0
    words: int = 0

    def read(self, what: Locator) -> None:
        """Read all that is shown there to the eye."""
        n_words = len(re.findall(r"\w+", what.evaluate(SHOWN)))
        self.words += n_words
        self._pass(60 * n_words / WORDS_A_MINUTE)

    def press(self, what: Locator) -> None:
        """Think, point and press."""
        self._pass(THINK_S + POINT_S)
        what.click(delay=1000 * PRESS_S)
        self.presses += 1

    def choose(self, select: Locator, option: str) -> None:
        """Open a list, and press one of its entries."""
        self._pass(2 * (POINT_S + PRESS_S) + THINK_S)
        select.select_option(option)
        self.presses += 2

    def write(self, field: Locator, text: str) -> None:
        """Press into a field, and type."""
        self.press(field)
        self.page.keyboard.type(text, delay=1000 * KEY_S)
        self.keys += len(text)

    def clap(self, sound: SoundServer) -> None:
        """Think, and clap."""
        self._pass(THINK_S)
        clap, _ = recording(1, RATE_HZ, lead_s=0.2)
        sound.microphone.play(np.concatenate([clap, faint_noise(RATE_HZ // 2)]))

    def _pass(self, seconds: float) -> None:
        self.page.wait_for_timeout(1000 * seconds)


def first_minute(browser: Browser, tree: Path, folder: Path) -> dict[str, float]:
    """Go from nothing to a webhook as the page leads."""
    with (
        SoundServer() as sound,
        Receiver() as receiver,
        Service(folder / "empty", environment=sound.environment, PYTHONPATH=str(tree / "src")) as service,
    ):
        service.wait_for_status("microphone", "live")
        page = opened(browser, WINDOWS[0])
        person = Person(page)
        began = time.monotonic()
        page.goto(service.url)
        step, go_on = page.locator(".step"), page.get_by_role("button", name="Continuer")
        expect(page).to_have_title("Premiers pas · ClapTrap")
        person.read(page.locator("main"))
        person.press(go_on)
        person.read(step)
        person.clap(sound)
        expect(page.locator(".clap-result")).to_contain_text("Clap : détection.")
        person.read(page.locator(".clap-result"))
        person.press(go_on)
        person.read(step)
        person.write(page.get_by_role("textbox", name="Webhook"), receiver.url)
        person.press(page.get_by_role("button", name="Tester"))
        tested = receiver.wait_for(1)[0].at - began
        expect(page.locator(".test-outcome")).to_contain_text("204")
        person.read(page.locator(".test-outcome"))
        person.press(page.get_by_role("button", name="Terminer"))
        expect(page).to_have_title(re.compile("Maison"))
        person.clap(sound)
        clapped = receiver.wait_for(2)[1].at - began
        page.context.close()
        return {
            "first_webhook_s": round(tested, 1),
            "first_clap_s": round(clapped, 1),
            "presses": person.presses,
            "keys": person.keys,
            "words": person.words,
        }


def wall(browser: Browser, tree: Path, folder: Path) -> dict[str, dict[str, float]]:
    """Look at twelve sources, and have one of them react to two claps."""
    data = folder / "twelve"
    data.mkdir()
    write_tone(folder / "tone.wav")
    gone, there = ({"path": str(folder / name), "loop": True} for name in ("gone.wav", "tone.wav"))
    sources = [
        {"id": f"s{n}", "kind": "file", "name": f"Source {n}", "input": gone if n in (4, 7) else there}
        for n in range(N_SOURCES)
    ]
    (data / "settings.json").write_text(json.dumps({"version": 2, "welcomed": True, "sources": sources}), encoding="utf-8")
    with Service(data, PYTHONPATH=str(tree / "src")) as service:
        page = opened(browser, WINDOWS[0])
        page.goto(service.url)
        expect(page.locator(".state-live")).to_have_count(N_SOURCES - N_BROKEN)
        seen: dict[str, float] = {}
        for width, height in WINDOWS:
            page.set_viewport_size({"width": width, "height": height})
            seen[f"end_px_{width}"] = round(page.evaluate(END))
            seen[f"screens_{width}"] = round(page.evaluate(END) / height, 2)
        page.set_viewport_size({"width": WINDOWS[0][0], "height": WINDOWS[0][1]})
        person = Person(page)
        began = time.monotonic()
        person.press(page.get_by_role("article", name="Source 3", exact=True).get_by_role("link", name="Source 3").first)
        two_claps(person)
        wait_until(lambda: [(one["claps"], one["at_least"]) for one in patterns(service, "s3")] == [(2, False)])
        took = time.monotonic() - began
        page.context.close()
    return {"twelve_sources": seen, "two_claps": {"presses": person.presses, "took_s": round(took, 1)}}


def two_claps(person: Person) -> None:
    """Have the source that is shown react to exactly two claps: by a preset, or by the controls of before there were any."""
    page = person.page
    radio = page.get_by_role("radio", name="2 claps").first
    expect(radio).to_be_enabled()
    if not page.locator(".presets").count():
        person.choose(page.get_by_label("Exactement ou au moins"), "Exactement")
    person.press(radio.locator("xpath=.."))


def patterns(service: Service, source_id: str) -> list[dict[str, Any]]:
    """Return what a source reacts to."""
    sources: list[dict[str, Any]] = service.get("/api/settings")["sources"]
    return next(one["patterns"] for one in sources if one["id"] == source_id)


def opened(browser: Browser, window: tuple[int, int]) -> Page:
    """Return a page in French, as a person's browser opens one."""
    page = browser.new_context(locale="fr-FR", viewport={"width": window[0], "height": window[1]}).new_page()
    page.set_default_timeout(60_000)
    return page


def median(rounds: list[dict[str, dict[str, float]]]) -> dict[str, dict[str, float]]:
    """Return the medians of all figures."""
    return {
        part: {name: statistics.median(one[part][name] for one in rounds) for name in names}
        for part, names in rounds[0].items()
    }


def commit(tree: Path) -> str:
    """Return what is checked out there."""
    return subprocess.run(
        ["git", "-C", str(tree), "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()


if __name__ == "__main__":
    main()
