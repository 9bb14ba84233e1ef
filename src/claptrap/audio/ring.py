"""A queue of hops between the thread that captures and the thread that processes."""

from __future__ import annotations

import threading
from collections import deque

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP

Hops = tuple[NDArray[np.float32], NDArray[np.int64]]
_NO_HOPS: Hops = (np.zeros((0, HOP), np.float32), np.zeros(0, np.int64))


class HopRing:
    """A bounded queue of hops: one writer, one reader, never a wait.

    Overload rule: the oldest hops are dropped and counted, and the next hop that is read says how many are missing before
    it, so that the reader's stream time stays true.

    Arrays are handed over, not copied: a stream takes no memory for capacity that it does not use.

    Args:
        capacity_hops: hops held, ≥ 1.

    Raises:
        ValueError: ``capacity_hops`` < 1.
    """

    def __init__(self, capacity_hops: int) -> None:
        if capacity_hops < 1:
            raise ValueError(f"a ring holds at least one hop, not {capacity_hops}")
        self._capacity = capacity_hops
        self._blocks: deque[Hops] = deque()  # as written, none of them empty
        self._n = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._n

    def write(self, hops: NDArray[np.float32], lost: NDArray[np.int64]) -> int:
        """Append hops; return how many hops (old ones, or the oldest of these) had to be dropped.

        Args:
            hops: (k, 320) float32, k ≥ 0; the writer must not change them from now on.
            lost: (k,) int64, hops missing just before each; likewise.

        Raises:
            ValueError: shapes that do not fit each other.
        """
        if hops.shape != (len(lost), HOP):
            raise ValueError(f"hops {hops.shape} and lost {lost.shape} do not belong together")
        if not len(hops):
            return 0
        with self._lock:
            self._blocks.append((hops, lost))
            self._n += len(hops)
            n_dropped = max(0, self._n - self._capacity)
            if n_dropped:
                self._drop(n_dropped)
            return n_dropped

    def read(self, limit: int) -> Hops:
        """Remove and return the oldest hops (k, 320) and lost (k,), the hops missing just before each. Read-only.

        Args:
            limit: k is at most this, ≥ 0; k = 0 where nothing is queued.
        """
        with self._lock:
            return self._take(min(limit, self._n))

    def _take(self, n: int) -> Hops:
        """Remove and return the ``n`` oldest hops; at least as many are queued."""
        self._n -= n
        taken: list[Hops] = []
        while n:
            hops, lost = self._blocks.popleft()
            if len(hops) > n:
                self._blocks.appendleft((hops[n:], lost[n:]))
                hops, lost = hops[:n], lost[:n]
            taken.append((hops, lost))
            n -= len(hops)
        if len(taken) > 1:
            return np.concatenate([hops for hops, _ in taken]), np.concatenate([lost for _, lost in taken])
        return taken[0] if taken else _NO_HOPS

    def _drop(self, n: int) -> None:
        """Remove the ``n`` oldest hops and add them to ``lost`` of the next one, which exists."""
        _, gone = self._take(n)
        hops, lost = self._blocks[0]
        lost = lost.copy()
        lost[0] += n + int(gone.sum())
        self._blocks[0] = hops, lost
