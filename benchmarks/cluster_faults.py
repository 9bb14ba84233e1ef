"""What is lost, for how long nobody hears, and what people see, when a part of a cluster fails.

    python -m benchmarks.cluster_faults [FAULT …]

Two nodes in processes of their own hear two sources on which a clap sounds every 0.6 s, whether or not anybody listens; what
hears claps is a stand-in, everything else is real. Figures: ``results/cluster-faults-DATE.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nats
from tests.peers.cluster_node import PERIOD_S, NodeProcess, Stage
from tests.peers.hearing import spec
from tests.peers.ledger import Ledger, Recordings, Records
from tests.peers.nats import NatsServer
from tests.peers.ports import free_port

from claptrap.cluster import jetstream
from claptrap.cluster.link import Address, Link
from claptrap.cluster.server import ClusterServer
from claptrap.cluster.wire import EVENTS, Seal
from claptrap.core.clock import SystemClock
from claptrap.core.events import Event, State
from claptrap.service.cluster import ClusterSinks

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / f"cluster-faults-{datetime.now(UTC):%Y-%m-%d}.json"
MOST_S = 90.0
AWAY_S = 15.0


def until(condition: Callable[[], object], what: str) -> float:
    """Return how long it took until ``condition`` held."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > MOST_S:
            sys.exit(f"never: {what}")
        time.sleep(0.02)
    return time.monotonic() - begin


