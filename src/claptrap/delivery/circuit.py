"""Circuit breaker: whether a receiver accepts what is sent, and how slowly it is probed while it does not. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from claptrap.core.backoff import Backoff
from claptrap.core.errors import DeliveryError

OPEN_AFTER = 5  # failures in a row; a receiver that fails three times in ten gets there once in 400 attempts


@dataclass(frozen=True, slots=True)
class CircuitState:
    """How one receiver stands.

    Attributes:
        failures: attempts in a row that failed and were worth another; 0 when all is well.
        since: UTC Unix seconds of the first of them; None when all is well.
        code: why the last one failed, a key of ``text.catalogue``; empty when all is well.
        params: values for that sentence.
    """

    failures: int = 0
    since: float | None = None
    code: str = ""
    params: Mapping[str, str | int | float] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether it is taken for out of order: it is only probed, now and then, with what has waited longest."""
        return self.failures >= OPEN_AFTER


@dataclass(frozen=True, slots=True)
class Circuit:
    """How a receiver's state changes, and how long to wait before it is probed.

    Attributes:
        probes: how long to wait between probes; the first comes after ``OPEN_AFTER`` failures in a row.
        circuit_state: how it stands.
    """

    probes: Backoff
    circuit_state: CircuitState = CircuitState()

    def failed(self, error: DeliveryError, at: float) -> Circuit:
        """Return the circuit after a failure at ``at``, UTC Unix seconds.

        A refusal for good (404) says that the receiver is there, and a certificate file that cannot be read says nothing of
        it: neither makes it wait for probes.
        """
        if not error.retryable:
            return self.closed()
        now = self.circuit_state
        return replace(self, circuit_state=CircuitState(now.failures + 1, now.since or at, error.code, error.params))

    def probed(self) -> Circuit:
        """Return the circuit after a probe that did not reach the receiver: the next one comes later."""
        now = self.circuit_state
        return replace(self, circuit_state=replace(now, failures=now.failures + 1))

    def closed(self) -> Circuit:
        """Return the circuit of a receiver that is well, or of which nothing is known."""
        return replace(self, circuit_state=CircuitState())

    def wait_s(self) -> float:
        """Return seconds until the next probe of a receiver that is open."""
        return self.probes.wait_s(self.circuit_state.failures - OPEN_AFTER + 1)
