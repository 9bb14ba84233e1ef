"""One clap that several sources of a room hear is one detection, and no two claps ever become one."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.peers.receiver import Receiver, answer

from claptrap.core.clock import Clock
from claptrap.core.events import Event, Level, Levels, SourceStatus, State
from claptrap.service import Application
from claptrap.service.merging import DECISION_S, SPREAD_S, DetectionMerger
from claptrap.settings.schema import Settings

DELAYS = {"near": 0.02, "far": 0.21, "camera": 0.4}


class SetClock(Clock):
    """A clock that stands where it is set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def unix(self) -> float:
        return 1_700_000_000.0 + self.now


class Room:
    """Sources with paths of different length, and what comes out of the merger."""

    def __init__(self, delays: dict[str, float], **options: object) -> None:
        self.clock = SetClock()
        self.sent: list[Event] = []
        self.sent_at: list[float] = []
        self.merger = DetectionMerger(self, self.clock)  # type: ignore[arg-type]  # an EventRecorder in all that matters
        self._numbers = dict.fromkeys(delays, 0)
        self.delays = delays
        sources = [{"id": name, "name": name, "kind": "file", "room": "hall", "input": {"path": "x"}} for name in delays]
        self.merger.apply(Settings.model_validate({"version": 3, "sources": sources, "merge_rooms": True, **options}))
        for name in delays:
            self.merger.observe(SourceStatus(name, State.LIVE))

    def record(self, event: Event, _age_s: float = 0.0) -> None:
        self.sent.append(event)
        self.sent_at.append(self.clock.now)

    def event(self, source: str, at: float, **more: object) -> Event:
        """Return what ``source`` reports of a clap that is made ``at``."""
        self._numbers[source] += 1
        values: dict[str, object] = {"epoch": "e", "score": 0.9, "claps": 1, **more}
        timestamp = 1_700_000_000.0 + at + self.delays[source]
        return Event(
            source,
            source,
            "file",
            sequence=self._numbers[source],
            onset_s=at,
            decided_s=at + 0.1,
            timestamp=timestamp,
            **values,
        )  # type: ignore[arg-type]  # what the fields are is data here

    def play(self, claps: list[tuple[float, list[str]]], jitter_s: float = 0.0, seed: int = 0) -> list[Event]:
        """Let the sources hear claps at these times; return what is sent."""
        random_ = random.Random(seed)
        reports: list[tuple[float, Callable[[], None]]] = []
        for at, hearers in claps:
            for source in hearers:
                event = self.event(source, at + random_.uniform(-jitter_s, jitter_s))
                decided = at + self.delays[source] + random_.uniform(0.1, 0.2)
                reports.append((decided, lambda event=event: self.merger.record(event)))
        begin = len(self.sent)
        for due, report in sorted(reports, key=lambda found: found[0]):
            self.run_until(due)
            report()
        self.run_until(self.clock.now + 2)
        return self.sent[begin:]

    def run_until(self, due: float) -> None:
        while self.clock.now < due:
            self.merger.send_due()
            self.clock.now = min(due, self.clock.now + 0.01)
        self.merger.send_due()


def times(n: int, gap: Callable[[int], float], start: float = 1001.0) -> list[float]:
    found = [start]
    for i in range(n - 1):
        found.append(found[-1] + gap(i))
    return found


