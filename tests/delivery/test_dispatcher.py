"""Who is told, in which order, how often; one receiver never delays another."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.peers.receiver import HalfOpen, Receiver, answer, dead_url, late, silence

from claptrap.core.backoff import Backoff
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.events import Attempt, Event, Status
from claptrap.delivery import dispatcher as under_test
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.delivery.sender import Answer
from claptrap.delivery.webhook import WebhookSender
from claptrap.history.deliveries import DeliveryFilter
from claptrap.history.journal import Journal
from claptrap.receivers import ReceiverSpec, WebhookSpec

PATIENT_S = 20.0
QUICK = Backoff(first_s=0.002, max_s=0.002, rng=random.Random(1))
SLOW = Backoff(first_s=3600.0, max_s=3600.0, rng=random.Random(1))


class Attempts:
    """Collects what is told of attempts, and waits for it."""

    def __init__(self) -> None:
        self._told: list[Attempt] = []
        self._grown = threading.Condition()

    def offer(self, status: Status) -> None:
        assert isinstance(status, Attempt)
        with self._grown:
            self._told.append(status)
            self._grown.notify_all()

    def all(self) -> list[Attempt]:
        with self._grown:
            return list(self._told)

    def wait_for(self, wanted: Callable[[Attempt], bool], n: int = 1) -> list[Attempt]:
        with self._grown:
            found: list[Attempt] = []

            def enough() -> bool:
                found[:] = [a for a in self._told if wanted(a)]
                return len(found) >= n

            assert self._grown.wait_for(enough, PATIENT_S), self._told
            return list(found)


@contextmanager
def dispatching(
    attempts: Attempts,
    *targets: ReceiverSpec,
    backoff: Backoff = QUICK,
    stop_s: float = 0.0,
    outbox: Path | None = None,
    max_waiting: int = under_test.MAX_WAITING,
    clock: Clock | None = None,
    probes: Backoff = QUICK,
) -> Iterator[Dispatcher]:
    """Dispatch with a real journal, in memory unless ``outbox`` is a file."""
    journal = Journal(outbox, SystemClock())
    journal.open()
    dispatcher = Dispatcher(journal, attempts, clock, backoff, max_waiting, probes)
    try:
        dispatcher.apply(targets)
        yield dispatcher
    finally:
        dispatcher.stop(stop_s)
        journal.close()


def target(
    url: str, source: str = "salon", *, timeout_s: float = PATIENT_S, max_attempts: int = 4, idempotent: bool = False
) -> WebhookSpec:
    return WebhookSpec(f"{source}.webhook", source, url, timeout_s, max_attempts, max_age_s=3600.0, idempotent=idempotent)


def clap(sequence: int = 0, source: str = "salon") -> Event:
    return Event(source, source.title(), "microphone", "19a", sequence, 1.0, 1.1, 1_234_567_890.123, 0.95)


def done(attempt: Attempt) -> bool:
    return attempt.retry_in_s is None


def test_an_event_is_one_post_with_the_documented_body() -> None:
    """Success is told too, with how long it took."""
    attempts = Attempts()
    with Receiver() as receiver, dispatching(attempts, target(receiver.url)) as dispatcher:
        dispatcher.dispatch(clap())
        (told,) = attempts.wait_for(done)
        (request,) = receiver.requests
    assert request.json["event_id"] == request.headers["idempotency-key"] == "salon:19a:0"
    assert (request.json["source"], request.json["timestamp"], request.json["score"]) == (
        "microphone",
        1_234_567_890.123,
        0.95,
    )
    assert (told.ok, told.status, told.number, told.event_id) == (True, 204, 1, "salon:19a:0")
    assert told.url == f"http://127.0.0.1:{receiver.port}/…"
    assert 0 < told.took_s < PATIENT_S


def test_after_the_end_nobody_is_told_any_more() -> None:
    """An order over MQTT may still change the settings while the service ends: it must not bring threads back."""
    attempts = Attempts()
    with Receiver() as receiver, dispatching(attempts, target(receiver.url)) as dispatcher:
        dispatcher.stop(0.0)
        dispatcher.apply([target(receiver.url)])
        assert not dispatcher.circuit_states()
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("deliver:")]


def test_only_the_receivers_of_its_source_are_told() -> None:
    """Two rooms, two receivers."""
    attempts = Attempts()
    with (
        Receiver() as salon,
        Receiver() as hall,
        dispatching(attempts, target(salon.url), target(hall.url, "hall")) as dispatcher,
    ):
        dispatcher.dispatch(clap(source="hall"))
        dispatcher.dispatch(clap(source="cellar"))
        hall.wait_for(1)
        attempts.wait_for(done)
        assert not salon.requests


def test_a_failing_receiver_is_tried_again_with_the_same_key_until_it_takes_it() -> None:
    """The receiver can see that it is a repeat; every attempt is told, with when the next comes."""
    attempts = Attempts()
    with (
        Receiver(answer(500), answer(503), answer(429, Retry_After="0")) as receiver,
        dispatching(attempts, target(receiver.url, idempotent=True)) as dispatcher,
    ):
        dispatcher.dispatch(clap())
        receiver.wait_for(4)
        attempts.wait_for(done)
        assert {r.headers["idempotency-key"] for r in receiver.requests} == {"salon:19a:0"}
        assert len({r.body for r in receiver.requests}) == 1
    told = attempts.all()
    assert [(a.number, a.status, a.code) for a in told] == [
        (1, 500, "delivery.server_error"),
        (2, 503, "delivery.not_now"),
        (3, 429, "delivery.not_now"),
        (4, 204, ""),
    ]
    assert all(0.001 <= (a.retry_in_s or 0) <= 0.002 for a in told[:2])
    assert told[2].retry_in_s == 0.0


def test_attempts_are_bounded_and_the_last_failure_is_final() -> None:
    """After the last attempt nothing more comes, and the next event has its turn."""
    attempts = Attempts()
    with (
        Receiver(then=answer(500)) as receiver,
        dispatching(attempts, target(receiver.url, max_attempts=3, idempotent=True)) as dispatcher,
    ):
        dispatcher.dispatch(clap(0))
        dispatcher.dispatch(clap(1))
        attempts.wait_for(done, 2)
        assert [r.json["event_id"] for r in receiver.requests] == ["salon:19a:0"] * 3 + ["salon:19a:1"] * 3


@pytest.mark.parametrize("status", [302, 400, 401, 404, 410])
def test_what_a_person_must_mend_is_not_tried_again(status: int) -> None:
    """A wrong address is told once, with the receiver's status."""
    attempts = Attempts()
    with Receiver(then=answer(status)) as receiver, dispatching(attempts, target(receiver.url)) as dispatcher:
        dispatcher.dispatch(clap())
        (told,) = attempts.wait_for(done)
        assert (told.number, told.status, told.code, told.params) == (1, status, "delivery.status", {"status": status})
        assert len(receiver.requests) == 1


