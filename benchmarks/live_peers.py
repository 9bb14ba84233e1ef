"""What listening to a camera costs, left on, beside others: ``python -m benchmarks.live_peers``.

The whole service (``claptrap serve``: page, journal, delivery) and the bare loops of ``peer_loops``, each a process with a
connection of its own to one RTSP server (AAC beside H.264 video), hear the same sound in the same minutes; turn after turn
the processor time of each is taken, with that of its children. ``ratio`` is ClapTrap's to each other's of the same turn.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.peers.rtsp_server import RtspServer
from tests.peers.service import Service

from benchmarks import peers, report
from benchmarks.live_cost import SETTLE_S, cost, memory, with_sources, write_room
from benchmarks.load import MODELS

OURS = "ClapTrap"
LIVE_S = 30.0


def family(pid: int) -> list[int]:
    """Return a process and all below it (Linux)."""
    found = [pid]
    for parent in found:
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            found += [int(child) for child in task.read_text(encoding="ascii").split()]
    return found


def used_s(pid: int) -> float:
    """Return the processor time of a process and all below it."""
    return sum(one.whole_s + one.children_s for one in map(cost, family(pid)))


def measure(
    recording: Path, sources: Mapping[str, Path], names: Sequence[str], seconds: float, turns: int
) -> dict[str, Any]:
    """Return the figures of all that hear a recording as a camera's sound."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        url = f"{stack.enter_context(RtspServer(recording=recording)).url}/recording"
        running: dict[str, int] = {}
        for name, source in sources.items():
            entry = {"id": "one", "name": "one", "kind": "rtsp", "input": {"url": url}}
            service = stack.enter_context(Service(with_sources(folder / name, [entry]), PYTHONPATH=str(source)))
            service.wait_for_status("one", "live", LIVE_S)
            running[name] = service.pid
        for name in names:
            running[name] = stack.enter_context(peers.hearing(name, url))
        time.sleep(SETTLE_S)
        taken: dict[str, list[float]] = {name: [] for name in running}
        for _ in range(turns):
            before, began_s = {name: used_s(pid) for name, pid in running.items()}, time.monotonic()
            time.sleep(seconds)
            lasted_s = time.monotonic() - began_s
            for name, pid in running.items():
                taken[name].append(100 * (used_s(pid) - before[name]) / lasted_s)
        return {
            name: {
                "cpu_percent": report.spread(shares),
                "ratio": report.spread([ours / share for ours, share in zip(taken[OURS], shares, strict=True)]),
                "pss_mb": round(sum(memory(pid)["pss_mb"] for pid in family(running[name])), 1),
            }
            for name, shares in taken.items()
        }


def main() -> None:
    """Measure, print, and write the result."""
    parser = report.arguments(__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--everyday", type=Path, help="a recording of everyday sound, to be heard too")
    wanted = parser.parse_args()
    os.environ.setdefault("CLAPTRAP_MODELS_DIR", str(MODELS))
    sources = report.sources(wanted.against, OURS)
    others = peers.find()
    runs: dict[str, Any] = {}
    with TemporaryDirectory() as folder:
        quiet = write_room(Path(folder) / "room.wav", wanted.seconds * wanted.turns + 180)
        for scene, recording in {"quiet": quiet, "everyday": wanted.everyday}.items():
            if recording:
                runs[scene] = measure(recording, sources, others.present, wanted.seconds, wanted.turns)
                print(scene, json.dumps(runs[scene]), flush=True)
    about = {"seconds": wanted.seconds, "turns": wanted.turns, "missing": others.missing}
    report.write("live-peers", {**about, "runs": runs}, wanted.note)


if __name__ == "__main__":
    main()
