"""Specs in, events out: the whole desired state, applied while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from tests.peers.hearing import Album, Clipboard, LoudClassifier, LoudOnsetDetector, Taps, Witness, clap, quiet, spec

from claptrap.audio.frame import HOP, Frame
from claptrap.core.clock import SystemClock
from claptrap.core.errors import SourceError
from claptrap.core.events import Clap, Event, Heard, Levels, State, Verdict
from claptrap.core.spec import FileInput, Hears, PatternSpec, SourceSpec
from claptrap.runtime.worker import Worker, WorkerDeps
from claptrap.sources.base import Sink, Source

HOP_S = HOP / 16_000


@contextmanager
def working(
    taps: Taps, witness: Witness, *, detector: object = LoudOnsetDetector, classifier: object = LoudClassifier
) -> Iterator[Worker]:
    worker = Worker(WorkerDeps(taps.build, detector, classifier, Clipboard(), Album()), witness, witness, SystemClock())
    worker.start()
    try:
        yield worker
    finally:
        worker.stop()


def test_a_clap_becomes_an_event_with_its_place_time_and_name() -> None:
    """Sound in the stream, a moment on the wall, an id that is its own for ever."""
    taps, witness = Taps(), Witness()
    with working(taps, witness) as worker:
        worker.apply([spec("salon", name="Salon d'été", threshold=0.4)], 1)
        before = time.time()
        taps["salon"].pour(quiet(10), clap(0.7), quiet(10))
        (event,) = witness.wait_for(Event, "salon")
        after = time.time()
    assert (event.source_name, event.kind, event.sequence, event.claps, event.score) == ("Salon d'été", "file", 0, 1, 0.7)
    assert event.onset_s == pytest.approx(10 * HOP_S)
    assert event.decided_s == pytest.approx(11 * HOP_S)
    assert event.labels == (("Clapping", 0.8),)
    assert before - 1 <= event.timestamp <= after  # poured faster than real time, it lies a little in the past
    assert event.id == f"salon:{event.epoch}:0"
    assert event.epoch
    (heard,) = witness.wait_for(Heard, "salon")
    assert heard.labels == (("Clapping", 0.8),)


def test_a_worker_that_hears_nothing_stops_at_once() -> None:
    """Every thread that waits is woken; the quickest of a few, for the machine may have other work."""

    def stopping_s() -> float:
        with working(Taps(), Witness()):
            began_s = time.monotonic()
        return time.monotonic() - began_s

    assert min(stopping_s() for _ in range(5)) < 0.1


def test_threshold_and_delay_act_and_all_is_shown() -> None:
    """Below the threshold: a near miss. Within the delay: a clap, but no event."""
    taps, witness = Taps(), Witness()
    with working(taps, witness) as worker:
        worker.apply([spec("salon", threshold=0.5, delay_s=1.0)], 1)
        taps["salon"].pour(clap(0.4), quiet(20), clap(0.6), quiet(20), clap(0.9), quiet(40), clap(0.8), quiet(5))
        verdicts = witness.wait_for(Verdict, "salon", 4)
        events = witness.wait_for(Event, "salon", 2)
    assert [(v.score, v.accepted, v.threshold) for v in verdicts] == [
        (0.4, False, 0.5),
        (0.6, True, 0.5),
        (0.9, True, 0.5),
        (0.8, True, 0.5),
    ]
    assert [c.score for c in witness.claps("salon")] == [0.6, 0.9, 0.8]
    assert [(e.score, e.sequence) for e in events] == [(0.6, 0), (0.8, 1)]


def test_applying_the_same_again_changes_nothing() -> None:
    """Idempotent: the source goes on in the same epoch, and is not opened again."""
    taps, witness = Taps(), Witness()
    wanted = [spec("salon", delay_s=0.1)]
    with working(taps, witness) as worker:
        for revision in (1, 2, 2, 3):
            worker.apply(wanted, revision)
            taps["salon"].pour(clap(), quiet(10))
        events = witness.wait_for(Event, "salon", 4)
        assert taps["salon"].runs == 1
    assert [e.sequence for e in events] == [0, 1, 2, 3]
    assert len({e.epoch for e in events}) == 1


def test_a_newer_revision_wins_over_an_older_that_comes_late() -> None:
    """Two changes that overtake each other end as the newer one says."""
    taps, witness = Taps(), Witness()
    with working(taps, witness) as worker:
        worker.apply([spec("salon"), spec("hall")], 7)
        worker.apply([spec("salon")], 5)
        assert set(worker.statuses()) == {"salon", "hall"}
        worker.apply([spec("hall")], 8)
        assert set(worker.statuses()) == {"hall"}


def test_wishes_act_at_once_without_reopening() -> None:
    """Threshold, delay and name of a source that is being heard."""
    taps, witness = Taps(), Witness()
    with working(taps, witness) as worker:
        worker.apply([spec("salon", threshold=0.8)], 1)
        taps["salon"].pour(clap(0.5), quiet(10))
        (verdict,) = witness.wait_for(Verdict, "salon")
        assert not verdict.accepted
        worker.apply([spec("salon", threshold=0.3, name="Kitchen")], 2)
        taps["salon"].pour(clap(0.5), quiet(10))
        (event,) = witness.wait_for(Event, "salon")
        assert event.source_name == "Kitchen"
        assert taps["salon"].runs == 1


def test_rows_of_claps_are_told_as_their_source_wishes() -> None:
    """Exactly two: a lone clap is none, a third spoils it. Another wish counts from the next clap on, in the same epoch."""
    taps, witness = Taps(), Witness()
    apart, over = quiet(15), quiet(60)  # 0.3 s, and more than 0.7 s
    with working(taps, witness) as worker:
        worker.apply([spec("salon", patterns=(PatternSpec(2, at_least=False),))], 1)
        three = (clap(), apart, clap(), apart, clap(), over)
        taps["salon"].pour(clap(), over, *three, clap(0.8), apart, clap(0.9), over)
        (double,) = witness.wait_for(Event, "salon")
        assert (double.claps, double.score, double.applause) == (2, 0.9, False)
        assert len(witness.claps("salon")) == 6
        worker.apply([spec("salon", patterns=(PatternSpec(3),))], 2)
        taps["salon"].pour(*three)
        (_, triple) = witness.wait_for(Event, "salon", 2)
        assert taps["salon"].runs == 1
    assert (triple.claps, triple.epoch, triple.sequence) == (3, double.epoch, 1)


def test_a_source_that_hears_applause_alone_tells_of_no_clap() -> None:
    """Six claps one after the other are applause; before that, nothing is told."""
    taps, witness = Taps(), Witness()
    with working(taps, witness) as worker:
        worker.apply([spec("salon", delay_s=0.01, hears=Hears.APPLAUSE)], 1)
        taps["salon"].pour(*[np.concatenate([clap(), quiet(12)]) for _ in range(8)])
        (event,) = witness.wait_for(Event, "salon")
        witness.wait_for(Clap, "salon", 8)
    assert event.applause
    assert witness.all(Event, "salon") == [event]


def test_a_new_input_reopens_the_source_under_a_new_epoch() -> None:
    """Another device is another stream."""
    taps, witness = Taps(), Witness()
    with working(taps, witness) as worker:
        worker.apply([spec("salon")], 1)
        taps["salon"].pour(clap(), quiet(5))
        (first,) = witness.wait_for(Event, "salon")
        worker.apply([replace(spec("salon"), input=FileInput("other"))], 2)
        taps["other"].pour(clap(), quiet(5))
        second = witness.wait_for(Event, "salon", 2)[1]
    assert (taps["salon"].runs, taps["other"].runs) == (1, 1)
    assert first.epoch != second.epoch
    assert (first.sequence, second.sequence) == (0, 0)


def test_adding_toggling_and_removing_one_does_not_disturb_the_others() -> None:
    """The salon is heard in one piece while the hall comes, goes, comes back and is removed."""
    taps, witness = Taps(), Witness()
    with working(taps, witness) as worker:
        steps = [
            [spec("salon", delay_s=0.1)],
            [spec("salon", delay_s=0.1), spec("hall")],
            [spec("salon", delay_s=0.1), spec("hall", enabled=False)],
            [spec("salon", delay_s=0.1), spec("hall")],
            [spec("salon", delay_s=0.1)],
        ]
        for revision, wanted in enumerate(steps):
            worker.apply(wanted, revision)
            taps["salon"].pour(clap(), quiet(10))
            witness.wait_for(Event, "salon", revision + 1)
        events = witness.all(Event, "salon")
        assert taps["salon"].runs == 1
        assert taps["hall"].runs == 2
        assert set(worker.statuses()) == {"salon"}
    assert [e.sequence for e in events] == [0, 1, 2, 3, 4]
    assert [e.onset_s for e in events] == pytest.approx([11 * HOP_S * i for i in range(5)])
    assert len({e.epoch for e in events}) == 1


def test_a_disabled_source_is_silent_and_says_so() -> None:
    """It is not opened; one that is switched off ends idle."""
    taps, witness = Taps(), Witness()
    with working(taps, witness) as worker:
        worker.apply([spec("salon", enabled=False)], 1)
        assert worker.statuses() == {}
        worker.apply([spec("salon")], 2)
        witness.wait_for_state("salon", State.LIVE)
        worker.apply([], 3)
        witness.wait_for_state("salon", State.IDLE)
    assert taps["salon"].runs == 1


def test_a_removed_source_gives_no_more_events() -> None:
    """What was still on its way when it was removed is not told."""
    taps, witness, gate = Taps(), Witness(), threading.Event()

    class Slow(LoudClassifier):
        def process(self, *args: object) -> list:
            gate.wait(20)
            return super().process(*args)

    with working(taps, witness, classifier=Slow) as worker:
        worker.apply([spec("salon"), spec("hall")], 1)
        taps["salon"].pour(clap(), quiet(3))
        taps["hall"].pour(clap(), quiet(3))
        witness.wait_for_state("salon", State.LIVE)
        worker.apply([spec("hall")], 2)
        gate.set()
        witness.wait_for(Event, "hall")
    assert witness.all(Event, "salon") == []


@pytest.mark.slow
def test_a_source_that_hangs_and_is_left_behind_gives_its_row_away() -> None:
    """Whoever takes its place is heard, although the one before never ended its stream; what it still says is not heard."""
    taps, witness, let_go, gone = Taps(), Witness(), threading.Event(), threading.Event()

    class Hanging:
        def run(self, sink: Sink) -> None:
            sink.live(16_000, 1)
            sink.frame(Frame(quiet().reshape(-1, 1), 16_000))
            let_go.wait(30)
            try:
                sink.frame(Frame(clap(0.6).reshape(-1, 1), 16_000))
            finally:
                gone.set()

    def build(wanted: SourceSpec) -> Source:
        return Hanging() if wanted.id == "salon" else taps.build(wanted)

    worker = Worker(
        WorkerDeps(build, LoudOnsetDetector, LoudClassifier, Clipboard(), Album()), witness, witness, SystemClock()
    )
    worker.start()
    try:
        worker.apply([spec("salon")], 1)
        witness.wait_for_state("salon", State.LIVE)
        worker.apply([spec("hall")], 2)
        taps["hall"].pour(quiet(2), clap(), quiet(3))
        (event,) = witness.wait_for(Event, "hall")
        let_go.set()
        assert gone.wait(15)
        taps["hall"].pour(quiet(30), clap(0.8), quiet(3))
        assert [e.score for e in witness.wait_for(Event, "hall", 2)] == [0.9, 0.8]
    finally:
        let_go.set()
        worker.stop()
    assert event.onset_s == pytest.approx(2 * HOP_S)
    assert witness.all(Event, "salon") == []


def test_a_source_that_fails_does_not_touch_the_others() -> None:
    """One retries; the other is heard as if nothing was."""
    taps, witness = Taps(), Witness()
    with working(taps, witness) as worker:
        worker.apply([spec("salon", delay_s=0.1), spec("hall")], 1)
        taps["hall"].burst(SourceError("source.device_lost", retryable=True, device="USB"))
        witness.wait_for_state("hall", State.RETRYING)
        assert worker.statuses()["hall"].code == "source.device_lost"
        for i in range(3):
            taps["salon"].pour(clap(), quiet(10))
            witness.wait_for(Event, "salon", i + 1)
        assert worker.statuses()["salon"].state is State.LIVE


@pytest.mark.parametrize("poison", [-0.99, 0.99], ids=["gate", "judge"])
@pytest.mark.slow
def test_a_fault_in_hearing_begins_afresh(poison: float, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever breaks, gate or judge: it is logged, shown, and every source is heard again under a new epoch."""
    taps, witness = Taps(), Witness()
    with working(taps, witness) as worker:
        worker.apply([spec("salon", delay_s=0.1), spec("hall")], 1)
        taps["hall"].pour(clap(), quiet(3))
        witness.wait_for(Event, "hall")
        taps["salon"].pour(clap(), quiet(3))
        (first,) = witness.wait_for(Event, "salon")
        taps["salon"].pour(np.full((1, HOP), poison, np.float32))
        for source in ("salon", "hall"):
            _pour_until(taps, witness, source, State.RETRYING)
            witness.wait_for_state(source, State.LIVE, 2)
        retrying = witness.wait_for_state("salon", State.RETRYING)
        taps["salon"].pour(clap(), quiet(3))
        second = witness.wait_for(Event, "salon", 2)[1]
        assert worker.stalled() == []
    assert retrying.code == "source.deaf"
    assert "broke" in str(retrying.params["reason"])
    assert first.epoch != second.epoch
    assert "broke" in caplog.text
    assert "starts over" in caplog.text


