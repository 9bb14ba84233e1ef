"""Holes in a stream are found by its sender's timestamps."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from claptrap.sources.rtsp_frames import LEAST_GAP_S, Timeline

N, RATE_HZ = 160, 8000  # 20 ms


def losses(stamps_s: list[float | None], transport: str = "udp") -> list[int]:
    """Return what is lost before each frame, which comes as late as its stamp says, or after its predecessor."""
    timeline, now_s, found, newest_s = Timeline(LEAST_GAP_S[transport]), 100.0, list[int](), None
    for at_s in stamps_s:
        passed_s = 0.02 if at_s is None or newest_s is None or not 0 < at_s - newest_s < 1 else at_s - newest_s
        now_s, newest_s = now_s + passed_s, at_s if at_s is not None else newest_s
        found.append(timeline.lost(at_s, N, RATE_HZ, now_s))
    return found


@pytest.mark.parametrize(
    ("transport", "frame_s", "stamp"),
    [
        ("udp", 0.064, lambda k, jitter: k * 0.064 + 0.031 * jitter),
        ("udp", 0.020, lambda k, jitter: k * 0.020 + 0.020 * jitter),
        ("udp", 0.020, lambda k, _: k * 0.040),
        ("tcp", 0.020, lambda k, _: k * 0.225),
    ],
    ids=["AAC with jitter", "G.711 with jitter", "twice too fast", "G.711 in 90 kHz"],
)
def test_stamps_are_believed_only_within_the_time_that_passed(
    transport: str, frame_s: float, stamp: Callable[[int, float], float]
) -> None:
    """A minute of sound that is all there, whatever its stamps say: up to all of it was counted as lost."""
    timeline, rng = Timeline(LEAST_GAP_S[transport]), Random(1)
    n = round(60 / frame_s)
    lost = [
        timeline.lost(stamp(k, rng.uniform(-1, 1)), round(frame_s * 16_000), 16_000, 5.0 + k * frame_s) for k in range(n)
    ]
    assert sum(lost) / 16_000 < 0.1


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
