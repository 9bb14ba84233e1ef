"""Hops between the thread that captures them and the thread that hears them."""

from __future__ import annotations

import threading

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP


class HopRing:
    """A bounded ring of hops: one writer, one reader, never a wait.

    Overload rule: the oldest hops are dropped and counted, and the next hop that is read says how many are missing before
    it, so that the reader's stream time stays true.

    Args:
        capacity_hops: how many hops it holds, ≥ 1.

    Raises:
        ValueError: no capacity.
    """

    def __init__(self, capacity_hops: int) -> None:
        if capacity_hops < 1:
            raise ValueError(f"a ring holds at least one hop, not {capacity_hops}")
        self._hops = np.zeros((capacity_hops, HOP), np.float32)
        self._lost = np.zeros(capacity_hops, np.int64)
        self._first = 0  # index of the oldest
        self._n = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._n

    def write(self, hops: NDArray[np.float32], lost: NDArray[np.int64]) -> int:
        """Add hops.

        Args:
            hops: shape (k, 320), k ≥ 0; they are copied.
            lost: shape (k,): hops missing just before each.

        Returns:
            How many hops (old ones, or the oldest of these) had to be dropped.
        """
        if hops.shape != (len(lost), HOP):
            raise ValueError(f"hops {hops.shape} and lost {lost.shape} do not belong together")
        with self._lock:
            capacity = len(self._lost)
            n_dropped = max(0, self._n + len(hops) - capacity)
            n_new = missing = 0
            if n_dropped:
                n_old = min(n_dropped, self._n)
                n_new = n_dropped - n_old
                missing = n_dropped + int(self._lost[self._places(n_old)].sum()) + int(lost[:n_new].sum())
                self._first = (self._first + n_old) % capacity
                self._n -= n_old
            places = (self._first + self._n + np.arange(len(hops) - n_new)) % capacity
            self._hops[places] = hops[n_new:]
            self._lost[places] = lost[n_new:]
            self._n += len(places)
            if n_dropped:
                self._lost[self._first] += missing
            return n_dropped

    def read(self, limit: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Take the oldest hops out.

        Args:
            limit: at most this many, ≥ 0.

        Returns:
            hops (k, 320) and lost (k,), the hops missing just before each; k ≥ 0. They are the caller's own.
        """
        with self._lock:
            places = self._places(min(limit, self._n))
            hops, lost = self._hops[places], self._lost[places]
            self._first = (self._first + len(places)) % len(self._lost)
            self._n -= len(places)
            return hops, lost

    def _places(self, n: int) -> NDArray[np.int64]:
        """Return the indices of the ``n`` oldest hops."""
        return (self._first + np.arange(n)) % len(self._lost)
