"""Who is told what, and again if need be: a thread per receiver, so that a dead one delays nobody.

What waits is in the outbox, which keeps it over restarts: a delivery worker takes the head of its receiver's queue, tries,
and writes down how that went.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

from claptrap.core.backoff import Backoff
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import DeliveryError
from claptrap.core.events import Attempt, Event, StatusSink
from claptrap.core.outbox import Delivery, Outbox
from claptrap.core.spec import BrokerSpec, NotifySpec, ReceiverSpec, WebhookSpec
from claptrap.core.weburl import LONG_ENOUGH_TO_BE_SECRET, LONG_ENOUGH_TO_TELL, redact, secrets_of
from claptrap.delivery.circuit import Circuit, CircuitState
from claptrap.delivery.notify import NotificationSender
from claptrap.delivery.payload import event_payload, trial_payload
from claptrap.delivery.policy import failure_of, is_receiver_fault, wait_s
from claptrap.delivery.webhook import Answer, WebhookSender, excerpt

MAX_WAITING = 10_000  # deliveries that may wait for one receiver; then the oldest is given up, and said so
_PAUSE_S = 5.0  # after a fault of ours
_log = logging.getLogger(__name__)


class Sender(Protocol):
    """How a delivery worker reaches its receiver."""

    def post(self, target: Any, body: Mapping[str, Any], key: str) -> Answer:
        """Tell ``target``; return what it answered. Raises DeliveryError where it was not reached."""

    def abort(self) -> None:
        """Cut off the ``post`` that is under way, if any; it raises ``delivery.stopped``."""

    def close(self) -> None:
        """Let everything go."""


class Dispatcher:
    """Tells receivers of events.

    Args:
        outbox: keeps what waits.
        status: where every attempt and its outcome go.
        broker: reaches the MQTT broker, where one is among the receivers.
        clock: the machine's.
        backoff: how long to wait between attempts.
        most_waiting: deliveries that may wait for one receiver.
        probes: how long to wait between attempts while a receiver is open (``circuit``).
    """

    def __init__(
        self,
        outbox: Outbox,
        status: StatusSink,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
        max_waiting: int = MAX_WAITING,
        probes: Backoff | None = None,
        broker: Sender | None = None,
    ) -> None:
        self._broker = broker
        self._clock = clock or SystemClock()
        backoff, probes = backoff or Backoff(first_s=1.0, max_s=30.0), probes or Backoff(first_s=10.0, max_s=60.0)
        self._recorder = AttemptRecorder(outbox, status, self._clock, backoff, max_waiting, probes)
        self._outbox = outbox
        self._workers: dict[str, DeliveryWorker] = {}
        self._lock = threading.Lock()
        self._is_ended = False

    def apply(self, targets: Sequence[ReceiverSpec]) -> None:
        """Make ``targets`` the whole of who is told. What waits for a receiver that is gone is given up, and said so.

        After ``stop`` nothing happens: what waits is left to the next start.
        """
        wanted = {target.id: target for target in targets}
        with self._lock:
            if self._is_ended:
                return
            gone = [self._workers.pop(i) for i in list(self._workers) if i not in wanted]
            for target in wanted.values():
                self._worker_for(target).retarget(target)
        _end(gone, 0.0)
        urls = {worker.target.id: redact(worker.target.url) for worker in gone}
        for delivery in self._outbox.orphans(wanted):
            self._recorder.abandon(delivery, urls.get(delivery.target_id, ""), DeliveryError("delivery.removed"))

    def dispatch(self, event: Event) -> bool:
        """Put an event into the outbox with who must be told of it; False if it is known. Never waits for a receiver."""
        with self._lock:
            workers = self._interested(event)
            deliveries = [self._delivery(event, worker.target) for worker in workers]
            new = self._outbox.add(event, deliveries)
        for worker in workers:
            worker.wake()
        return new

    def test(self, target_id: str, *, source_kind: str, source_name: str) -> str:
        """Send a test through outbox, thread and request of a real clap; return its event id.

        Raises:
            KeyError: there is no such target.
        """
        event_id, now = f"test:{uuid4().hex[:12]}", self._clock.unix()
        with self._lock:
            source_id = self._workers[target_id].target.source_id
        body = trial_payload(event_id, source_id, source_kind, source_name, now)
        self.replay(Delivery(uuid4().hex, event_id, target_id, source_id, body, now))
        return event_id

    def replay(self, delivery: Delivery) -> None:
        """Send a delivery again, whatever became of it, under the same key; one that waits is left to wait.

        Raises:
            KeyError: its receiver is gone.
        """
        with self._lock:
            worker = self._workers[delivery.target_id]
            self._outbox.enqueue([replace(delivery, since=self._clock.unix())])
        worker.retry_now()

    def retry_now(self, target_id: str) -> None:
        """Try what waits for a receiver at once: it is there again. Harmless where there is no such receiver."""
        with self._lock:
            worker = self._workers.get(target_id)
        if worker is not None:
            worker.retry_now()

    def replay_event(self, event: Event) -> int:
        """Tell all who want an event now of it, again where they know it; return how many they are."""
        with self._lock:
            workers = self._interested(event)
            self._outbox.enqueue([self._delivery(event, worker.target) for worker in workers])
        for worker in workers:
            worker.retry_now()
        return len(workers)

    def circuit_states(self) -> list[tuple[ReceiverSpec, CircuitState]]:
        """Return every receiver and how it stands."""
        with self._lock:
            return [(worker.target, worker.circuit_state) for worker in self._workers.values()]

    def problems(self) -> list[DeliveryError]:
        """Return which receivers are out of order, the same words as long as nothing changes."""
        return [
            DeliveryError("delivery.open", url=redact(target.url), source=_for_people(target))
            for target, circuit_state in self.circuit_states()
            if circuit_state.is_open and not isinstance(target, BrokerSpec)  # the link to a broker says so itself
        ]

    def stop(self, timeout_s: float) -> None:
        """End: what is not delivered ``timeout_s`` from now waits in the outbox for the next start."""
        with self._lock:
            self._is_ended = True
            workers = list(self._workers.values())
            self._workers.clear()
        _end(workers, timeout_s)

    def _interested(self, event: Event) -> list[DeliveryWorker]:
        return [worker for worker in self._workers.values() if worker.target.wants(event)]

    def _delivery(self, event: Event, target: ReceiverSpec) -> Delivery:
        return Delivery(uuid4().hex, event.id, target.id, event.source_id, event_payload(event), self._clock.unix())

    def _worker_for(self, target: ReceiverSpec) -> DeliveryWorker:
        if target.id not in self._workers:
            self._workers[target.id] = DeliveryWorker(target, self._recorder, self._sender(target))
        return self._workers[target.id]

    def _sender(self, target: ReceiverSpec) -> Sender:
        if isinstance(target, WebhookSpec):
            return WebhookSender()
        if isinstance(target, NotifySpec):
            return NotificationSender()
        if self._broker is None:
            raise TypeError("nobody reaches brokers here")
        return self._broker


def _end(workers: Sequence[DeliveryWorker], timeout_s: float) -> None:
    """End delivery workers within ``timeout_s`` in all, however many of them have a receiver that does not answer."""
    deadline = time.monotonic() + timeout_s
    for worker in workers:
        worker.finish()
    for worker in workers:
        worker.wait(deadline - time.monotonic())
    for worker in workers:
        worker.abandon()
    for worker in workers:
        worker.join()


def _for_people(target: WebhookSpec | NotifySpec) -> str:
    """Return whose receiver it is, or what it is called."""
    return target.title or (target.source_id if isinstance(target, WebhookSpec) else target.name)


def _secrets(target: ReceiverSpec) -> frozenset[str]:
    """Return all that a receiver may know of ``target`` and nobody may read in what it answers."""
    if isinstance(target, BrokerSpec):
        return frozenset({target.password} - {""})
    if isinstance(target, NotifySpec):
        return frozenset({target.address})
    given = (target.signing_secret, *target.headers.values())
    parts = [word for value in target.headers.values() for word in value.split()]  # of "Bearer TOKEN" the token alone
    whole = {secret for secret in given if len(secret) >= LONG_ENOUGH_TO_TELL}
    return secrets_of(target.url) | whole | {part for part in parts if len(part) >= LONG_ENOUGH_TO_BE_SECRET}


@dataclass(frozen=True, slots=True)
class AttemptRecorder:
    """What all delivery workers share: the outbox, and how attempts are told."""

    outbox: Outbox
    status: StatusSink
    clock: Clock
    backoff: Backoff
    max_waiting: int
    probes: Backoff

    def abandon(self, delivery: Delivery, url: str, error: DeliveryError) -> None:
        """Write down and say that a delivery is given up without an attempt."""
        self.report(delivery, url, self.clock.unix(), 0.0, error=error)

    def report(
        self,
        delivery: Delivery,
        url: str,
        at: float,
        took_s: float,
        *,
        status: int = 0,
        error: DeliveryError | None = None,
        retry_in_s: float | None = None,
        said: str = "",
        steps: Mapping[str, float] | None = None,
    ) -> None:
        """Write one attempt down, and tell the page and the log of it. ``url`` is redacted."""
        attempt = Attempt(
            delivery.event_id,
            delivery.target_id,
            delivery.source_id,
            url,
            delivery.attempts + 1,
            at,
            round(took_s, 4),
            status,
            error.code if error else "",
            error.params if error else {},
            retry_in_s,
            delivery.id,
            said,
            dict(steps or {}),
        )
        self.outbox.record_attempt(attempt)
        self.status.offer(attempt)
        again = f" (again in {retry_in_s:.1f} s)" if retry_in_s is not None else ""
        level = logging.WARNING if error else logging.INFO
        _log.log(level, "%s: %s, attempt %d: %s%s", attempt.event_id, url, attempt.number, error or status, again)


class DeliveryWorker:
    """One receiver: the thread ``deliver:ID``, which empties its queue in the outbox, in order."""

    def __init__(self, target: ReceiverSpec, recorder: AttemptRecorder, sender: Sender) -> None:
        self.target = target
        self._recorder = recorder
        self._sender = sender
        self._changed = threading.Condition()
        self._woken = False
        self._retry_requested = False
        self._finishing = False
        self._abandoned = threading.Event()
        self._circuit = Circuit(recorder.probes)
        self._thread = threading.Thread(target=self._run, name=f"deliver:{target.id}")
        self._thread.start()

    def retarget(self, target: ReceiverSpec) -> None:
        """Send what waits, and what comes, to ``target`` from the next attempt on: at once, if it is another than before."""
        with self._changed:
            if target == self.target:
                return
            self.target, self._circuit = target, self._circuit.closed()
        self.retry_now()

    @property
    def circuit_state(self) -> CircuitState:
        """How the receiver stands."""
        return self._circuit.circuit_state

    def retry_now(self) -> None:
        """Look into the outbox, and do not wait any longer before the next attempt: a person wants to see it."""
        with self._changed:
            self._woken = self._retry_requested = True
            self._changed.notify()

    def wake(self) -> None:
        """Look into the outbox: something may have come."""
        with self._changed:
            self._woken = True
            self._changed.notify()

    def finish(self) -> None:
        """Ask the thread to end once nothing waits."""
        with self._changed:
            self._finishing = True
            self._changed.notify()

    def wait(self, timeout_s: float) -> None:
        """Wait at most that long until nothing waits."""
        self._thread.join(max(0.0, timeout_s))

    def abandon(self) -> None:
        """Cut off what is under way, and send nothing more."""
        self._abandoned.set()
        self.retry_now()
        self._sender.abort()

    def join(self) -> None:
        """Wait for the end, after ``abandon``."""
        while self._thread.is_alive():  # again and again: an attempt may begin just after it was aborted
            self._sender.abort()
            self._thread.join(0.05)
        self._sender.close()

    def _run(self) -> None:
        while not self._abandoned.is_set():
            delivery = None
            try:
                delivery = self._next()
                if delivery is None:
                    return
                self._deliver(delivery)
            except Exception as error:  # noqa: BLE001  # the supervisor contains a fault of one delivery, and says so
                self._contain(delivery, error)

    def _contain(self, delivery: Delivery | None, error: Exception) -> None:
        """Tell of a fault of ours by kind and place: its text, or a traceback, may hold the secret address."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        if delivery is not None:
            try:
                self._recorder.abandon(delivery, redact(self.target.url), DeliveryError("delivery.crashed", reason=reason))
            except Exception as failure:  # noqa: BLE001  # the outbox itself: what waits in it must not be sent without end
                reason = f"{reason}; {type(failure).__name__}"
            else:
                return
        _log.error("deliveries to %s pause for %.0f s: %s", redact(self.target.url), _PAUSE_S, reason)
        self._abandoned.wait(_PAUSE_S)

    def _next(self) -> Delivery | None:
        """Return what has waited longest, waiting for it; None when the thread is to end."""
        while not self._abandoned.is_set():
            with self._changed:
                self._woken = False
            delivery = self._recorder.outbox.head(self.target.id)
            if delivery is not None:
                return delivery
            with self._changed:
                if self._finishing and not self._woken:
                    return None
                self._changed.wait_for(lambda: self._woken or self._finishing)
        return None

    def _deliver(self, delivery: Delivery) -> None:
        """Try once, or give up what must not be tried; wait if it is to be tried again."""
        with self._changed:
            self._retry_requested = False
            target = self.target
        refusal = self._refusal(delivery, target)
        if refusal is not None:
            self._recorder.abandon(delivery, redact(target.url), refusal)
        else:
            self._pause(self._attempt(delivery, target))

    def _pause(self, wait_s: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._retry_requested or self._abandoned.is_set(), wait_s)

    def _refusal(self, delivery: Delivery, target: ReceiverSpec) -> DeliveryError | None:
        """Return why a delivery is not to be tried; None if it is."""
        if self._recorder.clock.unix() - delivery.since > target.max_age_s:
            return DeliveryError("delivery.too_old", seconds=target.max_age_s)
        if self._recorder.outbox.waiting(target.id) > self._recorder.max_waiting:
            return DeliveryError("delivery.overflow")
        return None

    def _attempt(self, delivery: Delivery, target: ReceiverSpec) -> float:
        """Try once; return how long to wait before the next attempt at whatever is then the head."""
        began, at = self._recorder.clock.monotonic(), self._recorder.clock.unix()
        error, status, retry_after, said = None, 0, None, ""
        try:
            answer = self._sender.post(target, delivery.body, delivery.event_id)
            status, retry_after, said = answer.status, answer.retry_after, excerpt(answer.text, _secrets(target))
            steps = answer.steps
            error = failure_of(status, answer.sends_to)
        except DeliveryError as failure:
            if failure.code == "delivery.stopped":  # it waits in the outbox, as if it had not been tried
                return 0.0
            error, steps = failure, failure.steps
        self._note(target, error, at)
        wait = self._wait_s(error, delivery, target, retry_after, at)
        took_s = self._recorder.clock.monotonic() - began
        self._recorder.report(
            delivery, redact(target.url), at, took_s, status=status, error=error, retry_in_s=wait, said=said, steps=steps
        )
        return wait or 0.0

    def _note(self, target: ReceiverSpec, error: DeliveryError | None, at: float) -> None:
        """Keep how the receiver stands now; not if a person has sent us to another meanwhile."""
        with self._changed:
            if target == self.target:
                self._circuit = self._circuit.failed(error, at) if error else self._circuit.closed()

    def _wait_s(
        self, error: DeliveryError | None, delivery: Delivery, target: ReceiverSpec, retry_after: str | None, at: float
    ) -> float | None:
        """Return how long to wait before a delivery is tried again; None if it is done or given up.

        A receiver that is open is at fault, not the event: what can only be its fault uses up no attempt, and age decides.
        """
        if error is None or not error.retryable:
            return None
        circuit = self._circuit
        is_excused = circuit.circuit_state.is_open and is_receiver_fault(error)
        if delivery.tries + 1 >= target.max_attempts and not is_excused:
            return None
        asked = wait_s(self._recorder.backoff, delivery.tries + 1, retry_after, datetime.fromtimestamp(at, UTC))
        is_probed = circuit.circuit_state.is_open and not isinstance(target, BrokerSpec)  # whose link comes back by itself
        return circuit.wait_s() if is_probed and not retry_after else asked
