"""Recorded patterns of loss: what is played, what is told as lost, what begins anew, and what a forger cannot do."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import pytest

from claptrap.sources.vban_packet import Encoding, Format, Packet
from claptrap.sources.vban_reorder import CREDIT_S, HOLD_S, MOST_LOST_S, PAST, WINDOW, OrderedPacket, ReorderBuffer

MONO = Format(48_000, 1, Encoding.INT16)
STEREO = Format(48_000, 2, Encoding.INT16)
FRAMES = 256
PERIOD_S = FRAMES / 48_000


def packet(counter: int, form: Format = MONO, mark: int = 0) -> Packet:
    """A packet whose payload tells its counter (and ``mark``)."""
    payload = (counter % 2**32).to_bytes(4, "little") + mark.to_bytes(4, "little")
    return Packet(form, FRAMES, b"s", counter % 2**32, payload.ljust(FRAMES * 2 * form.channels, b"\1"))


class Played:
    """Feeds a buffer one packet a period, as long for each that is left out, and remembers what is played."""

    def __init__(self, begin_s: float = 100.0) -> None:
        self.reorder = ReorderBuffer()
        self.now = begin_s
        self.ordered: list[OrderedPacket] = []
        self.newest: int | None = None

    def send(self, *packets: Packet | int) -> Played:
        for each in packets:
            counter = each if isinstance(each, int) else each.counter
            ahead = 1 if self.newest is None else counter - self.newest
            self.now += PERIOD_S * (ahead if 0 < ahead <= MOST_LOST_S / PERIOD_S else 1)
            self.newest = counter
            self.ordered += self.reorder.push(packet(each) if isinstance(each, int) else each, self.now)
        return self

    def rest(self, seconds: float = HOLD_S) -> Played:
        self.now += seconds
        self.ordered += self.reorder.expire(self.now)
        return self

    @property
    def counters(self) -> list[int]:
        return [item.packet.counter for item in self.ordered]

    @property
    def lost(self) -> dict[int, int]:
        """Packets lost before a counter."""
        return {item.packet.counter: item.lost_samples // FRAMES for item in self.ordered if item.lost_samples}

    @property
    def begins(self) -> list[int]:
        return [item.packet.counter for item in self.ordered if item.begins]


@pytest.mark.parametrize("first", [0, 1, 77, 2**31 - 2, 2**32 - 3])
def test_in_order_everything_passes_at_once(first: int) -> None:
    """Whatever counter a sender begins with, and across the wrap, nothing is held, lost or restarted."""
    played = Played()
    for i in range(20):
        played.send(first + i)
        assert played.counters[-1] == (first + i) % 2**32
    assert (played.lost, played.begins, len(played.ordered)) == ({}, [first], 20)
    assert played.reorder.counts["packets"] == 20


@pytest.mark.parametrize("n_lost", [1, 2, WINDOW - 1, WINDOW, WINDOW + 1, 40, 180])
@pytest.mark.parametrize("first", [5, 2**32 - 20])
def test_what_is_lost_is_told_before_what_follows(n_lost: int, first: int) -> None:
    """Up to a second of loss keeps the time line: played and lost packets together are all that was sent."""
    sent = [first + i for i in range(10)] + [first + 10 + n_lost + i for i in range(20)]
    played = Played().send(*sent).rest()
    assert played.counters == [c % 2**32 for c in sent]
    assert played.lost == {(first + 10 + n_lost) % 2**32: n_lost}
    assert played.begins == [first]
    assert played.reorder.counts["lost"] == n_lost


def test_a_loss_is_known_within_the_window() -> None:
    """A single loss delays what follows by 40 ms at most."""
    played = Played().send(0, 1, 3)
    assert played.counters == [0, 1]
    played.rest(HOLD_S - 1e-4)
    assert played.counters == [0, 1]
    played.rest(2e-4)
    assert played.counters == [0, 1, 3]


def test_reordered_packets_are_played_in_order() -> None:
    """Any shuffling within the window loses nothing."""
    rng = random.Random(3)
    sent = list(range(400))
    shuffled = [1000 + c for c in sorted(sent[1:], key=lambda c: c + rng.uniform(0, 3.9))]
    played = Played().send(1000, *shuffled).rest()
    assert played.counters == list(range(1000, 1400))
    assert shuffled != sorted(shuffled)
    assert played.lost == {}
    assert played.reorder.counts["late"] == played.reorder.counts["duplicate"] == 0


def test_duplicates_are_played_once() -> None:
    """A network that doubles every packet changes nothing, and is not taken for a sender that does not count."""
    played = Played()
    for i in range(50):
        played.send(i, i)
    played.send(3)
    assert played.counters == list(range(50))
    assert played.reorder.counts["duplicate"] == 51
    assert (played.lost, played.begins) == ({}, [0])


def test_a_held_packet_that_comes_twice_is_held_once() -> None:
    """Duplicates of early packets count as duplicates."""
    played = Played().send(0, 2, 2, 1).rest()
    assert played.counters == [0, 1, 2]
    assert played.reorder.counts["duplicate"] == 1


def test_what_comes_too_late_is_dropped_and_counted() -> None:
    """Its time has been told as lost already; playing it would move everything behind it."""
    played = Played().send(0, 1, 3).rest().send(2, 4)
    assert played.counters == [0, 1, 3, 4]
    assert played.reorder.counts["late"] == 1


def test_two_gaps_within_one_window_are_both_told() -> None:
    """Each loss is told where it happened."""
    played = Played().send(0, 2, 4, 5).rest().send(6)
    assert played.counters == [0, 2, 4, 5, 6]
    assert played.lost == {2: 1, 4: 1}


def test_random_loss_keeps_the_time_line() -> None:
    """Loss, reordering and duplication at once: what is played is in order, and played + lost is exactly the span."""
    rng = random.Random(9)
    for _ in range(20):
        sent = [c for c in range(1, 600) if rng.random() > 0.1]
        sent = sorted(sent + rng.sample(sent, 30), key=lambda c: c + rng.uniform(0, 2.5))
        played = Played().send(0, *sent, 600, 601, 602).rest()
        assert played.counters == sorted(set(played.counters))
        assert len(played.ordered) + sum(played.lost.values()) == 603
        assert played.begins == [0]


def test_a_restarted_sender_begins_a_new_epoch_with_its_first_packet() -> None:
    """A counter that starts over is believed at the second packet, and nothing of it is lost."""
    played = Played().send(*range(1000, 1300), 0, 1, 2)
    assert played.begins == [1000, 0]
    assert played.counters[-3:] == [0, 1, 2]
    assert played.reorder.counts["epochs"] == 2


def test_more_than_a_second_of_loss_begins_a_new_epoch() -> None:
    """No sound is made up for a jump of the counter, however large."""
    for jump in (189, 2**20, 2**31 - 1, 2**31, 2**31 + 5):
        played = Played().send(*range(300), 300 + jump, 301 + jump)
        assert played.begins == [0, (300 + jump) % 2**32]
        assert played.lost == {}


def test_a_second_of_silence_begins_a_new_epoch_at_once() -> None:
    """Who was away has nothing to prove, even where its counter goes on: the time line has moved meanwhile."""
    assert Played().send(*range(10)).rest(1.5).send(4_000).begins == [0, 4_000]
    assert Played().send(*range(10)).rest(1.5).send(packet(3, STEREO)).begins == [0, 3]
    assert Played().send(*range(10)).rest(1.5).send(10).begins == [0, 10]


def test_another_format_begins_a_new_epoch_at_its_second_packet() -> None:
    """Rate, channels or encoding: what follows is other sound."""
    for form in (STEREO, Format(44_100, 1, Encoding.INT16), Format(48_000, 1, Encoding.FLOAT32)):
        played = Played().send(*range(200)).send(packet(200, form))
        assert played.begins == [0]
        assert played.send(packet(201, form)).begins == [0, 200]


def test_another_number_of_frames_is_nothing_special() -> None:
    """Senders alternate packets of 256 and 224 frames."""
    played = Played()
    for i in range(20):
        frames = 224 if i % 2 else 256
        played.send(Packet(MONO, frames, b"s", i, bytes(2 * frames)))
    assert (played.begins, len(played.ordered)) == ([0], 20)


@pytest.mark.parametrize("forged", [packet(9_999), packet(5), packet(450), packet(301, STEREO), packet(2**31 + 300)])
def test_one_forged_packet_changes_nothing(forged: Packet) -> None:
    """A stranger who sends one packet in our stream's name neither resets it nor makes a gap."""
    played = Played().send(*range(300), forged, *range(300, 400))
    assert played.begins == [0]
    assert played.lost == {}
    assert played.counters == list(range(400))
    assert played.reorder.counts["doubtful"] == 1 if forged.counter != 5 else True


