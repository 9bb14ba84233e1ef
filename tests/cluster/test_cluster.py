"""Server and nodes over a real NATS server: who hears what, and that each clap is recorded once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.peers.hearing import Album, Clipboard, LoudClassifier, LoudOnsetDetector, Taps, Witness, clap, quiet, spec
from tests.peers.nats import NatsServer

from claptrap.cluster.link import Address, Link
from claptrap.cluster.node import Node
from claptrap.cluster.server import ClusterServer
from claptrap.cluster.wire import Seal
from claptrap.core.clock import SystemClock
from claptrap.core.events import Event, State
from claptrap.runtime.worker import Worker, WorkerDeps

pytestmark = pytest.mark.slow
WAIT_S = 30.0


def until(condition: Callable[[], object], what: str = "") -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


class Records(Witness):
    """What the server recorded, each with its age."""

    def record(self, event: Event, age_s: float | None = None) -> None:  # noqa: ARG002  # as the service's
        super().record(event)


class Member:
    """A node in this process that hears taps."""

    def __init__(self, nats: NatsServer, seal: Seal, name: str, capacity: int = 10) -> None:
        clock = SystemClock()
        self.taps = Taps()
        self.node = Node(Link(Address(nats.url), name), name, capacity, seal, "1", clock)
        deps = WorkerDeps(self.taps.build, LoudOnsetDetector, LoudClassifier, Clipboard(), Album())
        self.worker = Worker(deps, self.node, self.node, clock)
        self.worker.start()
        self.node.start(self.worker)

    def stop(self) -> None:
        self.node.leave()
        self.worker.stop()
        self.node.stop()


class Site:
    def __init__(self, folder: Path) -> None:
        self.nats = NatsServer(folder)
        self.seal = Seal.of_file(folder / "cluster.key", make=True)
        self.records = Records()
        self.members: dict[str, Member] = {}
        self.server = self.serve()

    def serve(self) -> ClusterServer:
        self.server = ClusterServer(Link(Address(self.nats.url), "server"), self.seal, "1", SystemClock())
        self.server.start(self.records, self.records)
        return self.server

    def join(self, name: str, capacity: int = 10) -> Member:
        self.members[name] = Member(self.nats, self.seal, name, capacity)
        return self.members[name]

    def where(self, source: str) -> str:
        status = self.server.statuses()[source]
        return status.node if status.state is State.LIVE else ""

    def stop(self) -> None:
        for member in self.members.values():
            member.stop()
        self.server.stop()
        self.nats.__exit__()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.stop()


def test_a_source_is_heard_by_a_node_and_its_claps_are_recorded(site: Site) -> None:
    site.server.apply([spec("hall")])
    site.join("kitchen")
    until(lambda: site.where("hall") == "kitchen")
    tap = site.members["kitchen"].taps["hall"]
    tap.pour(quiet(), clap(), *[quiet()] * 100, clap())
    site.records.wait_for(Event, "hall", 2)
