"""Holes in a stream are found by its sender's timestamps."""

from __future__ import annotations

import pytest

from claptrap.sources.rtsp import LEAST_GAP_S, Timeline

N, RATE_HZ = 160, 8000  # 20 ms


def losses(stamps_s: list[float | None], transport: str = "udp") -> list[int]:
    timeline = Timeline(LEAST_GAP_S[transport])
    return [timeline.lost(at_s, N, RATE_HZ) for at_s in stamps_s]


def test_a_stream_without_holes_has_none() -> None:
    """Wherever the stamps begin, and rounded as they may be."""
    assert losses([5.0 + round(i * 0.02, 3) for i in range(100)]) == [0] * 100


@pytest.mark.parametrize(("transport", "lost"), [("udp", N), ("tcp", 0)])
def test_one_lost_packet_is_a_hole_over_udp_only(transport: str, lost: int) -> None:
    """Inside TCP nothing is lost on the way: such a jump is a camera's jitter."""
    assert losses([0.0, 0.02, 0.06, 0.08], transport) == [0, 0, lost, 0]


def test_a_server_that_drops_is_noticed_over_tcp_too() -> None:
    """Half a second is no jitter."""
    assert losses([0.0, 0.52], "tcp") == [0, RATE_HZ // 2]


@pytest.mark.parametrize("jump_s", [-3.0, 3600.0])
def test_a_clock_that_is_set_is_no_hole(jump_s: float) -> None:
    """A camera that learns the time of day loses no sound, and holes are found afterwards as before."""
    assert losses([9.0, 9.02, 9.04 + jump_s, 9.06 + jump_s, 9.1 + jump_s]) == [0, 0, 0, 0, N]


def test_a_frame_without_a_stamp_changes_nothing() -> None:
    """Nothing is known of it."""
    assert losses([0.0, None, 0.02]) == [0, 0, 0]