def test_retry_after_is_obeyed_and_bounded() -> None:
    """A receiver that asks for an hour gets a minute; one that names no time gets the back-off."""
    attempts = Attempts()
    with (
        Receiver(then=answer(503, Retry_After="3600")) as receiver,
        dispatching(attempts, target(receiver.url)) as dispatcher,
    ):
        dispatcher.dispatch(clap())
        (told,) = attempts.wait_for(lambda a: a.number == 1)
        assert told.retry_in_s == 60.0


def test_a_slow_receiver_delays_nobody_else() -> None:
    """While one receiver thinks, and another is half open, a third gets all of its events."""
    attempts = Attempts()
    with (
        Receiver(then=silence) as slow,
        HalfOpen() as half_open,
        Receiver() as quick,
        dispatching(
            attempts, target(slow.url, "slow"), target(half_open.url, "half"), target(quick.url, "quick")
        ) as dispatcher,
    ):
        for i in range(20):
            for source in ("slow", "half", "quick"):
                dispatcher.dispatch(clap(i, source))
        quick.wait_for(20)
        assert [r.json["event_id"] for r in quick.requests] == [f"quick:19a:{i}" for i in range(20)]
        assert len(slow.wait_for(1)) == 1
        assert all(a.source_id == "quick" for a in attempts.all())


