"""When a delivery is tried again. Time is an argument: hours pass in microseconds."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from claptrap.core.backoff import Backoff
from claptrap.delivery.policy import MAX_RETRY_AFTER_S, failure_of, wait_s

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
FIXED = Backoff(first_s=7.0, max_s=7.0, rng=random.Random(1))


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    """Too busy, or a receiver that is restarting."""
    error = failure_of(status)
    assert error is not None
    assert error.retryable


@pytest.mark.parametrize("status", [301, 302, 400, 401, 403, 404, 410, 413, 501])
def test_what_a_person_must_mend_is_not(status: int) -> None:
    """The same request would be refused again."""
    error = failure_of(status)
    assert error is not None
    assert not error.retryable


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
    assert wait_s(FIXED, 1, header, NOW) == seconds


@pytest.mark.parametrize(
    "header",
    [None, "", "soon", "-5", "1.5", "Wed, 99 Oct 2015", "Mon, 21 Oct 99999999999 07:28:00 GMT", "Mon, 21 Oct 2015 +9999999"],
)
def test_nonsense_is_as_good_as_nothing(header: str | None) -> None:
    """A header that cannot be read leaves the back-off in force and raises nothing."""
    assert 3.5 <= wait_s(FIXED, 1, header, NOW) <= 7.0


def test_back_off_doubles_with_jitter_and_is_bounded() -> None:
    """Each wait lies between half of its bound and its bound; many waits are not all the same."""
    backoff = Backoff(first_s=1.0, max_s=30.0, rng=random.Random(3))
    for failures, bound in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0), (6, 30.0), (1000, 30.0)):
        waits = [wait_s(backoff, failures, None, NOW) for _ in range(200)]
        assert bound / 2 <= min(waits) < 0.55 * bound
        assert 0.95 * bound < max(waits) <= bound
