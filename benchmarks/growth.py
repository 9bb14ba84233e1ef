"""What starting and many sources cost a person who waits for them: ``python -m benchmarks.growth``.

``claptrap serve`` runs in a process of its own. With ``--against FOLDER`` another runs after it, by turns, from that folder
(another commit's ``src``), so that ratios hold on a machine that is busy with something else. Medians of all turns:

- ``version_cpu_s``: processor time of ``claptrap --version``;
- ``start_s``: until ``serve`` says where it listens;
- ``add_s``, ``add_cpu_s``: VBAN sources added one after the other, each over REST: all of them, in wall and processor time;
  ``first_s``, ``last_s``: the first and the last fifty of them, which tell whether it grows faster than their number;
- ``add_at_once_s``: all of them in one request.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.peers.service import Service, claptrap_environment

from benchmarks.live_cost import with_sources
from benchmarks.process import machine, usage

RESULTS = Path(__file__).parent / "results"
SOURCES, FIFTY = 255, 50  # unless said otherwise; how many the first and the last are


def version_cpu_s(source: Path) -> float:
    """Return the processor time of ``claptrap --version``."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = claptrap_environment(os.environ) | {"PYTHONPATH": str(source)}
    subprocess.run([sys.executable, "-m", "claptrap", "--version"], env=environment, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def entry(n: int) -> dict[str, Any]:
    """Return a VBAN source that nobody sends to."""
    return {"id": f"v{n}", "name": f"v{n}", "kind": "vban", "input": {"host": "127.0.0.1", "stream": f"s{n}", "port": 6999}}


def measure(source: Path, n_sources: int) -> dict[str, float]:
    """Return one turn's figures of the ClapTrap in a folder."""
    with TemporaryDirectory() as folder:
        began_s = time.monotonic()
        with Service(with_sources(Path(folder) / "one-by-one", []), PYTHONPATH=str(source)) as service:
            start_s = time.monotonic() - began_s
            began = usage(service.pid)
            at_s = [began.at_s]
            for n in range(n_sources):
                status, body = service.raw("POST", "/api/sources", entry(n))
                if status != 201:
                    raise RuntimeError(body.decode())
                at_s.append(time.monotonic())
            cpu_s = usage(service.pid).cpu_s - began.cpu_s
        with Service(with_sources(Path(folder) / "at-once", []), PYTHONPATH=str(source)) as service:
            began_s = time.monotonic()
            service.patch({"sources": [entry(n) for n in range(n_sources)]})
            at_once_s = time.monotonic() - began_s
    return {
        "version_cpu_s": statistics.median(version_cpu_s(source) for _ in range(5)),
        "start_s": start_s,
        "add_s": at_s[-1] - at_s[0],
        "add_cpu_s": cpu_s,
        "first_s": at_s[FIFTY] - at_s[0],
        "last_s": at_s[-1] - at_s[-1 - FIFTY],
        "add_at_once_s": at_once_s,
    }


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--sources", type=int, default=SOURCES)
    parser.add_argument("--against", type=Path, help="the src folder of another commit, to run by turns")
    parser.add_argument("--note", default="", help="what ran beside")
    wanted = parser.parse_args()
    sources = {"this": Path(__file__).parents[1] / "src"} | ({"against": wanted.against} if wanted.against else {})
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in sources}
    for _ in range(wanted.turns):
        for name, source in sources.items():
            turns[name].append(measure(source, wanted.sources))
    runs: dict[str, Any] = {
        name: {
            figure: {"median": round(statistics.median(values), 3), "range": [round(min(values), 3), round(max(values), 3)]}
            for figure in taken[0]
            for values in ([one[figure] for one in taken],)
        }
        for name, taken in turns.items()
    }
    if wanted.against:
        runs["ratio"] = {
            figure: round(runs["this"][figure]["median"] / runs["against"][figure]["median"], 3) for figure in runs["this"]
        }
    print(json.dumps(runs, indent=1))
    now = datetime.now(UTC)
    about = {"date": now.isoformat(timespec="seconds"), **machine(), "load_average": round(os.getloadavg()[0], 2)}
    path = RESULTS / f"growth-{now:%Y-%m-%d-%H%M}.json"
    result = {**about, "note": wanted.note, "sources": wanted.sources, "turns": wanted.turns, "runs": runs}
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
