"""Records attempts in the outbox, on the page and in the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from claptrap.core.backoff import Backoff
from claptrap.core.clock import Clock
from claptrap.core.errors import DeliveryError, OutcomeUnknown
from claptrap.core.events import Attempt, StatusSink
from claptrap.core.outbox import Delivery, Outbox, Outcome
from claptrap.delivery.age import Ages

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AttemptRecorder:
    """What all workers share.

    Attributes:
        outbox: keeps what waits.
        status: where every attempt and its outcome go.
        clock: the machine's.
        backoff: how long to wait between attempts.
        probes: how long to wait between attempts while a receiver is out of order (``circuit``).
        max_waiting: deliveries that may wait for one receiver.
        ages: how old what waits is.
    """

    outbox: Outbox
    status: StatusSink
    clock: Clock
    backoff: Backoff
    probes: Backoff
    max_waiting: int
    ages: Ages = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ages", Ages(self.clock))

    def abandon(self, delivery: Delivery, url: str, error: DeliveryError) -> None:
        """Record that a delivery is given up without an attempt."""
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
        counts: bool = True,
    ) -> None:
        """Record one attempt in the outbox, on the page and in the log.

        Args:
            delivery: what was attempted.
            url: where to, redacted.
            at: UTC Unix seconds when it began.
            took_s: how long it took.
            status: of HTTP; 0 where none came.
            error: why it failed; None on success.
            retry_in_s: seconds until the next attempt; None when this was the last.
            said: how the answer began, its secrets masked.
            steps: the steps that were taken, and how many seconds each took.
            counts: whether it uses up one of the attempts that the receiver's settings allow.
        """
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
        self.outbox.record_attempt(attempt, counts=counts, outcome=_outcome(error) if retry_in_s is None else None)
        if retry_in_s is None:
            self.ages.end(delivery)
        self.status.offer(attempt)
        again = f" (again in {retry_in_s:.1f} s)" if retry_in_s is not None else ""
        level = logging.WARNING if error else logging.INFO
        _log.log(level, "%s: %s, attempt %d: %s%s", attempt.event_id, url, attempt.number, error or status, again)


def _outcome(error: DeliveryError | None) -> Outcome | None:
    """Return in which way a delivery ended that is given up because of ``error``."""
    if isinstance(error, OutcomeUnknown):
        return "unknown"
    return "late" if error is not None and error.code == "delivery.too_late" else None
