"""What the page costs the browser that shows it: many sources, real sound, ten updates a second.

The service runs in a process of its own and hears ``--sources`` recordings of faintly noisy rooms, in which a clap is
heard ``--events`` times a minute, each time in another; Debian's Chromium, without a screen, shows nothing, the house,
the wall of a tablet and one source close up, each for ``--seconds``. The figures are the shares of one core that the
page's main thread (time that passed, so the machine's other work is in it) and the browser's processes (processor time)
used, from the Chrome DevTools protocol, Performance.getMetrics and SystemInfo.getProcessInfo, and the longest time
between two frames. Without a graphics card the processor also draws, in the renderer and the GPU process: on a desk that
is the card's work. What the empty page costs is the browser itself.

Builds are compared in turn within one run, for what else the machine does changes with the minute: ``--other`` names the
folder of another build of the page (``node build.mjs FOLDER``), ``--rounds`` how often each is measured. Medians are told.

    python -m benchmarks.page_load [--sources 16] [--events 8] [--seconds 30] [--rounds 1] [--other FOLDER]
        [--window 1280x800] [--note "what ran beside"]

Only what can be seen is drawn: a larger ``--window`` shows more sources at once.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import wave
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, Route, sync_playwright
from tests.peers.claps import GOOD, clap
from tests.web.browser import FLAGS, WHOLE

from benchmarks.process import machine
from claptrap.web.page import ASSETS

RESULTS = Path(__file__).parent / "results"
EVENTS_A_MINUTE = 8.0
SETTLED_MS = 5_000
RATE_HZ = 16_000
WINDOW = "1280x800"
UNGUARDED = "--disable-features=LocalNetworkAccessChecks"  # a page that a test hands to the browser may not call loopback
VIEWS = {"empty": "about:blank", "house": "#/", "kiosk": "#/kiosk", "source": "#/source/s0"}
FRAMES_S = 5.0
FRAMES = """seconds => new Promise(done => {
    const gaps = [];
    let last = performance.now();
    const until = last + 1000 * seconds;
    const frame = now => { gaps.push(now - last); last = now; now < until ? requestAnimationFrame(frame) : done(gaps); };
    requestAnimationFrame(frame);
})"""


def main() -> None:
    """Measure, print and keep."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--sources", type=int, default=16)
    asked.add_argument("--events", type=float, default=EVENTS_A_MINUTE)
    asked.add_argument("--seconds", type=float, default=30.0)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--other", type=Path, default=None)
    asked.add_argument("--window", default=WINDOW)
    asked.add_argument("--note", default="")
    args = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        builds = {"this": ASSETS, **({"other": args.other} if args.other else {})}
        write_house(Path(folder), args.sources, args.events)
        found = measure(Path(folder), args.seconds, builds, args.rounds, args.window)
    now = datetime.now(UTC)
    told = {
        "date": now.isoformat(timespec="seconds"),
        **machine(),
        "sources": args.sources,
        "events_a_minute": args.events,
        "rounds": args.rounds,
        "window": args.window,
        "beside": args.note,
        **found.pop("this"),
        **found,
    }
    path = RESULTS / f"page-load-{now:%Y-%m-%d}{'' if args.window == WINDOW else f'-{args.window}'}.json"
    path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=1))