def test_taking_an_event_never_waits() -> None:
    """Hearing calls ``dispatch``: a thousand events for a receiver that does not answer take no time."""
    attempts = Attempts()
    with Receiver(then=silence) as slow, dispatching(attempts, target(slow.url)) as dispatcher:
        slow_taken = time.monotonic()
        for i in range(1000):
            dispatcher.dispatch(clap(i))
        assert time.monotonic() - slow_taken < 5


def test_when_too_many_wait_the_oldest_is_given_up_and_told() -> None:
    """The queue is bounded; what is newest matters most."""
    attempts, gate = Attempts(), threading.Event()
    with (
        Receiver(late(answer(204), gate)) as receiver,
        dispatching(attempts, target(receiver.url), max_waiting=20) as dispatcher,
    ):
        dispatcher.dispatch(clap(0))
        receiver.wait_for(1)
        for i in range(1, 23):
            dispatcher.dispatch(clap(i))
        gate.set()
        lost = attempts.wait_for(lambda a: a.code == "delivery.overflow", 2)
        assert [a.event_id for a in lost] == ["salon:19a:1", "salon:19a:2"]
        receiver.wait_for(21)
        assert [r.json["event_id"] for r in receiver.requests[1:]] == [f"salon:19a:{i}" for i in range(3, 23)]


def test_a_corrected_address_is_used_from_the_next_attempt_on() -> None:
    """A person mends the address while an event waits: it arrives there."""
    attempts, gate = Attempts(), threading.Event()
    with (
        Receiver(late(answer(503), gate)) as wrong,
        Receiver() as right,
        dispatching(attempts, target(wrong.url)) as dispatcher,
    ):
        dispatcher.dispatch(clap())
        wrong.wait_for(1)
        dispatcher.apply([target(right.url)])
        gate.set()
        assert right.wait_for(1)[0].json["event_id"] == "salon:19a:0"
        assert len(wrong.requests) == 1


def test_removing_a_receiver_gives_up_what_waits_for_it_and_says_so() -> None:
    """Nothing is sent to an address that was taken away, and the others go on."""
    attempts = Attempts()
    with (
        Receiver(then=silence) as gone,
        Receiver() as kept,
        dispatching(attempts, target(gone.url, "gone"), target(kept.url, "kept")) as dispatcher,
    ):
        dispatcher.dispatch(clap(0, "gone"))
        dispatcher.dispatch(clap(1, "gone"))
        gone.wait_for(1)
        dispatcher.apply([target(kept.url, "kept")])
        assert [(a.event_id, a.code) for a in attempts.all()] == [
            ("gone:19a:0", "delivery.cut_off"),
            ("gone:19a:1", "delivery.removed"),
        ]
        dispatcher.dispatch(clap(2, "gone"))
        dispatcher.dispatch(clap(0, "kept"))
        kept.wait_for(1)
        assert len(gone.requests) == 1


def test_stopping_delivers_what_it_can_within_its_time() -> None:
    """What waits when the service stops is still sent, if the receiver is well."""
    attempts = Attempts()
    with Receiver() as receiver, dispatching(attempts, target(receiver.url), stop_s=PATIENT_S) as dispatcher:
        for i in range(10):
            dispatcher.dispatch(clap(i))
        dispatcher.stop(PATIENT_S)
        assert len(receiver.requests) == 10
    assert all(a.ok for a in attempts.all())


@pytest.mark.parametrize("idempotent", [True, False])
def test_stopping_is_bounded_however_many_do_not_answer(tmp_path: Path, idempotent: bool) -> None:
    """Ten silent receivers cost the time of one. What was sent is left to the next start only where repeats are dropped."""
    attempts = Attempts()
    rooms = [f"room-{i}" for i in range(10)]
    journal = Journal(tmp_path / "history.sqlite", SystemClock())
    journal.open()
    with Receiver(then=silence) as receiver:
        dispatcher = Dispatcher(journal, attempts, backoff=SLOW)
        dispatcher.apply([target(receiver.url, room, timeout_s=60.0, idempotent=idempotent) for room in rooms])
        for room in rooms:
            dispatcher.dispatch(clap(0, room))
            dispatcher.dispatch(clap(1, room))
        receiver.wait_for(10)
        began = time.monotonic()
        dispatcher.stop(0.5)
        assert 0.5 <= time.monotonic() - began < 4
    assert [a.code for a in attempts.all()] == ([] if idempotent else ["delivery.cut_off"] * 10)
    assert [journal.waiting(f"{room}.webhook") for room in rooms] == [2 if idempotent else 1] * 10
    journal.close()


