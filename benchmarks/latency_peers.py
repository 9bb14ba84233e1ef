"""From a clap before a camera to the webhook's arrival, beside others: ``python -m benchmarks.latency_peers``.

``claptrap serve`` and the peers of ``peer_loops`` hear one RTSP server (AAC beside H.264) at the same time, each by a
connection of its own, and call a receiver of their own. A clap leaves with the camera's buffer, before its encoder. Of each
the first request after a clap counts, whatever it was called for: a peer that calls for everything seems quick.
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

import numpy as np
from tests.peers.receiver import Receiver
from tests.peers.rtsp_server import RtspServer
from tests.peers.service import Service

from benchmarks import peers, report
from benchmarks.clapping import LEAD_S, PACKETS_PER_S, period_packets, write_wav
from benchmarks.live_cost import with_sources
from benchmarks.live_peers import OURS
from benchmarks.load import BUFFER_S, MODELS, beginnings

EVERY_S = 3.0
LOUDER = 2.5  # peaks of 0.9: one peer hears no softer ones
NEXT_S = 2.0  # a request that comes so long after a clap belongs to it
SETTLE_S = 3.0
OPENS_S = 60.0


def measure(sources: Mapping[str, Path], names: Sequence[str], n_claps: int) -> dict[str, dict[str, Any]]:
    """Return the figures of ClapTrap and of peers."""
    period_s = period_packets(EVERY_S) / PACKETS_PER_S
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        recording = folder / "claps.wav"
        write_wav(recording, EVERY_S, (n_claps + 2) * period_s + OPENS_S, LOUDER)
        url = f"{stack.enter_context(RtspServer(recording=recording)).url}/recording"
        heard: dict[str, tuple[Receiver, float]] = {}
        for name in [*sources, *names]:
            receiver, n_before = stack.enter_context(Receiver()), len(beginnings(recording))
            if name in sources:
                webhook = {"id": "webhook", "url": receiver.url}
                entry = {"id": "one", "name": "one", "kind": "rtsp", "input": {"url": url}, "webhooks": [webhook]}
                service = Service(with_sources(folder / name, [entry]), PYTHONPATH=str(sources[name]))
                stack.enter_context(service).wait_for_status("one", "live", OPENS_S)
            else:
                stack.enter_context(peers.hearing(name, url, receiver.url))
            heard[name] = receiver, began(recording, n_before)
        begin_s = time.monotonic() + SETTLE_S
        time.sleep(SETTLE_S + (n_claps + 1) * period_s + NEXT_S)
        if (n := len(beginnings(recording))) != len(heard):
            raise SystemExit(f"the camera was opened {n} times by {len(heard)}: it is not known when its claps left")
        return {name: figures(at_s, begin_s, n_claps, period_s, receiver) for name, (receiver, at_s) in heard.items()}


def began(recording: Path, n_before: int) -> float:
    """Return when the recording began for the listener who came last (monotonic), once it has."""
    deadline = time.monotonic() + OPENS_S
    while len(found := beginnings(recording)) <= n_before:
        if time.monotonic() > deadline:
            raise SystemExit("the camera was not opened")
        time.sleep(0.05)
    return found[-1]


def figures(began_s: float, begin_s: float, n_claps: int, period_s: float, receiver: Receiver) -> dict[str, Any]:
    """Return counts and latencies of the claps that left after ``begin_s`` (monotonic)."""
    first = int(np.ceil((begin_s - began_s - LEAD_S) / period_s))
    left = np.floor((LEAD_S + np.arange(first, first + n_claps) * period_s) / BUFFER_S) * BUFFER_S + began_s
    came = np.array([request.at for request in receiver.requests])
    nexts = [float(later[0]) for at in left if len(later := np.sort(came[(came > at) & (came < at + NEXT_S)] - at))]
    spread = dict(zip(("least", "p50", "p95", "most"), np.percentile(nexts, [0, 50, 95, 100]), strict=True)) if nexts else {}
    return {
        "claps": n_claps,
        "heard": len(nexts),
        "requests": int(np.sum(came > begin_s)),
        "latency_s": {name: round(float(value), 4) for name, value in spread.items()},
    }


def main() -> None:
    """Measure, print, and write the result."""
    parser = report.arguments(__doc__)
    parser.add_argument("--claps", type=int, default=40)
    wanted = parser.parse_args()
    os.environ.setdefault("CLAPTRAP_MODELS_DIR", str(MODELS))
    sources = report.sources(wanted.against, OURS)
    others = peers.find()
    runs = measure(sources, others.present, wanted.claps)
    print(json.dumps(runs, indent=1))
    report.write("latency-peers", {"missing": others.missing, "runs": runs}, wanted.note)


if __name__ == "__main__":
    main()