def write_house(folder: Path, n_sources: int, events: float) -> None:
    """Write settings with ``n_sources`` sources, each a room with a clap of its own every ``n_sources / events`` minutes."""
    sources = []
    for i in range(n_sources):
        sound = np.random.default_rng(i).normal(0, 3e-4, round(60 * n_sources / events * RATE_HZ)).astype(np.float32)
        one = 0.35 * clap(np.random.default_rng(GOOD[i % len(GOOD)]), RATE_HZ)
        begin = round((i + 0.5) * 60 / events * RATE_HZ)
        sound[begin : begin + len(one)] += one
        path = folder / f"s{i}.wav"
        with wave.open(str(path), "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE_HZ)
            out.writeframes((32_767 * sound).astype("<i2").tobytes())
        recording = {"path": str(path), "loop": True}
        sources.append({"id": f"s{i}", "kind": "file", "name": f"Source {i + 1}", "input": recording})
    (folder / "settings.json").write_text(json.dumps({"version": 2, "welcomed": True, "sources": sources}), encoding="utf-8")


def measure(folder: Path, seconds: float, builds: dict[str, Path], rounds: int, window: str) -> dict[str, Any]:
    """Return what each view costs, of every build: the medians over ``rounds``."""
    command = [sys.executable, "-m", "claptrap", "serve", "--port", "0", "--data-dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as service:
        said = service.stdout or ()
        url = next(found.group() for line in said if (found := re.search(r"http://[\d.]+:\d+", line)))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=WHOLE, args=[*FLAGS, UNGUARDED])
                rows = [
                    {build: costs(browser, url, assets, seconds, window) for build, assets in builds.items()}
                    for _ in range(rounds)
                ]
                browser.close()
        finally:
            service.terminate()
    return {
        build: {
            view: {name: statistics.median(row[build][view].get(name, 0.0) for row in rows) for name in rows[0][build][view]}
            for view in VIEWS
        }
        for build in builds
    }


def costs(browser: Browser, url: str, assets: Path, seconds: float, window: str) -> dict[str, dict[str, float]]:
    """Return what each view costs, as it was built into ``assets``."""

    def give(route: Route) -> None:
        name = route.request.url.removeprefix(url).strip("/") or "index.html"
        if (assets / name).is_file():
            route.fulfill(path=assets / name)
        else:
            route.continue_()

    width, height = map(int, window.split("x"))
    page = browser.new_page(locale="fr-FR", viewport={"width": width, "height": height})
    page.route(re.compile(re.escape(url)), give)
    try:
        return {
            view: cost(page, browser.new_browser_cdp_session(), link if ":" in link else f"{url}/{link}", seconds)
            for view, link in VIEWS.items()
        }
    finally:
        page.close()


def cost(page: Page, system: CDPSession, address: str, seconds: float) -> dict[str, float]:
    """Return what the page at ``address`` costs, in shares of one core, over ``seconds``."""
    page.goto(address)
    if address.startswith("http"):
        page.locator(".state-live").first.wait_for()
    page.wait_for_timeout(SETTLED_MS)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    before, cpu_before = metrics(devtools), processes(system)
    page.wait_for_timeout(1000 * seconds)
    after, cpu_after = metrics(devtools), processes(system)
    gaps = sorted(page.evaluate(FRAMES, FRAMES_S))  # by itself, for it asks for sixty frames a second where ten would do
    lasted = after["Timestamp"] - before["Timestamp"]
    parts = {
        "main_thread": "TaskDuration",
        "script": "ScriptDuration",
        "layout": "LayoutDuration",
        "style": "RecalcStyleDuration",
    }
    return {
        **{name: round((after[key] - before[key]) / lasted, 4) for name, key in parts.items()},
        **{f"process_{kind}": round((cpu_after[kind] - cpu_before.get(kind, 0)) / lasted, 4) for kind in cpu_after},
        "frames_a_second": round(len(gaps) / FRAMES_S, 1),
        "frame_gap_ms_p99": round(gaps[int(0.99 * len(gaps))], 1),
        "frame_gap_ms_most": round(gaps[-1], 1),
        "heap_mb": round(after["JSHeapUsedSize"] / 1e6, 1),
    }


def metrics(devtools: CDPSession) -> dict[str, float]:
    """Return the page's own figures, in seconds and bytes."""
    return {one["name"]: one["value"] for one in devtools.send("Performance.getMetrics")["metrics"]}


def processes(system: CDPSession) -> dict[str, float]:
    """Return the processor time of the browser's processes, in seconds, by kind."""
    used: dict[str, float] = {}
    for process in system.send("SystemInfo.getProcessInfo")["processInfo"]:
        kind = process["type"].lower()
        used[kind] = used.get(kind, 0.0) + process["cpuTime"]
    return used


if __name__ == "__main__":
    main()