def test_two_senders_of_one_name_do_not_reset_each_other() -> None:
    """The first is heard, the other counted."""
    played = Played()
    for i in range(100):
        played.send(i, packet(50_000 + i, STEREO))
    assert played.begins == [0]
    assert played.counters == list(range(100))
    assert played.reorder.counts["doubtful"] == 100


def test_epochs_do_not_follow_one_another_faster_than_one_a_second() -> None:
    """Formats that flap cannot open hundreds of streams a second."""
    played = Played()
    for i in range(0, 4_000, 2):
        form = STEREO if i % 4 else MONO
        played.send(packet(i, form), packet(i + 1, form))
    assert played.now - 100 > 20
    assert len(played.begins) <= 22


def test_a_sender_that_does_not_count_is_heard_after_eight_packets() -> None:
    """One constant counter with ever new sound is a faulty sender, not a repeating network."""
    played = Played().send(*(packet(7, mark=i) for i in range(40)))
    marks = [int.from_bytes(item.packet.payload[4:8], "little") for item in played.ordered]
    assert marks[0] == 0
    assert marks[1:] == list(range(9, 40))
    assert (played.begins, played.lost) == ([7], {})
    played.send(*range(8, 12))
    assert played.counters[-4:] == [8, 9, 10, 11]


@pytest.mark.parametrize(
    "counter",
    [
        lambda i: struct.unpack("<I", struct.pack(">I", i))[0],
        lambda i: i * FRAMES,
        lambda i: i * 10,
        lambda i: -i,
        lambda i: i * 1_000 // 90,
        lambda i: i * 4,
        lambda i: i * 2 // 3,
        lambda _: 7,
    ],
    ids=["big-endian", "samples", "by ten", "downwards", "milliseconds", "by four", "twice the same", "constant"],
)
def test_a_counter_that_does_not_go_up_by_one_costs_no_sound(counter: Callable[[int], int]) -> None:
    """Such a stream was live, and one packet a second was heard of it."""
    reorder, ordered, n = ReorderBuffer(), list[OrderedPacket](), 3_000
    for i in range(n):
        ordered += reorder.push(packet(counter(i), mark=i), 100.0 + i * PERIOD_S)
    assert len(ordered) >= n - 40
    assert sum(item.begins for item in ordered) == 1
    assert sum(item.lost_samples for item in ordered) <= 40 * FRAMES + CREDIT_S * 48_000


