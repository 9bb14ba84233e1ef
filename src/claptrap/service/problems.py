"""What is out of order: one list, which the page, ``/healthz`` and ``/metrics`` show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from claptrap.core.errors import ClapTrapError
from claptrap.core.events import Problem, ProblemsChanged
from claptrap.runtime.hub import Hub
from claptrap.service.messages import with_messages

Provider = Callable[[], Sequence[ClapTrapError]]


class ProblemList:
    """Collects what is wrong from those who know, and publishes it when it changes. Thread-safe.

    Args:
        hub: where ``ProblemsChanged`` goes.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._providers: list[Provider] = []
        self._published: tuple[Problem, ...] = ()
        self._lock = threading.Lock()

    def add(self, *providers: Provider) -> None:
        """Have the problems of ``providers`` in the list, in this order."""
        self._providers += providers

    def found(self) -> tuple[Problem, ...]:
        """Return all that is wrong now."""
        return tuple(Problem(error.code, dict(error.params)) for provider in self._providers for error in provider())

    def in_words(self) -> list[dict[str, Any]]:
        """Return all that is wrong now as JSON data with its sentences."""
        return [with_messages(asdict(problem)) for problem in self.found()]

    def publish(self) -> None:
        """Publish the list if it differs from the one published last."""
        with self._lock:
            found = self.found()
            if found != self._published:
                self._published = found
                self._hub.publish(ProblemsChanged(found))
