"""Datagrams received many at a time are those that were sent."""

from __future__ import annotations

import socket
import time

import pytest

from claptrap.sources.datagrams import AT_ONCE, HEAD_BYTES, DatagramReceiver, Datagrams

SIZES = (0, 1, 28, 540, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, 60_000)


@pytest.mark.parametrize("is_bulk", [True, False])
def test_what_was_sent_is_received_whole_and_in_order(is_bulk: bool) -> None:
    """Of any size, stamped when it came; a short one after a long one has nothing of it; then nothing more comes."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        receiver = DatagramReceiver(bound, 0.0)
        if not is_bulk:
            receiver._bulk = None
        for turn in range(3):
            sent = [bytes([(turn + size) % 256]) * size for size in (SIZES if turn % 2 else SIZES[::-1])]
            began_s = time.monotonic()
            for data in sent:
                sender.sendto(data, bound.getsockname())
            now_s = time.monotonic()
            received = receiver.receive(now_s)
            assert [received.datagram(i) for i in range(len(received))] == sent
            assert {tuple(host) for host in received.hosts.tolist()} == {(127, 0, 0, 1)}
            assert all(began_s - 0.1 <= at_s <= now_s for at_s in received.at_s.tolist())
            assert len(receiver.receive(now_s)) == 0
        assert receiver.drops == 0


def test_no_more_are_received_at_once_than_there_is_room_for() -> None:
    """The rest comes with the next call."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        bound.bind(("127.0.0.1", 0))
        bound.setblocking(False)
        for i in range(AT_ONCE + 3):
            sender.sendto(i.to_bytes(2, "big"), bound.getsockname())
        receiver = DatagramReceiver(bound, 0.0)
        first = receiver.receive(time.monotonic())
        numbers = [int.from_bytes(first.datagram(i), "big") for i in range(len(first))]
        rest = receiver.receive(time.monotonic())
        numbers += [int.from_bytes(rest.datagram(i), "big") for i in range(len(rest))]
        assert len(first) == AT_ONCE or receiver.drops or rest.lengths.sum() < 6  # a small buffer holds fewer
        assert numbers == list(range(len(numbers)))


def test_none_is_no_fault() -> None:
    """Nothing to look at."""
    assert len(Datagrams.of([])) == 0
