"""Which datagrams of a port are looked at: those that are wanted come first, whatever strangers send."""

from __future__ import annotations

from tests.peers.vban import MONO, packets, sine

from claptrap.sources.pacing import Pacing
from claptrap.sources.vban_packet import build
from claptrap.sources.vban_queue import PacketQueue
from claptrap.sources.vban_streams import BURST, STRANGERS_PER_S, STREAM_PER_S, StreamTable

HOST = "192.0.2.1"


def test_a_flood_of_foreign_names_takes_nothing_from_the_stream_that_is_heard() -> None:
    """A hundred thousand packets a second of names that nobody wants, from the same sender and from others."""
    table, queue = StreamTable(6980), PacketQueue(Pacing())
    table.subscribe((HOST, b"Stream1"), queue)
    wanted = [memoryview(build(packet)) for packet in packets(sine(MONO, 1.0), frames=256)]
    foreign = [memoryview(build(packet)) for packet in packets(sine(MONO, 0.1), name=b"other")]
    per_packet = 100_000 // len(wanted)
    got = []
    for i, datagram in enumerate(wanted):
        at_s = 100.0 + i / len(wanted)
        for k in range(per_packet):
            table.process(foreign[k % len(foreign)], HOST if k % 2 else f"192.0.2.{k % 200 + 2}", at_s, is_cut=False)
        table.process(datagram, HOST, at_s, is_cut=False)
        got += queue.get(0)
    assert [bytes(build(packet)) for packet, _ in got] == [bytes(datagram) for datagram in wanted]
    n_foreign = per_packet * len(wanted)
    assert table.counts["over_ceiling"] >= n_foreign - 2 * STRANGERS_PER_S - BURST


def test_junk_under_a_wanted_name_is_bounded_by_the_stream_s_own_budget() -> None:
    """A sender can be forged; what is forged for one stream is no other's affair."""
    table, forged, other = StreamTable(6980), PacketQueue(Pacing()), PacketQueue(Pacing())
    table.subscribe((HOST, b"Stream1"), forged)
    table.subscribe((HOST, b"Stream2"), other)
    datagram = memoryview(build(packets(sine(MONO, 0.1))[0]))
    fine = memoryview(build(packets(sine(MONO, 0.1), name=b"Stream2")[0]))
    for i in range(50_000):
        table.process(datagram, HOST, 100.0 + i / 50_000, is_cut=False)
    table.process(fine, HOST, 101.0, is_cut=False)
    assert len(forged.get(0)) <= STREAM_PER_S
    assert len(other.get(0)) == 1