def _pour_until(taps: Taps, witness: Witness, source: str, state: State) -> None:
    """Pour silence, as a microphone would, until its runner has noticed."""
    deadline = time.monotonic() + 20
    while not [s for s in witness.news() if getattr(s.what, "state", None) is state and s.what.source_id == source]:
        taps[source].pour(quiet())
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def test_events_come_in_order_from_one_thread_and_a_failing_receiver_of_events_loses_only_its_own() -> None:
    """The thread ``events`` survives whatever is behind it."""
    taps, witness = Taps(), Witness()

    class Moody(Witness):
        def record(self, event: Event, _age_s: float = 0.0) -> None:
            if event.sequence == 1:
                raise RuntimeError("no space on the disk")
            witness.record(event)

    moody = Moody()
    worker = Worker(
        WorkerDeps(taps.build, LoudOnsetDetector, LoudClassifier, Clipboard(), Album()), moody, witness, SystemClock()
    )
    worker.start()
    try:
        worker.apply([spec("salon", delay_s=0.1)], 1)
        for _ in range(4):
            taps["salon"].pour(clap(), quiet(10))
        events = witness.wait_for(Event, "salon", 3)
    finally:
        worker.stop()
    assert [e.sequence for e in events] == [0, 2, 3]
    assert {n.thread for n in witness.news() if isinstance(n.what, Event)} == {"events"}
    assert {n.thread for n in witness.news() if isinstance(n.what, Clap)} == {"judge"}
    assert {n.thread for n in witness.news() if isinstance(n.what, Levels)} <= {"tick", "capture:salon"}


