"""What a cluster costs without hearing: placement, healing, drain and joining of null sources, and NATS' traffic and CPU.

    python -m benchmarks.cluster [--sources 1000] [--nodes 3]

Nodes are processes; a null source is placed, kept and reported like any other, and heard by nobody. Figures:
``results/cluster-DATE.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.peers.nats import NatsServer

from claptrap.cluster.link import Address, Link
from claptrap.cluster.node import Node
from claptrap.cluster.server import ClusterServer
from claptrap.cluster.wire import Seal
from claptrap.core.clock import SystemClock
from claptrap.core.events import Event, SourceStatus, State
from claptrap.core.spec import RtspInput, SourceSpec
from claptrap.runtime.overload import Shedding
from claptrap.service.cluster import ClusterSinks

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / f"cluster-{datetime.now(UTC):%Y-%m-%d}.json"
STEADY_S = 10.0


class NullHearing:
    """Hears nothing, and says that every source is live, once a second as a worker does."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._specs: Sequence[SourceSpec] = ()
        threading.Thread(target=self._report, daemon=True).start()

    def apply(self, specs: Sequence[SourceSpec], revision: int) -> None:
        del revision
        self._specs = specs

    def show(self, source_ids: Iterable[str]) -> None: ...

    def attend(self, *, is_watched: bool) -> None: ...

    def statuses(self) -> dict[str, SourceStatus]:
        return {spec.id: SourceStatus(spec.id, State.LIVE, last_heard=time.time()) for spec in self._specs}

    @property
    def shedding(self) -> Shedding:
        return Shedding.NOTHING

    def _report(self) -> None:
        while True:
            for status in self.statuses().values():
                self._node.offer(status)
            time.sleep(1.0)


class Nobody:
    """Takes everything that nodes hear."""

    def record(self, event: Event, age_s: float = 0.0) -> None: ...

    def offer(self, one: object) -> None: ...


def run_node(url: str, key: str, name: str, capacity: str) -> None:
    """Be a node until SIGTERM."""
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    node = Node(Link(Address(url), name), name, int(capacity), Seal.of_file(Path(key)), "1", SystemClock())
    node.start(NullHearing(node))
    stopped.wait()
    node.leave()
    node.stop()


def start_node(nats: NatsServer, key: Path, name: str, capacity: int) -> subprocess.Popen[bytes]:
    """Return a node's process."""
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.cluster", "--as-node", nats.url, str(key), name, str(capacity)], cwd=ROOT
    )


def seconds_until(condition: Callable[[], bool], what: str, most_s: float = 120.0) -> float:
    """Return how long it took until ``condition`` held."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > most_s:
            sys.exit(f"never: {what}")
        time.sleep(0.05)
    return round(time.monotonic() - begin, 2)


def cpu_s(pid: int) -> float:
    """Return the seconds of a core that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def moved_by_restart(nats: NatsServer, server: ClusterServer) -> int:
    """Return how many sources move when NATS is killed and started again."""
    moves = sum(node.moves for node in server.nodes())
    nats.kill()
    nats.start()
    time.sleep(STEADY_S)
    return sum(node.moves for node in server.nodes()) - moves


def measure(n_sources: int, n_nodes: int, folder: Path) -> dict[str, Any]:
    """Return all figures."""
    key = folder / "cluster.key"
    with NatsServer(folder) as nats:
        seal = Seal.of_file(key, make=True)
        server = ClusterServer(Link(Address(nats.url), "server"), seal, "1", SystemClock())
        nobody = Nobody()
        server.start(ClusterSinks(nobody, nobody, nobody, nobody))
        capacity = 2 * n_sources // n_nodes
        nodes = {f"n{i}": start_node(nats, key, f"n{i}", capacity) for i in range(n_nodes)}
        specs = [SourceSpec(f"s{i}", f"s{i}", RtspInput(f"rtsp://10.0.0.1/{i}")) for i in range(n_sources)]

        def held() -> Counter[str]:
            live = server.statuses().values()
            return Counter(status.node for status in live if status.state is State.LIVE)

        def is_empty(node: str) -> bool:
            return held()[node] == 0 and held().total() == n_sources

        try:
            seconds_until(lambda: len(server.nodes()) == n_nodes, "the nodes are there")
            time.sleep(3.0)  # … and their first wait is over
            found: dict[str, Any] = {"sources": n_sources, "nodes": n_nodes}
            server.apply(specs)
            found["placement_s"] = seconds_until(lambda: held().total() == n_sources, "all are placed")
            found["shares"] = dict(held())

            before = (nats.messages(), cpu_s(nats.pid), cpu_s(nodes["n0"].pid), time.monotonic())
            time.sleep(STEADY_S)
            took = time.monotonic() - before[3]
            found["nats_messages_per_s"] = round((nats.messages() - before[0]) / took)
            found["nats_cpu_cores"] = round((cpu_s(nats.pid) - before[1]) / took, 3)
            found["node_cpu_cores"] = round((cpu_s(nodes["n0"].pid) - before[2]) / took, 3)

            lost = held()["n0"]
            nodes["n0"].kill()
            nodes["n0"].wait()
            found["killed"] = {
                "sources": lost,
                "healed_s": seconds_until(lambda: is_empty("n0"), "healed"),
            }

            nodes["n0"] = start_node(nats, key, "n0", capacity)
            due = n_sources // n_nodes
            found["joined_share_s"] = seconds_until(lambda: held()["n0"] > 0.8 * due, "the new node has its share")

            drained = held()["n1"]
            server.drain("n1", is_draining=True)
            found["drained"] = {
                "sources": drained,
                "empty_s": seconds_until(lambda: is_empty("n1"), "drained"),
            }

            left = held()["n2"]
            server.drain("n1", is_draining=False)
            nodes["n2"].terminate()
            found["stopped"] = {
                "sources": left,
                "moved_s": seconds_until(lambda: is_empty("n2"), "moved"),
            }
            nodes["n2"].wait()

            seconds_until(lambda: min(held()["n0"], held()["n1"]) > 0.45 * n_sources, "the nodes that are left share all")
            time.sleep(STEADY_S / 2)
            found["moved_by_restart_of_nats"] = moved_by_restart(nats, server)
        finally:
            for node in nodes.values():
                node.kill()
                node.wait()
            server.stop()
    return found


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=3)
    parser.add_argument("--as-node", nargs=4)
    given = parser.parse_args()
    if given.as_node:
        run_node(*given.as_node)
        return
    with tempfile.TemporaryDirectory() as folder:
        found = measure(given.sources, given.nodes, Path(folder))
    print(json.dumps(found, indent=2))
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
