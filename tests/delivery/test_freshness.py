"""A clap is a command: what waits is sent while it is fresh, and told as too late afterwards. The clock is ours."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.delivery.test_dispatcher import QUICK, SLOW, Attempts, clap, done
from tests.peers.broker import MOSQUITTO, Broker, Watcher
from tests.peers.receiver import Receiver, answer, dead_url, silence
from tests.peers.waiting import wait_until

from claptrap.core.backoff import Backoff
from claptrap.core.clock import Clock
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.delivery.mqtt import MqttLink
from claptrap.delivery.registry import SENDERS, Senders
from claptrap.history.deliveries import DeliveryFilter
from claptrap.history.journal import Journal
from claptrap.receivers import BrokerSpec, ReceiverSpec, WebhookSpec

NOON = 1_700_000_000.0
HOURS_12 = 12 * 3600.0


class SetClock(Clock):
    """Goes on when it is told to; its time of day can be set."""

    def __init__(self) -> None:
        self._ran_s, self._set_by_s = 5_000.0, 0.0

    def monotonic(self) -> float:
        return self._ran_s

    def unix(self) -> float:
        return NOON + self._ran_s + self._set_by_s

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._ran_s += seconds

    def set(self, by_s: float) -> None:
        """Set the time of day."""
        self._set_by_s += by_s


class House:
    """A dispatcher with a journal, on a clock of ours."""

    def __init__(self, clock: SetClock, attempts: Attempts, journal: Journal, dispatcher: Dispatcher) -> None:
        self.clock, self.attempts, self.journal, self.dispatcher = clock, attempts, journal, dispatcher

    def hear(self, sequence: int) -> None:
        """Hear a clap."""
        self.dispatcher.dispatch(clap(sequence))

    def late(self, n: int) -> set[str]:
        """Return what was too late, once so many are."""
        return {a.event_id for a in self.attempts.wait_for(lambda a: a.code == "delivery.too_late", n)}

    def in_state(self, state: str) -> list[str]:
        """Return what the history has in a state."""
        which = DeliveryFilter(state=state)  # type: ignore[arg-type]  # one of them
        return [row.event_id for row in self.journal.deliveries(which, 100).rows]


@contextmanager
def house(
    *targets: ReceiverSpec,
    clock: SetClock | None = None,
    file: Path | None = None,
    backoff: Backoff = QUICK,
    senders: Senders = SENDERS,
) -> Iterator[House]:
    clock, attempts = clock or SetClock(), Attempts()
    journal = Journal(file, clock)
    journal.open()
    dispatcher = Dispatcher(journal, attempts, clock, backoff, probes=backoff, senders=senders)
    try:
        dispatcher.apply(targets)
        yield House(clock, attempts, journal, dispatcher)
    finally:
        dispatcher.stop(0.0)
        journal.close()


def hook(url: str, **how: object) -> WebhookSpec:
    return replace(WebhookSpec("salon.webhook", "salon", url, title="Salon"), **how)  # type: ignore[arg-type]  # by name


CLAPS_AT = (0.0, 0.5, 1.0)  # parts of the time that the receiver is away, the last a second before its end
LEDGER = {
    5.0: (["told", "told", "told"]),
    18.0: (["late", "told", "told"]),
    60.0: (["late", "late", "told"]),
    HOURS_12: (["late", "late", "told"]),
}


def away(found: House, away_s: float) -> int:
    """Let a receiver be away for so long, with three claps meanwhile; return how many must be too late by then."""
    heard_at = [part * away_s - (1.0 if part == 1.0 else 0.0) for part in CLAPS_AT]
    now = 0.0
    for sequence, at in enumerate(heard_at):
        found.clock.advance(at - now)
        now = at
        found.hear(sequence)
    found.clock.advance(away_s - now)
    return LEDGER[away_s].count("late")


@pytest.mark.parametrize("away_s", LEDGER)
def test_the_ledger_of_a_webhook_receiver_that_was_away(away_s: float) -> None:
    """Fresh claps arrive once, in order, from the first of an outage on; the rest is told as too late, and can be sent."""
    url = dead_url()
    with house(hook(url)) as found:
        found.hear(0)
        found.attempts.wait_for(lambda a: a.code == "delivery.refused", 8)  # more than max_attempts, more than the circuit
        n_late = away(found, away_s)
        assert len(found.late(n_late)) == n_late if n_late else True
        with Receiver(port=urlsplit(url).port or 0) as receiver:
            receiver.wait_for(3 - n_late)
            found.attempts.wait_for(lambda a: a.ok, 3 - n_late)
            found.hear(3)
            told = [request.json["event_id"] for request in receiver.wait_for(4 - n_late)]
            ledger = ["told" if clap(i).id in told else "late" for i in range(3)]
            assert ledger == LEDGER[away_s]
            assert told == [clap(i).id for i in range(4) if clap(i).id in told]
            assert sorted(found.in_state("late")) == [clap(i).id for i in range(3) if clap(i).id not in told]
            if n_late:
                (row,) = found.journal.deliveries(DeliveryFilter(event_id=clap(0).id), 1).rows
                found.dispatcher.replay(found.journal.delivery(row.id))
                found.attempts.wait_for(lambda a: a.event_id == clap(0).id and a.ok)
                assert receiver.requests[-1].json["event_id"] == clap(0).id


@pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is missing: sudo apt install mosquitto")
@pytest.mark.parametrize("away_s", LEDGER)
def test_the_ledger_of_a_broker_that_was_away(tmp_path: Path, away_s: float) -> None:
    broker = Broker(tmp_path)
    link = MqttLink(lambda _: None, lambda: None, Backoff(0.01, 0.02))
    spec = BrokerSpec("127.0.0.1", port=broker.port, timeout_s=0.3)
    with ExitStack() as stack:
        stack.callback(link.stop)
        found = stack.enter_context(house(spec, senders={**SENDERS, BrokerSpec.KIND: lambda: link}))
        link.retarget(spec)
        n_late = away(found, away_s)
        assert len(found.late(n_late)) == n_late if n_late else True
        with broker, Watcher(broker.port) as home:
            found.attempts.wait_for(lambda a: a.ok, 3 - n_late)
            found.hear(3)
            found.attempts.wait_for(lambda a: a.ok, 4 - n_late)
            home.wait_for(lambda: home.events and clap(3).id.encode() in home.events[-1][1])
            assert sorted(found.in_state("late")) == [clap(i).id for i in range(3) if LEDGER[away_s][i] == "late"]
            assert sorted(found.in_state("taken")) == [
                *(clap(i).id for i in range(3) if LEDGER[away_s][i] == "told"),
                clap(3).id,
            ]


@pytest.mark.parametrize("set_by_s", [-3 * HOURS_12, 3.0 * 365 * 86_400])
def test_a_time_of_day_that_is_set_makes_nothing_older_or_younger(set_by_s: float) -> None:
    """A board without a battery whose clock is set by the network just after a clap."""
    url = dead_url()
    with house(hook(url)) as found:
        found.hear(0)
        found.attempts.wait_for(lambda a: a.code == "delivery.refused")
        found.clock.advance(7.0)
        found.clock.set(set_by_s)
        with Receiver(port=urlsplit(url).port or 0) as receiver:
            receiver.wait_for(1)
            found.attempts.wait_for(lambda a: a.ok)
        found.hear(1)
        found.attempts.wait_for(lambda a: a.event_id == clap(1).id)
        found.clock.advance(10.5)
        assert found.late(1) == {clap(1).id}


@pytest.mark.parametrize(
    ("passed_s", "set_by_s", "is_told"),
    [(6.0, 0.0, True), (11.0, 0.0, False), (HOURS_12, 0.0, False), (6.0, -3600.0, False), (6.0, 3600.0, False)],
)
def test_over_a_restart_the_time_of_day_counts_where_it_was_not_set(
    tmp_path: Path, passed_s: float, set_by_s: float, *, is_told: bool
) -> None:
    """In doubt a clap is too old: it can still be sent by hand."""
    url, clock, file = dead_url(), SetClock(), tmp_path / "history.sqlite"
    with house(hook(url), clock=clock, file=file, backoff=SLOW) as before:
        before.hear(0)
        before.attempts.wait_for(lambda a: a.code == "delivery.refused")
    clock.advance(passed_s)
    clock.set(set_by_s)
    with Receiver(port=urlsplit(url).port or 0) as receiver, house(hook(url), clock=clock, file=file) as after:
        (ended,) = after.attempts.wait_for(done)
        assert (ended.ok, len(receiver.requests)) == (is_told, 1 if is_told else 0)
        assert after.in_state("taken" if is_told else "late") == [clap(0).id]


@pytest.mark.parametrize(("age_s", "is_told"), [(4.0, True), (14.0, False), (3600.0, False)])
def test_a_clap_that_was_heard_late_is_as_old_as_its_sound(age_s: float, *, is_told: bool) -> None:
    """On an overloaded machine hearing is behind, and a laptop may have slept meanwhile."""
    with Receiver() as receiver, house(hook(receiver.url)) as found:
        found.dispatcher.dispatch(clap(0), age_s)
        (ended,) = found.attempts.wait_for(done)
        assert (ended.ok, len(receiver.requests)) == (is_told, 1 if is_told else 0)


def test_a_clap_that_gets_too_old_while_it_waits_is_told_as_such_at_once() -> None:
    """Not only when the next attempt would have been due."""
    with house(hook(dead_url(), max_age_s=0.3), backoff=SLOW) as found:
        found.hear(0)
        found.attempts.wait_for(lambda a: a.code == "delivery.refused")
        found.clock.advance(0.4)
        assert found.late(1) == {clap(0).id}


def test_a_receiver_that_starts_loses_no_fresh_clap() -> None:
    """Refused, then 404, then 200: as n8n and Node-RED start."""
    url = dead_url()
    with house(hook(url)) as found:
        found.hear(0)
        found.attempts.wait_for(lambda a: a.code == "delivery.refused", 6)
        with Receiver(*[answer(404)] * 6, port=urlsplit(url).port or 0) as receiver:
            receiver.wait_for(7)
            found.attempts.wait_for(lambda a: a.ok)
            assert found.in_state("taken") == [clap(0).id]


def test_not_found_is_tried_again_where_something_was_taken_before_but_not_for_a_test() -> None:
    script = [answer(204), *[answer(404)] * 5, answer(204), answer(404)]
    with Receiver(*script) as receiver, house(hook(receiver.url)) as found:
        found.hear(0)
        found.attempts.wait_for(lambda a: a.ok)
        found.hear(1)
        found.attempts.wait_for(lambda a: a.ok, 2)
        event_id = found.dispatcher.test("salon.webhook", source_id="salon", source_kind="microphone", source_name="Salon")
        (told,) = found.attempts.wait_for(lambda a: a.event_id == event_id)
        assert (told.status, told.code, told.retry_in_s) == (404, "delivery.status", None)
        assert found.in_state("given_up") == [event_id]


def test_retry_after_holds_whoever_asks_for_another_try() -> None:
    """A test, a replay, a broker that is back: none of them goes before the time that the receiver asked for."""
    with (
        Receiver(answer(429, Retry_After="40")) as receiver,
        Receiver() as other,
        house(hook(receiver.url, max_age_s=600.0), replace(hook(other.url), id="hall.webhook", source_id="hall")) as found,
    ):
        found.hear(0)
        (held,) = found.attempts.wait_for(lambda a: a.status == 429)
        assert held.retry_in_s == 40.0
        found.dispatcher.test("salon.webhook", source_id="salon", source_kind="microphone", source_name="Salon")
        found.clock.advance(39.0)
        found.dispatcher.retry_now("salon.webhook")
        found.dispatcher.dispatch(clap(0, "hall"))  # another receiver is not held up …
        found.attempts.wait_for(lambda a: a.ok)
        assert len(receiver.requests) == 1  # … and this one is
        found.clock.advance(1.0)
        found.dispatcher.retry_now("salon.webhook")
        receiver.wait_for(3)
        found.attempts.wait_for(lambda a: a.ok, 3)


def test_a_try_that_was_asked_for_costs_no_attempt() -> None:
    with (
        Receiver(then=answer(500)) as receiver,
        house(hook(receiver.url, max_attempts=2, max_age_s=600.0, idempotent=True), backoff=SLOW) as found,
    ):
        found.hear(0)
        receiver.wait_for(1)
        for n in range(2, 6):
            found.attempts.wait_for(lambda a: a.status == 500, n - 1)
            found.dispatcher.retry_now("salon.webhook")
            receiver.wait_for(n)
        found.attempts.wait_for(lambda a: a.status == 500, 5)
        assert found.in_state("waiting") == [clap(0).id]


def test_only_another_place_hurries() -> None:
    """A new name, filter or bound changes nothing of what waits; a new header has it tried at once."""
    with Receiver(answer(503), answer(503)) as receiver:
        target = hook(receiver.url, max_age_s=600.0)
        with house(target, backoff=SLOW) as found:
            found.hear(0)
            found.attempts.wait_for(lambda a: a.status == 503)
            for same in (replace(target, title="Salon d'été"), replace(target, claps=(2,)), replace(target, timeout_s=9.0)):
                found.dispatcher.apply([same])
            assert [(t.label, s.failures) for t, s in found.dispatcher.circuit_states()] == [("Salon", 1)]
            found.dispatcher.apply([replace(target, headers={"Authorization": "Bearer it-is-me"})])
            receiver.wait_for(2)
            assert "authorization" not in receiver.requests[0].headers
            assert receiver.requests[1].headers["authorization"] == "Bearer it-is-me"


@pytest.mark.parametrize("idempotent", [True, False])
def test_what_was_being_sent_when_claptrap_was_killed_is_repeated_only_to_who_ignores_repeats(
    tmp_path: Path, *, idempotent: bool
) -> None:
    """As ``kill -9`` leaves it: the request is out, and nothing is written of how it went."""
    file, clock = tmp_path / "history.sqlite", SetClock()
    with Receiver(then=silence) as receiver, house(hook(receiver.url), clock=clock, file=file) as killed:
        killed.hear(0)
        killed.hear(1)
        receiver.wait_for(1)
        shutil.copytree(tmp_path, tmp_path / "left")
    with (
        Receiver() as receiver,
        house(hook(receiver.url, idempotent=idempotent), clock=clock, file=tmp_path / "left" / "history.sqlite") as found,
    ):
        found.attempts.wait_for(done, 2)
        told = [request.json["event_id"] for request in receiver.requests]
        assert told == [clap(i).id for i in ((0, 1) if idempotent else (1,))]
        assert found.in_state("unknown") == ([] if idempotent else [clap(0).id])


def test_a_receiver_that_is_back_is_well_again_though_nothing_waits_for_it() -> None:
    """It is connected to, now and then, and sent nothing: a problem that is over must not stay on the page until a clap."""
    url = dead_url()
    with house(hook(url)) as found:
        found.hear(0)
        found.attempts.wait_for(lambda a: a.code == "delivery.refused", 6)
        assert [problem.code for problem in found.dispatcher.problems()] == ["delivery.open"]
        found.clock.advance(11.0)
        found.late(1)
        assert [problem.code for problem in found.dispatcher.problems()] == ["delivery.open"]
        with Receiver(port=urlsplit(url).port or 0) as receiver:
            wait_until(lambda: not found.dispatcher.problems())
            assert receiver.requests == []


def test_one_that_answers_badly_is_well_again_after_a_while() -> None:
    """A connection says nothing of it; ten minutes later only the next clap can."""
    with Receiver(then=answer(503)) as receiver, house(hook(receiver.url)) as found:
        found.hear(0)
        found.attempts.wait_for(lambda a: a.status == 503, 6)
        found.clock.advance(11.0)
        found.late(1)
        assert found.dispatcher.problems()
        found.clock.advance(600.0)
        wait_until(lambda: not found.dispatcher.problems())


@pytest.mark.slow
def test_a_thousand_of_each_leave_nothing_behind() -> None:
    """Claps that were taken or too late, receivers that came and went: no age, no worker, no thread stays."""
    url = dead_url()
    with Receiver() as receiver, house(hook(receiver.url), replace(hook(url), id="hall.w", source_id="hall")) as found:
        for i in range(1000):
            found.hear(i)
            found.dispatcher.dispatch(clap(i, "hall"))
        found.attempts.wait_for(lambda a: a.ok, 1000)
        found.clock.advance(11.0)
        found.late(1000)
        for i in range(100):
            found.dispatcher.apply([replace(hook(url), id=f"{i}-{n}.w", source_id=f"{i}-{n}") for n in range(10)])
        found.dispatcher.apply([])
        assert found.dispatcher._recorder.ages._began == {}
        assert found.dispatcher._workers == {}
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("deliver:")]


def test_workers_begin_with_start_and_not_before() -> None:
    """A receiver that is only made has no thread."""
    with house() as found:
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("deliver:")]
        found.dispatcher.apply([hook(dead_url())])
        assert [thread for thread in threading.enumerate() if thread.name == "deliver:salon.webhook"]
