"""One source's life: states, retries, epochs, containment."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from tests.peers.waiting import wait_until

from claptrap.audio.frame import Frame
from claptrap.core.backoff import Backoff
from claptrap.core.clock import Clock
from claptrap.core.errors import SourceError
from claptrap.core.events import SourceStatus, State, Status
from claptrap.core.spec import MicrophoneInput, SourceSpec
from claptrap.runtime.liveness import NEVER_OPEN_S, NO_FRAMES_S, ZEROS_S
from claptrap.runtime.runner import HEALTHY_S, INTERRUPTED_S, PERMANENT_RETRY_S, Runner, RunnerContext
from claptrap.runtime.stream import RING_HOPS, Stream
from claptrap.sources.base import Sink

SPEC = SourceSpec("mic", "Salon", MicrophoneInput())
GONE = SourceError("source.device_lost", retryable=True, device="USB")


class HandClock(Clock):
    """Time that moves when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def unix(self) -> float:
        return 1.7e9 + self.now


class Script:
    """A source whose every run is the next step; the last one waits for the stop. Also collects what comes out."""

    def __init__(self, *steps: Callable[[Sink], None]) -> None:
        self.steps = list(steps)
        self.clock = HandClock()
        self.streams: list[Stream] = []
        self.told: list[SourceStatus] = []
        self.played = threading.Event()

    def run(self, sink: Sink) -> None:
        if self.steps:
            self.steps.pop(0)(sink)
            return
        self.played.set()
        sink.stop.wait()

    def long_life(self, sink: Sink) -> None:
        """A step: healthy long enough to forget failures, then gone."""
        live(sink)
        for _ in range(int(HEALTHY_S) + 1):
            self.clock.now += 1
            sound(sink)
        raise GONE

    def offer(self, status: Status) -> None:
        assert isinstance(status, SourceStatus)
        self.told.append(status)

    def states(self) -> list[State]:
        return [s.state for i, s in enumerate(self.told) if i == 0 or s.state != self.told[i - 1].state]

    def surroundings(self) -> RunnerContext:
        backoff = Backoff(first_s=1e-4, max_s=1e-3, rng=random.Random(1))
        return RunnerContext(lambda _: self, self.streams.append, self, self.clock, backoff)

    @contextmanager
    def runner(self) -> Iterator[Runner]:
        runner = Runner(SPEC, 3, self.surroundings())
        runner.start()
        assert self.played.wait(5)
        yield runner
        runner.halt()
        runner.join()


def live(sink: Sink) -> None:
    sink.live(16_000, 1)
    sound(sink)


def sound(sink: Sink) -> None:
    sink.frame(Frame(np.zeros((640, 1), np.float32), 16_000))


def fail(error: Exception) -> Callable[[Sink], None]:
    def step(sink: Sink) -> None:
        live(sink)
        raise error

    return step


def test_a_lost_device_is_tried_again_under_a_new_epoch() -> None:
    """A source comes back by itself; the sound before and after the break has different names."""
    script = Script(fail(GONE))

    def later(sink: Sink) -> None:
        script.clock.now += 1
        fail(GONE)(sink)

    script.steps.append(later)
    with script.runner():
        pass
    assert script.states()[:4] == [State.CONNECTING, State.LIVE, State.RETRYING, State.CONNECTING]
    retrying = next(s for s in script.told if s.state is State.RETRYING)
    assert (retrying.code, retrying.attempt) == ("source.device_lost", 1)
    assert script.streams[0].ended
    assert len({stream.epoch for stream in script.streams}) == 2


def refuse(error: Exception) -> Callable[[Sink], None]:
    def step(_sink: Sink) -> None:
        raise error

    return step


def test_who_was_live_is_tried_again_soon_whatever_the_reason() -> None:
    """A MediaMTX that restarts answers 404 until its own source is back: 20 to 30 s of silence were the answer."""
    missing = SourceError("rtsp.not_found", where="rtsp://camera/…")
    script = Script(fail(GONE), refuse(missing), refuse(missing), refuse(missing))
    with script.runner():
        pass
    assert State.FAILED not in script.states()
    assert [s.attempt for s in script.told if s.state is State.RETRYING] == [1, 2, 3, 4]
    assert all(s.next_in_s < 1 for s in script.told)


