"""The beat: rounds over rings, called one by one; no clock, no thread."""

from __future__ import annotations

import queue
import threading

import numpy as np
import pytest
from tests.peers.hearing import POISON, LoudOnsetDetector, Witness, clap, quiet

from claptrap.audio.frame import HOP
from claptrap.core.clock import SystemClock
from claptrap.core.events import Level, Levels
from claptrap.runtime import onset_thread
from claptrap.runtime.batch import HopBatch
from claptrap.runtime.onset_thread import CATCH_UP_HOPS, FEW, LEVEL_HOPS, MOST_HELD, OnsetThread
from claptrap.runtime.stream import Stream


class Rig:
    """A ticker without its thread."""

    def __init__(self, capacity: int = 1000) -> None:
        self.batches: queue.Queue[HopBatch] = queue.Queue(capacity)
        self.levels = Witness()
        self.onset_thread = OnsetThread(lambda: LoudOnsetDetector(8), self.batches, self.levels, SystemClock())

    def stream(self, source: str, slot: int, epoch: str = "e") -> Stream:
        stream = Stream(source, slot, epoch)
        self.onset_thread.open(stream)
        return stream

    def round(self) -> list[HopBatch]:
        self.onset_thread.round()
        return [self.batches.get_nowait() for _ in range(self.batches.qsize())]


def write(stream: Stream, *hops: np.ndarray, lost: int = 0) -> None:
    block = np.concatenate(hops)
    missing = np.zeros(len(block), np.int64)
    missing[0] = lost
    stream.write(block, missing, 1000.0)


def heard_hops(batches: list[HopBatch]) -> int:
    return sum(batch.hops.size for batch in batches) // HOP


def test_one_beat_has_as_much_of_each_source_that_is_ready() -> None:
    """Sources that have brought less or more sound are given a beat of their own, not waited for."""
    rig = Rig()
    salon, hall, cellar = rig.stream("salon", 0), rig.stream("hall", 3), rig.stream("cellar", 1)
    write(salon, clap(0.3), quiet(1))
    write(hall, quiet())
    write(cellar, quiet(1), clap(0.4))
    rig.stream("attic", 5)
    batches = rig.round()
    assert [b.slots.tolist() for b in batches] == [[3], [0, 1]]
    assert [len(b.opened) for b in batches] == [4, 0]
    assert [[(c.slot, c.onset) for c in b.candidates] for b in batches] == [[], [(0, 0), (1, HOP)]]
    assert batches[1].hops[:, 0].tolist() == pytest.approx([0.3, 0.0])
    assert all(b.finished == () for b in batches)
    assert rig.round() == []


def test_lost_hops_are_passed_on_to_those_who_hear() -> None:
    """Onset detector and classifier keep the stream's time."""
    rig = Rig()
    write(rig.stream("salon", 0), clap(), lost=7)
    (batch,) = rig.round()
    assert batch.lost.tolist() == [7]
    assert batch.candidates[0].onset == 7 * HOP


