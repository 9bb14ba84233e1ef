"""Two nodes that hear real streams for one server: what each process takes, and whether every clap is told.

    python -m benchmarks.cluster_streams [--streams 60] [--seconds 60] [--note …]

``claptrap serve --cluster`` and two ``claptrap node`` as a person starts them, a real nats-server, so many VBAN streams to
each node, known claps, a webhook; all on one machine. Figures as of ``benchmarks.load``, in
``results/cluster-streams-DATE.json``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.peers.nats import NatsServer
from tests.peers.ports import free_port
from tests.peers.receiver import Receiver
from tests.peers.service import Service, claptrap_environment

from benchmarks.clapping import HOST, send_vban
from benchmarks.load import MODELS, SETTLE_S, House, compared, every_s, received
from benchmarks.process import machine, machine_between, machine_times, usage
from benchmarks.report import RESULTS


def measure(n: int, seconds: float, folder: Path, parts: ExitStack) -> dict[str, Any]:
    """Return the figures of ``n`` streams on each of two nodes."""
    if "CLAPTRAP_MODELS_DIR" not in os.environ and (MODELS / "yamnet.tflite").exists():
        os.environ["CLAPTRAP_MODELS_DIR"] = str(MODELS)
    receiver = parts.enter_context(Receiver())
    nats = parts.enter_context(NatsServer(folder))
    service = parts.enter_context(Service(folder / "data", CLAPTRAP_CLUSTER=nats.url))
    home = House(service, receiver)
    home.ask("DELETE", "/api/sources/microphone")
    nodes = {}
    for name in ("a", "b"):
        command = [sys.executable, "-m", "claptrap", "node", "--join", nats.url, "--key", str(folder / "data/cluster.key")]
        with (folder / f"{name}.log").open("wb") as log:
            nodes[name] = subprocess.Popen(
                [*command, "--name", name], stdout=log, stderr=log, env=claptrap_environment(os.environ)
            )
        parts.callback(nodes[name].wait)
        parts.callback(nodes[name].kill)
    ports, context, pipes, senders = {name: free_port() for name in nodes}, multiprocessing.get_context("spawn"), [], []
    sources = [
        {
            **home.source(f"{name}{i}", "vban", {"host": HOST, "stream": f"s{i}", "port": port}),
            "node": name,
        }
        for name, port in ports.items()
        for i in range(n)
    ]
    home.ask("PATCH", "/api/settings", {"sources": sources})
    wall_s = time.time() - time.monotonic()
    for port in ports.values():
        here, there = context.Pipe()
        pipes.append(here)
        senders.append(context.Process(target=send_vban, args=(port, n, seconds, every_s(2 * n), there), daemon=True))
        senders[-1].start()
    home.wait_until_live([source["id"] for source in sources])
    watched = {"server": service.pid, "nats": nats.pid, **{name: process.pid for name, process in nodes.items()}}
    before, machine_before, messages = {name: usage(pid) for name, pid in watched.items()}, machine_times(), nats.messages()
    sent = {name: received(pipe, seconds) for name, pipe in zip(nodes, pipes, strict=True)}
    after = {name: usage(pid) for name, pid in watched.items()}
    took = after["nats"].at_s - before["nats"].at_s
    messages = nats.messages() - messages
    around = machine_between(machine_before, took)
    time.sleep(SETTLE_S)
    of = {name: [r for r in receiver.requests if r.json["source_id"].startswith(name)] for name in nodes}
    return {
        "streams_on_each_node": n,
        "seconds": round(took, 1),
        "cores": {name: round(after[name].cores_since(before[name]), 3) for name in watched},
        "rss_mb": {name: round(after[name].rss_mb) for name in watched},
        "nats_messages_per_s": round(messages / took),
        "dropped_hops": home.dropped_hops(),
        **{name: compared(sent[name].claps, of[name], wall_s, name) for name in nodes},
        **around,
    }


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--streams", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--note", default="", help="what runs beside on the machine; kept in the result")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as parts:
        found = {**machine(), **measure(given.streams, given.seconds, Path(folder), parts), "beside": given.note}
    print(json.dumps(found, indent=2))
    path = RESULTS / f"cluster-streams-{datetime.now(UTC):%Y-%m-%d}.json"
    path.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