def test_a_minute_later_it_is_a_person_s_affair() -> None:
    """What lasts is no interruption: the camera was given another password."""
    script = Script(fail(GONE))

    def refused_later(_sink: Sink) -> None:
        script.clock.now += INTERRUPTED_S
        raise SourceError("rtsp.unauthorized", where="rtsp://camera/…")

    script.steps.append(refused_later)
    runner = Runner(SPEC, 0, script.surroundings())
    runner.start()
    while not any(s.state is State.FAILED for s in list(script.told)):
        assert runner._thread.is_alive()
    runner.halt()
    runner.join()
    assert next(s for s in script.told if s.state is State.FAILED).next_in_s == PERMANENT_RETRY_S


def test_failures_in_a_row_are_counted_and_a_healthy_life_forgets_them() -> None:
    """Back-off grows while it keeps failing and starts anew after 30 s of health."""
    script = Script(fail(GONE), fail(GONE))
    script.steps.append(script.long_life)
    with script.runner():
        pass
    assert [s.attempt for s in script.told if s.state is State.RETRYING] == [1, 2, 1]


def test_a_source_that_fails_for_weeks_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever looks sees each try; the log has each reason once an hour, and again after the source was well."""
    script = Script(*[fail(GONE)] * 50, fail(SourceError("source.no_portaudio", retryable=True)))
    script.steps.append(script.long_life)
    with script.runner():
        pass
    assert sum(s.state is State.RETRYING for s in script.told) == 52
    said = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert ["no_portaudio" in line for line in said] == [False, True, False]


def test_an_unexpected_fault_is_contained_and_told() -> None:
    """A bug in one source ends neither its thread nor the others."""
    script = Script(fail(ZeroDivisionError("oops")))
    with script.runner():
        pass
    crashed = next(s for s in script.told if s.state is State.RETRYING)
    assert crashed.code == "source.crashed"
    assert "oops" in str(crashed.params["reason"])


def test_what_a_person_must_mend_is_failed_and_stops_at_once() -> None:
    """A permanent fault is shown as such, and stopping does not wait for its slow retry."""
    script = Script(refuse(SourceError("source.no_portaudio")))
    runner = Runner(SPEC, 0, RunnerContext(lambda _: script, script.streams.append, script, script.clock))
    runner.start()
    while not any(s.state is State.FAILED for s in list(script.told)):
        assert runner._thread.is_alive()
    runner.halt()
    runner.join()
    assert not runner._thread.is_alive()
    failed = next(s for s in script.told if s.state is State.FAILED)
    assert (failed.code, failed.next_in_s) == ("source.no_portaudio", 60.0)
    assert script.told[-1].state is State.IDLE


def test_a_stream_that_hearing_gave_up_begins_anew() -> None:
    """When hearing breaks down, the source ends its stream and opens another."""
    script = Script()

    def given_up(sink: Sink) -> None:
        sink.live(16_000, 1)
        script.streams[-1].fail("ValueError: x")
        sink.frame(Frame(np.zeros((640, 1), np.float32), 16_000))

    script.steps += [given_up, fail(GONE)]
    with script.runner():
        pass
    assert next(s.code for s in script.told if s.state is State.RETRYING) == "source.deaf"
    assert len(script.streams) == 2


def test_the_end_of_a_recording_is_the_end() -> None:
    """A source that returns is not started again, and its last hop is written."""
    script = Script(live)
    runner = Runner(SPEC, 0, RunnerContext(lambda _: script, script.streams.append, script, script.clock))
    runner.start()
    runner.join()
    assert runner.status.state is State.ENDED
    assert len(script.streams[0].ring) == 2
    assert script.streams[0].ended


def test_a_source_that_waits_by_itself_says_why_and_comes_back() -> None:
    """Its epoch ends, its reason is shown, nothing is reopened; the next sound is a new epoch."""
    script = Script()

    def waits(sink: Sink) -> None:
        live(sink)
        sink.waiting("vban.lost", host="10.0.0.2", stream="Mic", seconds=10.0)
        assert script.streams[0].ended
        live(sink)
        script.run(sink)

    script.steps.append(waits)
    with script.runner():
        pass
    assert script.states()[:4] == [State.CONNECTING, State.LIVE, State.RETRYING, State.LIVE]
    waiting = next(s for s in script.told if s.state is State.RETRYING)
    assert (waiting.code, waiting.params["stream"], waiting.next_in_s) == ("vban.lost", "Mic", 0.0)
    assert len(script.streams) == 2
    assert all(len(stream.ring) == 2 for stream in script.streams)
    assert script.told[-1].code == ""


def test_what_was_lost_is_told_by_who_lost_it() -> None:
    """Sound that never arrived and sound that nobody heard in time are two counts; both outlive a break."""
    script = Script()

    def lossy(sink: Sink) -> None:
        sink.pacing.attend(is_watched=True)  # so that no frame waits for the next
        live(sink)
        sink.frame(Frame(np.zeros((320, 1), np.float32), 16_000, lost_samples=10 * 320))
        for _ in range(RING_HOPS):  # nobody reads
            sink.frame(Frame(np.zeros((320, 1), np.float32), 16_000))
        script.clock.now += 1
        sound(sink)
        raise GONE

    script.steps += [lossy, lossy]
    with script.runner():
        pass
    told = [(s.missing_hops, s.dropped_hops) for s in script.told if s.state is State.RETRYING]
    assert told[0] == (10, 5)  # 2 hops of ``live``, 1 after the loss, 2 of the last frame did not fit beside the rest
    assert told[1] == (20, 10)


def test_a_source_that_begins_anew_ends_its_epoch() -> None:
    """Sound that does not continue what came before is another stream, within the same run."""
    script = Script()

    def twice(sink: Sink) -> None:
        live(sink)
        script.clock.now += 1
        live(sink)
        script.run(sink)

    script.steps.append(twice)
    with script.runner():
        pass
    assert [stream.ended for stream in script.streams] == [True, True]
    assert len({stream.epoch for stream in script.streams}) == 2


# -- the watchdog -----------------------------------------------------------------------------------------------------------


def mute(sink: Sink) -> None:
    """Open, then wait for sound for ever, as a source does whose peer has frozen."""
    live(sink)
    sink.stop.wait()


def never_opens(sink: Sink) -> None:
    sink.stop.wait()


@pytest.mark.parametrize(("step", "after_s"), [(mute, NO_FRAMES_S), (never_opens, NEVER_OPEN_S)])
def test_a_source_that_waits_for_ever_is_opened_anew(step: Callable[[Sink], None], after_s: int) -> None:
    """No source can sleep for ever, whatever it waits for; and it is told why."""
    script = Script(step)
    runner = Runner(SPEC, 0, script.surroundings())
    runner.start()
    wait_until(lambda: not script.steps)
    wait_until(lambda: step is never_opens or [told.state for told in script.told[-1:]] == [State.LIVE])
    for _ in range(after_s):
        assert not script.played.is_set()
        script.clock.now += 1
        runner.watch()
    assert script.played.wait(5)
    runner.halt()
    runner.join()
    retrying = next(s for s in script.told if s.state is State.RETRYING)
    assert (retrying.code, retrying.params["seconds"], retrying.attempt) == ("source.silent", after_s, 1)


def test_a_source_that_opens_and_stays_mute_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """It is opened anew again and again; that it gives no sound is said by the watchdog and at the next try, once each."""
    script = Script(mute, mute, mute)
    runner = Runner(SPEC, 0, script.surroundings())
    runner.start()
    for n in range(1, 4):
        wait_until(lambda n=n: script.states().count(State.LIVE) == n)  # type: ignore[misc]  # mypy cannot type a default of a lambda
        for _ in range(NO_FRAMES_S):
            script.clock.now += 1
            runner.watch()
    assert script.played.wait(5)
    runner.halt()
    runner.join()
    assert [record.levelno for record in caplog.records].count(logging.WARNING) == 2


def test_a_source_that_waits_by_itself_is_left_alone() -> None:
    """However long it waits; and when it is live again, its silence is counted from there."""
    waits, go_on, lives = threading.Event(), threading.Event(), threading.Event()

    def comes_back(sink: Sink) -> None:
        live(sink)
        sink.waiting("vban.lost", host="10.0.0.2", stream="Mic", seconds=8.0)
        waits.set()
        assert go_on.wait(5)
        sink.live(16_000, 1)
        lives.set()
        sink.stop.wait()

    script = Script(comes_back)
    runner = Runner(SPEC, 0, script.surroundings())
    runner.start()
    assert waits.wait(5)
    for _ in range(3 * NEVER_OPEN_S):
        script.clock.now += 1
        runner.watch()
    assert (runner.status.state, runner.status.code) == (State.RETRYING, "vban.lost")
    assert not runner.stop.is_set()
    go_on.set()
    assert lives.wait(5)
    wait_until(lambda: runner.status.state is State.LIVE)
    for _ in range(NO_FRAMES_S - 1):
        script.clock.now += 1
        runner.watch()
    assert not runner.stop.is_set()
    script.clock.now += 1
    runner.watch()
    assert script.played.wait(5)
    runner.halt()
    runner.join()


def test_a_muted_source_is_warned_of_and_goes_on() -> None:
    """Zeros are a code on a live source, taken back at the first real sound; its stream is not broken for them."""
    heard, go_on = threading.Event(), threading.Event()

    def muted(sink: Sink) -> None:
        sink.live(16_000, 1)
        for _ in range(ZEROS_S):
            script.clock.now += 1
            sink.frame(Frame(np.zeros((16_000, 1), np.float32), 16_000))
        heard.set()
        assert go_on.wait(5)
        sink.frame(Frame(np.linspace(0, 1, 16_000, dtype=np.float32)[:, None], 16_000))
        heard.set()
        sink.stop.wait()

    script = Script(muted)
    runner = Runner(SPEC, 0, script.surroundings())
    runner.start()
    for expected in ("source.zeros", ""):
        assert heard.wait(5)
        heard.clear()
        runner.watch()
        assert (runner.status.state, runner.status.code) == (State.LIVE, expected)
        go_on.set()
    runner.halt()
    runner.join()
    assert len(script.streams) == 1


def test_a_source_that_opens_just_when_it_is_to_be_reopened_is_opened_again() -> None:
    """What it says meanwhile hides not why it was ended: it has not come to its end by itself."""

    def opens_late(sink: Sink) -> None:
        sink.stop.wait()
        live(sink)

    script = Script(opens_late, mute)
    runner = Runner(SPEC, 0, script.surroundings())
    runner.start()
    wait_until(lambda: len(script.steps) == 1)
    for _ in range(NEVER_OPEN_S):
        script.clock.now += 1
        runner.watch()
    wait_until(lambda: not script.steps)
    runner.halt()
    runner.join()
    assert State.ENDED not in script.states()
    assert next(told.code for told in script.told if told.state is State.RETRYING) == "source.silent"


def test_halting_is_never_lost_to_the_watchdog() -> None:
    """Whoever halts wins, at whatever moment the watchdog reopens."""
    for _ in range(200):
        script = Script(mute, mute, mute)
        runner = Runner(SPEC, 0, script.surroundings())
        runner.start()
        wait_until(lambda: [told.state for told in script.told[-1:]] == [State.LIVE])  # noqa: B023  # called within this round
        script.clock.now += 1
        for _ in range(NO_FRAMES_S):
            script.clock.now += 1
            runner.watch()
        runner.halt()
        runner.join()
        assert not runner._thread.is_alive()
        assert runner.status.state is State.IDLE
