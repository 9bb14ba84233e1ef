"""What starting and many sources cost a person who waits for them: ``python -m benchmarks.growth``.

``claptrap serve`` runs in a process of its own. With ``--against FOLDER`` another runs after it, by turns, from that folder
(another commit's ``src``), so that ratios hold on a machine that is busy with something else. Medians of all turns:

- ``version_cpu_s``: processor time of ``claptrap --version``;
- ``start_s``: until ``serve`` says where it listens;
- ``add_s``, ``add_cpu_s``: VBAN sources added one after the other, each over REST: all of them, in wall and processor time;
  ``first_s``, ``last_s``: the first and the last fifty of them, which tell whether it grows faster than their number;
- ``add_at_once_s``: all of them in one request.

Of the peers of ``peer_loops``, ``start_s``: until the bare loop has loaded what it needs, by turns with ClapTrap.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.peers.service import Service, claptrap_environment

from benchmarks import peers, report
from benchmarks.live_cost import with_sources
from benchmarks.process import usage

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


def peer_start_s(name: str) -> float:
    """Return how long a peer takes to make ready."""
    began_s = time.monotonic()
    subprocess.run(peers.command(name), check=True, capture_output=True)
    return time.monotonic() - began_s


def main() -> None:
    """Measure, print, and write the result."""
    parser = report.arguments(__doc__)
    parser.add_argument("--sources", type=int, default=SOURCES)
    parser.add_argument("--turns", type=int, default=3)
    wanted = parser.parse_args()
    sources = report.sources(wanted.against)
    others = peers.find()
    turns: dict[str, list[dict[str, float]]] = {name: [] for name in (*sources, *others.present)}
    for _ in range(wanted.turns):
        for name, taken in turns.items():
            taken.append(measure(sources[name], wanted.sources) if name in sources else {"start_s": peer_start_s(name)})
    runs = {name: report.spreads(taken) for name, taken in turns.items()}
    ratios = {
        figure: round(one["median"] / runs["against"][figure]["median"], 3)
        for figure, one in runs["this"].items()
        if wanted.against
    }
    found = {
        "sources": wanted.sources,
        "turns": wanted.turns,
        "missing": others.missing,
        "runs": runs,
        "ratio_to_against": ratios,
    }
    print(json.dumps(found, indent=1))
    report.write("growth", found, wanted.note)


if __name__ == "__main__":
    main()
