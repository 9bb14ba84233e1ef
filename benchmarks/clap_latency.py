"""From a clap to the webhook's arrival: ``python -m benchmarks.clap_latency [vban] [microphone]``.

``claptrap serve`` runs in a process of its own and hears one source with known claps: a VBAN stream, or the microphone of a
PulseAudio of our own. With ``--against FOLDER`` a second one runs beside it from that folder (another commit's ``src``) and
gets the same sound, VBAN's packets one after the other by turns; so the ratio holds on a machine that is busy with something
else. For each kind of source:

- ``latency_s``: from the clap to the whole request's arrival at a real HTTP receiver. A clap leaves with the packet that has
  its first sample; at the microphone it begins 5 ms before the block that has it is given to the sound server.
- ``first_s``: the same, of the first clap of all; it is not among the others. ``first_again_s``: the median of those later
  claps that are the same sound, for some are decided later than others.
- ``decided_after_s``: how much sound after its onset a clap was decided with: what the models take of it.
"""

from __future__ import annotations

import json
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tests.peers.claps import GOOD, clap
from tests.peers.ports import free_port
from tests.peers.receiver import Receiver
from tests.peers.service import Service
from tests.peers.sound import RATE_HZ as MICROPHONE_HZ
from tests.peers.sound import SoundServer, faint_noise

from benchmarks import report
from benchmarks.clapping import FORM, FRAMES, HOST, LEAD_S, LOUD, PACKETS_PER_S, RATE_HZ, loop, payloads, period_packets
from benchmarks.load import MODELS, compared
from claptrap.sources.vban_packet import Packet, build

KINDS = ("vban", "microphone")
SETTLE_S = 3.0
BLOCK = MICROPHONE_HZ // 200  # what the microphone gives at once: 5 ms


