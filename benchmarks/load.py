"""What many sources cost the service as a person starts it, and whether it hears every clap: ``python -m benchmarks.load``.

``vban`` and ``rtsp`` run ``claptrap serve`` in a process of its own, with senders in other processes and a real HTTP
receiver, all on loopback; every stream carries known claps, which fall at another moment in each. For each number of
sources:

- ``cores``: processor time of the service, user and system, as a share of one core;
- ``dropped_hops``: 20 ms of sound each, lost because hearing fell behind; ``lost_packets``: sent, and not played (VBAN);
- ``claps_sent``, ``claps_told`` (the webhook was called), ``extra`` (a webhook without a clap);
- ``latency_s``: from the moment at which the packet (VBAN) or the buffer (RTSP, before the camera's encoder) with the clap's
  first sample left to the whole request's arrival. 112 ms of it are sound that must have been heard before the first sure
  decision.
- ``pyav`` (RTSP): what PyAV alone takes for the same streams, in the same minutes.

``--note`` says what ran beside.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from tests.peers.ports import free_port
from tests.peers.receiver import Receiver, Request
from tests.peers.rtsp_server import RtspServer
from tests.peers.service import Service

from benchmarks import report
from benchmarks.clapping import HOST, LEAD_S, PACKETS_PER_S, RATE_HZ, Sent, period_packets, send_vban, write_wav
from benchmarks.process import Usage, machine_between, machine_times, usage
from benchmarks.rtsp_load import pyav

MODELS = Path(os.environ.get("CLAPTRAP_SHARED", Path(__file__).parents[2] / "shared")) / "models"
CLAPS_A_SECOND = 6.4  # of all streams together, at most
LEAST_EVERY_S = 2.0
SAME_CLAP_S = 0.5  # between the onset as sent and as told; the least period is four times as long
SETTLE_S = 8.0  # for the last webhooks
IDLE_S = 10.0
PATIENCE_S = 60.0  # with an answer, on a busy machine
PYAV_S = 20.0
BUFFER_S = 2048 / RATE_HZ  # what GStreamer's wavparse gives at once: 4096 bytes
VBAN_RUNS = ("1:60", "16:60", "64:300")
RTSP_RUNS = ("1:60", "10:60", "30:300")


@dataclass(frozen=True, slots=True)
class House:
    """The service and the receiver that it tells."""

    service: Service
    receiver: Receiver

    def use(self) -> Usage:
        """Return how the service is."""
        return usage(self.service.pid)

    def source(self, source_id: str, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings of a source that tells the receiver."""
        webhook = {"id": "webhook", "url": self.receiver.url}
        return {"id": source_id, "name": source_id, "kind": kind, "input": given, "webhooks": [webhook]}

    def add(self, source: Mapping[str, Any]) -> None:
        """Add a source."""
        self.ask("POST", "/api/sources", source)

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask the service for something that must succeed."""
        status, answer = self.service.raw(method, path, body, PATIENCE_S)
        if status not in (200, 201):
            raise SystemExit(f"{method} {path}: {status} {answer[:300]!r}")
        return json.loads(answer)

    def statuses(self) -> dict[str, dict[str, Any]]:
        """Return every source's status."""
        found: dict[str, dict[str, Any]] = self.service.get("/api/state")["statuses"]
        return found

    def dropped_hops(self) -> int:
        """Return the hops that all sources have dropped."""
        return sum(status["dropped_hops"] for status in self.statuses().values())

    def wait_until_live(self, sources: Sequence[str], patience_s: float = 60.0) -> None:
        """Return once all are live."""
        deadline = time.monotonic() + patience_s
        while late := set(sources) - {s for s, status in self.statuses().items() if status["state"] == "live"}:
            if time.monotonic() > deadline:
                raise SystemExit(f"not live after {patience_s} s: {sorted(late)}")
            time.sleep(0.5)


@contextmanager
def house() -> Iterator[House]:
    """A service without sources, with YAMNet where its file is at hand."""
    if "CLAPTRAP_MODELS_DIR" not in os.environ and (MODELS / "yamnet.tflite").exists():
        os.environ["CLAPTRAP_MODELS_DIR"] = str(MODELS)
    with tempfile.TemporaryDirectory() as folder, Receiver() as receiver, Service(Path(folder) / "data") as service:
        built = House(service, receiver)
        built.ask("DELETE", "/api/sources/microphone")
        yield built


def every_s(n_streams: int) -> float:
    """Return the period of the claps of each of so many streams."""
    wanted = max(LEAST_EVERY_S, n_streams / CLAPS_A_SECOND)
    return period_packets(wanted) / PACKETS_PER_S


# -- VBAN -------------------------------------------------------------------------------------------------------------------


