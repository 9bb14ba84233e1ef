"""The calibrations that go on: begun, looked at, given up, put in force."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from claptrap.core.clock import Clock
from claptrap.core.errors import InputError
from claptrap.core.spec import SourceSpec
from claptrap.detect.profile import Example, Profile
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.service.calibration import LONGEST_S, PHASES, Calibration, Phase
from claptrap.service.evaluation import Evaluator


class Learner(Protocol):
    """What a calibration changes."""

    def spec(self, source_id: str) -> SourceSpec:
        """Return the spec of a source. Raises InputError ``api.unknown_source``."""

    def profile(self, source_id: str) -> Profile:
        """Return what a source has learnt."""

    def teach(self, source_id: str, profile: Profile, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Put a profile in force together with other settings of its source; return the state."""

    def keep_sounds(self, source_id: str, sounds: Iterable[tuple[Example, KeptCandidate]]) -> None:
        """Keep the sound of examples, if the person allows it."""

    def state(self, source_id: str) -> dict[str, Any]:
        """Return what a source has learnt, as JSON data."""


class Calibrations:
    """At most one session of each source. Thread-safe.

    Args:
        learner: has what is learnt.
        clock: the machine's.
        on_change: called with the source of a session that has begun or ended.
    """

    def __init__(self, learner: Learner, clock: Clock, on_change: Callable[[str], None]) -> None:
        self._learner = learner
        self._clock = clock
        self._on_change = on_change
        self._evaluator = Evaluator()
        self._sessions: dict[str, Calibration] = {}
        self._lock = threading.RLock()

    def is_active(self, source_id: str) -> bool:
        """Return whether a source is being calibrated."""
        return source_id in self._sessions

    def add(self, candidate: KeptCandidate) -> bool:
        """Give a sound to the session of its source; return whether there is one that takes it."""
        session = self._sessions.get(candidate.source_id)
        return session is not None and session.add(candidate)

    def maintain(self) -> None:
        """End sessions that have been forgotten."""
        now = self._clock.monotonic()
        late = [i for i, session in list(self._sessions.items()) if now - session.began > LONGEST_S]
        for source_id in late:
            self._end(source_id)

    def begin(self, source_id: str, phase: object) -> dict[str, Any]:
        """Begin a calibration, or go on to another phase; return the session.

        Raises:
            InputError: ``api.unknown_source``, ``learning.bad_phase``.
        """
        self._learner.spec(source_id)
        chosen: Phase | None = next((known for known in PHASES if known == phase), None)
        if chosen is None:
            raise InputError("learning.bad_phase")
        with self._lock:
            session = self._sessions.get(source_id)
            if session is not None:
                session.phase = chosen
            else:
                self._sessions[source_id] = Calibration(source_id, self._clock.unix(), chosen, self._clock.monotonic())
        if session is None:
            self._on_change(source_id)
        return self.get(source_id)

    def get(self, source_id: str) -> dict[str, Any]:
        """Return the calibration that goes on, as JSON data.

        Raises:
            InputError: ``api.unknown_source``, ``learning.no_calibration``.
        """
        spec, session = self._learner.spec(source_id), self._session(source_id)
        return session.to_json(session.proposal(self._evaluator, self._learner.profile(source_id), spec))

    def remove_sound(self, source_id: str, n: int) -> dict[str, Any]:
        """Take a sound out of a calibration; return the session.

        Raises:
            InputError: ``api.unknown_source``, ``learning.no_calibration``, ``learning.unknown_sound``.
        """
        with self._lock:
            if not self._session(source_id).remove(n):
                raise InputError("learning.unknown_sound", n=n)
        return self.get(source_id)

    def cancel(self, source_id: str) -> None:
        """Give a calibration up.

        Raises:
            InputError: ``learning.no_calibration``.
        """
        self._session(source_id)
        self._end(source_id)

    def apply(self, source_id: str) -> dict[str, Any]:
        """Put what a calibration proposes in force, and end it; return what the source has learnt.

        Raises:
            InputError: ``api.unknown_source``, ``learning.no_calibration``, ``learning.too_few``, ``profile.too_many``.
            SettingsError: it cannot be written; nothing has changed then.
        """
        spec, session = self._learner.spec(source_id), self._session(source_id)
        profile = self._learner.profile(source_id)
        proposal = session.proposal(self._evaluator, profile, spec)
        if proposal is None:
            raise InputError("learning.too_few")
        lessons = session.lessons()
        learnt = profile.adding(*(example for example, _ in lessons))
        self._learner.teach(source_id, learnt, session.changes(proposal, spec))
        self._learner.keep_sounds(source_id, lessons)
        self._end(source_id)
        return self._learner.state(source_id)

    def _session(self, source_id: str) -> Calibration:
        session = self._sessions.get(source_id)
        if session is None:
            raise InputError("learning.no_calibration")
        return session

    def _end(self, source_id: str) -> None:
        with self._lock:
            self._sessions.pop(source_id, None)
        self._on_change(source_id)
