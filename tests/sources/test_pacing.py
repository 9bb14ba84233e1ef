"""How long a source's frames are, and who wakes it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from tests.peers.ports import free_port
from tests.peers.vban import Sender

from claptrap.sources.pacing import FINE_S, LONG_S, SHORT_S, WATCHED_S, Pacing
from claptrap.sources.vban_bursts import Burst
from claptrap.sources.vban_packet import Encoding, Format, Packet, build
from claptrap.sources.vban_ports import VbanPorts
from claptrap.sources.vban_queue import PacketQueue

HOST = "127.0.0.1"
PATIENT_S = 15.0


def test_frames_are_short_while_something_is_undecided() -> None:
    """And less long while a page shows them."""
    pacing = Pacing()
    assert (pacing.block_s, pacing.is_due(LONG_S), pacing.is_due(WATCHED_S)) == (LONG_S, True, False)
    pacing.attend(is_watched=True)
    assert (pacing.block_s, pacing.is_due(WATCHED_S), pacing.is_due(SHORT_S)) == (WATCHED_S, True, False)
    pacing.set_urgent(True)
    assert (pacing.block_s, pacing.is_due(SHORT_S)) == (SHORT_S, True)
    pacing.set_urgent(False)
    pacing.attend(is_watched=False)
    assert pacing.block_s == LONG_S


def test_sound_that_decides_something_is_handed_on_when_it_is_there() -> None:
    """Then again and again until it has come; what decides nothing yet is looked at as for a page, for a new onset."""
    pacing = Pacing()
    assert pacing.next_at(10.0) == 10.0 + LONG_S
    pacing.set_urgent(True, 10.03)
    assert (pacing.next_at(10.0), pacing.next_at(10.03)) == (10.03, 10.03 + FINE_S)
    pacing.set_urgent(True, 20.0)
    assert pacing.next_at(10.0) == 10.0 + WATCHED_S
    pacing.set_urgent(True)
    assert pacing.next_at(10.0) == 10.0 + SHORT_S


def test_a_packet_is_heard_when_it_decides_something() -> None:
    """Not when as much has come as is heard at once."""
    pacing, heard = Pacing(), list[int]()

    def hear(bursts: Sequence[Burst], _now: float) -> float:
        heard.append(len(bursts))
        return PATIENT_S

    packets = PacketQueue(pacing, hear, Counter())
    packets.pass_on(1.0)
    pacing.set_urgent(True, 1.03)
    packets.put(Burst(Format(48_000, 1, Encoding.INT16), 256, 0, bytes(512), [1.02]))
    packets.pass_on(1.02)
    assert heard == [0]
    packets.pass_on(1.03)
    packets.pass_on(1.03 + FINE_S / 2)
    assert heard == [0, 1]
    packets.pass_on(1.03 + FINE_S)
    assert heard == [0, 1, 0]


def test_a_source_is_woken_when_it_becomes_urgent_and_not_again() -> None:
    """Or when somebody wakes it; what came before it waits is not lost."""
    pacing = Pacing()
    pacing.set_urgent(True)
    assert pacing.wait(PATIENT_S)
    pacing.set_urgent(True)
    assert not pacing.wait(0)
    pacing.wake()
    assert pacing.wait(PATIENT_S)
    calls: list[str] = []
    with pacing.waking(lambda: calls.append("woken")):
        pacing.wake()
    assert calls == ["woken"]
    assert not pacing.wait(0)


def test_a_port_that_rests_gives_what_has_come_when_it_becomes_urgent() -> None:
    """A stream of which less has come than its reader wants at once."""
    ports, pacing, port = VbanPorts(HOST), Pacing(), free_port()
    packet = build(Packet(Format(48_000, 1, Encoding.INT16), 256, b"one", 0, bytes(512)))
    try:
        heard: list[int] = []
        calls = threading.Semaphore(0)

        def hear(arrivals: Sequence[Burst], _now: float) -> float:
            heard.append(len(arrivals))
            calls.release()
            return PATIENT_S

        packets = PacketQueue(pacing, hear, Counter())
        with ports.receiving(port, HOST, b"one", packets), Sender(port) as sender:
            assert calls.acquire(timeout=PATIENT_S)  # at first with nothing, to say when to be called again
            sender.send([packet])
            while ports.port_counts()[0].datagrams < 1:
                packets.pacing.wait(0.001)
            assert heard == [0]
            pacing.set_urgent(True)
            assert calls.acquire(timeout=PATIENT_S)
            assert heard == [0, 1]
    finally:
        ports.stop()
