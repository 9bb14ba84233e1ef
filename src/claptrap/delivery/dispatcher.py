"""Who is told what, and again if need be: a queue and a thread per receiver, so that a dead one delays nobody."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from claptrap.core.backoff import Backoff
from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import DeliveryError
from claptrap.core.events import Attempt, Event, StatusSink
from claptrap.core.spec import TargetSpec
from claptrap.core.weburl import redact
from claptrap.delivery.payload import clap_body, trial_body
from claptrap.delivery.policy import wait_s, worth_retrying
from claptrap.delivery.webhook import Webhook

WAITING = 200  # detections that may wait for one receiver; then the oldest is given up, and said so
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One body for one receiver; ``key`` is the same on every attempt."""

    key: str
    body: Mapping[str, Any]


class Dispatcher:
    """Tells receivers of events. An ``EventSink``.

    Args:
        status: where every attempt and its outcome go.
        clock: the machine's.
        backoff: how long to wait between attempts.
    """

    def __init__(self, status: StatusSink, clock: Clock | None = None, backoff: Backoff | None = None) -> None:
        self._status = status
        self._clock = clock or SystemClock()
        self._backoff = backoff or Backoff(first_s=1.0, most_s=30.0)
        self._couriers: dict[str, Courier] = {}
        self._lock = threading.Lock()

    def apply(self, targets: Sequence[TargetSpec]) -> None:
        """Make ``targets`` the whole of who is told. What waits for a receiver that is gone is given up, and said so."""
        wanted = {target.id: target for target in targets}
        with self._lock:
            gone = [self._couriers.pop(i) for i in list(self._couriers) if i not in wanted]
            for target in wanted.values():
                self._courier(target).aim(target)
        _end(gone, 0.0)

    def take(self, event: Event) -> None:
        """Queue an event for the receivers of its source; never waits for them."""
        parcel = Parcel(event.id, clap_body(event))
        with self._lock:
            for courier in self._couriers.values():
                if courier.target.source_id == event.source_id:
                    courier.put(parcel)

    def test(self, target_id: str, *, source_kind: str, source_name: str) -> str:
        """Send a test through queue, thread and request of a real clap; return its event id.

        Raises:
            KeyError: there is no such target.
        """
        event_id = f"test:{uuid4().hex[:12]}"
        with self._lock:
            courier = self._couriers[target_id]
            source_id = courier.target.source_id
            courier.put(Parcel(event_id, trial_body(event_id, source_id, source_kind, source_name, self._clock.unix())))
        return event_id

    def stop(self, timeout_s: float) -> None:
        """End: what is not delivered ``timeout_s`` from now is given up, and said so."""
        with self._lock:
            couriers = list(self._couriers.values())
            self._couriers.clear()
        _end(couriers, timeout_s)

    def _courier(self, target: TargetSpec) -> Courier:
        if target.id not in self._couriers:
            self._couriers[target.id] = Courier(target, self._status, self._clock, self._backoff)
        return self._couriers[target.id]


def _end(couriers: Sequence[Courier], timeout_s: float) -> None:
    """End couriers within ``timeout_s`` in all, however many of them have a receiver that does not answer."""
    deadline = time.monotonic() + timeout_s
    for courier in couriers:
        courier.finish()
    for courier in couriers:
        courier.wait(deadline - time.monotonic())
    for courier in couriers:
        courier.give_up()
    for courier in couriers:
        courier.join()


