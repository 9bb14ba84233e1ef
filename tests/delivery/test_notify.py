"""Notifications, by the real Apprise to a real receiver: once each, in words, and the address in nobody's hands."""

from __future__ import annotations

import logging
import sys
import threading
import time
from dataclasses import replace

import pytest
from tests.delivery.test_dispatcher import PATIENT_S, SLOW, Attempts, clap, dispatching, done
from tests.peers.receiver import Receiver, answer, dead_url, hang_up, silence

from claptrap.core.errors import DeliveryError, InputError
from claptrap.delivery.notify import NotificationSender, check_address, message
from claptrap.delivery.payload import alert_payload, event_payload, trial_payload
from claptrap.receivers import NotifySpec
from claptrap.text.catalogue import say

SECRET = "t0ken-of-mine-4711"


def spec(
    url: str, *, sources: tuple[str, ...] = (), claps: tuple[int, ...] = (), timeout_s: float = PATIENT_S
) -> NotifySpec:
    address = f"{url.replace('http://', 'json://')}/{SECRET}?rto={PATIENT_S}"
    return NotifySpec("phone", address, sources, claps, timeout_s=timeout_s)


def test_a_clap_is_one_notification_in_words(caplog: pytest.LogCaptureFixture) -> None:
    """It goes the way of every delivery; whoever looks sees the kind of service, and no more."""
    caplog.set_level(logging.DEBUG)
    attempts = Attempts()
    with Receiver(then=answer(200)) as receiver, dispatching(attempts, spec(receiver.url)) as dispatcher:
        dispatcher.dispatch(clap())
        (told,) = attempts.wait_for(done)
        (request,) = receiver.requests
    assert (request.json["title"], request.json["message"]) == ("Clap : Salon", "1 clap, score 95 %")
    assert SECRET in request.path
    assert (told.ok, told.target_id, told.source_id, told.url) == (True, "notify:phone", "salon", "json://…")
    assert "salon:19a:0: json://…, attempt 1" in caplog.text
    assert SECRET not in f"{caplog.text} {told} {spec(receiver.url)!r}"


def test_a_service_that_takes_nothing_now_is_tried_again_until_it_does(caplog: pytest.LogCaptureFixture) -> None:
    """Its status is told; what else Apprise writes, addresses among it, is in no log."""
    caplog.set_level(logging.DEBUG)
    attempts = Attempts()
    with Receiver(answer(503), then=answer(200)) as receiver, dispatching(attempts, spec(receiver.url)) as dispatcher:
        dispatcher.dispatch(clap())
        attempts.wait_for(done)
        assert len(receiver.requests) == 2
    assert [(a.number, a.code, a.params.get("status")) for a in attempts.all()] == [(1, "notify.status", 503), (2, "", None)]
    assert SECRET not in f"{caplog.text} {attempts.all()}"


@pytest.mark.parametrize(
    ("behaviour", "code", "status"),
    [
        (answer(401), "notify.denied", 401),
        (answer(403), "notify.denied", 403),
        (answer(404), "notify.status", 404),
        (answer(500), "notify.status", 500),
        (hang_up, "delivery.no_answer", None),
    ],
)
def test_what_it_refuses_or_may_have_shown_is_not_sent_again(behaviour, code: str, status: int | None) -> None:
    """A wrong password is told at once; after an unclear end a person does not want it four times."""
    attempts = Attempts()
    with Receiver(then=behaviour) as receiver, dispatching(attempts, spec(receiver.url)) as dispatcher:
        dispatcher.dispatch(clap())
        (told,) = attempts.wait_for(done)
        assert len(receiver.requests) == 1
    assert (told.number, told.code, told.params.get("status")) == (1, code, status)


@pytest.mark.slow
def test_a_service_that_thinks_for_longer_than_apprise_would_wait_gets_one_copy() -> None:
    """The time-outs follow ours: Apprise's own, 4 s, would end before this answer."""
    attempts = Attempts()

    def thinks(connection, ended) -> None:
        ended.wait(4.5)
        answer(200)(connection, ended)

    with Receiver(then=thinks) as receiver:
        address = receiver.url.replace("http://", "json://")
        with dispatching(attempts, NotifySpec("phone", address, timeout_s=PATIENT_S)) as dispatcher:
            dispatcher.dispatch(clap())
            (told,) = attempts.wait_for(done)
            assert (told.ok, len(receiver.requests)) == (True, 1)


def test_ntfy_needs_a_topic_and_fetches_no_picture_from_elsewhere() -> None:
    with pytest.raises(InputError, match=r"notify\.no_topic"):
        check_address("ntfy://")
    check_address("ntfy://my-topic")
    with Receiver(then=answer(200, b"{}")) as receiver:
        address = receiver.url.replace("http://", "ntfy://").replace("/hook", "/claps")
        NotificationSender().post(NotifySpec("phone", address), event_payload(clap()), "key")
        (request,) = receiver.requests
    assert "http" not in f"{dict(request.headers)} {request.body!r}".replace(receiver.url, "").lower().replace(
        "127.0.0.1", ""
    )


def test_a_service_that_is_not_there_uses_up_no_attempts() -> None:
    """Nobody listens: nothing was sent, and it is tried for as long as the event is fresh."""
    attempts = Attempts()
    with dispatching(attempts, spec(dead_url())) as dispatcher:
        dispatcher.dispatch(clap())
        told = attempts.wait_for(lambda a: a.code == "notify.unreachable", 6)
        assert all(a.retry_in_s is not None for a in told)


