"""Whether memory, threads and descriptors stay flat while everything comes and goes: ``python -m benchmarks.load_churn``.

``claptrap serve`` in a process of its own hears two VBAN streams, two cameras and a file all the time. Round after round,
sources of every kind are added, edited, switched off and on, and removed through REST; a page watches and leaves; the VBAN
sender is killed (SIGKILL) and started again each round, the RTSP server every third. At the end of each round, when only the
lasting sources are left, the process is looked at: these figures must not grow. Others are taken every few seconds between.
The dated JSON in ``benchmarks/results`` names the machine by its processor; ``--note`` says what ran beside.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

import numpy as np
from tests.peers.live import LiveClient
from tests.peers.ports import free_port
from tests.peers.rtsp_server import RtspServer

from benchmarks.clapping import HOST, send_vban, write_wav
from benchmarks.load import House, house
from benchmarks.process import Usage, machine, usage
from benchmarks.report import RESULTS

CLAP_EVERY_S = 4.0
SAMPLE_EVERY_S = 5.0
LASTING = ("vban-0", "vban-1", "camera-0", "camera-1", "file-0")
PATIENCE_S = 180.0  # a camera that was away is tried again after a minute at most; on a busy machine that may fail once
REST_S = 5.0  # until what was removed has ended
RTSP_DIES_EVERY = 3
MOST_GROWTH = 0.02  # of memory, from the middle third of the rounds to the last


class Churn:
    """All that comes and goes around one service.

    Args:
        home: the service.
        folder: for the recording.
        more: further sources that come and go, by their ids: kind and input.
    """

    def __init__(self, home: House, folder: Path, more: Mapping[str, tuple[str, Mapping[str, Any]]] | None = None) -> None:
        self.home = home
        self._more = more or {}
        self.done: Counter[str] = Counter()
        self._random = random.Random(7)  # noqa: S311  # which source is switched off needs no secrecy
        self._recording = folder / "claps.wav"
        write_wav(self._recording, CLAP_EVERY_S, 600)
        self._port = free_port()
        self._sender = self._start_sender()
        self._camera = RtspServer(port=free_port(), recording=self._recording)
        for source in LASTING:
            home.add(self._source(source))
        self.wait_until_settled()

    def close(self) -> None:
        """End the senders."""
        self._sender.kill()
        self._sender.join()
        self._camera.kill()

    def round(self, number: int) -> None:
        """Let one of everything happen."""
        passing = [f"{kind}-{n}" for kind, n in (*(("vban", n) for n in range(2, 6)), ("camera", 2), ("camera", 3))]
        passing += ["file-1", "browser-1", *self._more]
        self._random.shuffle(passing)
        for source in passing:
            self.home.add(self._source(source))
            self.done["added"] += 1
        with LiveClient(self.home.service.url) as page:
            page.wait_for("level", n=1)
            self.done["pages"] += 1
            self._toggle(passing)
            self._edit()
            self._kill(cameras=number % RTSP_DIES_EVERY == 0)
        for source in passing:
            self.home.ask("DELETE", f"/api/sources/{source}")
            self.done["removed"] += 1
        self.wait_until_settled()
        time.sleep(REST_S)

    def wait_until_settled(self) -> None:
        """Wait until the lasting sources are live."""
        self.home.wait_until_live(LASTING, PATIENCE_S)

    def _toggle(self, sources: Sequence[str]) -> None:
        some = self._random.sample([*sources, *LASTING], 5)
        for enabled in (False, True):
            for source in some:
                self.home.ask("PATCH", f"/api/sources/{source}", {"enabled": enabled})
                self.done["toggled"] += 1
            time.sleep(1.0)

    def _edit(self) -> None:
        self.home.ask("PATCH", "/api/sources/vban-2", {"input": {"stream": "s7"}})
        self.home.ask("PATCH", "/api/sources/camera-2", {"input": {"url": f"{self._camera.url}/pcmu"}})
        self.home.ask("PATCH", "/api/sources/file-1", {"threshold": 0.7, "delay_s": 1.0})
        self.done["edited"] += 3
        time.sleep(1.0)

    def _kill(self, *, cameras: bool) -> None:
        self._sender.kill()
        self._sender.join()
        if cameras:
            self._camera.kill()
            self.done["rtsp servers killed"] += 1
        time.sleep(6.0)  # long enough that a stream is said to be mute
        self._sender = self._start_sender()
        self.done["vban senders killed"] += 1
        if cameras:
            self._camera = RtspServer(port=self._camera.port, recording=self._recording)

    def _start_sender(self) -> BaseProcess:
        context = multiprocessing.get_context("spawn")
        process = context.Process(target=send_vban, args=(self._port, 8, 3600, CLAP_EVERY_S, None), daemon=True)
        process.start()
        return process

    def _source(self, source: str) -> dict[str, Any]:
        if source in self._more:
            return self.home.source(source, *self._more[source])
        kind, _, number = source.partition("-")
        inputs: dict[str, dict[str, Any]] = {
            "vban": {"host": HOST, "stream": f"s{number}", "port": self._port},
            "camera": {"url": f"{self._camera.url}/recording"},
            "file": {"path": str(self._recording), "loop": True},
            "browser": {},
        }
        return self.home.source(source, "rtsp" if kind == "camera" else kind, inputs[kind])


class Sampler:
    """Looks at the process every few seconds, in a thread of its own, while the ``with`` block lasts."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.samples: list[Usage] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bench:sampler")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(SAMPLE_EVERY_S):
            with suppress(FileNotFoundError):  # it has been killed
                self.samples.append(usage(self._pid))


