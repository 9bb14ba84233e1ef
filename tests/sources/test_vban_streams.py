"""Which datagrams of a port are looked at: those that are wanted come first, whatever strangers send."""

from __future__ import annotations

import socket
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

import pytest
from tests.peers.vban import MONO, packets, sine

from claptrap.sources.datagrams import Datagrams
from claptrap.sources.pacing import Pacing
from claptrap.sources.vban_bursts import Burst
from claptrap.sources.vban_flood import MAX_KEYS, FloodFilter, Instruction, program
from claptrap.sources.vban_packet import build
from claptrap.sources.vban_queue import PacketQueue
from claptrap.sources.vban_streams import BURST, STRANGERS_PER_S, STREAM_PER_S, StreamTable

HOST = "192.0.2.1"


class Heard(PacketQueue):
    """A stream whose source hears whatever has come."""

    def __init__(self) -> None:
        self.counters: list[int] = []
        super().__init__(Pacing(), self._take, Counter())

    def _take(self, bursts: Sequence[Burst], _now: float) -> float:
        self.counters += [packet.counter for burst in bursts for packet, _ in burst.packets()]
        return 0.0


def test_a_flood_of_foreign_names_takes_nothing_from_the_stream_that_is_heard() -> None:
    """A hundred thousand packets a second of names that nobody wants, from the same sender and from others."""
    table, queue = StreamTable(6980), Heard()
    table.subscribe((HOST, b"Stream1"), queue)
    wanted = packets(sine(MONO, 1.0), frames=256)
    foreign = [build(packet) for packet in packets(sine(MONO, 0.1), name=b"other")]
    per_packet = 100_000 // len(wanted)
    for i, packet in enumerate(wanted):
        at_s = 100.0 + i / len(wanted)
        hosts = [HOST if k % 2 else f"192.0.2.{k % 200 + 2}" for k in range(per_packet)]
        flood = [(foreign[k % len(foreign)], host, at_s) for k, host in enumerate(hosts)]
        table.process(Datagrams.of([*flood, (build(packet), HOST, at_s)]))
        queue.pass_on(at_s)
    assert queue.counters == [packet.counter for packet in wanted]
    n_foreign = per_packet * len(wanted)
    assert table.counts["over_ceiling"] >= n_foreign - 2 * STRANGERS_PER_S - BURST


def test_junk_under_a_wanted_name_is_bounded_by_the_stream_s_own_budget() -> None:
    """A sender can be forged; what is forged for one stream is no other's affair."""
    table, forged, other = StreamTable(6980), Heard(), Heard()
    table.subscribe((HOST, b"Stream1"), forged)
    table.subscribe((HOST, b"Stream2"), other)
    datagram = build(packets(sine(MONO, 0.1))[0])
    fine = build(packets(sine(MONO, 0.1), name=b"Stream2")[0])
    for begin in range(0, 50_000, 1_000):
        table.process(Datagrams.of([(datagram, HOST, 100.0 + i / 50_000) for i in range(begin, begin + 1_000)]))
    table.process(Datagrams.of([(fine, HOST, 101.0)]))
    for queue in (forged, other):
        queue.pass_on(101.0)
    assert len(forged.counters) <= STREAM_PER_S
    assert len(other.counters) == 1


def run_filter(code: list[Instruction], host: str, datagram: bytes, chance: float) -> bool:
    """Run a filter as the kernel does, on a UDP datagram; return whether it passes."""
    packet, a, at = bytes(8) + datagram, 0, 0
    while True:
        kind, if_true, if_false, k = code[at]
        at += 1
        if kind == 0x20 and k >= 0xFFFF_F000:
            a = int(chance * 2**32)
        elif kind == 0x20 and k >= 0xFFF0_0000:
            a = int.from_bytes(socket.inet_aton(host), "big")
        elif kind == 0x20:
            if k + 4 > len(packet):
                return False
            a = int.from_bytes(packet[k : k + 4], "big")
        elif kind == 0x54:
            a &= k
        elif kind == 0x06:
            return k > 0
        else:
            at += if_true if (a == k if kind == 0x15 else a >= k) else if_false


NAMES = [b"", b"a", b"abc", b"abcd", b"Stream1", b"sixteen letters!"]


@pytest.mark.parametrize("name", NAMES)
def test_the_filter_passes_what_is_wanted_and_a_share_of_the_rest(name: bytes) -> None:
    """By address and name; what stands behind the name's NUL does not matter."""
    code = program([("192.0.2.9", b"other"), (HOST, name)], 0.25)
    datagram = build(packets(sine(MONO, 0.01), name=name)[0])
    assert run_filter(code, HOST, datagram, 0.9)
    if len(name) < 15:
        assert run_filter(code, HOST, datagram[:23] + b"x" + datagram[24:], 0.9)
    strangers = [("192.0.2.2", datagram)] + [
        (HOST, build(packets(sine(MONO, 0.01), name=other)[0])) for other in NAMES if other != name
    ]
    for host, stranger in strangers:
        assert not run_filter(code, host, stranger, 0.9)
        assert run_filter(code, host, stranger, 0.2)
    assert len(program([(HOST, b"sixteen letters!")] * MAX_KEYS, 0.5)) <= 4_096


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's filter")
def test_the_kernel_thins_a_flood_and_passes_the_wanted_stream() -> None:
    """The real kernel takes the filter, drops nearly all strangers, and no packet of the stream."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(1.0)
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        flood = FloodFilter(receiver, 6980)
        flood.update(100_000, 1_000, [("127.0.0.1", b"Stream1")])
        assert flood.share == pytest.approx(0.01)
        wanted = build(packets(sine(MONO, 0.01))[0])
        stranger = build(packets(sine(MONO, 0.01), name=b"other")[0])
        for i in range(1_000):
            sender.sendto(stranger, receiver.getsockname())
            if i % 10 == 0:
                sender.sendto(wanted, receiver.getsockname())
        got = [receiver.recv(2_048) for _ in range(100)]
        assert got.count(wanted) >= 50  # the rest waits behind the few strangers that passed
        flood.update(0, 1_000, [("127.0.0.1", b"Stream1")])
        assert flood.share == 1.0
        receiver.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                got.append(receiver.recv(2_048))
        assert got.count(wanted) == 100
        assert got.count(stranger) < 100
        sender.sendto(stranger, receiver.getsockname())
        receiver.settimeout(1.0)
        assert receiver.recv(2_048) == stranger
