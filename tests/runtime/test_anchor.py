"""Stream time stays true to the machine's clock."""

from __future__ import annotations

import numpy as np
import pytest

from claptrap.runtime.anchor import Anchor


def test_jitter_is_removed() -> None:
    """Blocks arrive late by 0–50 ms; the estimate is within 2 ms of the truth."""
    rng = np.random.default_rng(1)
    anchor = Anchor()
    for i in range(1, 500):
        anchor.arrived(i * 0.02, 1000 + i * 0.02 + rng.uniform(0, 0.05))
    assert anchor.monotonic(5.0) == pytest.approx(1005.0, abs=0.002)


def test_a_day_of_drift_is_followed() -> None:
    """A sound card 100 ppm slow is 8.6 s late after a day; time stamps must not be."""
    anchor = Anchor()
    day_s, ppm = 86_400, 100e-6
    for stream_s in range(1, day_s):
        anchor.arrived(stream_s, stream_s * (1 + ppm))
    assert anchor.monotonic(day_s) == pytest.approx(day_s * (1 + ppm), abs=0.003)


def test_asking_before_anything_arrived_is_an_error() -> None:
    """There is no made-up time."""
    with pytest.raises(ValueError, match="nothing has arrived"):
        Anchor().monotonic(0)
