"""Which failures are worth another try, and when. Pure: time is an argument."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from claptrap.core.errors import DeliveryError, NotSent, OutcomeUnknown

NOT_NOW = frozenset({408, 425, 429, 503})
"""Answers that say: not taken, come back later. A proxy's 502 and 504 do not: what is behind it may have acted."""
NOT_THERE = frozenset({404, 405})  # the answers of a receiver whose routes are still to come
MAX_RETRY_AFTER_S = 60.0
_MAX_WAIT_PART = 0.1  # of an event's freshness, so that a receiver that is back in time gets it
MIN_WAIT_S = 1.0


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
    if status in NOT_NOW:
        return DeliveryError("delivery.not_now", retryable=True, status=status)
    if status >= 500 and status != 501:
        return OutcomeUnknown("delivery.server_error", retryable=True, status=status)
    return DeliveryError("delivery.status", status=status)


def costs_an_attempt(error: DeliveryError) -> bool:
    """Return whether the receiver may have taken what it was sent: only that is bounded by ``max_attempts``."""
    return not isinstance(error, NotSent) and error.params.get("status") not in NOT_NOW | NOT_THERE


def is_worth_another(error: DeliveryError, *, idempotent: bool, may_be_starting: bool) -> bool:
    """Return whether the same event is to be sent again.

    Args:
        error: what went wrong.
        idempotent: whether the receiver drops repeats: else what it may have acted on is not repeated.
        may_be_starting: whether it took something before, or was out of reach just now, so that 404 may mean "not yet".
    """
    if isinstance(error, OutcomeUnknown):
        return error.retryable and idempotent
    if error.code == "delivery.status" and error.params["status"] in NOT_THERE:
        return may_be_starting
    return error.retryable


def tidy(seconds: float) -> float:
    """Return seconds for a sentence: 10 rather than 10.0, one digit after the point otherwise."""
    return int(seconds) if seconds == int(seconds) else round(seconds, 1)


def bounded_wait_s(wait_s: float, max_age_s: float) -> float:
    """Return ``wait_s``, but no more than a tenth of how long an event stays fresh, and that at least a second."""
    return min(wait_s, max(MIN_WAIT_S, _MAX_WAIT_PART * max_age_s))


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Read a Retry-After header (RFC 9110 §10.2.3): seconds or a date; None for nothing or nonsense.

    Args:
        header: its value as it came; None where there was none.
        now: for a date.

    Returns:
        Seconds, 0…``MAX_RETRY_AFTER_S``.
    """
    if not header:
        return None
    if header.strip().isdecimal():
        return min(float(header), MAX_RETRY_AFTER_S)
    try:
        then = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return min(max(0.0, (then.replace(tzinfo=then.tzinfo or UTC) - now).total_seconds()), MAX_RETRY_AFTER_S)
