"""The ring forgets the oldest, says how much, and loses nothing else."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from numpy.typing import NDArray

from claptrap.audio.frame import HOP
from claptrap.audio.ring import HopRing


def numbered(first: int, n: int) -> NDArray[np.float32]:
    """Return hops that bear their own stream time."""
    return np.repeat(np.arange(first, first + n, dtype=np.float32)[:, None], HOP, axis=1)


def whole(n: int) -> NDArray[np.int64]:
    return np.zeros(n, np.int64)


def test_what_is_written_is_read_in_order() -> None:
    """First in, first out, at most as many as asked for."""
    ring = HopRing(8)
    assert ring.write(numbered(0, 5), np.array([0, 2, 0, 0, 1])) == 0
    hops, lost = ring.read(3)
    assert hops[:, 0].tolist() == [0, 1, 2]
    assert lost.tolist() == [0, 2, 0]
    assert len(ring) == 2
    assert ring.read(9)[1].tolist() == [0, 1]
    assert ring.read(9)[0].shape == (0, HOP)


@pytest.mark.parametrize("capacity", [1, 2, 7, 50])
def test_stream_time_is_true_for_any_writing_and_reading(capacity: int) -> None:
    """Each hop's number equals its stream time, whatever was dropped in between, and every drop is counted."""
    rng = np.random.default_rng(capacity)
    ring = HopRing(capacity)
    written = n_written = n_dropped = n_read = read_to = 0
    for _ in range(500):
        k = int(rng.integers(0, 2 * capacity + 2))
        lost = rng.choice([0, 0, 0, 3], size=k)
        times = written + np.arange(k) + np.cumsum(lost)
        n_dropped += ring.write(np.repeat(times[:, None], HOP, axis=1).astype(np.float32), lost)
        n_written += k
        written += k + int(lost.sum())
        hops, lost = ring.read(int(rng.integers(0, 2 * capacity)))
        assert hops[:, 0].tolist() == (read_to + np.arange(len(hops)) + np.cumsum(lost)).tolist()
        n_read += len(hops)
        read_to += len(hops) + int(lost.sum())
    assert n_dropped > 0
    assert n_read + n_dropped + len(ring) == n_written


def test_what_is_read_is_the_readers_own() -> None:
    """Later writing does not change what was read."""
    ring = HopRing(2)
    ring.write(numbered(0, 2), whole(2))
    hops, _ = ring.read(2)
    ring.write(numbered(7, 2), whole(2))
    assert hops[:, 0].tolist() == [0, 1]


def test_hops_and_losses_must_belong_together() -> None:
    """A programmer's mistake is found at once."""
    with pytest.raises(ValueError, match="belong together"):
        HopRing(4).write(numbered(0, 2), whole(1))
    with pytest.raises(ValueError, match="at least one"):
        HopRing(0)


def test_two_threads_never_tear_a_hop() -> None:
    """A reader beside a writer sees whole hops in true time, and all that were not dropped."""
    ring = HopRing(16)
    total = 20_000

    def write() -> None:
        for first in range(0, total, 4):
            ring.write(numbered(first, 4), whole(4))

    writer = threading.Thread(target=write, name="writer")
    writer.start()
    read_to = 0
    while read_to < total:
        running = writer.is_alive()
        hops, lost = ring.read(8)
        if not len(hops) and not running:
            break
        assert (hops == hops[:, :1]).all()
        assert hops[:, 0].tolist() == (read_to + np.arange(len(hops)) + np.cumsum(lost)).tolist()
        read_to += len(hops) + int(lost.sum())
    writer.join()
    assert read_to == total
