"""What the page costs the browser that shows it: many sources, real sound, ten updates a second.

A service in a process of its own hears ``--sources`` recordings of faintly noisy rooms, in which a clap is heard
``--events`` times a minute, each time in another; Debian's Chromium, without a screen, shows nothing, the house, the wall of
a tablet and one source close up, each for ``--seconds``. The figures are the shares of one core that the page's main thread
(time that passed, so the machine's other work is in it) and the browser's processes (processor time; ``processes`` is all
of them) used, from the Chrome DevTools protocol, Performance.getMetrics and SystemInfo.getProcessInfo; the longest time
between two frames; and the tasks that kept the main thread for more than 50 ms. Without a graphics card the processor also
draws, in the renderer and the GPU process: on a desk that is the card's work. What the empty page costs, the browser does.

Commits are compared in turn within one run, for what else the machine does changes with the minute: ``--against`` names the
``src`` of another checkout, with its page built; ``--rounds`` is how often each is measured. Medians are written.

    python -m benchmarks.page_load [--sources 16] [--events 8] [--seconds 30] [--rounds 1] [--against SRC]
        [--window 1280x800] [--note "what ran beside"]

Only what can be seen is drawn: a larger ``--window`` shows more sources at once.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright
from tests.peers.claps import GOOD, clap
from tests.web.browser import FLAGS, WHOLE

from benchmarks import report

EVENTS_A_MINUTE = 8.0
SETTLED_MS = 5_000
RATE_HZ = 16_000
WINDOW = "1280x800"
VIEWS = {"empty": "about:blank", "house": "#/", "kiosk": "#/kiosk", "source": "#/source/s0"}
FRAMES_S = 5.0
FRAMES = """seconds => new Promise(done => {
    const gaps = [];
    let last = performance.now();
    const until = last + 1000 * seconds;
    const frame = now => { gaps.push(now - last); last = now; now < until ? requestAnimationFrame(frame) : done(gaps); };
    requestAnimationFrame(frame);
})"""

TASKS = """() => {
    window.long = [];
    new PerformanceObserver(found => long.push(...found.getEntries().map(one => one.duration))).observe({type: 'longtask'});
}"""


def main() -> None:
    """Measure, and write the result."""
    asked = report.arguments(__doc__)
    asked.add_argument("--sources", type=int, default=16)
    asked.add_argument("--events", type=float, default=EVENTS_A_MINUTE)
    asked.add_argument("--seconds", type=float, default=30.0)
    asked.add_argument("--rounds", type=int, default=1)
    asked.add_argument("--window", default=WINDOW)
    args = asked.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_house(Path(folder), args.sources, args.events)
        runs = measure(Path(folder), args.seconds, report.sources(args.against), args.rounds, args.window)
    about = {name: getattr(args, name) for name in ("sources", "events", "seconds", "rounds", "window")}
    report.write("page-load", {**about, "runs": runs}, args.note)
    print(json.dumps(runs, indent=1))


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


def measure(folder: Path, seconds: float, sources: dict[str, Path], rounds: int, window: str) -> dict[str, Any]:
    """Return what each view costs, of every commit: the medians over ``rounds``."""
    rows: dict[str, list[dict[str, dict[str, float]]]] = {name: [] for name in sources}
    with sync_playwright() as playwright:
        for _ in range(rounds):
            for name, source in sources.items():
                with (
                    serving(source, folder) as url,
                    playwright.chromium.launch(executable_path=WHOLE, args=FLAGS) as browser,
                ):
                    rows[name].append(costs(browser, url, seconds, window))
    return {name: {view: medians([one[view] for one in found]) for view in VIEWS} for name, found in rows.items()}


def medians(rows: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {name: statistics.median(row.get(name, 0.0) for row in rows) for name in rows[0]}


@contextmanager
def serving(source: Path, folder: Path) -> Iterator[str]:
    """Run the service of a ``src`` folder; give its address."""
    command = [sys.executable, "-m", "claptrap", "serve", "--port", "0", "--data-dir", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(source)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as service:
        try:
            yield next(found.group() for line in service.stdout or () if (found := re.search(r"http://[\d.]+:\d+", line)))
        finally:
            service.terminate()


def costs(browser: Browser, url: str, seconds: float, window: str) -> dict[str, dict[str, float]]:
    """Return what each view costs."""
    width, height = map(int, window.split("x"))
    page = browser.new_page(locale="fr-FR", viewport={"width": width, "height": height})
    system = browser.new_browser_cdp_session()
    return {view: cost(page, system, link if ":" in link else f"{url}/{link}", seconds) for view, link in VIEWS.items()}


def cost(page: Page, system: CDPSession, address: str, seconds: float) -> dict[str, float]:
    """Return what the page at ``address`` costs, in shares of one core, over ``seconds``."""
    page.goto(address)
    if address.startswith("http"):
        page.locator(".state-live").first.wait_for()
    page.wait_for_timeout(SETTLED_MS)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable")
    page.evaluate(TASKS)
    before, cpu_before = metrics(devtools), processes(system)
    page.wait_for_timeout(1000 * seconds)
    after, cpu_after = metrics(devtools), processes(system)
    tasks = page.evaluate("long")
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
        "processes": round((sum(cpu_after.values()) - sum(cpu_before.values())) / lasted, 4),
        **{f"process_{kind}": round((cpu_after[kind] - cpu_before.get(kind, 0)) / lasted, 4) for kind in cpu_after},
        "long_tasks_a_minute": round(60 * len(tasks) / lasted, 2),
        "long_task_ms_most": round(max(tasks, default=0.0)),
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
