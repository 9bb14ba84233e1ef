"""What every way of reaching a receiver offers to the worker that delivers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from claptrap.core.weburl import MASK

EXCERPT_CHARACTERS = 200


def nothing() -> None:
    """Do nothing: an ``on_send`` for those who need not know."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered.

    Attributes:
        status: of HTTP; 0 from a receiver that speaks no HTTP, and has acknowledged.
        retry_after: how long it asks to wait, as it says it; None where it does not.
        text: how its words begin.
        steps: what it took to get them.
        sends_to: where a redirection leads, without what may be secret; empty for none.
    """

    status: int
    retry_after: str | None
    text: str = ""
    steps: Mapping[str, float] = field(default_factory=dict, compare=False)
    sends_to: str = ""


class Sender(Protocol):
    """Reaches one receiver; one attempt at a time, ``abort`` from any thread."""

    def prepare(self, target: Any) -> None:
        """Do beforehand what would make the first ``post`` slow. Never raises: ``post`` says what is wrong."""

    def is_reachable(self, target: Any) -> bool | None:
        """Return whether it can be connected to, sending nothing; None where that cannot be tried."""

    def post(self, target: Any, body: Mapping[str, Any], key: str, fresh_s: float, on_send: Callable[[], None]) -> Answer:
        """Send ``body`` to ``target`` under ``key``; return what it answered.

        Args:
            target: the spec of the kind that this sender is for.
            body: JSON data.
            key: the ``Idempotency-Key``.
            fresh_s: nothing is to be sent later than so many seconds from now.
            on_send: called, in this thread, immediately before anything is sent.

        Raises:
            NotSent: it cannot have taken anything.
            OutcomeUnknown: it may have taken it.
            DeliveryError: it refused; or ``delivery.stopped`` after ``abort``.
        """

    def abort(self) -> None:
        """Cut off the ``post`` that is under way, if any; it raises ``delivery.stopped``."""

    def close(self) -> None:
        """Let everything go."""


def excerpt(text: str, secrets: Iterable[str]) -> str:
    """Return how an answer begins, on one line of 200 characters at most, with ``secrets`` masked wherever they stand."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= EXCERPT_CHARACTERS else line[: EXCERPT_CHARACTERS - 1] + "…"
