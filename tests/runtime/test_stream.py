"""One uninterrupted stretch of sound, between writer and readers."""

from __future__ import annotations

import numpy as np
import pytest
from tests.peers.hearing import clap, quiet

from claptrap.runtime.stream import HOP_S, Stream


def none_lost(n: int) -> np.ndarray:
    return np.zeros(n, np.int64)


def test_stream_time_is_related_to_the_machine_s() -> None:
    """A second of sound that arrived at 1001 began at 1000."""
    stream = Stream("salon", 0, "e")
    stream.write(quiet(50), none_lost(50), 1001.0)
    assert stream.monotonic(0.5) == pytest.approx(1000.5)


def test_lost_hops_are_part_of_the_time() -> None:
    """What was lost has passed all the same."""
    stream = Stream("salon", 0, "e")
    stream.write(quiet(1), np.array([49]), 1001.0)
    assert stream.monotonic(1.0) == pytest.approx(1001.0)


def test_a_full_ring_drops_the_oldest_and_time_stays_true() -> None:
    """Overload rule: drop oldest, count, and tell the reader how many are missing before the next."""
    stream = Stream("salon", 0, "e", ring_hops=10)
    assert stream.write(quiet(10), none_lost(10), 1000.2) == 0
    assert stream.write(np.concatenate([quiet(3), clap()]), none_lost(4), 1000.28) == 4
    hops, lost = stream.ring.read(100)
    assert len(hops) == 10
    assert lost.tolist() == [4] + [0] * 9
    assert stream.monotonic(14 * HOP_S) == pytest.approx(1000.28)


def test_nothing_written_says_nothing_of_time() -> None:
    """A frame too short for a hop is no arrival."""
    stream = Stream("salon", 0, "e")
    assert stream.write(quiet(0), none_lost(0), 5.0) == 0
    with pytest.raises(ValueError, match="nothing has arrived"):
        stream.monotonic(0.0)


def test_a_stream_that_failed_has_ended() -> None:
    """Its reason is kept for the runner."""
    stream = Stream("salon", 0, "e")
    assert not stream.ended
    stream.fail("ValueError: x")
    assert stream.ended
    assert stream.failure == "ValueError: x"
