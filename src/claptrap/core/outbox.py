"""Deliveries that wait: the interface between ``delivery``, which sends them, and the journal, which stores them."""

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
        event_id: the event in it; also the ``Idempotency-Key`` of every attempt.
        target_id, source_id: its receiver, and the source of the event.
        body: JSON data.
        since: UTC Unix seconds from which its age counts: when it was made, or last asked to be sent again.
        attempts: how many were made in all.
        tries: how many of them since ``since``.
        under_way: whether it was just being sent when it was last seen: after a restart, its outcome is unknown.
    """

    id: str
    event_id: str
    target_id: str
    source_id: str
    body: Mapping[str, Any]
    since: float
    attempts: int = 0
    tries: int = 0
    under_way: bool = False


class Outbox(Protocol):
    """Keeps deliveries until they are done, in order for each receiver. Safe from any thread."""

    def add(self, event: Event, deliveries: Sequence[Delivery]) -> bool:
        """Store an event and its deliveries, both or neither; return False, and change nothing, if it is known."""

    def enqueue(self, deliveries: Sequence[Delivery]) -> None:
        """Enqueue deliveries; one of the same event and receiver that is done is sent again, one that waits is left."""

    def head(self, target_id: str) -> Delivery | None:
        """Return what has waited longest for a receiver; None if nothing does."""

    def waiting(self, target_id: str) -> int:
        """Return how many wait for a receiver."""

    def begin(self, delivery: Delivery) -> None:
        """Note that a delivery is about to be sent; ``record_attempt`` ends that."""

    def record_attempt(self, attempt: Attempt, *, counts: bool = True, outcome: Outcome | None = None) -> None:
        """Keep an attempt. The delivery waits on if another is planned, otherwise it is done: taken, or given up.

        Args:
            attempt: how it went.
            counts: whether it uses up one of the delivery's ``tries``.
            outcome: how it ended, where it is given up in one of these ways.
        """

    def orphans(self, target_ids: Collection[str]) -> Sequence[Delivery]:
        """Return all that waits for receivers other than ``target_ids``."""
