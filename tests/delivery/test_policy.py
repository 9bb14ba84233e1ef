"""When a delivery is tried again. Time is an argument: hours pass in microseconds."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from claptrap.core.backoff import Backoff
from claptrap.core.errors import NotSent, OutcomeUnknown
from claptrap.delivery.policy import (
    MAX_RETRY_AFTER_S,
    bounded_wait_s,
    costs_an_attempt,
    failure_of,
    is_worth_another,
    retry_after_s,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize("status", [408, 425, 429, 503])
def test_what_is_not_taken_now_is_sent_again_and_costs_no_attempt(status: int) -> None:
    """Too busy, or a receiver that is restarting: the answer says that it was not taken."""
    error = failure_of(status)
    assert error is not None
    assert is_worth_another(error, idempotent=False, may_be_starting=False)
    assert not costs_an_attempt(error)


@pytest.mark.parametrize("status", [500, 502, 504, 507, 599])
def test_what_failed_on_the_way_may_have_been_acted_on(status: int) -> None:
    """It is repeated only where the receiver drops repeats, and then it costs an attempt."""
    error = failure_of(status)
    assert isinstance(error, OutcomeUnknown)
    assert not is_worth_another(error, idempotent=False, may_be_starting=True)
    assert is_worth_another(error, idempotent=True, may_be_starting=False)
    assert costs_an_attempt(error)


@pytest.mark.parametrize("status", [404, 405])
def test_what_is_not_found_may_be_still_to_come(status: int) -> None:
    """Where the receiver took something before, or was out of reach just now."""
    error = failure_of(status)
    assert error is not None
    assert not is_worth_another(error, idempotent=True, may_be_starting=False)
    assert is_worth_another(error, idempotent=False, may_be_starting=True)
    assert not costs_an_attempt(error)


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 410, 413, 501])
def test_what_a_person_must_mend_is_not_tried_again(status: int) -> None:
    """The same request would be refused again."""
    error = failure_of(status)
    assert error is not None
    assert not is_worth_another(error, idempotent=True, may_be_starting=True)


def test_what_was_never_sent_costs_no_attempt() -> None:
    """Whatever kept it from being sent."""
    error = NotSent("delivery.refused", retryable=True)
    assert is_worth_another(error, idempotent=False, may_be_starting=False)
    assert not costs_an_attempt(error)


def test_whoever_comes_back_within_the_freshness_is_found() -> None:
    """A tenth of it at most lies between two attempts, but never less than a second."""
    assert bounded_wait_s(60.0, 3600.0) == 60.0
    assert bounded_wait_s(60.0, 120.0) == 12.0
    assert bounded_wait_s(60.0, 10.0) == bounded_wait_s(60.0, 1.0) == 1.0


@pytest.mark.parametrize("status", [0, 200, 204, 299])
def test_what_is_taken_is_no_failure(status: int) -> None:
    """0 is the acknowledgement of a receiver that speaks no HTTP."""
    assert failure_of(status) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("5", 5.0),
        (" 12 ", 12.0),
        ("0", 0.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0),
        ("Sun, 01 Mar 2026 13:00:30 +0100", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("3600", MAX_RETRY_AFTER_S),
        ("9" * 5000, MAX_RETRY_AFTER_S),
        ("Sun, 01 Mar 2999 12:00:00 GMT", MAX_RETRY_AFTER_S),
    ],
)
def test_a_receiver_that_says_when_is_obeyed_within_bounds(header: str, seconds: float) -> None:
    """Retry-After as seconds or as a date; nobody can put us off for a day."""
    assert retry_after_s(header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    [None, "", "soon", "-5", "1.5", "Wed, 99 Oct 2015", "Mon, 21 Oct 99999999999 07:28:00 GMT", "Mon, 21 Oct 2015 +9999999"],
)
def test_nonsense_is_as_good_as_nothing(header: str | None) -> None:
    """A header that cannot be read leaves the back-off in force and raises nothing."""
    assert retry_after_s(header, NOW) is None


def test_back_off_doubles_with_jitter_and_is_bounded() -> None:
    """Each wait lies between half of its bound and its bound; many waits are not all the same."""
    backoff = Backoff(first_s=1.0, max_s=30.0, rng=random.Random(3))
    for failures, bound in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (6, 30.0), (1000, 30.0)):
        waits = [backoff.wait_s(failures) for _ in range(200)]
        assert bound / 2 <= min(waits) < 0.55 * bound
        assert 0.95 * bound < max(waits) <= bound