def test_stopping_does_not_wait_for_an_hour_of_back_off() -> None:
    """A delivery that waits for its next attempt waits in the outbox, and holds nobody up."""
    attempts = Attempts()
    with dispatching(attempts, target(dead_url()), backoff=SLOW) as dispatcher:
        dispatcher.dispatch(clap())
        attempts.wait_for(lambda a: a.code == "delivery.refused")
        began = time.monotonic()
        dispatcher.stop(0.1)
        assert time.monotonic() - began < 5
    assert [(a.number, a.code) for a in attempts.all()] == [(1, "delivery.refused")]


def test_what_waits_at_the_end_is_sent_at_the_next_start_under_the_same_key(tmp_path: Path) -> None:
    """In order, each once, with the attempts before the end counted."""
    file, before, after = tmp_path / "history.sqlite", Attempts(), Attempts()
    with dispatching(before, target(dead_url()), backoff=SLOW, outbox=file) as dispatcher:
        for i in range(3):
            dispatcher.dispatch(clap(i))
        before.wait_for(lambda a: a.code == "delivery.refused")
    with Receiver() as receiver, dispatching(after, target(receiver.url), outbox=file):
        assert [(a.event_id, a.number) for a in after.wait_for(done, 3)] == [
            ("salon:19a:0", 2),
            ("salon:19a:1", 1),
            ("salon:19a:2", 1),
        ]
        assert [r.headers["idempotency-key"] for r in receiver.requests] == [f"salon:19a:{i}" for i in range(3)]
    with Receiver() as receiver, dispatching(Attempts(), target(receiver.url), outbox=file) as dispatcher:
        dispatcher.test("salon.webhook", source_id="salon", source_kind="microphone", source_name="Salon")
        (only,) = receiver.wait_for(1)
    assert only.json["test"] is True


def test_a_known_event_is_not_told_again(tmp_path: Path) -> None:
    """The same detection taken twice, also over a restart, is one delivery."""
    with Receiver() as receiver:
        for new in (True, False):
            attempts = Attempts()
            with dispatching(attempts, target(receiver.url), outbox=tmp_path / "h", stop_s=PATIENT_S) as dispatcher:
                assert dispatcher.dispatch(clap()) is new
                assert dispatcher.dispatch(clap()) is False
        assert len(receiver.requests) == 1


def test_what_was_given_up_can_be_sent_again_and_is_numbered_on() -> None:
    """By hand: the same body and key, as many attempts as a new one, in the journal after those before."""
    attempts = Attempts()
    with Receiver(answer(404)) as receiver, dispatching(attempts, target(receiver.url)) as dispatcher:
        dispatcher.dispatch(clap())
        attempts.wait_for(done)
        (row,) = dispatcher._outbox.deliveries(DeliveryFilter(), 10).rows
        assert (row.state, row.code, row.params) == ("given_up", "delivery.status", {"status": 404})
        dispatcher.replay(dispatcher._outbox.delivery(row.id))
        attempts.wait_for(lambda a: a.ok)
        assert dispatcher.replay_event(clap()) == 1
        attempts.wait_for(lambda a: a.ok, 2)
        assert len({(r.headers["idempotency-key"], r.body) for r in receiver.requests}) == 1
        assert [(a.number, a.status) for a in attempts.all()] == [(1, 404), (2, 204), (3, 204)]
        assert dispatcher.replay_event(clap(source="cellar")) == 0


def test_the_beginning_of_an_answer_is_kept_without_secrets() -> None:
    """An echo of the address is masked, however it is written; the rest is one short line."""
    attempts = Attempts()
    words = b"no such hook:\r\n /hooks/T0PS3CRET-ID?token=S3%20CRET (S3 CRET) " + b"x" * 500
    with Receiver(then=answer(404, words)) as receiver:
        url = receiver.url.replace("/hook", "/hooks/T0PS3CRET-ID?token=S3%20CRET")
        with dispatching(attempts, target(url)) as dispatcher:
            dispatcher.dispatch(clap())
            (told,) = attempts.wait_for(done)
    assert told.excerpt.startswith("no such hook: /hooks/********?******** (********) xxx")
    assert len(told.excerpt) == 200


