"""A tape gives back what was written on it, at its place."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from claptrap.audio.clip import SampleHistory
from claptrap.audio.frame import HOP


def hop(number: int) -> NDArray[np.float32]:
    return np.arange(number * HOP, (number + 1) * HOP, dtype=np.float32) + 1


@pytest.mark.parametrize("lost_at", [None, 0, 3, 17])
@pytest.mark.parametrize("n_lost", [1, 5, 40])
def test_any_piece_is_what_the_whole_stream_has_there(lost_at: int | None, n_lost: int) -> None:
    """As far as the tape reaches; what was lost is silence."""
    tape, whole = SampleHistory(8), np.zeros(0, np.float32)
    for i in range(20):
        lost = n_lost if i == lost_at else 0
        tape.write(hop(i), lost)
        whole = np.concatenate((whole, np.zeros(lost * HOP, np.float32), hop(i)))
        assert tape.end == len(whole)
        oldest = max(0, len(whole) - 8 * HOP)
        pieces = ((oldest, len(whole)), (oldest + 5, len(whole) - 7), (-100, len(whole) + 100), (oldest + 1, oldest + 2))
        for begin, end in pieces:
            assert np.array_equal(tape.extract(begin, end), whole[max(begin, oldest) : end])
        assert not len(tape.extract(len(whole), len(whole) + 1))
        assert not len(tape.extract(oldest - 10, oldest))


def test_a_tape_that_begins_later_has_nothing_from_before() -> None:
    tape = SampleHistory(8, start=100)
    tape.write(hop(0), 2)
    assert tape.end == 103 * HOP
    assert np.array_equal(tape.extract(0, 200 * HOP), np.concatenate((np.zeros(2 * HOP, np.float32), hop(0))))
