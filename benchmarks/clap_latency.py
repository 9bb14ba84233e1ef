"""From a clap on the wire to the webhook's arrival: ``python -m benchmarks.clap_latency``.

``claptrap serve`` runs in a process of its own and hears one VBAN stream with known claps. With ``--against FOLDER`` a
second one runs beside it from that folder (another commit's ``src``) and gets the same packets, one after the other by
turns; so the ratio holds on a machine that is busy with something else. ``latency_s`` is the time from the packet with the
clap's first sample to the whole request's arrival at a real HTTP receiver; ``first_s`` that of the first clap of all.

Then it hears a camera (RTSP, AAC), and with it the peers of ``peer_loops``, each with a connection of its own, all at the
same time; they call a receiver too. There the clap leaves with the camera's buffer, before its encoder. Of each the first
request after a clap counts, whatever it was called for: a peer that calls for everything seems quick.
"""

from __future__ import annotations

import argparse
import json
import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tests.peers.ports import free_port
from tests.peers.receiver import Receiver, Request
from tests.peers.rtsp_server import RtspServer
from tests.peers.service import Service

from benchmarks import peers, report
from benchmarks.clapping import FORM, FRAMES, HOST, LEAD_S, PACKETS_PER_S, RATE_HZ, loop, payloads, period_packets, write_wav
from benchmarks.load import BUFFER_S, beginnings, compared, spread
from claptrap.sources.vban_packet import Packet, build

SETTLE_S = 3.0
OPENS_S = 60.0
RTSP_EVERY_S = 3.0
NEXT_S = 2.0  # a request that comes so long after a clap is its own


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
    return {
        "claps_sent": rest["claps_sent"],
        "claps_told": rest["claps_told"],
        "first_s": first["latency_s"]["p50"] if first["latency_s"] else None,
        "latency_s": latencies([at for _, at in claps[1:]], requests),
        "onset_as_told_minus_sent_s": rest["onset_as_told_minus_sent_s"],
    }


def latencies(claps: Sequence[float], requests: Sequence[Request]) -> dict[str, float] | None:
    """Return the times from each clap to the next request: median, 95th and 99th percentile, extremes; None without any."""
    nexts = [min((r.at - at for r in requests if 0 < r.at - at < NEXT_S), default=np.nan) for at in claps]
    delays = [delay for delay in nexts if not np.isnan(delay)]
    found = spread(delays)
    return found and {**found, "p95": round(float(np.percentile(delays, 95)), 4), "n": len(delays)}


def camera(sources: dict[str, Path], names: Sequence[str], n_claps: int) -> dict[str, dict[str, Any]]:
    """Return the figures of ClapTrap and of peers that hear the same camera at the same time."""
    period_s = period_packets(RTSP_EVERY_S) / PACKETS_PER_S
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        recording = folder / "claps.wav"
        write_wav(recording, RTSP_EVERY_S, n_claps * period_s + OPENS_S * (len(sources) + len(names)))
        url = f"{stack.enter_context(RtspServer(recording=recording)).url}/recording"
        heard: dict[str, tuple[Receiver, float]] = {}
        for name in [*sources, *names]:
            receiver, n_before = stack.enter_context(Receiver()), len(beginnings(recording))
            if name in sources:
                service = stack.enter_context(Service(folder / name, PYTHONPATH=str(sources[name])))
                webhook = {"id": "webhook", "url": receiver.url}
                entry = {"id": "r0", "name": "r0", "kind": "rtsp", "input": {"url": url}, "webhooks": [webhook]}
                service.patch({"sources": [entry]})
                service.wait_for_status("r0", "live", OPENS_S)
            else:
                stack.enter_context(peers.hearing(name, url, receiver.url))
            heard[name] = receiver, began(recording, n_before)
        begin = time.monotonic() + SETTLE_S
        time.sleep(SETTLE_S + n_claps * period_s + NEXT_S)
        if len(beginnings(recording)) != len(heard):
            raise SystemExit("the camera was opened again: it is not known when its claps left")
        return {name: camera_figures(at, begin, n_claps, period_s, receiver) for name, (receiver, at) in heard.items()}


def began(recording: Path, n_before: int) -> float:
    """Return when the recording began for the listener who came last (monotonic), once it has."""
    deadline = time.monotonic() + OPENS_S
    while len(found := beginnings(recording)) <= n_before:
        if time.monotonic() > deadline:
            raise SystemExit("the camera was not opened")
        time.sleep(0.05)
    return found[-1]


def camera_figures(began_s: float, begin: float, n_claps: int, period_s: float, receiver: Receiver) -> dict[str, Any]:
    """Return counts and latencies of the claps that left after ``begin`` (monotonic)."""
    first = int(np.ceil((begin - began_s - LEAD_S) / period_s))
    within_s = [LEAD_S + k * period_s for k in range(first, first + n_claps)]
    claps = [began_s + np.floor(at / BUFFER_S) * BUFFER_S for at in within_s]
    found = latencies(claps, [r for r in receiver.requests if r.at > begin])
    return {"claps_sent": len(claps), "claps_told": int(found["n"]) if found else 0, "latency_s": found}


def main() -> None:
    """Measure, print, and write the result."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--claps", type=int, default=60)
    parser.add_argument("--every", type=float, default=2.0, help="seconds from clap to clap")
    parser.add_argument("--against", type=Path, help="the src folder of another commit, to run beside")
    parser.add_argument("--note", default="", help="what ran beside")
    wanted = parser.parse_args()
    sources = {"this": Path(__file__).parents[1] / "src"} | ({"against": wanted.against} if wanted.against else {})
    others = peers.find()
    runs = {
        "VBAN": measure(sources, wanted.claps, wanted.every),
        "camera (RTSP)": camera(sources, others.present, wanted.claps),
    }
    ratios = {
        kind: {at: round(run["this"]["latency_s"][at] / run["against"]["latency_s"][at], 3) for at in ("p50", "p95")}
        for kind, run in runs.items()
        if wanted.against
    }
    found = {"missing": others.missing, "runs": runs, "ratio_to_against": ratios}
    print(json.dumps(found, indent=1))
    report.write("clap-latency", found, wanted.note)


if __name__ == "__main__":
    main()