def test_a_token_that_is_echoed_without_its_scheme_is_masked_too() -> None:
    """Receivers complain of the token, not of the header that it came in."""
    attempts = Attempts()
    with Receiver(then=answer(401, b"Bearer expected, token T0PS3CRET-ID is unknown")) as receiver:
        wanted = replace(target(receiver.url), headers={"Authorization": "Bearer T0PS3CRET-ID"})
        with dispatching(attempts, wanted) as dispatcher:
            dispatcher.dispatch(clap())
            (told,) = attempts.wait_for(done)
    assert told.excerpt == "Bearer expected, token ******** is unknown"


@pytest.mark.parametrize("status", [429, 503])
def test_what_the_receiver_does_not_take_now_costs_no_attempt(status: int) -> None:
    """Few attempts are allowed, many are refused: only the freshness of the event bounds them."""
    attempts = Attempts()
    with (
        Receiver(*[answer(status)] * 12) as receiver,
        dispatching(attempts, target(receiver.url, max_attempts=2)) as dispatcher,
    ):
        for i in range(3):
            dispatcher.dispatch(clap(i))
        attempts.wait_for(lambda a: a.event_id == "salon:19a:2" and a.ok)
        ((_, circuit_state),) = dispatcher.circuit_states()
        assert (circuit_state.failures, circuit_state.since, dispatcher.problems()) == (0, None, [])
    ended = [(a.event_id, a.number, a.ok) for a in attempts.all() if done(a)]
    assert ended == [("salon:19a:0", 13, True), ("salon:19a:1", 1, True), ("salon:19a:2", 1, True)]


def test_a_receiver_that_is_out_of_order_is_said_to_be_and_a_new_address_is_tried_at_once() -> None:
    """The next probe is an hour away; who mends the address need not wait for it. Others notice nothing."""
    attempts = Attempts()
    named = replace(target(dead_url()), title="Salon d'été")
    with (
        Receiver() as mended,
        Receiver() as other,
        dispatching(attempts, named, target(other.url, "hall"), probes=SLOW) as dispatcher,
    ):
        dispatcher.dispatch(clap(0))
        dispatcher.dispatch(clap(1))
        (probed,) = attempts.wait_for(lambda a: (a.retry_in_s or 0) > 100)
        assert (probed.event_id, probed.code) == ("salon:19a:0", "delivery.refused")
        (problem,) = dispatcher.problems()
        assert (problem.code, problem.params["source"]) == ("delivery.open", "Salon d'été")
        for i in range(20):
            dispatcher.dispatch(clap(i, "hall"))
        other.wait_for(20)
        dispatcher.apply([target(mended.url), target(other.url, "hall")])
        assert mended.wait_for(1)[0].json["event_id"] == "salon:19a:0"
        attempts.wait_for(lambda a: a.ok and a.source_id == "salon")
        assert dispatcher.problems() == []


def test_who_asks_for_a_test_does_not_wait_for_the_next_probe() -> None:
    """The head of the queue goes first, at once, and the test behind it."""
    attempts = Attempts()
    with (
        Receiver(*[answer(503)] * 5) as receiver,
        dispatching(attempts, target(receiver.url, max_attempts=10), probes=SLOW) as dispatcher,
    ):
        dispatcher.dispatch(clap())
        attempts.wait_for(lambda a: (a.retry_in_s or 0) > 100)
        event_id = dispatcher.test("salon.webhook", source_id="salon", source_kind="microphone", source_name="Salon")
        attempts.wait_for(lambda a: a.event_id == event_id and a.ok)
        assert [r.json["event_id"] for r in receiver.requests[-2:]] == ["salon:19a:0", event_id]


def test_an_event_on_which_a_receiver_fails_holds_up_the_others_only_so_long() -> None:
    """An answer of 500 may be the event's own fault: its attempts are bounded, also while the receiver is taken for ill."""
    attempts = Attempts()
    with (
        Receiver(*[answer(500)] * 9) as receiver,
        dispatching(attempts, target(receiver.url, max_attempts=9, idempotent=True)) as dispatcher,
    ):
        dispatcher.dispatch(clap(0))
        dispatcher.dispatch(clap(1))
        attempts.wait_for(lambda a: a.event_id == "salon:19a:1" and a.ok)
    assert [(a.event_id, a.number) for a in attempts.all() if done(a)] == [("salon:19a:0", 9), ("salon:19a:1", 1)]