def test_a_clap_that_three_hear_is_one_whatever_their_delays() -> None:
    room = Room(DELAYS)
    sent = room.play([(at, [*DELAYS]) for at in times(100, lambda i: 1.0 + i % 3)], jitter_s=0.02)
    assert len(sent) == 100
    assert all(set(event.heard_by) == set(DELAYS) for event in sent)
    assert room.merger.delays() == pytest.approx({"near": 0, "far": 0.19, "camera": 0.38}, abs=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_claps_a_quarter_of_a_second_apart_never_merge(seed: int) -> None:
    """Not even before the paths are known, while every source hears every clap."""
    room = Room(DELAYS)
    assert len(room.play([(at, [*DELAYS]) for at in times(60, lambda _: 0.25)], jitter_s=0.02, seed=seed)) == 60


def test_once_the_paths_are_known_a_clap_that_only_one_hears_stays_its_own() -> None:
    room = Room(DELAYS)
    room.play([(at, [*DELAYS]) for at in times(5, lambda _: 2.0)])
    some = [["near", "camera"], ["far"], ["near"], ["camera"], ["near", "far"], ["far", "camera"]]
    sent = room.play(
        [(at, some[i % 6]) for i, at in enumerate(times(60, lambda _: 0.25, room.clock.now + 1))], jitter_s=0.02
    )
    assert [sorted(event.hearers) for event in sent] == [sorted(some[i % 6]) for i in range(60)]


def test_the_nearest_comes_first_and_is_the_detection() -> None:
    """It is the loudest; without levels the surest."""
    room = Room({"near": 0.02, "far": 0.05, "camera": 0.1})
    room.clock.now = 1001.3
    room.merger.observe(Levels((Level("near", -30, -40), Level("far", -6, -20), Level("camera", -12, -20))))
    (event,) = room.play([(1001.2, [*DELAYS])])
    assert (event.source_id, event.heard_by) == ("far", ("far", "camera", "near"))
    room.clock.now = 1010.0
    room.merger.record(room.event("near", 1010.0, score=0.6))
    room.merger.record(room.event("far", 1010.0, score=0.8))
    room.run_until(1012.0)
    assert room.sent[-1].heard_by == ("far", "near")


def test_a_source_that_missed_the_first_of_two_claps_adds_no_detection() -> None:
    room = Room({"near": 0.0, "far": 0.0})
    room.merger.record(room.event("near", 1001.0, claps=2))
    room.merger.record(room.event("far", 1001.4, claps=1))
    room.run_until(1003)
    assert [(event.claps, sorted(event.heard_by)) for event in room.sent] == [(2, ["far", "near"])]


def test_what_all_have_reported_is_sent_at_once_and_what_one_misses_after_a_bounded_wait() -> None:
    room = Room({"near": 0.0, "far": 0.0})
    for source in ("near", "far"):
        room.merger.record(room.event(source, 1000.0))
    room.merger.send_due()
    assert room.sent_at == [1000.0]
    room.merger.record(room.event("near", 1000.0 + 1))
    room.run_until(1005)
    assert room.sent_at[1] == pytest.approx(1000 + SPREAD_S + DECISION_S, abs=0.02)
    room.merger.observe(SourceStatus("far", State.RETRYING))
    room.clock.now = 1010.0
    room.merger.record(room.event("near", 1010.0))
    room.merger.send_due()
    assert room.sent_at[2] == 1010.0


def test_what_comes_too_late_is_swallowed_and_a_stream_that_begins_again_is_measured_anew() -> None:
    room = Room({"near": 0.0, "far": 0.0})
    room.play([(at, ["near", "far"]) for at in times(4, lambda _: 2.0)])
    assert room.merger.delays() == {"near": 0, "far": 0}
    at = room.clock.now + 1
    room.run_until(at)
    room.merger.record(room.event("near", at))
    room.run_until(at + 2)
    n = len(room.sent)
    room.merger.record(room.event("far", at))
    room.run_until(at + 4)
    assert len(room.sent) == n
    room.merger.record(room.event("far", at + 4, epoch="another"))
    assert room.merger.delays() == {}


def test_without_the_setting_and_alone_everything_passes_at_once() -> None:
    for room in (Room(DELAYS, merge_rooms=False), Room({"near": 0.0})):
        room.merger.record(room.event("near", 1000.0))
        assert [event.hearers for event in room.sent] == [("near",)]
        assert room.sent[0].heard_by == ()


def test_each_receiver_gets_what_several_heard_once(tmp_path: Path) -> None:
    """All webhooks of the room get it, an address that several of its sources name once, with the names of all who heard."""
    with Receiver(answer(204)) as shared, Receiver(answer(204)) as own:
        hooks = {"near": [shared], "far": [shared, own]}
        sources = [
            {"id": name, "name": name, "kind": "file", "room": "hall", "input": {"path": "x"}, "enabled": False,
             "webhooks": [{"id": f"w{i}", "url": receiver.url} for i, receiver in enumerate(hooks[name])]}
            for name in hooks
        ]  # fmt: skip
        (tmp_path / "settings.json").write_text(json.dumps({"version": 3, "sources": sources, "merge_rooms": True}))
        service = Application(tmp_path)
        service.start()
        try:
            now = time.time()
            for source in hooks:
                service.merger.observe(SourceStatus(source, State.LIVE))
            for source, score in (("near", 0.6), ("far", 0.9)):
                service.merger.record(Event(source, source, "file", "e", 0, 1.0, 1.1, now, score))
            bodies = [receiver.wait_for(1)[0].json for receiver in (shared, own)]
            assert [(body["source_id"], body["heard_by"]) for body in bodies] == [("far", ["far", "near"])] * 2
            (event,) = service.snapshot()["events"]
            assert event["heard_by"] == ["far", "near"]
        finally:
            service.stop()
        assert (len(shared.requests), len(own.requests)) == (1, 1)


def test_its_thread_sends_what_waits_and_at_the_end_everything() -> None:
    room = Room({"near": 0.0, "far": 0.0})
    room.merger.start()
    room.merger.record(room.event("near", 1000.0))
    room.merger.stop()
    assert len(room.sent) == 1


@pytest.mark.parametrize("seed", range(5))
def test_paths_are_learnt_from_rows_of_which_sources_miss_claps(seed: int) -> None:
    """Whoever misses the first of a row is one clap behind: that must not be taken for the length of its path."""
    random_ = random.Random(seed)
    rows = [at + 0.25 * i for at in times(16, lambda _: 3.5) for i in range(4)]
    heard = [(at, [source for source in DELAYS if source == "near" or random_.random() < 0.7]) for at in rows]
    room = Room(DELAYS)
    room.play(heard[:32], jitter_s=0.01, seed=seed)
    assert room.merger.delays() == pytest.approx({"near": 0, "far": 0.19, "camera": 0.38}, abs=0.02)
    later = [(at + room.clock.now - heard[32][0] + 1, sources) for at, sources in heard[32:]]
    sent = sorted(room.play(later, jitter_s=0.01, seed=seed), key=lambda event: event.onset_s)
    assert [sorted(event.hearers) for event in sent] == [sorted(sources) for _, sources in later]
