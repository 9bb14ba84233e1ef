"""Sends each event to the receivers that want it: a worker per receiver, so that a slow one delays no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from claptrap.core.backoff import Backoff
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import DeliveryError
from claptrap.core.events import Event, StatusSink
from claptrap.core.outbox import Delivery, Outbox
from claptrap.core.weburl import redact
from claptrap.delivery.circuit import CircuitState
from claptrap.delivery.payload import event_payload, trial_payload
from claptrap.delivery.recorder import AttemptRecorder
from claptrap.delivery.registry import SENDERS, Senders
from claptrap.delivery.worker import DeliveryWorker
from claptrap.receivers import ReceiverSpec

MAX_WAITING = 10_000  # deliveries that may wait for one receiver; then the oldest is given up, and reported


class Dispatcher:
    """Sends events to receivers.

    Args:
        outbox: keeps what waits.
        status: where every attempt and its outcome go.
        clock: the machine's.
        backoff: how long to wait between attempts.
        max_waiting: deliveries that may wait for one receiver.
        probes: how long to wait between attempts while a receiver is out of order (``circuit``).
        senders: how each kind of receiver is reached.
    """

    def __init__(
        self,
        outbox: Outbox,
        status: StatusSink,
        clock: Clock | None = None,
        backoff: Backoff | None = None,
        max_waiting: int = MAX_WAITING,
        probes: Backoff | None = None,
        senders: Senders = SENDERS,
    ) -> None:
        self._clock = clock or SystemClock()
        backoff, probes = backoff or Backoff(first_s=1.0, max_s=30.0), probes or Backoff(first_s=10.0, max_s=60.0)
        self._recorder = AttemptRecorder(outbox, status, self._clock, backoff, probes, max_waiting)
        self._outbox = outbox
        self._senders = senders
        self._workers: dict[str, DeliveryWorker] = {}
        self._lock = threading.Lock()
        self._is_ended = False

    def apply(self, targets: Sequence[ReceiverSpec]) -> None:
        """Make ``targets`` all the receivers there are. What waits for one that is removed is given up, and reported.

        After ``stop`` nothing happens: what waits is left to the next start.
        """
        wanted = {target.id: target for target in targets}
        with self._lock:
            if self._is_ended:
                return
            gone = [self._workers.pop(i) for i in list(self._workers) if i not in wanted]
            for target in wanted.values():
                if target.id in self._workers:
                    self._workers[target.id].retarget(target)
                else:
                    self._begin(target)
        _end(gone, 0.0)
        urls = {worker.target.id: redact(worker.target.url) for worker in gone}
        for delivery in self._outbox.orphans(wanted):
            self._recorder.abandon(delivery, urls.get(delivery.target_id, ""), DeliveryError("delivery.removed"))

    def dispatch(self, event: Event, age_s: float = 0.0, *, acts: bool = True, only: Collection[str] | None = None) -> bool:
        """Put an event into the outbox for each receiver that wants it; return False if it is known. Never blocks.

        Args:
            event: what was heard.
            age_s: how long ago it was decided.
            acts: whether receivers get it; otherwise it is only written down.
            only: ids of the receivers that may get it; None for all.
        """
        with self._lock:
            workers = self._interested(event, only) if acts else []
            deliveries = [self._delivery(event, worker.target) for worker in workers]
            self._count_ages(deliveries, age_s)  # first: a worker may be done with one before ``add`` returns
            new = self._outbox.add(event, deliveries)
            if not new:
                self._forget_ages(deliveries)
        for worker in workers:
            worker.wake()
        return new

    def test(self, target_id: str, *, source_id: str, source_kind: str, source_name: str) -> str:
        """Send a test through outbox, thread and request of a real clap; return its event id.

        Raises:
            KeyError: there is no such target.
        """
        event_id, now = f"test:{uuid4().hex[:12]}", self._clock.unix()
        body = trial_payload(event_id, source_id, source_kind, source_name, now)
        self.replay(Delivery(uuid4().hex, event_id, target_id, source_id, body, now))
        return event_id

    def send(self, target_id: str, body: Mapping[str, Any]) -> None:
        """Send a body that is of no detection to one receiver. Harmless where there is no such receiver."""
        delivery = Delivery(uuid4().hex, body["event_id"], target_id, body["source_id"], body, self._clock.unix())
        with self._lock:
            worker = self._workers.get(target_id)
            if worker is None:
                return
            self._count_ages([delivery])
            self._outbox.enqueue([delivery])
        worker.wake()

    def replay(self, delivery: Delivery) -> None:
        """Send a delivery again, whatever became of it, under the same key; one that waits is left to wait.

        Raises:
            KeyError: its receiver is gone.
        """
        with self._lock:
            worker = self._workers[delivery.target_id]
            again = [replace(delivery, since=self._clock.unix())]
            self._count_ages(again)
            self._outbox.enqueue(again)
        worker.retry_now()

    def retry_now(self, target_id: str) -> None:
        """Try what waits for a receiver at once: it is there again. Harmless where there is no such receiver."""
        with self._lock:
            worker = self._workers.get(target_id)
        if worker is not None:
            worker.retry_now()

    def replay_event(self, event: Event) -> int:
        """Send an event to all receivers that want it now, even again; return how many they are."""
        with self._lock:
            workers = self._interested(event)
            deliveries = [self._delivery(event, worker.target) for worker in workers]
            self._count_ages(deliveries)
            self._outbox.enqueue(deliveries)
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
            DeliveryError("delivery.open", url=redact(target.url), source=target.label)
            for target, circuit_state in self.circuit_states()
            if circuit_state.is_open and not target.IS_LINK  # a link says so itself
        ]

    def stop(self, timeout_s: float) -> None:
        """End: what is not delivered ``timeout_s`` from now waits in the outbox for the next start."""
        with self._lock:
            self._is_ended = True
            workers = list(self._workers.values())
            self._workers.clear()
        _end(workers, timeout_s)

    def _interested(self, event: Event, only: Collection[str] | None = None) -> list[DeliveryWorker]:
        """Return who gets it; of what several sources merged into one, each address once."""
        found: dict[object, DeliveryWorker] = {}
        for worker in self._workers.values():
            if worker.target.wants(event) and (only is None or worker.target.id in only):
                found.setdefault(worker.target.endpoint if event.heard_by else worker.target.id, worker)
        return list(found.values())

    def _delivery(self, event: Event, target: ReceiverSpec) -> Delivery:
        return Delivery(uuid4().hex, event.id, target.id, event.source_id, event_payload(event), self._clock.unix())

    def _count_ages(self, deliveries: Sequence[Delivery], age_s: float = 0.0) -> None:
        for delivery in deliveries:
            self._recorder.ages.begin(delivery, age_s)

    def _forget_ages(self, deliveries: Sequence[Delivery]) -> None:
        for delivery in deliveries:
            self._recorder.ages.end(delivery)

    def _begin(self, target: ReceiverSpec) -> None:
        self._workers[target.id] = DeliveryWorker(target, self._recorder, self._senders[target.KIND]())
        self._workers[target.id].start()


def _end(workers: Sequence[DeliveryWorker], timeout_s: float) -> None:
    """End workers within ``timeout_s`` in all, however many of them have a receiver that does not answer."""
    deadline = time.monotonic() + timeout_s
    for worker in workers:
        worker.finish()
    for worker in workers:
        worker.wait(deadline - time.monotonic())
    for worker in workers:
        worker.abandon()
    for worker in workers:
        worker.join()