def test_a_sender_that_counts_again_is_put_in_order_again() -> None:
    """What was learned of it is forgotten: a device's firmware may be mended without a restart here."""
    played = Played().send(*(packet(10 * i, mark=i) for i in range(50)))
    n_before = len(played.ordered)
    played.send(*range(1_000, 1_020), 1_021, 1_020, 1_022)
    assert played.counters[n_before:] == list(range(1_000, 1_023))


def test_a_claim_without_the_time_for_it_is_no_loss() -> None:
    """Every packet says that seven before it are missing, and they come in real time: nothing is."""
    reorder = ReorderBuffer()
    ordered = [item for i in range(1_000) for item in reorder.push(packet(8 * i), i * PERIOD_S)]
    assert sum(item.lost_samples for item in ordered) <= WINDOW * FRAMES + CREDIT_S * 48_000


def test_old_packets_within_memory_are_no_restart() -> None:
    """A burst of duplicates from the recent past is dropped."""
    played = Played().send(*range(200), *range(200 - PAST, 200), 200)
    assert played.begins == [0]
    assert played.counters == list(range(201))


def test_chaos_never_breaks_the_order() -> None:
    """Random counters, formats and times: no exception, no negative loss, at most a second made up per turn."""
    rng = random.Random(4)
    reorder, now = ReorderBuffer(), 0.0
    for _ in range(50_000):
        now += rng.choice((0.0, 0.001, PERIOD_S, PERIOD_S, 0.05, 1.2 if rng.random() < 0.01 else 0.0))
        near = reorder._expected + rng.randrange(-70, 200) if rng.random() < 0.9 else rng.randrange(2**32)
        form = MONO if rng.random() < 0.95 else STEREO
        for item in [*reorder.push(packet(near, form), now), *reorder.expire(now)]:
            assert 0 <= item.lost_samples <= 48_000
        assert len(reorder._held) <= WINDOW
