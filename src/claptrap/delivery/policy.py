"""Which failures are worth another try, and when. Pure: time is an argument."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from claptrap.core.backoff import Backoff
from claptrap.core.errors import DeliveryError, NotSent

RETRY_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504})
MAX_RETRY_AFTER_S = 60.0
_OUT_OF_ORDER = frozenset({429, 502, 503, 504})


def failure_of(status: int, sends_to: str = "") -> DeliveryError | None:
    """Return why an answer is none that takes the event; None where it does.

    Args:
        status: of HTTP; 0 from a receiver that speaks no HTTP, and has acknowledged.
        sends_to: where a redirection leads; empty for none.
    """
    if status == 0 or 200 <= status < 300:
        return None
    if sends_to:
        return DeliveryError("delivery.redirected", status=status, where=sends_to)
    return DeliveryError("delivery.status", retryable=status in RETRY_STATUSES, status=status)


def is_receiver_fault(error: DeliveryError) -> bool:
    """Return whether any other event would have failed too: nothing was sent, or the receiver says it takes none now."""
    return isinstance(error, NotSent) or error.params.get("status") in _OUT_OF_ORDER


def wait_s(backoff: Backoff, failures: int, retry_after: str | None, now: datetime) -> float:
    """Return seconds to wait: the receiver's Retry-After if it gave one, bounded, else the back-off's.

    Args:
        backoff: how long to wait where the receiver does not say.
        failures: attempts so far, ≥ 1.
        retry_after: the header's value as it came, which may be nonsense; None where there was none.
        now: for a Retry-After that is a date.
    """
    asked = _retry_after_s(retry_after, now)
    return backoff.wait_s(failures) if asked is None else min(asked, MAX_RETRY_AFTER_S)


def _retry_after_s(header: str | None, now: datetime) -> float | None:
    """Read a Retry-After header (RFC 9110 §10.2.3): seconds or a date; None for nothing or nonsense."""
    if not header:
        return None
    if header.strip().isdecimal():
        return float(header)
    try:
        then = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - now).total_seconds())