def test_a_receiver_of_events_that_blocks_stalls_hearing_and_loses_no_event() -> None:
    """Events are durable: hearing waits for them; when it goes on, all of them are there, in order."""
    taps, witness, gate = Taps(), Witness(), threading.Event()

    class Blocking(Witness):
        def record(self, event: Event, _age_s: float = 0.0) -> None:
            gate.wait(20)
            witness.record(event)

    worker = Worker(
        WorkerDeps(taps.build, LoudOnsetDetector, LoudClassifier, Clipboard(), Album()), Blocking(), witness, SystemClock()
    )
    worker.start()
    try:
        worker.apply([spec("salon", delay_s=0.05)], 1)
        for _ in range(5):
            taps["salon"].pour(clap(), quiet(4))
        witness.wait_for(Clap, "salon", 5)
        assert witness.all(Event) == []
        gate.set()
        events = witness.wait_for(Event, "salon", 5)
    finally:
        gate.set()
        worker.stop()
    assert [e.sequence for e in events] == list(range(5))


def test_stopping_passes_on_the_events_that_were_made_and_ends_every_thread() -> None:
    """What was heard before the stop is told; afterwards there is no thread of the worker's."""
    taps, witness = Taps(), Witness()
    before = set(threading.enumerate())
    with working(taps, witness) as worker:
        worker.apply([spec(f"room-{i}") for i in range(8)], 1)
        for i in range(8):
            taps[f"room-{i}"].pour(clap(), quiet(3))
        for i in range(8):
            witness.wait_for(Clap, f"room-{i}")
        assert worker.stalled() == []
    assert {e.source_id for e in witness.all(Event)} == {f"room-{i}" for i in range(8)}
    assert set(threading.enumerate()) == before
    assert [
        s.what.state for s in witness.news() if getattr(s.what, "source_id", "") == "room-0" and hasattr(s.what, "state")
    ][-1] is State.IDLE