class Courier:
    """One receiver: its queue, and the thread ``deliver:ID`` that empties it in order."""

    def __init__(self, target: TargetSpec, status: StatusSink, clock: Clock, backoff: Backoff) -> None:
        self.target = target
        self._status = status
        self._clock = clock
        self._backoff = backoff
        self._webhook = Webhook()
        self._queue: deque[Parcel] = deque()
        self._changed = threading.Condition()
        self._finishing = False
        self._giving_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"deliver:{target.id}")
        self._thread.start()

    def aim(self, target: TargetSpec) -> None:
        """Send what waits, and what comes, to ``target`` from the next attempt on."""
        self.target = target

    def put(self, parcel: Parcel) -> None:
        """Queue a parcel; when too many wait the oldest is given up."""
        with self._changed:
            if len(self._queue) >= WAITING:
                self._report(self._queue.popleft(), 0, self._clock.unix(), 0.0, error=DeliveryError("delivery.overflow"))
            self._queue.append(parcel)
            self._changed.notify()

    def finish(self) -> None:
        """Ask the thread to end once the queue is empty."""
        with self._changed:
            self._finishing = True
            self._changed.notify()

    def wait(self, timeout_s: float) -> None:
        """Wait at most that long for the queue to empty."""
        self._thread.join(max(0.0, timeout_s))

    def give_up(self) -> None:
        """Cut off what is under way, and send nothing more."""
        self._giving_up.set()
        self._webhook.abort()

    def join(self) -> None:
        """Wait for the end, after ``give_up``."""
        while self._thread.is_alive():  # again and again: an attempt may begin just after it was aborted
            self._webhook.abort()
            self._thread.join(0.05)
        self._webhook.close()

    def _run(self) -> None:
        while (parcel := self._next()) is not None:
            try:
                self._deliver(parcel)
            except Exception as error:  # noqa: BLE001  # the supervisor contains a fault of one delivery, and says so
                self._say_crashed(parcel, error)

    def _say_crashed(self, parcel: Parcel, error: Exception) -> None:
        """Tell of a fault of ours by kind and place: its text, or a traceback, may hold the secret address."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        reason = f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}"
        self._report(parcel, 0, self._clock.unix(), 0.0, error=DeliveryError("delivery.crashed", reason=reason))

    def _next(self) -> Parcel | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._finishing)
            return self._queue.popleft() if self._queue else None

    def _deliver(self, parcel: Parcel) -> None:
        for number in range(1, self.target.max_attempts + 1):
            wait = self._attempt(parcel, number)
            if wait is None:
                return
            if self._giving_up.wait(wait):
                self._report(parcel, number + 1, self._clock.unix(), 0.0, error=DeliveryError("delivery.stopped"))
                return

    def _attempt(self, parcel: Parcel, number: int) -> float | None:
        """Try once; return how long to wait before the next attempt, None if there is to be none."""
        target, began, at = self.target, self._clock.monotonic(), self._clock.unix()
        if self._giving_up.is_set():
            self._report(parcel, number, at, 0.0, error=DeliveryError("delivery.stopped"))
            return None
        error, status, retry_after = None, 0, None
        try:
            answer = self._webhook.post(target.url, parcel.body, parcel.key, target.timeout_s)
            status, retry_after = answer.status, answer.retry_after
            if not 200 <= status < 300:
                error = DeliveryError("delivery.status", retryable=worth_retrying(status), status=status)
        except DeliveryError as failure:
            error = failure
        wait = None
        if error is not None and error.retryable and number < target.max_attempts:
            wait = wait_s(self._backoff, number, retry_after, datetime.fromtimestamp(at, UTC))
        self._report(parcel, number, at, self._clock.monotonic() - began, status=status, error=error, retry_in_s=wait)
        return wait

    def _report(
        self,
        parcel: Parcel,
        number: int,
        at: float,
        took_s: float,
        *,
        status: int = 0,
        error: DeliveryError | None = None,
        retry_in_s: float | None = None,
    ) -> None:
        """Tell the page and the log of one attempt."""
        url = redact(self.target.url)
        code, params = (error.code, error.params) if error else ("", {})
        self._status.offer(
            Attempt(
                parcel.key,
                self.target.id,
                self.target.source_id,
                url,
                number,
                at,
                round(took_s, 4),
                status,
                code,
                params,
                retry_in_s,
            )
        )
        again = f" (again in {retry_in_s:.1f} s)" if retry_in_s is not None else ""
        level = logging.WARNING if error else logging.INFO
        _log.log(level, "%s: %s, attempt %d: %s%s", parcel.key, url, number, error or status, again)
