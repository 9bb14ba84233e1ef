"""What waits to be told: the seam between those who tell and the journal that keeps it over restarts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from claptrap.core.events import Attempt, Event

Outcome = Literal["late", "unknown"]
"""How a delivery that is given up ended: it was too old to be sent; or it was sent, and the receiver may have acted."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One body for one receiver.

    Attributes:
        id: names it for ever.
        event_id: what it tells; also the ``Idempotency-Key`` of every attempt.
        target_id, source_id: to whom, on behalf of which source.
        body: JSON data.
        since: UTC Unix seconds from which its age counts: when it was made, or last asked to be sent again.
        attempts: how many were made in all.
        tries: how many of them since ``since``.
    """

    id: str
    event_id: str
    target_id: str
    source_id: str
    body: Mapping[str, Any]
    since: float
    attempts: int = 0
    tries: int = 0


class Outbox(Protocol):
    """Keeps deliveries until they are done, in order for each receiver. Safe from any thread."""

    def add(self, event: Event, deliveries: Sequence[Delivery]) -> bool:
        """Keep an event and who must be told of it, both or neither; return False, and change nothing, if it is known."""

    def enqueue(self, deliveries: Sequence[Delivery]) -> None:
        """Let deliveries wait; who was told of the same event before is told again, who waits for it already is not."""

    def head(self, target_id: str) -> Delivery | None:
        """Return what has waited longest for a receiver; None if nothing does."""

    def waiting(self, target_id: str) -> int:
        """Return how many wait for a receiver."""

    def record_attempt(self, attempt: Attempt, *, counts: bool = True, outcome: Outcome | None = None) -> None:
        """Keep an attempt. The delivery waits on if another is planned, otherwise it is done: taken, or given up.

        Args:
            attempt: how it went.
            counts: whether it uses up one of the delivery's ``tries``.
            outcome: how it ended, where it is given up in one of these ways.
        """

    def orphans(self, target_ids: Collection[str]) -> Sequence[Delivery]:
        """Return all that waits for receivers other than ``target_ids``."""