def test_many_sources_are_told_apart() -> None:
    """Rows never mix: each room's clap is its own, at its own time, with its own score."""
    taps, witness = Taps(), Witness()
    rooms = [f"room-{i}" for i in range(40)]
    with working(taps, witness) as worker:
        worker.apply([spec(room, threshold=0.2) for room in rooms], 1)
        for i, room in enumerate(rooms):
            taps[room].pour(quiet(i), clap(0.3 + i / 100), quiet(3))
        events = [witness.wait_for(Event, room)[0] for room in rooms]
    assert [e.score for e in events] == pytest.approx([0.3 + i / 100 for i in range(40)])
    assert [e.onset_s for e in events] == pytest.approx([i * HOP_S for i in range(40)])


def test_a_row_that_is_used_again_remembers_nothing() -> None:
    """A source that takes the place of a removed one begins at time 0."""
    taps, witness = Taps(), Witness()
    with working(taps, witness) as worker:
        worker.apply([spec("salon")], 1)
        taps["salon"].pour(quiet(50), clap(), quiet(3))
        witness.wait_for(Event, "salon")
        worker.apply([spec("hall")], 2)
        taps["hall"].pour(quiet(2), clap(), quiet(3))
        (event,) = witness.wait_for(Event, "hall")
    assert event.onset_s == pytest.approx(2 * HOP_S)