def test_a_gap_begins_another_beat() -> None:
    """The gate and the judge are told what is missing before a block, and nothing can be missing inside."""
    rig = Rig()
    stream = rig.stream("salon", 0)
    write(stream, quiet(2))
    write(stream, quiet(LEVEL_HOPS + 1), lost=3)
    write(stream, clap(), lost=1)
    batches = rig.round()
    assert [(b.hops.shape[1] // HOP, b.lost.tolist()) for b in batches] == [(2, [0]), (LEVEL_HOPS, [3]), (1, [0]), (1, [1])]
    assert batches[-1].candidates[0].onset == (2 + 3 + LEVEL_HOPS + 1 + 1) * HOP


def test_a_round_is_bounded_so_that_stopping_stays_prompt() -> None:
    """A source that is far behind is caught up with over several rounds; nothing is skipped."""
    rig = Rig()
    write(rig.stream("salon", 0), quiet(CATCH_UP_HOPS + 5))
    assert [heard_hops(rig.round()) for _ in range(3)] == [CATCH_UP_HOPS, 5, 0]


@pytest.mark.parametrize("n_hops", [0, 3, CATCH_UP_HOPS, CATCH_UP_HOPS + 1])
def test_a_stream_that_ends_is_heard_to_its_last_hop_and_then_finished(n_hops: int) -> None:
    """Finished is told exactly once, with or after the last hop."""
    rig = Rig()
    stream = rig.stream("salon", 0)
    if n_hops:
        write(stream, quiet(n_hops))
    stream.end()
    batches = [batch for _ in range(4) for batch in rig.round()]
    assert heard_hops(batches) == n_hops
    assert [b.finished for b in batches if b.finished] == [(stream,)]
    assert batches[-1].finished == (stream,)


def test_a_new_stream_waits_until_the_one_before_on_its_row_was_heard_to_the_end() -> None:
    """A source that was reopened: old sound first, under its own epoch; then the new one begins at time 0."""
    rig = Rig()
    old = rig.stream("salon", 0, "old")
    write(old, quiet(2), clap())
    assert heard_hops(rig.round()) == 3
    write(old, clap())
    new = rig.stream("salon", 0, "new")
    write(new, clap())
    old.end()
    batches = [batch for _ in range(3) for batch in rig.round()]
    order = [("finished", s.epoch) for b in batches for s in b.finished] + [
        ("opened", s.epoch) for b in batches for s in b.opened
    ]
    assert order == [("finished", "old"), ("opened", "new")]
    assert [c.onset for b in batches for c in b.candidates] == [3 * HOP, 0]
    assert batches.index(next(b for b in batches if b.finished)) < batches.index(next(b for b in batches if b.opened))


def test_levels_are_told_every_tenth_of_a_second_of_sound() -> None:
    """Peak and mean of what was heard since the last one, of all rows at once; exact silence is −120."""
    rig = Rig()
    salon, hall = rig.stream("salon", 0), rig.stream("hall", 3)
    tone = np.full((LEVEL_HOPS, HOP), -0.5, np.float32)
    write(salon, tone, quiet(LEVEL_HOPS), tone[1:])
    write(hall, tone[2:] / 5)
    rig.round()
    assert rig.levels.all(Levels) == [
        Levels((Level("salon", -6.0, -6.0), Level("hall", -20.0, -20.0))),
        Levels((Level("salon", -120.0, -120.0),)),
    ]


def test_the_level_of_a_stream_has_nothing_of_the_one_before_on_its_row() -> None:
    rig = Rig()
    old = rig.stream("salon", 0)
    write(old, np.full((LEVEL_HOPS - 1, HOP), 0.5, np.float32))
    old.end()
    rig.round()
    write(rig.stream("hall", 0), quiet(LEVEL_HOPS))
    rig.round()
    assert rig.levels.all(Levels) == [Levels((Level("hall", -120.0, -120.0),))]


def test_when_the_judge_is_behind_the_beat_waits_and_the_rings_count_the_loss() -> None:
    """Overload rule: nothing that was heard is thrown away unheard behind the gate; the oldest sound is, before it."""
    rig = Rig(capacity=2)
    stream = rig.stream("salon", 0)
    write(stream, quiet(5 * LEVEL_HOPS))
    thread = threading.Thread(target=rig.onset_thread.round, name="test:round")
    thread.start()
    taken = [rig.batches.get(timeout=10) for _ in range(5)]
    thread.join(10)
    assert [len(b.slots) for b in taken] == [1] * 5
    n_dropped = sum(stream.write(quiet(100), np.zeros(100, np.int64), 1000.0 + i) for i in range(5))
    assert n_dropped == 500 - 250


def test_a_fault_of_the_gate_is_contained_and_every_running_stream_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    """Their runners begin new ones; the beat itself goes on, with a gate that remembers nothing of it."""
    rig = Rig()
    salon, hall = rig.stream("salon", 0), rig.stream("hall", 1)
    write(salon, np.full((1, HOP), -POISON - 0.01, np.float32))
    rig.onset_thread.start()
    try:
        assert salon._ended.wait(10)
        assert hall._ended.wait(10)
        again = rig.stream("salon", 0, "again")
        write(again, clap())
        while not (batch := rig.batches.get(timeout=10)).candidates:
            assert batch is not None
    finally:
        rig.onset_thread.stop()
    assert "the gate broke" in str(salon.failure)
    assert "the gate broke" in str(hall.failure)
    assert again.failure is None
    assert "starts over" in caplog.text


def test_of_many_sources_one_that_is_undecided_does_not_wait_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the others have written comes with it."""
    rig = Rig()
    monkeypatch.setattr(onset_thread, "GATHER_S", 600.0)
    streams = [rig.stream(f"s{i}", i) for i in range(FEW + 1)]
    rig.onset_thread.round()
    rig.onset_thread.start()
    try:
        write(streams[0], quiet())
        streams[1].pacing.set_urgent(True)
        write(streams[1], quiet())
        while not len((batch := rig.batches.get(timeout=10)).slots):
            pass
        assert batch.slots.tolist() == [0, 1]
    finally:
        rig.onset_thread.stop()


def test_batches_wait_for_one_another_while_nothing_is_undecided() -> None:
    """Without a page the classifier is woken seldom; a candidate, an urgent stream and the end bring all that waits."""
    rig = Rig()
    rig.onset_thread.attend(is_watched=False)
    stream = rig.stream("salon", 0)
    assert len(rig.round()) == 1  # the stream that begins
    for _ in range(MOST_HELD):
        write(stream, quiet())
        assert rig.round() == []
    write(stream, quiet())
    assert heard_hops(rig.round()) == MOST_HELD + 1
    write(stream, quiet())
    assert rig.round() == []
    write(stream, clap())
    assert [len(batch.candidates) for batch in rig.round()] == [0, 1]
    stream.pacing.set_urgent(True)
    write(stream, quiet())
    assert heard_hops(rig.round()) == 1
    stream.pacing.set_urgent(False)
    write(stream, quiet())
    assert rig.round() == []
    stream.end()
    assert [len(batch.finished) for batch in rig.round()] == [0, 1]