def vban(n_streams: int, seconds: float) -> dict[str, Any]:
    """Measure so many VBAN streams for so long."""
    port, before_load = free_port(), os.getloadavg()[0]
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    with house() as home:
        idle = cores_idle(home)
        sources = [home.source(f"v{i}", "vban", {"host": HOST, "stream": f"s{i}", "port": port}) for i in range(n_streams)]
        home.ask("PATCH", "/api/settings", {"sources": sources})
        sender = context.Process(target=send_vban, args=(port, n_streams, seconds, every_s(n_streams), there), daemon=True)
        wall_s = time.time() - time.monotonic()
        sender.start()
        home.wait_until_live([source["id"] for source in sources])
        begun, machine_begun = home.use(), machine_times()
        sent = received(here, seconds)
        ended = home.use()
        around = machine_between(machine_begun, ended.at_s - begun.at_s)
        sender.join()
        time.sleep(SETTLE_S)
        counts = home.ask("GET", "/api/vban/counts")
        streams, (about,) = counts["streams"], counts["ports"]
        return {
            "sources": n_streams,
            "seconds": seconds,
            "clap_every_s": round(every_s(n_streams), 3),
            **costs(begun, ended, idle),
            "dropped_hops": home.dropped_hops(),
            "packets_sent": sent.packets,
            "packets_refused_by_the_system": sent.failed,
            "lost_packets": sent.packets - sum(stream["counts"]["packets"] for stream in streams),
            "kernel_drops": about["kernel_drops"],
            "over_ceiling": about["over_ceiling"],
            "sender_late_p99_ms": round(1e3 * sent.late_p99_s, 1),
            **compared(sent.claps, home.receiver.requests, wall_s),
            "load_average_before": round(before_load, 2),
            **around,
        }


def received(pipe: Connection, seconds: float) -> Sent:
    """Return what the sender reports at its end."""
    if not pipe.poll(2 * seconds + 60):
        raise SystemExit("the sender did not come to an end")
    sent: Sent = pipe.recv()
    return sent


def cores_idle(home: House) -> float:
    """Return what the service takes without sources."""
    before = home.use()
    time.sleep(IDLE_S)
    return home.use().cores_since(before)


def costs(begun: Usage, ended: Usage, idle: float) -> dict[str, Any]:
    """Return the figures of the process."""
    return {
        "cores": round(ended.cores_since(begun), 4),
        "cores_without_sources": round(idle, 4),
        "rss_mb": round(ended.rss_mb, 1),
        "rss_mb_at_the_beginning": round(begun.rss_mb, 1),
        "threads": ended.threads,
        "descriptors": ended.descriptors,
    }


def compared(
    claps: Sequence[tuple[int, float]], requests: Sequence[Request], wall_s: float, prefix: str = "v"
) -> dict[str, Any]:
    """Match claps as sent (stream, monotonic seconds) with webhooks as received, by source (prefix, stream) and onset."""
    told: dict[str, list[tuple[float, float]]] = {}
    for request in requests:
        told.setdefault(request.json["source_id"], []).append((request.json["timestamp"] - wall_s, request.at))
    latencies, off, missed = [], [], []
    for stream, at in claps:
        mine = told.get(f"{prefix}{stream}", [])
        best = min(mine, key=lambda each: abs(each[0] - at), default=None)
        if best is None or abs(best[0] - at) > SAME_CLAP_S:
            missed.append((stream, round(at - claps[0][1], 2)))
            continue
        mine.remove(best)
        latencies.append(best[1] - at)
        off.append(best[0] - at)
    return {
        "claps_sent": len(claps),
        "claps_told": len(latencies),
        "extra": sum(len(rest) for rest in told.values()),
        "missed": missed[:20],
        "latency_s": spread(latencies),
        "onset_as_told_minus_sent_s": spread(off),
    }


def spread(values: Sequence[float]) -> dict[str, float] | None:
    """Return median, 95th and 99th percentile and extremes."""
    if not values:
        return None
    at = dict(zip(("least", "p50", "p95", "p99", "most"), np.percentile(values, [0, 50, 95, 99, 100]), strict=True))
    return {name: round(float(value), 4) for name, value in at.items()}


# -- RTSP -------------------------------------------------------------------------------------------------------------------


def rtsp(n_streams: int, seconds: float) -> dict[str, Any]:
    """Measure so many RTSP streams, AAC beside H.264, for so long."""
    before_load, period_s = os.getloadavg()[0], every_s(n_streams)
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "claps.wav"
        write_wav(recording, period_s, seconds + 3 * period_s + PYAV_S + 60)
        with RtspServer(recording=recording) as server, house() as home:
            url = f"{server.url}/recording"
            alone = pyav_alone(url, n_streams)
            idle = cores_idle(home)
            sources = [home.source(f"r{i}", "rtsp", {"url": url}) for i in range(n_streams)]
            n_before = len(beginnings(recording))
            for source in sources:  # each listener hears the recording from its beginning: so they clap one after the other
                home.add(source)
                time.sleep(period_s / n_streams)
                home.wait_until_live([source["id"]])  # in order, so that their beginnings are known apart
            began = beginnings(recording)[n_before:]
            time.sleep(period_s)
            begun, machine_begun = home.use(), machine_times()
            time.sleep(seconds)
            ended = home.use()
            around = machine_between(machine_begun, seconds)
            wall_s = time.time() - time.monotonic()
            time.sleep(SETTLE_S)
            found = {
                "sources": n_streams,
                "seconds": seconds,
                "clap_every_s": round(period_s, 3),
                **costs(begun, ended, idle),
                "percent_of_a_core_per_stream": round(100 * ended.cores_since(begun) / n_streams, 3),
                "dropped_hops": home.dropped_hops(),
                "retries": sum(source["counts"]["retries"] for source in home.service.get("/api/sources")),
                **rows(home.receiver.requests, n_streams, period_s, (begun.at_s + wall_s, ended.at_s + wall_s)),
                **since_left(began, home.receiver.requests, n_streams, period_s, (begun.at_s, ended.at_s), wall_s),
                "pyav": alone,
                "load_average_before": round(before_load, 2),
                **around,
            }
    for name, figure in alone.items():
        found[f"ratio_to_{name}"] = round(found["percent_of_a_core_per_stream"] / figure["cpu_percent_per_stream"], 2)
    return found


