"""How a receiver stands, without a receiver."""

from __future__ import annotations

import random

from claptrap.core.backoff import Backoff
from claptrap.core.errors import DeliveryError
from claptrap.delivery.circuit import OPEN_AFTER, Circuit, CircuitState

CLOSED = Circuit(Backoff(first_s=10.0, max_s=60.0, rng=random.Random(3)))
DOWN = DeliveryError("delivery.refused", retryable=True)


def failed(times: int, first_at: float = 100.0) -> Circuit:
    circuit = CLOSED
    for i in range(times):
        circuit = circuit.failed(DOWN, first_at + i)
    return circuit


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    """Not before; it keeps since when, and why last."""
    assert not failed(OPEN_AFTER - 1).circuit_state.is_open
    opened = failed(OPEN_AFTER).circuit_state
    assert (opened.is_open, opened.since, opened.code) == (True, 100.0, "delivery.refused")


def test_one_success_closes_it() -> None:
    """It begins to count anew."""
    closed = failed(OPEN_AFTER + 3).closed()
    assert closed.circuit_state == CircuitState()
    assert closed.failed(DOWN, 7.0).circuit_state.failures == 1


def test_a_refusal_for_good_says_that_the_receiver_is_there() -> None:
    """Whoever answers 404 is not out of order."""
    gone = DeliveryError("delivery.status", status=404)
    assert failed(OPEN_AFTER).failed(gone, 200.0).circuit_state == CircuitState()


def test_probes_come_more_and_more_slowly_within_a_bound() -> None:
    """First after 5 to 10 s, in the end every 30 to 60 s."""
    assert 5.0 <= failed(OPEN_AFTER).wait_s() <= 10.0
    assert 30.0 <= failed(OPEN_AFTER + 40).wait_s() <= 60.0
