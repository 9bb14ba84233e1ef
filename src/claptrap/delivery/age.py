"""The age of deliveries that wait: monotonic, wherever this process has enqueued them."""

from __future__ import annotations

import math
import threading

from claptrap.core.clock import Clock
from claptrap.core.outbox import Delivery


class Ages:
    """Measures since when deliveries wait. Thread-safe.

    What was put into the outbox by this process is measured by the monotonic clock, so that a time of day that is set makes
    nothing older or younger. For what an earlier process left, the time of day is all there is: the larger of what it says
    when that delivery is first seen and what it says later counts, and a negative age is none: then it is infinitely old.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began: dict[tuple[str, str], float] = {}
        self._earlier: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def begin(self, delivery: Delivery, age_s: float = 0.0) -> None:
        """Count the age of a delivery from now on; ``age_s`` is what it has already."""
        with self._lock:
            self._began[_key(delivery)] = self._clock.elapsed() - age_s
            self._earlier.discard(_key(delivery))

    def of(self, delivery: Delivery) -> float:
        """Return how old a delivery is in seconds, ≥ 0; infinity where the clocks contradict each other."""
        key, now, wall_s = _key(delivery), self._clock.elapsed(), self._clock.unix() - delivery.since
        with self._lock:
            if key not in self._began:
                self._began[key] = now - wall_s if wall_s >= 0 else -math.inf
                self._earlier.add(key)
            age_s = now - self._began[key]
            return max(age_s, wall_s) if key in self._earlier else age_s

    def end(self, delivery: Delivery) -> None:
        """Forget a delivery: it waits no longer."""
        with self._lock:
            self._began.pop(_key(delivery), None)
            self._earlier.discard(_key(delivery))


def _key(delivery: Delivery) -> tuple[str, str]:
    return delivery.event_id, delivery.target_id
