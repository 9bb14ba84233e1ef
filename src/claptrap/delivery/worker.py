"""One receiver: a thread that empties its queue in the outbox, in order.

The worker takes the head of the queue, sends it, and writes down how that went; what waits stays in the outbox, so a restart
needs no code. How long an event may wait is its receiver's ``max_age_s``; what the receiver cannot have taken costs no
attempt.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from claptrap.core.errors import DeliveryError, NotSent, OutcomeUnknown
from claptrap.core.outbox import Delivery
from claptrap.core.weburl import redact
from claptrap.delivery.circuit import Circuit, CircuitState
from claptrap.delivery.payload import is_trial
from claptrap.delivery.policy import (
    MIN_WAIT_S,
    bounded_wait_s,
    costs_an_attempt,
    failure_of,
    is_worth_another,
    retry_after_s,
    tidy,
)
from claptrap.delivery.recorder import AttemptRecorder
from claptrap.delivery.sender import Answer, Sender, excerpt, nothing
from claptrap.receivers import ReceiverSpec

_PAUSE_S = 5.0  # after a fault of ours
_FORGIVEN_S = 600.0  # since the first failure of a receiver that cannot be probed
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Result:
    """How one attempt went."""

    error: DeliveryError | None
    answer: Answer = field(default_factory=lambda: Answer(0, None))
    asked_s: float | None = None


class DeliveryWorker:
    """Owns the thread ``deliver:ID``. Start once; then ``finish``, ``wait``, ``abandon`` and ``join``, in this order.

    Args:
        target: the receiver.
        recorder: what all workers share.
        sender: reaches it.
    """

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
        self._may_be_starting = False  # it took something before, or was out of reach just now
        self._was_out_of_reach = False  # at the last attempt
        self._failing_since = 0.0  # monotonic: the first of the failures in a row
        self._not_before = 0.0  # monotonic: until then the receiver has asked to be left alone
        self._thread = threading.Thread(target=self._run, name=f"deliver:{target.id}")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def retarget(self, target: ReceiverSpec) -> None:
        """Send what waits, and what comes, to ``target`` from the next attempt on: at once, if it is reached elsewhere."""
        with self._changed:
            is_elsewhere = target.endpoint != self.target.endpoint
            self.target = target
            if is_elsewhere:
                self._circuit, self._may_be_starting, self._not_before = self._circuit.closed(), False, 0.0
        if is_elsewhere:
            self.retry_now()

    @property
    def circuit_state(self) -> CircuitState:
        """How the receiver stands."""
        return self._circuit.circuit_state

    def retry_now(self) -> None:
        """Look into the outbox, and do not wait any longer before the next attempt, unless the receiver asked for it."""
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
        self.wake()
        self._sender.abort()

    def join(self) -> None:
        """Wait for the end, after ``abandon``."""
        while self._thread.is_alive():  # again and again: an attempt may begin just after it was aborted
            self._sender.abort()
            self._thread.join(0.05)
        self._sender.close()

    # -- the thread -----------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        with suppress(Exception):  # ``post`` meets the same, and says so
            self._sender.prepare(self.target)
        while not self._abandoned.is_set():
            delivery = None
            try:
                delivery = self._next()
                if delivery is None:
                    return
                self._deliver(delivery)
            except Exception as error:  # noqa: BLE001  # the supervisor contains a fault of one delivery, and reports it
                self._contain(delivery, error)

    def _contain(self, delivery: Delivery | None, error: Exception) -> None:
        """Report a fault of ours by kind and place: its text, or a traceback, may hold the secret address."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        if delivery is not None:
            try:
                self._abandon(delivery, self.target, DeliveryError("delivery.crashed", reason=reason))
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
                is_open = self._circuit.circuit_state.is_open and not self.target.IS_LINK
                was_woken = self._changed.wait_for(
                    lambda: self._woken or self._finishing, self._circuit.wait_s() if is_open else None
                )
            if not was_woken:
                self._probe()
        return None

    def _probe(self) -> None:
        """See whether a receiver that is out of order is back, while nothing waits for it: nothing is sent.

        One that answers, but not as it should, is taken for well again after a while: only the next event can tell.
        """
        with self._changed:
            target, circuit = self.target, self._circuit
        is_back = self._sender.is_reachable(target) if self._was_out_of_reach else None
        if is_back is None:
            is_back = self._recorder.clock.monotonic() - self._failing_since > _FORGIVEN_S
        with self._changed:
            if target.endpoint == self.target.endpoint:
                self._circuit = circuit.closed() if is_back else circuit.probed()

    def _deliver(self, delivery: Delivery) -> None:
        """Try once, or give up what must not be tried; wait if it is to be tried again."""
        with self._changed:
            target, not_before = self.target, self._not_before
            was_requested, self._retry_requested = self._retry_requested, False
        fresh_s = target.max_age_s - self._recorder.ages.of(delivery)
        held_s = not_before - self._recorder.clock.monotonic()
        if delivery.under_way and not target.idempotent:
            self._abandon(delivery, target, OutcomeUnknown("delivery.killed"))
        elif fresh_s < 0:
            self._abandon(delivery, target, DeliveryError("delivery.too_late", seconds=tidy(target.max_age_s)))
        elif self._recorder.outbox.waiting(target.id) > self._recorder.max_waiting:
            self._abandon(delivery, target, DeliveryError("delivery.overflow"))
        elif held_s > 0:
            self._pause(min(held_s, fresh_s))
        else:
            wait = self._attempt(delivery, target, fresh_s, counts=not was_requested)
            if wait is not None:
                self._pause(min(wait, max(0.0, target.max_age_s - self._recorder.ages.of(delivery))))

    def _abandon(self, delivery: Delivery, target: ReceiverSpec, error: DeliveryError) -> None:
        self._recorder.abandon(delivery, redact(target.url), error)

    def _pause(self, wait_s: float) -> None:
        """Wait, until another attempt is asked for: as long as the receiver has asked for, in any case."""
        clock = self._recorder.clock
        with self._changed:
            self._changed.wait_for(
                lambda: self._abandoned.is_set() or (self._retry_requested and clock.monotonic() >= self._not_before),
                wait_s,
            )

    def _attempt(self, delivery: Delivery, target: ReceiverSpec, fresh_s: float, *, counts: bool) -> float | None:
        """Try once; return how long to wait before it is tried again, None if it is done, given up, or left for later."""
        clock = self._recorder.clock
        began, at = clock.monotonic(), clock.unix()
        result = self._result(delivery, target, fresh_s, at)
        error = result.error
        if error is not None and _is_for_the_next_start(error, target):  # as if it had not been tried
            return None
        self._note(target, result, at)
        counts = counts and (error is None or costs_an_attempt(error))
        wait = self._wait_s(result, delivery, target, counts=counts)
        self._recorder.report(
            delivery,
            redact(target.url),
            at,
            clock.monotonic() - began,
            status=result.answer.status,
            error=error,
            retry_in_s=wait,
            said=excerpt(result.answer.text, target.secrets()),
            steps=error.steps if error is not None and error.steps else result.answer.steps,
            counts=counts,
        )
        return wait

    def _result(self, delivery: Delivery, target: ReceiverSpec, fresh_s: float, at: float) -> _Result:
        try:
            answer = self._sender.post(target, delivery.body, delivery.event_id, fresh_s, self._on_send(delivery, target))
        except DeliveryError as failure:
            return _Result(failure)
        asked_s = retry_after_s(answer.retry_after, datetime.fromtimestamp(at, UTC))
        return _Result(failure_of(answer.status, answer.sends_to), answer, asked_s)

    def _on_send(self, delivery: Delivery, target: ReceiverSpec) -> Callable[[], None]:
        """Return what notes that a delivery is being sent, where a restart in the middle must not send it again."""
        return nothing if target.idempotent else lambda: self._recorder.outbox.begin(delivery)

    def _note(self, target: ReceiverSpec, result: _Result, at: float) -> None:
        """Keep how the receiver stands now; not if it is to be reached elsewhere meanwhile."""
        with self._changed:
            if target.endpoint != self.target.endpoint:
                return
            was_well = self._circuit.circuit_state.since is None
            self._circuit = self._circuit.failed(result.error, at) if result.error else self._circuit.closed()
            if was_well:
                self._failing_since = self._recorder.clock.monotonic()
            self._was_out_of_reach = isinstance(result.error, NotSent)
            if result.error is None or self._was_out_of_reach:
                self._may_be_starting = True
            if result.error is not None and result.asked_s is not None:
                self._not_before = self._recorder.clock.monotonic() + result.asked_s

    def _wait_s(self, result: _Result, delivery: Delivery, target: ReceiverSpec, *, counts: bool) -> float | None:
        """Return how long to wait before a delivery is tried again; None if it is done or given up."""
        may_be_starting = self._may_be_starting and not is_trial(delivery.body)
        if result.error is None or not is_worth_another(
            result.error, idempotent=target.idempotent, may_be_starting=may_be_starting
        ):
            return None
        if counts and delivery.tries + 1 >= target.max_attempts:
            return None
        state = self._circuit.circuit_state
        if result.asked_s is not None:
            return max(result.asked_s, MIN_WAIT_S if state.is_open else 0.0)
        if state.is_open and not target.IS_LINK:  # a link comes back by itself
            wait_s = self._circuit.wait_s()
        else:
            wait_s = self._recorder.backoff.wait_s(max(delivery.tries + 1, state.failures))
        return bounded_wait_s(wait_s, target.max_age_s)


def _is_for_the_next_start(error: DeliveryError, target: ReceiverSpec) -> bool:
    """Return whether an attempt that was cut off at the end leaves its delivery in the outbox."""
    return error.code == "delivery.stopped" or (error.code == "delivery.cut_off" and target.idempotent)
