"""What a page shows of the time before it was opened: the last minute of a source, and its day."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from claptrap.core.clock import Clock
from claptrap.core.events import DetectionRunning, Level, Levels, SourceStatus, State, Verdict
from claptrap.detect.embedding import Embedding
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.service.availability import MOST_WEEKS, WEEK_S, Availability, week_of, week_start
from claptrap.service.candidates import KeptCandidates
from claptrap.service.recent import SECONDS, LastMinute

NOON = 1_700_000_000.0 // 3600 * 3600


class SetClock(Clock):
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOON
        self.wrong_by = 0.0  # only the time of day

    def monotonic(self) -> float:
        return self.now

    def unix(self) -> float:
        return self.now + self.wrong_by


def status(state: State) -> SourceStatus:
    return SourceStatus("salon", state)


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


def test_the_share_of_each_hour_in_which_a_source_was_heard(tmp_path: Path, clock: SetClock) -> None:
    """Half an hour live, a quarter broken, a quarter off: heard for two thirds of the time in which it was wanted."""
    day = Availability(tmp_path / "availability.json", clock)
    day.open()
    for minutes, state in ((0, State.LIVE), (30, State.RETRYING), (45, State.IDLE), (60, State.LIVE)):
        clock.now = NOON + 60 * minutes
        day.add(status(state))
    clock.now = NOON + 90 * 60
    shown = day.shown(["salon", "cuisine"], {"salon": {int(NOON // 3600): 3}})
    assert shown["salon"]["start"] == NOON - 22 * 3600
    assert shown["salon"]["live"] == [*[None] * 22, pytest.approx(2 / 3, abs=0.001), 1.0]
    assert shown["salon"]["detections"] == [*[0] * 22, 3, 0]
    assert shown["cuisine"]["live"] == [None] * 24


def test_a_day_goes_on_after_a_restart_and_ends_after_24_hours(tmp_path: Path, clock: SetClock) -> None:
    day = Availability(tmp_path / "availability.json", clock)
    day.open()
    day.add(status(State.FAILED))
    clock.now += 1800
    day.add(DetectionRunning(running=False))
    day.save()
    clock.now += 1800  # nobody hears: neither up nor down
    again = Availability(tmp_path / "availability.json", clock)
    again.open()
    again.add(status(State.LIVE))
    clock.now += 1800
    assert again.shown(["salon"], {})["salon"]["live"][-2:] == [0.0, 1.0]
    again.add(DetectionRunning(running=False))
    clock.now += 24 * 3600
    assert again.shown(["salon"], {})["salon"]["live"] == [None] * 24


def test_a_week_has_the_share_heard_and_the_outages_and_the_newest_are_kept(tmp_path: Path, clock: SetClock) -> None:
    """Two outages of an hour in three days; being off is none; a restart keeps them."""
    clock.now = week_start(week_of(NOON))
    week = Availability(tmp_path / "availability.json", clock)
    week.open()
    for hours, state in ((0, State.LIVE), (24, State.RETRYING), (25, State.LIVE), (47, State.FAILED), (48, State.IDLE)):
        clock.now = week_start(week_of(NOON)) + 3600 * hours
        week.add(status(state))
    week.save()
    again = Availability(tmp_path / "availability.json", clock)
    again.open()
    assert again.week("salon", week_of(NOON)) == {"live": pytest.approx(46 / 48, abs=0.001), "outages": 2}
    again.add(status(State.LIVE))
    for _ in range(MOST_WEEKS):
        clock.now += WEEK_S
        assert again.week("salon", week_of(clock.now))["live"] == 1.0
    assert again.week("salon", week_of(NOON)) == {"live": None, "outages": 0}
    again.keep([])
    assert again.week("salon", week_of(clock.now)) == {"live": None, "outages": 0}


def test_a_clock_that_is_wrong_for_a_while_forgets_and_invents_nothing(tmp_path: Path, clock: SetClock) -> None:
    """Ten years ahead for half a minute: the hour before it is still known, and no year was heard."""
    day, candidates = Availability(tmp_path / "availability.json", clock), KeptCandidates(clock)
    day.open()
    candidates.add(
        KeptCandidate(
            "salon", "e", 0, clock.unix(), 0.9, 0.9, True, (), Embedding(np.zeros(1, np.float32), None), None, False
        )
    )
    day.add(status(State.LIVE))
    clock.now += 1800
    day.add(status(State.RETRYING))
    for wrong_by in (3.2e8, 0.0):
        clock.wrong_by = wrong_by
        clock.now += 30
        day.add(status(State.LIVE))
        assert len(candidates.of("salon")) == 1
    assert day.shown(["salon"], {})["salon"]["live"][-1] == pytest.approx(1.0, abs=0.02)
    assert day.week("salon", week_of(NOON))["outages"] == 1
    day.save()
    assert len((tmp_path / "availability.json").read_text()) < 500
    clock.now += 86_401.0
    assert not candidates.of("salon")


def test_a_file_that_cannot_be_read_costs_the_day_and_no_more(tmp_path: Path, clock: SetClock) -> None:
    (tmp_path / "availability.json").write_text("{")
    day = Availability(tmp_path / "availability.json", clock)
    day.open()
    day.add(status(State.LIVE))
    clock.now += 60
    assert day.shown(["salon"], {})["salon"]["live"][-1] == 1.0


def test_the_last_minute_has_the_peak_of_each_second_and_the_verdicts(clock: SetClock) -> None:
    minute = LastMinute(clock)
    minute.add(Verdict("salon", NOON - 1, 0.9, 0.5, accepted=True, code="verdict.clap"))
    for second in range(100):
        clock.now = NOON + second
        minute.add(Levels((Level("salon", -30.0, -40.0),)))
        minute.add(Levels((Level("salon", -20.0 - second, -40.0),)))
    minute.add(Verdict("salon", clock.now, 0.2, 0.5, accepted=False))
    clock.now += 2  # of which there is no sound
    shown = minute.shown()["salon"]
    assert len(shown["levels"]) == SECONDS
    assert shown["levels"][-3:] == [-30.0, None, None]
    assert [one["score"] for one in shown["verdicts"]] == [0.2]
    minute.keep([])
    assert minute.shown() == {}
