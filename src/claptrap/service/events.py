"""Where the worker and the dispatcher report to: detections are recorded, everything else is passed on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Protocol

from claptrap.core.events import Attempt, Event, ModelProgress, SheddingChanged, SourceStatus, Status
from claptrap.delivery.dispatcher import Dispatcher
from claptrap.runtime.counts import Counts
from claptrap.runtime.hub import Hub
from claptrap.service.problems import ProblemList

_log = logging.getLogger(__name__)


class StatusRelay:
    """A ``StatusSink``: counts what happens and publishes it.

    Args:
        counts: counts it.
        hub: publishes it.
        problems: may have changed with an attempt, a model, or what hearing leaves out.
        on_source: called after each status of a source.
        observers: called with every status before it is published.
    """

    def __init__(
        self,
        counts: Counts,
        hub: Hub,
        problems: ProblemList,
        on_source: Callable[[], None],
        observers: Sequence[Callable[[Status], None]] = (),
    ) -> None:
        self._counts = counts
        self._hub = hub
        self._problems = problems
        self._on_source = on_source
        self._observers = observers

    def offer(self, status: Status) -> None:
        """Pass a status on to those who watch."""
        self._counts.add(status)
        for observe in self._observers:
            observe(status)
        self._hub.offer(status)
        if isinstance(status, SourceStatus):
            self._on_source()
        if isinstance(status, Attempt | ModelProgress | SheddingChanged):  # an attempt may not have been written down
            self._problems.publish()


class ProofFollower(Protocol):
    """Follows detections of claps that were put into the sound."""

    def receivers(self, event: Event) -> Collection[str] | None:
        """Return the ids of the receivers that may get it; None for all."""

    def recorded(self, event: Event) -> None:
        """Note that it was written down."""


class EventRecorder:
    """An ``EventSink``: writes detections down, has them delivered, counts and publishes them.

    Args:
        dispatcher: writes them down and delivers them.
        counts: counts them.
        hub: publishes them.
        problems: may have changed with one that could not be written down.
        on_event: called with each that acts, after that; must not wait.
        acts: whether the detections of a source at a moment (UTC Unix seconds) act, or are only written down.
        proofs: follow those that are tests.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        counts: Counts,
        hub: Hub,
        problems: ProblemList,
        on_event: Callable[[Event], None],
        acts: Callable[[str, float], bool],
        proofs: ProofFollower,
    ) -> None:
        self._dispatcher = dispatcher
        self._counts = counts
        self._hub = hub
        self._problems = problems
        self._on_event = on_event
        self._acts = acts
        self._proofs = proofs

    def record(self, event: Event, age_s: float = 0.0) -> None:
        """Record a detection that was decided ``age_s`` ago; one that is recorded changes nothing."""
        acts = any(self._acts(source_id, event.timestamp) for source_id in event.hearers)
        only = self._proofs.receivers(event) if event.test else None
        is_new = self._dispatcher.dispatch(event, age_s, acts=acts, only=only)
        if event.test:
            self._proofs.recorded(event)
        elif is_new and acts:
            for source_id in event.hearers:
                self._on_event(replace(event, source_id=source_id))
        self._problems.publish()
        if not is_new:
            return
        _log.info(
            "%s: %s, score %.2f, heard in %.0f ms%s",
            event.source_id,
            "test" if event.test else event.what,
            event.score,
            1e3 * (event.decided_s - event.onset_s),
            "" if acts else "; it does not act now",
        )
        self._counts.add(event)
        self._hub.publish(event)
