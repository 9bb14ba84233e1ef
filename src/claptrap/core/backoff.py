"""How long to wait before trying again."""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential back-off with equal jitter.

    Half of the wait is fixed, half is random, so that what failed together is not retried together, and nothing is
    retried at once (Brooker, "Exponential Backoff And Jitter", 2015).

    Attributes:
        first_s: the wait after the first failure, before jitter.
        max_s: bound on any wait.
        rng: where chance comes from; tests give a seeded one.
    """

    first_s: float = 1.0
    max_s: float = 60.0
    rng: random.Random = field(default_factory=random.SystemRandom)

    def wait_s(self, failures: int) -> float:
        """Return seconds to wait after n = ``failures`` ≥ 1 in a row: within [w/2, w], w = min(max, first · 2^(n−1))."""
        bound = min(self.max_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return bound * (0.5 + 0.5 * self.rng.random())
