"""What it costs when many cameras die together, and how soon all are heard again: ``python -m benchmarks.rtsp_storm``.

``claptrap serve`` in a process of its own hears so many streams (AAC with video beside) of GStreamer's server, with its own
back-off of 1 s to 60 s; the server is killed, stays away, and returns on the same port. Told are:

- ``cores_live``, ``cores_away``, ``cores_back``: processor time of the service as a share of one core while all are heard,
  while the server is away, and from its return until all are heard again;
- ``attempts``: how often the log says that a stream was tried in vain, in the whole outage and in its last half;
- ``back_s``: after how long the first, the middle and the last stream were heard again; ``bound_s``: the longest wait of
  the back-off and of an opening together.

Results are dated JSON in ``benchmarks/results``.
"""

from __future__ import annotations

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.peers.ports import free_port
from tests.peers.rtsp_server import RtspServer

from benchmarks.load import House, house
from benchmarks.process import machine, machine_between, machine_times
from claptrap.core.backoff import Backoff
from claptrap.sources.rtsp import OPEN_S

RESULTS = Path(__file__).parent / "results"
PATIENCE_S = 180.0
LIVE_S = 20.0


def storm(n_streams: int, away_s: float) -> dict[str, Any]:
    """Measure so many streams whose server is away for so long."""
    with house() as home, RtspServer(port=free_port()) as server:
        names = [f"r{i}" for i in range(n_streams)]
        for name in names:
            home.add(home.source(name, "rtsp", {"url": f"{server.url}/aac"}))
        home.wait_until_live(names, PATIENCE_S)
        cores_live = cores(home, LIVE_S)
        threads = home.use().threads
        server.kill()
        began = home.use()
        first_half = cores(home, away_s / 2)
        n_half = attempts(home)
        second_half = cores(home, away_s / 2)
        n_all, away = attempts(home), home.use()
        with RtspServer(port=server.port):
            back, machine_begun = home.use(), machine_times()
            heard = heard_again(home, names)
            ended = home.use()
        return {
            "streams": n_streams,
            "away_s": away_s,
            "cores_live": cores_live,
            "cores_away": round(away.cores_since(began), 4),
            "cores_away_halves": [first_half, second_half],
            "cores_back": round(ended.cores_since(back), 4),
            "attempts": {"all": n_all, "second_half": n_all - n_half},
            "back_s": {"first": heard[0], "middle": heard[len(heard) // 2], "last": heard[-1]},
            "bound_s": Backoff().max_s + OPEN_S,
            "rss_mb": {"live_again": round(ended.rss_mb, 1), "before": round(began.rss_mb, 1)},
            "threads": {"live_again": ended.threads, "before": threads},
            **machine_between(machine_begun, ended.at_s - back.at_s),
        }


def cores(home: House, seconds: float) -> float:
    """Return the share of one core that the service takes during so many seconds."""
    before = home.use()
    time.sleep(seconds)
    return round(home.use().cores_since(before), 4)


def attempts(home: House) -> int:
    """Return how often the service has said that it tries a source again."""
    return home.service.log_text().count("(again in")


def heard_again(home: House, names: list[str]) -> list[float]:
    """Return after how many seconds each was live, sorted."""
    began, heard = time.monotonic(), dict[str, float]()
    while len(heard) < len(names):
        states = home.statuses()
        for name in names:
            if states[name]["state"] == "live":
                heard.setdefault(name, round(time.monotonic() - began, 1))
        if time.monotonic() - began > PATIENCE_S:
            raise SystemExit(f"not back after {PATIENCE_S} s: {sorted(set(names) - set(heard))}")
        time.sleep(0.25)
    return sorted(heard.values())


def main() -> None:
    """Measure and write the result down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("streams", nargs="?", type=int, default=30)
    parser.add_argument("away_s", nargs="?", type=float, default=120.0)
    parser.add_argument("--note", default="", help="what ran beside")
    asked = parser.parse_args()
    now = datetime.now(UTC)
    result = {"at": now.isoformat(timespec="seconds"), **machine(), "note": asked.note, **storm(asked.streams, asked.away_s)}
    text = json.dumps(result, indent=2) + "\n"
    (RESULTS / f"rtsp-storm-{now:%Y-%m-%d}.json").write_text(text, encoding="utf-8")
    print(text)  # the report


if __name__ == "__main__":
    main()
