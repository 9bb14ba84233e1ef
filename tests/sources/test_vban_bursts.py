"""Packets that are taken many at a time lead to the same as one by one."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.peers.vban import MONO, packets, sine

from claptrap.sources.datagrams import Datagrams
from claptrap.sources.loss_bound import LossBound
from claptrap.sources.vban_bursts import Burst, runs
from claptrap.sources.vban_packet import Encoding, Format, Packet, RejectReason, build, parse
from claptrap.sources.vban_reorder import OrderedPacket, ReorderBuffer
from claptrap.sources.vban_streams import BURST, TokenBucket

STEREO = Format(48_000, 2, Encoding.INT16)
HOST = "192.0.2.1"


def received(sent: Sequence[Packet | bytes], hosts: Sequence[str] = (HOST,), at_s: float = 100.0) -> Datagrams:
    """Return datagrams that came one after the other, their senders by turns."""
    made = [each if isinstance(each, bytes) else build(each) for each in sent]
    return Datagrams.of([(data, hosts[i % len(hosts)], at_s + i / 1000) for i, data in enumerate(made)])


def test_streams_that_come_mixed_are_sorted_each_in_its_order() -> None:
    """By sender and name; a run ends where a counter, a format or a size does not continue the one before."""
    sound = sine(MONO, 0.2)
    one, two = packets(sound, name=b"one"), packets(sound, name=b"two", first=2**32 - 5)
    mixed = [p for pair in zip(one, two, strict=True) for p in pair]
    del mixed[20]  # of "one"
    mixed[41] = mixed[41]._replace(format=STEREO, frames=64)  # of "one" too
    found = list(runs(received(mixed)))
    assert [(run.host, run.name) for run in found] == [(HOST, b"one")] * 4 + [(HOST, b"two")]
    parsed = [run.parse() for run in found]
    again = [p._replace(name=run.name) for run, one in zip(found, parsed, strict=True) for p, _ in _burst(one).packets()]
    assert again == [p for p in mixed if p.name == b"one"] + two
    times = [at_s for run in found if run.name == b"two" for at_s in run.at_s]
    assert times == sorted(times)


def test_what_stands_behind_a_name_makes_no_other_stream() -> None:
    """Some senders leave garbage there, another in each packet; senders that share a name are told apart."""
    sent = [build(p) for p in packets(sine(MONO, 0.16), name=b"mic")]
    junk = [data[:12] + bytes([i]) * 12 + data[24:] for i, data in enumerate(sent)]
    assert [(run.name, len(run.at_s)) for run in runs(received(junk))] == [(b"mic", len(sent))]
    by_host = [(run.host, run.name) for run in runs(received(junk, hosts=(HOST, "192.0.2.2")))]
    assert set(by_host) == {(HOST, b"mic"), ("192.0.2.2", b"mic")}


def test_malformed_datagrams_have_the_reason_that_parsing_gives_one_by_one() -> None:
    """Whatever came before them in the same arrays: short, cut, damaged and over-long ones."""
    rng = random.Random(3)
    wide = Packet(Format(48_000, 16, Encoding.INT16), 100, b"wide", 7, rng.randbytes(3_200))
    sent = [build(p) for p in packets(sine(MONO, 0.5))] + [build(wide), build(wide._replace(counter=8))]
    for i in range(0, len(sent), 3):
        damaged = bytearray(sent[i])
        damaged[rng.randrange(28)] = rng.randrange(256)
        sent[i] = bytes(damaged[: rng.choice((len(damaged), rng.randrange(40)))])
    rng.shuffle(sent)
    expected, found = [], []
    for data in sent:
        one = parse(data)
        expected.append(one if isinstance(one, RejectReason) else one._replace(name=b""))
    for run in runs(received(sent)):
        parsed = run.parse()
        found += [parsed] * len(run.at_s) if isinstance(parsed, RejectReason) else [p for p, _ in parsed.packets()]
    assert sorted(map(repr, found)) == sorted(map(repr, expected))
    assert len({type(one) for one in found}) == 2


def test_bursts_are_put_in_order_as_their_packets_would_be() -> None:
    """Lost, late, doubled, jumping and odd packets, in drains of any size: the same turns, counts and memory."""
    for seed in range(20):
        rng = random.Random(seed)
        sent, now = _damaged(rng), 100.0
        bulk, single = ReorderBuffer(), ReorderBuffer()
        in_bulk, one_by_one = list[OrderedPacket](), list[OrderedPacket]()
        while sent:
            n = rng.choice((1, 3, 20, 150))
            drained, sent = sent[:n], sent[n:]
            together = received(drained, at_s=now)
            for run in runs(together):
                in_bulk += bulk.push_burst(_burst(run.parse()))
            for packet, at_s in zip(drained, together.at_s.tolist(), strict=True):
                one_by_one += single.push(packet._replace(name=b""), at_s)
            now += n / 187.5 + rng.choice((0.0, 0.0, 0.05, 1.5))
        assert _turns(in_bulk) == _turns(one_by_one)
        assert bulk.counts == single.counts
        for name in ("_format", "_expected", "_frames", "_came_at", "_past", "_held", "_conflicts", "_last_payload"):
            assert getattr(bulk, name) == getattr(single, name), name


def _damaged(rng: random.Random) -> list[Packet]:
    """Return a stream as a bad network, or a bad sender, delivers it."""
    sent = packets(sine(MONO, 8.0, 300), first=rng.randrange(2**32), frames=256)
    for _ in range(rng.choice((0, 3, 40))):
        i = rng.randrange(len(sent) - 300)
        match rng.randrange(6):
            case 0:
                del sent[i : i + rng.randrange(1, 12)]
            case 1:
                sent[i], sent[i + 2] = sent[i + 2], sent[i]
            case 2:
                sent.insert(i + rng.randrange(100), sent[i])
            case 3:
                sent[i] = sent[i]._replace(counter=rng.randrange(2**32))
            case 4:
                sent[i : i + 3] = [p._replace(format=STEREO, frames=128) for p in sent[i : i + 3]]
            case _:
                sent[i : i + 30] = [p._replace(counter=sent[i].counter) for p in sent[i : i + 30]]
    return sent


def _burst(parsed: Burst | RejectReason) -> Burst:
    assert isinstance(parsed, Burst)
    return parsed


def _turns(ordered: Sequence[OrderedPacket]) -> list[tuple[bytes, int, bool]]:
    """Return payload, samples lost before it and whether it begins an epoch, packet by packet."""
    turns = []
    for item in ordered:
        pieces = [p.payload for p, _ in item.packet.packets()] if isinstance(item.packet, Burst) else [item.packet.payload]
        turns += [(piece, 0 if i else item.lost_samples, item.begins and not i) for i, piece in enumerate(pieces)]
    return turns


def test_losses_are_bounded_alike() -> None:
    """What is recorded together bounds a later claim as what is recorded piece by piece."""
    rng, at_s = random.Random(1), 0.0
    together, alone = LossBound(0.25), LossBound(0.25)
    for _ in range(300):
        times = [at_s + k * 0.005 for k in range(rng.randrange(1, 120))]
        at_s = times[-1] + rng.choice((0.005, 0.05, 2.0))
        together.received_each(0.005, times)
        for each_s in times:
            alone.received(0.005, each_s)
        assert abs(together.received(0.005, at_s, 1.0) - alone.received(0.005, at_s, 1.0)) < 1e-9


def test_a_budget_admits_as_many_together_as_one_by_one() -> None:
    """A little more than is due, all of it at once: what comes together may use what fills while it comes."""
    together, alone = TokenBucket(), TokenBucket()
    n_together = n_alone = 0
    for turn in range(200):
        times = [turn * 0.1 + k * 1e-4 for k in range((turn * 37) % 190 + 1)]
        n_together += together.admit(times, 500.0)
        n_alone += sum(alone.admit([each_s], 500.0) for each_s in times)
        assert 0 <= n_together - n_alone <= BURST
    assert n_alone < sum((turn * 37) % 190 + 1 for turn in range(200))