def test_an_attempt_tells_its_steps() -> None:
    """How long each took, and in which it failed; also from the journal."""
    attempts = Attempts()
    with (
        Receiver(answer(500)) as receiver,
        dispatching(attempts, target(receiver.url.replace("127.0.0.1", "localhost"))) as dispatcher,
    ):
        dispatcher.dispatch(clap())
        attempts.wait_for(done)
        (row,) = dispatcher._outbox.deliveries(DeliveryFilter(), 10).rows
    for told in (*attempts.all(), *row.attempts):
        assert list(told.steps) == ["name", "connection", "answer"]
        assert 0 < sum(told.steps.values()) <= told.took_s + 0.001


def test_the_test_button_goes_the_way_of_a_clap() -> None:
    """Same queue, same attempts, same retries; marked as a test; its outcome is told under the id that was returned."""
    attempts = Attempts()
    with Receiver(answer(503)) as receiver, dispatching(attempts, target(receiver.url)) as dispatcher:
        event_id = dispatcher.test("salon.webhook", source_id="salon", source_kind="microphone", source_name="Salon")
        receiver.wait_for(2)
        attempts.wait_for(done)
        body = receiver.requests[1].json
    assert event_id.startswith("test:")
    assert (body["event"], body["test"], body["event_id"], body["source"], body["source_name"]) == (
        "test",
        True,
        event_id,
        "microphone",
        "Salon",
    )
    assert abs(body["timestamp"] - time.time()) < 600
    assert [(a.event_id, a.status) for a in attempts.all()] == [(event_id, 503), (event_id, 204)]


def test_a_test_for_nobody_is_refused() -> None:
    """There is no receiver of that id."""
    with dispatching(Attempts()) as dispatcher, pytest.raises(KeyError):
        dispatcher.test("salon.webhook", source_id="salon", source_kind="microphone", source_name="Salon")


def test_a_fault_of_ours_is_contained_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks inside ends neither the worker nor its later events."""
    attempts, sound = Attempts(), under_test.event_payload

    def broken(event: Event) -> dict[str, Any]:
        return sound(event) | {"broken": event.sequence == 0}

    def post(self: WebhookSender, target: WebhookSpec, body: Any, key: str, fresh_s: float, on_send: Any) -> Answer:
        if body["broken"]:
            raise TypeError("S3CRET")
        return good(self, target, body, key, fresh_s, on_send)

    good = WebhookSender.post
    monkeypatch.setattr(under_test, "event_payload", broken)
    monkeypatch.setattr(WebhookSender, "post", post)
    with Receiver() as receiver, dispatching(attempts, target(receiver.url)) as dispatcher:
        dispatcher.dispatch(clap(0))
        dispatcher.dispatch(clap(1))
        receiver.wait_for(1)
        attempts.wait_for(lambda a: a.ok)
    crashed = attempts.all()[0]
    assert (crashed.event_id, crashed.code) == ("salon:19a:0", "delivery.crashed")
    assert "TypeError" in str(crashed.params["reason"])
    assert "S3CRET" not in str(crashed.params["reason"])


def test_the_log_has_every_attempt_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Outcome, number and machine of each attempt; never a path, a query or a password."""
    caplog.set_level(logging.DEBUG)
    attempts = Attempts()
    with (
        Receiver(answer(503)) as receiver,
        dispatching(attempts, target(f"http://me:S3CRET@127.0.0.1:{receiver.port}/S3CRET?k=S3CRET")) as dispatcher,
    ):
        dispatcher.dispatch(clap())
        attempts.wait_for(done)
    lines = [r.getMessage() for r in caplog.records if r.name == "claptrap.delivery.recorder"]
    assert len(lines) == 2
    assert "attempt 1" in lines[0]
    assert "503" in lines[0]
    assert "again in" in lines[0]
    assert "attempt 2" in lines[1]
    assert "S3CRET" not in caplog.text
    assert all("S3CRET" not in repr(a) for a in attempts.all())
