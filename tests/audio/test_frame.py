"""A frame is what it says, and nobody can change it."""

from __future__ import annotations

import numpy as np
import pytest

from claptrap.audio.frame import Frame


def test_a_frame_cannot_be_written_to() -> None:
    """Whoever receives a frame can pass it on without a copy."""
    samples = np.zeros((4, 2), np.float32)
    frame = Frame(samples, 48_000)
    with pytest.raises(ValueError, match="read-only"):
        frame.samples[0, 0] = 1
    assert samples.flags.writeable, "the maker's own array is left as it was"


@pytest.mark.parametrize(
    ("samples", "rate_hz", "lost_samples"),
    [
        (np.zeros(4, np.float32), 48_000, 0),
        (np.zeros((4, 0), np.float32), 48_000, 0),
        (np.zeros((4, 1), np.float64), 48_000, 0),
        (np.zeros((4, 1), np.float32), 0, 0),
        (np.zeros((4, 1), np.float32), 48_000, -1),
    ],
)
def test_a_frame_that_cannot_be_is_refused(samples: np.ndarray, rate_hz: int, lost_samples: int) -> None:
    """A wrong shape, type, rate or loss is found where it is made, not where it is heard."""
    with pytest.raises(ValueError, match="a frame has"):
        Frame(samples, rate_hz, lost_samples)