def test_one_that_is_out_of_order_is_called_as_people_call_it() -> None:
    """By its name, else its id; never as we do among all receivers."""
    attempts = Attempts()
    named, nameless = replace(spec(dead_url()), title="Mon téléphone"), replace(spec(dead_url()), name="tv")
    with dispatching(attempts, named, nameless, probes=SLOW) as dispatcher:
        dispatcher.dispatch(clap(0))
        dispatcher.dispatch(clap(1))
        for target_id in (named.id, nameless.id):
            attempts.wait_for(lambda a, target_id=target_id: a.target_id == target_id and (a.retry_in_s or 0) > 50)
        assert [problem.params["source"] for problem in dispatcher.problems()] == ["Mon téléphone", "tv"]


def test_without_apprise_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once for each event, at once, in both languages; an address is then taken unseen."""
    monkeypatch.setitem(sys.modules, "apprise", None)  # as if it were not installed
    with pytest.raises(DeliveryError) as missing:
        NotificationSender().post(spec(dead_url()), event_payload(clap()), "key")
    assert (missing.value.code, missing.value.retryable) == ("notify.no_apprise", False)
    assert "pip install 'claptrap[notify]'" in say(missing.value.code, "en")
    check_address("nothing-like-this://x")


def test_an_address_that_apprise_does_not_know_is_refused() -> None:
    """When it is saved; and by a delivery, should it have been saved without Apprise."""
    check_address("tgram://123456789:abcdefghijklmnopqrstuvwxyzABCDEFGHI/12315544")
    with pytest.raises(InputError, match=r"notify\.bad_address"):
        check_address("nothing-like-this://x")
    with pytest.raises(DeliveryError) as refused:
        NotificationSender().post(replace(spec(dead_url()), address="nothing-like-this://x"), event_payload(clap()), "key")
    assert (refused.value.code, refused.value.retryable) == ("notify.bad_address", False)


def test_a_service_that_does_not_answer_is_left_behind() -> None:
    """In its time; and while its thread still waits, no second one is begun: one at most for each receiver."""
    notify = NotificationSender()
    with Receiver(then=silence) as receiver:
        check_address(spec(receiver.url).address)  # loads Apprise, which takes a while on a slow machine
        patient, hasty = spec(receiver.url), spec(receiver.url, timeout_s=0.05)
        aborting = threading.Thread(target=lambda: (receiver.wait_for(1), notify.abort()))
        aborting.start()
        with pytest.raises(DeliveryError) as stopped:
            notify.post(patient, event_payload(clap()), "key")
        aborting.join()
        assert stopped.value.code == "delivery.cut_off"
        with pytest.raises(DeliveryError) as late:
            notify.post(hasty, event_payload(clap()), "key")
        assert (late.value.code, late.value.retryable) == ("notify.busy", True)
        assert len(receiver.requests) == 1


def test_stopping_does_not_wait_for_it() -> None:
    """What is under way may have been shown: it is not sent again at the next start."""
    attempts = Attempts()
    with Receiver(then=silence) as receiver:
        with dispatching(attempts, spec(receiver.url)) as dispatcher:
            dispatcher.dispatch(clap())
            receiver.wait_for(1)
            began = time.monotonic()
            dispatcher.stop(0.0)
            assert time.monotonic() - began < PATIENT_S / 2
        assert [a.code for a in attempts.all()] == ["delivery.cut_off"]


def test_an_alert_goes_the_way_of_every_delivery() -> None:
    """In words, without a link to mark it; nothing happens where the service is gone."""
    attempts, problem = Attempts(), {"code": "source.unheard", "params": {"source": "Salon", "minutes": "5"}}
    with Receiver(then=answer(200)) as receiver, dispatching(attempts, spec(receiver.url)) as dispatcher:
        dispatcher.send("notify:phone", alert_payload("alert:1", [problem], [{**problem, "minutes": 12}], 1.7e9))
        (told,) = attempts.wait_for(done)
        (request,) = receiver.requests
        dispatcher.send("notify:nobody", alert_payload("alert:2", [problem], [], 1.7e9))
    sentence = say("source.unheard", "fr", source="Salon", minutes="5")
    assert (told.ok, told.event_id) == (True, "alert:1")
    assert request.json["title"] == "ClapTrap : un problème"
    assert request.json["message"] == f"{sentence}\nRétabli après 12 min : {sentence}"


def test_it_is_told_only_of_what_it_wants() -> None:
    """Its sources and so many claps; applause only where no number is named."""
    two, applause = replace(clap(), claps=2), replace(clap(), applause=True, claps=2)
    everything, some = spec("http://h"), spec("http://h", sources=("salon", "hall"), claps=(2,))
    assert all(everything.wants(event) for event in (clap(), two, applause))
    assert [some.wants(event) for event in (clap(), two, applause, replace(two, source_id="cellar"))] == [
        *(False, True, False, False)
    ]


def test_title_and_text_are_in_the_language_of_the_settings() -> None:
    """Every kind of event."""
    two, applause = event_payload(replace(clap(), claps=2)), event_payload(replace(clap(), applause=True, claps=0))
    trial = trial_payload("test:1", "", "test", "ClapTrap", 1.0)
    assert message(two, "fr") == ("Clap : Salon", "2 claps, score 95 %")
    assert message(two, "en") == ("Clap: Salon", "2 claps, score 95%")
    assert message(applause, "fr") == ("Applaudissements : Salon", "score 95 %")
    assert message(applause, "en") == ("Applause: Salon", "score 95%")
    assert message(trial, "fr")[0] == "ClapTrap : test"
    assert message(trial, "en")[0] == "ClapTrap: test"
