"""Receivers get what was promised; one that fails gets it again, until it is too late."""

from __future__ import annotations

import random
import socket
import time

from claptrap.core.backoff import Backoff
from claptrap.core.clock import SystemClock
from claptrap.core.errors import DeliveryError
from claptrap.core.events import Event, Status
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.delivery.payload import event_payload
from claptrap.delivery.webhook import WebhookSender
from claptrap.history.journal import Journal
from claptrap.receivers import WebhookSpec
from claptrap.selftest.case import Case, CaseContext, code_of, expect
from claptrap.selftest.receiver import Receiver

AREA = "webhooks"
TIMEOUT_S = 0.5


def _event() -> Event:
    return Event("a", "Test", "microphone", "epoch", 0, 1.0, 1.1, 1_234_567_890.0, 0.95)


def _body(_: CaseContext) -> None:
    with Receiver() as receiver:
        webhook = WebhookSender()
        try:
            answer = webhook.post(WebhookSpec("a.w", "a", receiver.url), event_payload(_event()), "the-key")
        finally:
            webhook.close()
        expect("the answer", answer.status, 204)
        post = receiver.posts[0]
    documented = [post.body[name] for name in ("source", "timestamp", "score")]
    expect("source, timestamp and score", documented, ["microphone", 1_234_567_890, 0.95])
    expect("Content-Type", post.headers["content-type"], "application/json")
    expect("Idempotency-Key", post.headers["idempotency-key"], "the-key")


def _timeout(_: CaseContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # takes the connection, and never answers
        target = WebhookSpec("a.w", "a", f"http://127.0.0.1:{mute.getsockname()[1]}/", timeout_s=TIMEOUT_S)
        webhook = WebhookSender()
        began_s = time.monotonic()
        try:
            code = code_of(lambda: webhook.post(target, {}, "key"))
        finally:
            webhook.close()
        took_s = time.monotonic() - began_s
    expect("a receiver that never answers", code, "delivery.no_answer")
    expect(f"whether {took_s:.1f} s are less than ten times the bound", took_s < 10 * TIMEOUT_S, True)


def _refused(_: CaseContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        url = f"http://127.0.0.1:{gone.getsockname()[1]}/"
    webhook = WebhookSender()
    try:
        code = code_of(lambda: webhook.post(WebhookSpec("a.w", "a", url), {}, "key"))
        expect("a receiver that is not there", code, "delivery.refused")
    finally:
        webhook.close()


class _IgnoredStatus:
    def offer(self, status: Status) -> None:
        """Attempts are of no interest: the receiver itself is asked."""


def _again(bench: CaseContext) -> None:
    journal = Journal(bench.folder / "history.sqlite", SystemClock())
    journal.open()
    dispatcher = Dispatcher(journal, _IgnoredStatus(), backoff=Backoff(0.05, 0.1, random.Random(0)))  # noqa: S311  # waits, no secrets
    try:
        with Receiver(503, 204) as receiver:
            dispatcher.apply([WebhookSpec("a.w", "a", receiver.url)])
            dispatcher.dispatch(_event())
            bench.wait_for("a second attempt", lambda: len(receiver.posts) >= 2)
            first, second = receiver.posts[:2]
            expect("the second attempt's key", second.headers["idempotency-key"], first.headers["idempotency-key"])
            expect("its body", second.body, first.body)
            dispatcher.dispatch(_event())
            expect("how often a detection that is known is sent", len(receiver.posts), 2)
            dispatcher.stop(1.0)
    finally:
        dispatcher.stop(0.0)
        journal.close()


def _signature(_: CaseContext) -> None:
    with Receiver() as receiver:
        webhook = WebhookSender()
        try:
            target = WebhookSpec("a.w", "a", receiver.url, headers={"X-Test": "yes"}, signing_secret="a-secret-of-the-test")  # noqa: S106  # made up
            webhook.post(target, event_payload(_event()), "the-key")
        except DeliveryError as error:
            expect("the delivery", error.code, "")
        finally:
            webhook.close()
        headers = receiver.posts[0].headers
    expect("the header that was asked for", headers.get("x-test"), "yes")
    expect("whether it is signed", headers.get("webhook-signature", "").startswith("v1,"), True)


CASES = (
    Case(AREA, "body", _body),
    Case(AREA, "signature", _signature),
    Case(AREA, "timeout", _timeout),
    Case(AREA, "refused", _refused),
    Case(AREA, "again", _again),
)
