"""Server and nodes over a real NATS server: who hears what, and that each clap is recorded once."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

import nats
import nkeys
import pytest
import trustme
from tests.conftest import ROOT
from tests.peers.cluster_node import NodeProcess, Stage
from tests.peers.hearing import LoudClassifier, LoudOnsetDetector, Taps, clap, quiet, spec
from tests.peers.ledger import Ledger, Recordings, Records
from tests.peers.nats import NatsServer
from tests.peers.waiting import wait_until

from claptrap.cluster.jetstream import JetStream
from claptrap.cluster.link import NO_ANSWER, Address, Link
from claptrap.cluster.node import Node
from claptrap.cluster.server import ClusterServer
from claptrap.cluster.wire import ANY, EVENTS, WORK, Holder, Placement, Seal, dump_event
from claptrap.core.clock import SystemClock
from claptrap.core.events import Event, State
from claptrap.runtime.worker import Worker, WorkerDeps
from claptrap.service.cluster import ClusterSinks

pytestmark = pytest.mark.slow
LATE = 1  # claps of 0.6 s that may be lost where nothing is interrupted, on a machine that is busy
GAP = 20  # … and until another node hears what a frozen one heard: 5 s, and the time to open it


class Member:
    """A node in this process that hears taps."""

    def __init__(self, address: Address, seal: Seal, name: str, capacity: int = 10) -> None:
        clock = SystemClock()
        self.taps = Taps()
        self.node = Node(Link(address, name), name, capacity, seal, "1", clock)
        deps = WorkerDeps(self.taps.build, LoudOnsetDetector, LoudClassifier, self.node.sounds, self.node.sounds)
        self.worker = Worker(deps, self.node, self.node, clock)
        self.worker.start()
        self.node.start(self.worker)

    def stop(self) -> None:
        self.node.leave()
        self.worker.stop()
        self.node.stop()


class Site:
    """A NATS server, ClapTrap's side of it, and nodes.

    Args:
        folder: for the NATS server.
        guard: whether strangers are kept out: NKeys with the permissions that we document, and TLS.
    """

    def __init__(self, folder: Path, *, guard: bool = False) -> None:
        self.nats = NatsServer(folder, guarded(folder), "tls") if guard else NatsServer(folder)
        self._files = {name: folder / f"{name}.nk" if guard else None for name in ("server", "node")}
        self._ca = folder / "ca.pem" if guard else None
        self.seal = Seal.of_file(folder / "cluster.key", make=True)
        self.records = Records()
        self.recordings = Recordings()
        self.members: dict[str, Member] = {}
        self.server = self.serve()

    def serve(self) -> ClusterServer:
        self.server = ClusterServer(Link(self.address("server"), "server"), self.seal, "1", SystemClock())
        self.server.start(ClusterSinks(self.records, self.records, self.recordings, self.recordings))
        return self.server

    def address(self, role: str) -> Address:
        return Address(self.nats.url, self._files[role], self._ca)

    def join(self, name: str, capacity: int = 10) -> Member:
        self.members[name] = Member(self.address("node"), self.seal, name, capacity)
        return self.members[name]

    def where(self, source: str) -> str:
        status = self.server.statuses()[source]
        return status.node if status.state is State.LIVE else ""

    def stop(self) -> None:
        for member in self.members.values():
            member.stop()
        self.server.stop()
        self.nats.__exit__()


def guarded(folder: Path) -> list[str]:
    """Write a seed for each role and a certificate, and return the configuration that we document, with these in it."""
    text = (ROOT / "packaging/nats/nats.conf").read_text("utf-8")
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    certificate.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
    certificate.private_key_pem.write_to_path(str(folder / "key.pem"))
    for role in ("server", "node"):
        seed = nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER)
        (folder / f"{role}.nk").write_bytes(seed)
        text = text.replace(f"{role.upper()}_NKEY", nkeys.from_seed(bytearray(seed)).public_key.decode())
    tls = f'tls {{ cert_file: "{folder}/cert.pem", key_file: "{folder}/key.pem" }}'
    return [text[text.index("NODE_PERMISSIONS:") :], tls]


@pytest.fixture(params=[False, True], ids=["open", "guarded"])
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Site]:
    site = Site(tmp_path, guard=request.param)
    yield site
    site.stop()


@pytest.fixture
def open_site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path)
    yield site
    site.stop()


def test_a_source_is_heard_by_a_node_and_its_claps_are_recorded(site: Site) -> None:
    site.server.apply([spec("hall", clips=True)])
    site.join("kitchen")
    wait_until(lambda: site.where("hall") == "kitchen")
    tap = site.members["kitchen"].taps["hall"]
    tap.pour(quiet(), clap())
    [event] = site.records.wait_for(Event, "hall")
    tap.pour(*[quiet()] * 100, clap())  # only now: two seconds of sound in no time move the stream's time
    site.records.wait_for(Event, "hall", 2)
    wait_until(lambda: site.recordings.clips and site.recordings.candidates, "the sound around it, and what to learn from")
    [clip], candidate = site.recordings.clips, site.recordings.candidates[0]
    assert (clip.event_id, round(float(clip.samples.max()), 3)) == (event.id, event.score)
    assert (candidate.epoch, candidate.score) == (event.epoch, event.score)
    assert candidate.at == pytest.approx(event.timestamp, abs=0.1)  # by the server's clock, as far as the node knew it

    site.server.apply([spec("hall"), spec("desk", pin="kitchen")])
    wait_until(lambda: site.where("desk") == "kitchen")
    assert site.server.devices("kitchen") == {}
    [node] = site.server.nodes()
    assert (node.state, set(node.sources), node.lost_events) == ("ready", {"hall", "desk"}, 0)

    site.server.drain("kitchen", is_draining=True)
    wait_until(lambda: site.server.nodes()[0].state == "draining")
    site.server.apply([])
    wait_until(lambda: not site.members["kitchen"].worker.statuses())
    assert site.server.problems() == []


def test_each_event_is_recorded_once_and_none_of_an_older_placement(open_site: Site) -> None:
    """NATS hands out again what was not acknowledged, and a node sends again what NATS did not: maybe long ago."""

    def event(placement: Placement, sequence: int) -> Event:
        return Event("hall", "Hall", "file", f"{placement.prefix}1a2b", sequence, 1.0, 1.2, 1e9 + sequence, 0.9)

    older, newer = Placement(7, 9), Placement(8, 1)
    link = Link(open_site.address("node"), "kitchen")
    link.start()
    stream = JetStream(link)
    keys = iter(range(100))

    async def send(*given: Event | Holder) -> None:
        for one in given:
            subject = "taken" if isinstance(one, Holder) else "event"
            data = one.dump() if isinstance(one, Holder) else dump_event(one, one.timestamp, 0.0)
            await stream.store(f"claptrap.{subject}.hall", data, f"key {next(keys)}")  # no repeat for NATS

    def is_set_up() -> bool:
        with suppress(*NO_ANSWER):
            return not link.lost and link.wait_for(stream.read(), 10) == []
        return False

    open_site.server.apply([])
    wait_until(is_set_up)
    first, second, late, last = event(older, 0), event(older, 1), event(older, 2), event(newer, 0)
    link.wait_for(send(Holder(older, "attic"), first, first, second, first), 10)
    link.wait_for(send(Holder(newer, "kitchen"), late, Holder(older, "attic"), late, last), 10)
    open_site.records.wait_for(Event, "hall", 1, lambda one: one.id == last.id)
    link.stop()
    assert [one.id for one in open_site.records.all(Event, "hall")] == [first.id, second.id, last.id]
    assert open_site.server.fenced == 2


def test_a_node_yields_to_the_next_even_where_nats_counts_deliveries_anew(open_site: Site) -> None:
    """A consumer that is made again hands out what is in hand as if for the first time: both must not go on hearing."""

    async def make_consumer_again() -> None:
        client = await nats.connect(open_site.nats.url)
        await client.jetstream().delete_consumer(WORK, ANY)
        await client.close()

    open_site.server.apply([spec("hall")])
    kitchen = open_site.join("kitchen")
    wait_until(lambda: open_site.where("hall") == "kitchen")
    attic = open_site.join("attic")
    wait_until(lambda: len(open_site.server.nodes()) == 2)
    asyncio.run(make_consumer_again())
    wait_until(lambda: open_site.where("hall") == "attic")
    wait_until(lambda: not kitchen.worker.statuses(), "kitchen hears it no more")
    attic.taps["hall"].pour(quiet(), clap())
    open_site.records.wait_for(Event, "hall")


def test_a_source_is_heard_though_what_was_heard_cannot_be_stored(open_site: Site) -> None:
    """Who heard it before has given it up for the claim in the bucket: the new node must hear it whatever else fails."""

    async def lose_events() -> None:
        client = await nats.connect(open_site.nats.url)
        await client.jetstream().delete_stream(EVENTS)
        await client.close()

    def is_offered() -> bool:
        with suppress(*NO_ANSWER):
            return not link.lost and len(link.wait_for(JetStream(link).offered(), 10)) == 1
        return False

    link = Link(open_site.address("server"), "asks")
    link.start()
    open_site.server.apply([spec("hall")])
    wait_until(is_offered)
    link.stop()
    asyncio.run(lose_events())
    kitchen = open_site.join("kitchen")
    wait_until(lambda: kitchen.worker.statuses() and kitchen.taps["hall"].runs, "heard, though nobody can be told")
    kitchen.taps["hall"].pour(quiet(), clap())
    open_site.server.stop()
    open_site.serve().apply([spec("hall")])
    open_site.records.wait_for(Event, "hall")
    assert kitchen.taps["hall"].runs == 1


def test_each_part_may_fail_and_no_clap_is_recorded_twice(tmp_path: Path) -> None:
    """NATS is killed, the server away, a node frozen, one stopped: claps are lost in the stated gap alone."""
    with ExitStack() as parts:
        stage = Stage(["hall", "yard"])
        parts.callback(stage.stop)
        site = Site(tmp_path)
        parts.callback(site.stop)
        ledger = Ledger(stage, site.records)
        nodes = {
            name: parts.enter_context(NodeProcess(site.nats.url, tmp_path / "cluster.key", name, stage))
            for name in ("a", "b")
        }
        specs = [spec(source, threshold=0.1) for source in ("hall", "yard")]

        def lost() -> dict[str, int]:
            return {source: len(ledger.lost(source)) for source in ("hall", "yard")}

        def lose_at_most(most: Mapping[str, int], how: str) -> None:
            """What waits at a node comes late, and is not lost."""
            newest = {source: max(stage.played[source]) for source in ("hall", "yard")}
            wait_until(
                lambda: all(ledger.is_past(source, score) for source, score in newest.items()), f"{how}: claps from now on"
            )
            wait_until(
                lambda: all(n <= most[source] for source, n in lost().items()),
                lambda: (
                    f"{how}: lost {lost()}, must {most}\n{ledger.story()}\n{''.join(map(NodeProcess.said, nodes.values()))}"
                ),
                15.0,
            )

        def are_apart() -> bool:
            return {site.where("hall"), site.where("yard")} == {"a", "b"}

        wait_until(lambda: len(site.server.nodes()) == 2, "both are there before there is anything to share")
        site.server.apply(specs)
        wait_until(are_apart, "each hears one")
        wait_until(lambda: ledger.recorded("hall") and ledger.recorded("yard"), "and claps")

        site.nats.kill()
        site.nats.start()
        lose_at_most({"hall": LATE, "yard": LATE}, "NATS was killed")

        site.server.stop()
        away_at = max(stage.played["hall"])
        wait_until(lambda: max(stage.played["hall"]) > away_at + 0.001)
        site.serve().apply(specs)
        lose_at_most({"hall": LATE, "yard": LATE}, "the server was away")

        wait_until(are_apart, "the new server knows who hears what")
        [moved] = [source for source in ("hall", "yard") if site.where(source) == "a"]
        stays = "yard" if moved == "hall" else "hall"
        nodes["a"].send(signal.SIGSTOP)
        wait_until(lambda: site.where(moved) == "b", "the frozen node's source moves")
        nodes["a"].send(signal.SIGCONT)
        lose_at_most({stays: LATE, moved: GAP}, "a node was frozen")
        after_freeze = lost()
        assert after_freeze[moved] >= 1

        nodes["b"].send(signal.SIGTERM)
        wait_until(lambda: site.where(moved) == site.where(stays) == "a", "a takes what b hands over")
        lose_at_most({source: n + LATE for source, n in after_freeze.items()}, "a node was stopped")