def beginnings(recording: Path) -> list[float]:
    """Return when the recording began for each listener so far, in monotonic seconds."""
    path = Path(f"{recording}.began")
    return [float(line) for line in path.read_text(encoding="utf-8").split()] if path.exists() else []


def since_left(
    began: Sequence[float],
    requests: Sequence[Request],
    n_streams: int,
    period_s: float,
    window: tuple[float, float],
    wall_s: float,
) -> dict[str, Any]:
    """Return the latencies of claps that left in ``window`` (monotonic seconds); none where a camera was opened again."""
    if len(began) != n_streams:
        return {"latency_s": None, "openings": len(began)}
    n_periods = math.ceil((window[1] - min(began)) / period_s)
    within_s = [LEAD_S + k * period_s for k in range(n_periods)]
    left_s = [math.floor(at / BUFFER_S) * BUFFER_S for at in within_s]
    claps = [(i, b + at) for i, b in enumerate(began) for at in left_s if window[0] <= b + at <= window[1]]
    found = compared(claps, requests, wall_s, "r")
    return {name: found[name] for name in ("latency_s", "onset_as_told_minus_sent_s")}


def pyav_alone(url: str, n_streams: int) -> dict[str, dict[str, float]]:
    """Measure PyAV without ClapTrap, in processes of their own: decoding only, and with its resampler to 16 kHz."""
    figures = {}
    for name, is_bare in (("decoding_only", True), ("to_16_khz_mono", False)):
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_pyav, args=(url, n_streams, is_bare, there), daemon=True)
        process.start()
        if not here.poll(PYAV_S + 90):
            raise SystemExit("PyAV did not come to an end")
        figures[name] = here.recv()
        process.join()
    return figures


def _pyav(url: str, n_streams: int, is_bare: bool, pipe: Connection) -> None:
    pipe.send(pyav(url, n_streams, PYAV_S, is_bare=is_bare))


def rows(requests: Sequence[Request], n_streams: int, period_s: float, window: tuple[float, float]) -> dict[str, Any]:
    """Return how many claps there were between the first and the last one of each stream, and how many were told.

    A camera tells nobody when it plays what; but its claps are one period apart, so one that is missed leaves a gap.

    Args:
        requests: what the receiver got.
        n_streams: how many sources there are.
        period_s: from clap to clap.
        window: UTC Unix seconds in which claps count.
    """
    begin, end = window
    sent = told = extra = 0
    missed = []
    for i in range(n_streams):
        stamps = np.array(sorted(r.json["timestamp"] for r in requests if r.json["source_id"] == f"r{i}"))
        stamps = stamps[(stamps > begin) & (stamps < end)]
        if not len(stamps) or stamps[0] > begin + 1.5 * period_s or stamps[-1] < end - 1.5 * period_s:
            missed.append(f"r{i}: {len(stamps)} claps, not from beginning to end")
        places = np.round((stamps - stamps[:1]) / period_s).astype(int) if len(stamps) else np.zeros(0, int)
        sent += int(places[-1]) + 1 if len(places) else round((end - begin) / period_s)
        told += len(set(places.tolist()))
        extra += len(places) - len(set(places.tolist()))
        missed += [f"r{i}: after {stamps[j] - begin:.1f} s" for j in np.flatnonzero(np.diff(places) > 1)]
    return {"claps_sent": sent, "claps_told": told, "extra": extra, "missed": missed[:20]}


def main() -> None:
    """Run a part."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("part", choices=("vban", "rtsp"))
    parser.add_argument("runs", nargs="*", metavar="SOURCES:SECONDS", help="how many sources, for how long")
    parser.add_argument("--note", default="", help="what runs beside on the machine; kept in the result")
    args = parser.parse_args()
    measure, usual = {"vban": (vban, VBAN_RUNS), "rtsp": (rtsp, RTSP_RUNS)}[args.part]
    runs = []
    for run in args.runs or usual:
        n_sources, _, seconds = run.partition(":")
        runs.append(measure(int(n_sources), float(seconds)))
        print(json.dumps(runs[-1], indent=1), flush=True)
    report.write(f"load-{args.part}", {"part": args.part, "runs": runs}, args.note)


if __name__ == "__main__":
    main()
