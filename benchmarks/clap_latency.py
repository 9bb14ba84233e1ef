"""From a clap on the wire to the webhook's arrival: ``python -m benchmarks.clap_latency``.

``claptrap serve`` runs in a process of its own and hears one VBAN stream with known claps. With ``--against FOLDER`` a
second one runs beside it from that folder (another commit's ``src``) and gets the same packets, one after the other by
turns; so the ratio holds on a machine that is busy with something else. ``latency_s`` is the time from the packet with the
clap's first sample to the whole request's arrival at a real HTTP receiver; ``first_s`` that of the first clap of all.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tests.peers.ports import free_port
from tests.peers.receiver import Receiver
from tests.peers.service import Service

from benchmarks.clapping import LEAD_S, PACKETS_PER_S, RATE_HZ, loop, payloads, period_packets
from benchmarks.load import compared
from benchmarks.process import machine
from benchmarks.vban_load import FORM, FRAMES, HOST
from claptrap.sources.vban_packet import Packet, build

RESULTS = Path(__file__).parent / "results"
SETTLE_S = 3.0


def send(ports: list[int], n_claps: int, every_s: float) -> list[list[float]]:
    """Send ``n_claps`` claps to every port, each packet at its time; return for each port when each clap left."""
    sound, period = payloads(loop(every_s)), period_packets(every_s)
    onset = round(LEAD_S * RATE_HZ) // FRAMES
    left: list[list[float]] = [[] for _ in ports]
    began_s = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for k in range(n_claps * period):
            time.sleep(max(0.0, began_s + k / PACKETS_PER_S - time.monotonic()))
            packet = build(Packet(FORM, FRAMES, b"s0", k, sound[k % len(sound)]))
            turn = (k // period) % len(ports)
            for i in [*range(turn, len(ports)), *range(turn)]:
                if k % period == onset:
                    left[i].append(time.monotonic())
                out.sendto(packet, (HOST, ports[i]))
    return left


def measure(sources: dict[str, Path], n_claps: int, every_s: float) -> dict[str, dict[str, Any]]:
    """Return the figures of the ClapTrap in each folder of ``sources``, all at the same time."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        receivers, ports = [], []
        for name, source in sources.items():
            receiver, port = stack.enter_context(Receiver()), free_port()
            service = stack.enter_context(Service(folder / name, PYTHONPATH=str(source)))
            service.raw("DELETE", "/api/sources/microphone")
            webhook = {"id": "webhook", "url": receiver.url}
            given = {"host": HOST, "stream": "s0", "port": port}
            service.patch({"sources": [{"id": "v0", "name": "v0", "kind": "vban", "input": given, "webhooks": [webhook]}]})
            receivers.append(receiver)
            ports.append(port)
        time.sleep(SETTLE_S)
        wall_s = time.time() - time.monotonic()
        left = send(ports, n_claps, every_s)
        time.sleep(SETTLE_S)
        return {
            name: figures([(0, at) for at in mine], receiver, wall_s)
            for name, mine, receiver in zip(sources, left, receivers, strict=True)
        }


def figures(claps: list[tuple[int, float]], receiver: Receiver, wall_s: float) -> dict[str, Any]:
    """Match claps with requests; return counts and latencies."""
    requests = receiver.requests
    rest, first = compared(claps[1:], requests, wall_s), compared(claps[:1], requests, wall_s)
    delays = [min((r.at - at for r in requests if 0 < r.at - at < 1.0), default=np.nan) for _, at in claps[1:]]
    at = np.nanpercentile(delays, [50, 95]).tolist()
    return {
        "claps_sent": rest["claps_sent"],
        "claps_told": rest["claps_told"],
        "first_s": first["latency_s"]["p50"] if first["latency_s"] else None,
        "latency_s": {"p50": round(at[0], 4), "p95": round(at[1], 4), **(rest["latency_s"] or {})},
        "onset_as_told_minus_sent_s": rest["onset_as_told_minus_sent_s"],
    }


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--claps", type=int, default=60)
    parser.add_argument("--every", type=float, default=2.0, help="seconds from clap to clap")
    parser.add_argument("--against", type=Path, help="the src folder of another commit, to run beside")
    parser.add_argument("--note", default="", help="what ran beside")
    wanted = parser.parse_args()
    sources = {"this": Path(__file__).parents[1] / "src"} | ({"against": wanted.against} if wanted.against else {})
    runs: dict[str, Any] = dict(measure(sources, wanted.claps, wanted.every))
    if wanted.against:
        pairs = {at: (runs["this"]["latency_s"][at], runs["against"]["latency_s"][at]) for at in ("p50", "p95")}
        runs["ratio"] = {at: round(this / other, 3) for at, (this, other) in pairs.items()}
    print(json.dumps(runs, indent=1))
    now = datetime.now(UTC)
    about = {"date": now.isoformat(timespec="seconds"), **machine(), "load_average": round(os.getloadavg()[0], 2)}
    path = RESULTS / f"clap-latency-{now:%Y-%m-%d-%H%M}.json"
    path.write_text(json.dumps({**about, "note": wanted.note, "runs": runs}, indent=2) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