class Wire:
    """A connection's way to NATS that can be cut: then nothing arrives, and nobody is told."""

    def __init__(self, url: str) -> None:
        self._port = urlsplit(url).port or 0
        self._whole = threading.Event()
        self._whole.set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._ends: list[socket.socket] = []
        self.url = f"nats://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    def close(self) -> None:
        self.mend()
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                one, _ = self._listener.accept()
                self._whole.wait()
                try:
                    other = socket.create_connection(("127.0.0.1", self._port))
                except OSError:  # NATS is not there
                    one.close()
                    continue
                self._ends += [one, other]
                for source, sink in ((one, other), (other, one)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._whole.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


class Site:
    """NATS, ClapTrap's side of it, two nodes and what they hear; and when what was first seen of a fault.

    Args:
        folder: for the data of NATS.
        parts: ends everything.
        sources: how many.
        n_nats: how many NATS servers.
        nodes: how each node differs.
    """

    def __init__(
        self,
        folder: Path,
        parts: ExitStack,
        sources: int = 2,
        n_nats: int = 1,
        nodes: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.parts = parts
        self.sources = [f"s{i}" for i in range(sources)]
        self.stage = Stage(self.sources)
        parts.callback(self.stage.stop)
        self.nats = self._start_nats(folder, n_nats)
        self.url = ",".join(each.url for each in self.nats)
        self._key = folder / "cluster.key"
        self._seal = Seal.of_file(self._key, make=True)
        self.records, self._replicas = Records(), n_nats
        self.ledger = Ledger(self.stage, self.records)
        self.server = self.serve()
        parts.callback(self._stop)
        self.wire = Wire(self.nats[0].url)  # of the node ``a``
        parts.callback(self.wire.close)
        self.nodes = {name: self.node(name, **given) for name, given in (nodes or {"a": {}, "b": {}}).items()}
        until(lambda: len(self.server.nodes()) == len(self.nodes), "both are there before there is anything to share")
        time.sleep(3.0)
        self.apply()
        until(lambda: all(self.ledger.recorded(source) for source in self.sources), "all are heard")
        until(lambda: sum(len(self.held_by(node)) for node in self.nodes) == sources, "and said to be")
        self.seen: dict[str, float] = {}
        self._began: float | None = None
        threading.Thread(target=self._watch, daemon=True).start()

    def _start_nats(self, folder: Path, n: int) -> list[NatsServer]:
        ports = [free_port() for _ in range(n)]
        routes = ", ".join(f"nats://127.0.0.1:{port}" for port in ports)
        found = []
        for i, port in enumerate(ports):
            (home := folder / f"nats-{i}").mkdir()
            cluster = f"cluster {{ name: claptrap, listen: 127.0.0.1:{port}, routes: [{routes}] }}"
            lines = [f"server_name: nats-{i}", cluster] if n > 1 else []
            found.append(self.parts.enter_context(NatsServer(home, lines)))
        return found

    def serve(self) -> ClusterServer:
        self.server = ClusterServer(Link(Address(self.url), "server"), self._seal, "1", SystemClock(), self._replicas)
        self.server.start(ClusterSinks(self.records, self.records, Recordings(), Recordings()))
        return self.server

    def apply(self) -> None:
        self.server.apply([spec(source, threshold=0.1) for source in self.sources])

    def node(self, name: str, **given: Any) -> NodeProcess:
        url = self.wire.url if name == "a" and len(self.nats) == 1 else self.url
        return self.parts.enter_context(NodeProcess(url, self._key, name, self.stage, **given))

    def _stop(self) -> None:
        self.server.stop()

    def held_by(self, node: str) -> list[str]:
        statuses = self.server.statuses()
        return [source for source in self.sources if statuses[source].node == node and statuses[source].state is State.LIVE]

    def moves(self) -> int:
        return sum(node.moves for node in self.server.nodes())

    def begin(self) -> None:
        """Begin to look: now something fails."""
        self._moves, self._began = self.moves(), time.monotonic()

    def settle(self) -> None:
        """Wait until all that sounds from now on is recorded."""
        newest = {source: max(self.stage.played[source]) for source in self.sources}
        until(lambda: all(self.ledger.is_past(source, score) for source, score in newest.items()), "claps from now on")

    def figures(self) -> dict[str, Any]:
        self.settle()
        self._began = None
        return {
            "lost_claps": {source: len(self.ledger.lost(source)) for source in self.sources},  # fails where one is doubled
            "longest_unheard_s": {source: round(self.ledger.unheard_s(source), 1) for source in self.sources},
            "recorded": sum(len(self.ledger.recorded(source)) for source in self.sources),
            "dropped_as_older": self.server.fenced,
            "moves": self.moves() - self._moves,
            "seen_after_s": self.seen,
        }

    def _watch(self) -> None:
        while True:
            if self._began is not None:
                codes = {str(getattr(problem, "code", problem)) for problem in self.server.problems()}
                codes |= {status.code for status in self.server.statuses().values() if status.code}
                codes |= {f"{node.name} {node.state}" for node in self.server.nodes() if node.state != "ready"}
                for code in codes:
                    self.seen.setdefault(code, round(time.monotonic() - self._began, 1))
            time.sleep(0.05)


def killed(folder: Path, parts: ExitStack) -> dict[str, Any]:
    site = Site(folder, parts)
    site.begin()
    site.nodes["a"].send(signal.SIGKILL)
    until(lambda: len(site.held_by("b")) == 2, "healed")
    return site.figures()


def frozen(folder: Path, parts: ExitStack) -> dict[str, Any]:
    """Frozen for 10 s; then it goes on with what it had."""
    site = Site(folder, parts)
    site.begin()
    site.nodes["a"].send(signal.SIGSTOP)
    until(lambda: len(site.held_by("b")) == 2, "healed")
    time.sleep(3.0)
    site.nodes["a"].send(signal.SIGCONT)
    site.settle()
    return site.figures()


def partitioned(folder: Path, parts: ExitStack) -> dict[str, Any]:
    """Cut off for 15 s: it hears on meanwhile, and sends all of that when it is back."""
    site = Site(folder, parts)
    site.begin()
    site.wire.cut()
    until(lambda: len(site.held_by("b")) == 2, "healed")
    time.sleep(AWAY_S - 5)
    site.wire.mend()
    until(lambda: site.server.fenced > 10, "what it heard meanwhile arrives")
    return site.figures()


def stopped(folder: Path, parts: ExitStack) -> dict[str, Any]:
    site = Site(folder, parts)
    site.begin()
    site.nodes["a"].send(signal.SIGTERM)
    until(lambda: len(site.held_by("b")) == 2, "taken over")
    return site.figures()


def nats_killed(folder: Path, parts: ExitStack) -> dict[str, Any]:
    """Away for 15 s."""
    site = Site(folder, parts)
    site.begin()
    site.nats[0].kill()
    time.sleep(AWAY_S)
    site.nats[0].start()
    return site.figures()


def one_nats_of_three_killed(folder: Path, parts: ExitStack) -> dict[str, Any]:
    """The leader of the stream of events, for 15 s."""

    async def leader() -> str:
        client = await nats.connect(site.url.split(","))
        found = (await client.jetstream().stream_info(EVENTS)).cluster
        await client.close()
        return str(found.leader if found else "")

    site = Site(folder, parts, n_nats=3)
    first = site.nats[int(asyncio.run(leader()).rpartition("-")[2])]
    site.begin()
    first.kill()
    site.settle()
    time.sleep(AWAY_S - 5)
    first.start()
    return site.figures()


def server_away(folder: Path, parts: ExitStack) -> dict[str, Any]:
    """Away for 15 s, with room in NATS for ten events: what it has no room for waits in the nodes."""
    room, jetstream.MAX_EVENTS = jetstream.MAX_EVENTS, 10
    parts.callback(setattr, jetstream, "MAX_EVENTS", room)
    site = Site(folder, parts)
    moves = site.moves()
    site.server.stop()
    time.sleep(AWAY_S)
    site.serve()
    site.begin()
    site.apply()
    site.settle()
    return {**site.figures(), "moves": site.moves() - moves}


def slow(folder: Path, parts: ExitStack) -> dict[str, Any]:
    """A node that can hear two sources gets four of eight."""
    site = Site(folder, parts, sources=8, nodes={"a": {"fast_sources": 2}, "b": {}})
    site.begin()
    took = until(lambda: len(site.held_by("a")) <= 2, "it has shed")
    capacity = next(node.capacity for node in site.server.nodes() if node.name == "a")
    return {"settled_s": round(took, 1), "capacity_then": capacity, **site.figures()}


def clock_skew(folder: Path, parts: ExitStack) -> dict[str, Any]:
    """A node's clock is five minutes ahead."""
    site = Site(folder, parts, nodes={"a": {"clock_offset_s": 300.0}, "b": {}})
    site.begin()
    time.sleep(5.0)
    ahead = time.time() - time.monotonic()
    found = site.figures()
    wrong = [
        event.timestamp - ahead - site.stage.played[source][event.score] + PERIOD_S  # it begins what is sent at its end
        for source in site.held_by("a")
        for event in site.records.all(Event, source)
    ]
    stated = next(node.clock_offset_s for node in site.server.nodes() if node.name == "a")
    return {**found, "stated_offset_s": stated, "dates_wrong_by_s": [round(min(wrong), 3), round(max(wrong), 3)]}


FAULTS = {
    fault.__name__: fault
    for fault in (
        killed,
        frozen,
        partitioned,
        stopped,
        nats_killed,
        one_nats_of_three_killed,
        server_away,
        slow,
        clock_skew,
    )
}


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("faults", nargs="*", choices=[*FAULTS, []])
    for name in parser.parse_args().faults or FAULTS:
        with tempfile.TemporaryDirectory() as folder, ExitStack() as parts:
            found = {**FAULTS[name](Path(folder), parts), "load": round(os.getloadavg()[0], 1)}
        print(name, json.dumps(found), flush=True)
        known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
        RESULTS.write_text(json.dumps(known | {"cores": os.cpu_count(), name: found}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
