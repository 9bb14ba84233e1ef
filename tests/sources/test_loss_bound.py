"""What a peer says is lost is bounded by what was observed."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from claptrap.sources.loss_bound import BUCKET_S, LossBound


def believed_s(claim: Callable[[int], float], arrival: Callable[[int], float], frame_s: float, n: int) -> float:
    """Return how much was believed lost of ``n`` frames that arrive at ``arrival(k)`` and claim ``claim(k)``."""
    bound = LossBound()
    return sum(bound.received(frame_s, arrival(k), claim(k)) for k in range(n))


@pytest.mark.parametrize("frame_s", [0.02, 0.064, 0.128])
def test_a_stream_that_comes_in_real_time_has_lost_next_to_nothing(frame_s: float) -> None:
    """Whatever it says, every frame; the arrival may jitter."""
    rng = random.Random(1)
    jitter = [rng.uniform(0, 0.02) for _ in range(10_000)]
    n = round(60 / frame_s)
    assert believed_s(lambda _: frame_s, lambda k: k * frame_s + jitter[k], frame_s, n) < 0.02 * 60


def test_what_is_really_lost_is_believed() -> None:
    """One frame of ten never comes, for a minute; a second is lost at once."""
    kept = [k for k in range(3_000) if k % 10 != 5]
    lost_s = believed_s(lambda i: 0.02 if kept[i] % 10 == 6 else 0.0, lambda i: kept[i] * 0.02, 0.02, len(kept))
    assert lost_s == pytest.approx(6.0, rel=0.05)
    kept = [k for k in range(1_000) if not 500 <= k < 550]
    lost_s = believed_s(lambda i: 1.0 if kept[i] == 550 else 0.0, lambda i: kept[i] * 0.02, 0.02, len(kept))
    assert lost_s == pytest.approx(1.0, abs=0.02)


def test_a_pause_is_no_credit_for_later() -> None:
    """A camera that paused for five seconds may have lost five, soon after; a minute later it has lost nothing."""
    bound, now = LossBound(), 0.0
    for k in range(6_000):
        now = k * 0.02 + (5.0 if k >= 500 else 0.0)
        bound.received(0.02, now)
    assert bound.received(0.02, now + 0.02, 5.0) < 2 * BUCKET_S


def test_a_day_of_a_clock_that_is_fast_or_slow_changes_nothing() -> None:
    """Sound cards differ by 100 in a million: after a day that is nine seconds, and a loss is still what it is."""
    for drift in (1 - 1e-4, 1 + 1e-4):
        bound, now = LossBound(), 0.0
        for k in range(86_400):
            now = k * drift
            bound.received(1.0, now)
        assert bound.received(0.02, now + 2.02, 2.0) == pytest.approx(2.0, abs=BUCKET_S)


def test_it_keeps_ten_seconds_and_no_more() -> None:
    """Its memory is level."""
    bound = LossBound()
    for k in range(100_000):
        bound.received(0.02, k * 0.02)
    assert len(bound._buckets) < 50