class VbanSender:
    """Sends a stream to each of ``n`` services."""

    environment: Mapping[str, str] = {}

    def __init__(self, n: int) -> None:
        self._ports = [free_port() for _ in range(n)]
        self.inputs = [{"host": HOST, "stream": "s0", "port": port} for port in self._ports]

    def clap(self, n_claps: int, every_s: float) -> list[list[float]]:
        """Send ``n_claps`` claps to every service, each packet at its time; return for each when each clap left."""
        sound, period = payloads(loop(every_s)), period_packets(every_s)
        onset = round(LEAD_S * RATE_HZ) // FRAMES
        left: list[list[float]] = [[] for _ in self._ports]
        began_s = time.monotonic()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            for k in range(n_claps * period):
                time.sleep(max(0.0, began_s + k / PACKETS_PER_S - time.monotonic()))
                packet = build(Packet(FORM, FRAMES, b"s0", k, sound[k % len(sound)]))
                turn = (k // period) % len(self._ports)
                for i in [*range(turn, len(self._ports)), *range(turn)]:
                    if k % period == onset:
                        left[i].append(time.monotonic())
                    out.sendto(packet, (HOST, self._ports[i]))
        return left


class MicrophonePlayer:
    """Plays into a microphone that ``n`` services hear."""

    def __init__(self, n: int, server: SoundServer) -> None:
        self._server = server
        self.environment = server.environment
        self.inputs: list[dict[str, Any]] = [{"device": ""} for _ in range(n)]

    def clap(self, n_claps: int, every_s: float) -> list[list[float]]:
        """Play ``n_claps`` claps; return for each service when each clap began."""
        left = []
        for k in range(n_claps):
            sound = np.float32(LOUD) * clap(np.random.default_rng(GOOD[k % len(GOOD)]), MICROPHONE_HZ)
            begun_s = self._server.microphone.play(sound + faint_noise(len(sound))) - BLOCK / MICROPHONE_HZ
            left.append(begun_s)
            rest_s = every_s * (1 + 0.37 * (k % 3 - 1) / 10)  # not always at the same place between two hops
            time.sleep(max(0.0, begun_s + rest_s - time.monotonic()))
        return [left for _ in self.inputs]


@contextmanager
def sending(kind: str, n: int) -> Iterator[VbanSender | MicrophonePlayer]:
    """Yield what claps to ``n`` services."""
    if kind == "vban":
        yield VbanSender(n)
    else:
        with SoundServer(BLOCK) as server:
            yield MicrophonePlayer(n, server)


def measure(kind: str, sources: Mapping[str, Path], n_claps: int, every_s: float) -> dict[str, dict[str, Any]]:
    """Return the figures of the ClapTrap in each folder of ``sources``, all at the same time."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        sender = stack.enter_context(sending(kind, len(sources)))
        running: list[tuple[Service, Receiver]] = []
        for (name, source), wanted in zip(sources.items(), sender.inputs, strict=True):
            receiver = stack.enter_context(Receiver())
            service = stack.enter_context(Service(folder / name, environment=sender.environment, PYTHONPATH=str(source)))
            service.raw("DELETE", "/api/sources/microphone")
            webhook = {"id": "webhook", "url": receiver.url}
            service.patch({"sources": [{"id": "v0", "name": "v0", "kind": kind, "input": wanted, "webhooks": [webhook]}]})
            running.append((service, receiver))
        if kind == "microphone":
            for service, _ in running:
                service.wait_for_status("v0", "live")
        time.sleep(SETTLE_S)
        wall_s = time.time() - time.monotonic()
        left = sender.clap(n_claps, every_s)
        time.sleep(SETTLE_S)
        return {
            name: figures([(0, at) for at in mine], receiver, wall_s) | decided(service)
            for name, mine, (service, receiver) in zip(sources, left, running, strict=True)
        }


def figures(claps: Sequence[tuple[int, float]], receiver: Receiver, wall_s: float) -> dict[str, Any]:
    """Match claps with requests; return counts and latencies."""
    requests = receiver.requests
    rest, first = compared(claps[1:], requests, wall_s), compared(claps[:1], requests, wall_s)
    delays = [min((r.at - at for r in requests if 0 < r.at - at < 1.0), default=np.nan) for _, at in claps[1:]]
    at = np.nanpercentile(delays, [50, 95]).tolist()
    return {
        "claps_sent": rest["claps_sent"],
        "claps_told": rest["claps_told"],
        "first_s": first["latency_s"]["p50"] if first["latency_s"] else None,
        "first_again_s": round(float(np.nanmedian(delays[len(GOOD) - 1 :: len(GOOD)] or [np.nan])), 4),
        "latency_s": {"p50": round(at[0], 4), "p95": round(at[1], 4), **(rest["latency_s"] or {})},
        "onset_as_told_minus_sent_s": rest["onset_as_told_minus_sent_s"],
    }


def decided(service: Service) -> dict[str, Any]:
    """Return after how much sound the service has decided, by its log."""
    after = [int(ms) / 1000 for ms in re.findall(r"heard in (\d+) ms", service.log_text())]
    if not after:
        return {}
    p50, p95 = np.percentile(after, [50, 95]).round(3).tolist()
    return {"decided_after_s": {"least": min(after), "p50": p50, "p95": p95}}


def main() -> None:
    """Measure, print, and write the result."""
    parser = report.arguments(__doc__)
    parser.add_argument("kinds", nargs="*", default=KINDS, metavar="|".join(KINDS))
    parser.add_argument("--claps", type=int, default=60)
    parser.add_argument("--every", type=float, default=2.013, help="seconds from clap to clap; no whole number of hops")
    wanted = parser.parse_args()
    if "CLAPTRAP_MODELS_DIR" not in os.environ and (MODELS / "yamnet.tflite").exists():
        os.environ["CLAPTRAP_MODELS_DIR"] = str(MODELS)
    sources = report.sources(wanted.against)
    runs: dict[str, Any] = {}
    for kind in wanted.kinds:
        runs[kind] = dict(measure(kind, sources, wanted.claps, wanted.every))
        if wanted.against:
            this, other = (runs[kind][name]["latency_s"] for name in sources)
            runs[kind]["ratio"] = {at: round(this[at] / other[at], 3) for at in ("p50", "p95")}
        print(json.dumps({kind: runs[kind]}, indent=1), flush=True)
    report.write("clap-latency", {"runs": runs}, wanted.note)


if __name__ == "__main__":
    main()