def judged(rests: Sequence[Usage]) -> dict[str, Any]:
    """Say whether the figures at rest are flat: the last third of the rounds against those before it."""
    hours = np.array([(u.at_s - rests[0].at_s) / 3600 for u in rests])
    thirds = np.array_split(np.arange(len(rests)), 3)
    found: dict[str, Any] = {}
    for name in ("rss_mb", "threads", "descriptors"):
        values = np.array([getattr(u, name) for u in rests], float)
        first, middle, last = (float(np.median(values[part])) for part in thirds)
        later = np.concatenate(thirds[1:])
        grown = last - middle
        found[name] = {
            "first": round(values[0], 1),
            "median_by_third": [round(first, 1), round(middle, 1), round(last, 1)],
            "most": round(float(values.max()), 1),
            "slope_an_hour_after_first_third": round(float(np.polyfit(hours[later], values[later], 1)[0]), 2),
            "flat": bool(grown <= (MOST_GROWTH * middle if name == "rss_mb" else 0)),
        }
    return found


def main() -> None:
    """Churn, and write the result after each round."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load_churn", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--note", default="", help="what runs beside on the machine; kept in the result")
    args = parser.parse_args()
    path = RESULTS / f"load-churn-{datetime.now(UTC):%Y-%m-%d}.json"
    with tempfile.TemporaryDirectory() as folder, house() as home:
        churn = Churn(home, Path(folder))
        try:
            with Sampler(home.service.pid) as sampler:
                begun, rests = time.monotonic(), [home.use()]
                while time.monotonic() - begun < 60 * args.minutes or len(rests) < 4:
                    churn.round(len(rests))
                    rests.append(home.use())
                    print(rests[-1], dict(churn.done), flush=True)
                    result = {
                        "date": datetime.now(UTC).isoformat(timespec="seconds"),
                        **machine(),
                        "part": "churn",
                        "beside": args.note,
                        "minutes": round((time.monotonic() - begun) / 60, 1),
                        "rounds": len(rests) - 1,
                        "done": dict(churn.done),
                        "webhooks": len(home.receiver.requests),
                        "dropped_hops_of_lasting_sources": home.dropped_hops(),
                        "at_rest": judged(rests) if len(rests) > 3 else {},
                        "rests": [rounded(u, begun) for u in rests],
                        "samples": [rounded(u, begun) for u in sampler.samples],
                    }
                    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        finally:
            churn.close()
    print(json.dumps({k: v for k, v in result.items() if k not in ("rests", "samples")}, indent=1), path, sep="\n")


def rounded(used: Usage, begun: float) -> dict[str, float]:
    """Return a sample for people to read."""
    return {
        **asdict(used),
        "at_s": round(used.at_s - begun, 1),
        "cpu_s": round(used.cpu_s, 1),
        "rss_mb": round(used.rss_mb, 1),
    }


if __name__ == "__main__":
    main()
