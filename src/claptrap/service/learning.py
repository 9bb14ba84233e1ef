"""What sources learn of their places: profiles, marks, calibration, and what would have been heard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from claptrap.core.clock import Clock
from claptrap.core.errors import ClapTrapError, InputError
from claptrap.core.events import Event, LearningChanged, StatusSink
from claptrap.core.spec import PatternSpec, SourceSpec
from claptrap.detect.profile import MOST_EXAMPLES, Example, Profile, serialized
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.service.calibration import LONGEST_S, PHASES, Calibration, Phase
from claptrap.service.candidates import KeptCandidates
from claptrap.service.evaluation import Evaluator, effect
from claptrap.service.messages import with_messages
from claptrap.service.profile_store import ProfileStore
from claptrap.service.settings_owner import SettingsOwner
from claptrap.text.catalogue import labels_for_people

MOST_SHOWN = 100
Mark = str | None
MARKS: tuple[Mark, ...] = ("clap", "not_clap", None)


@dataclass(frozen=True, slots=True)
class Undo:
    """What was in force before the last change: the profile, and the threshold if that changed too."""

    profile: Profile
    threshold: float | None = None


class LearningService:
    """What every source has learnt. Thread-safe.

    Args:
        data_dir: the data folder; profiles are in its folder ``profiles``.
        settings: which sources there are.
        status: where changes are reported.
        clock: the machine's.
    """

    def __init__(self, data_dir: Path, settings: SettingsOwner, status: StatusSink, clock: Clock) -> None:
        self._store = ProfileStore(data_dir / "profiles")
        self._settings = settings
        self._status = status
        self._clock = clock
        self._candidates = KeptCandidates(clock)
        self._evaluator = Evaluator()
        self._profiles: dict[str, Profile] = {}
        self._texts: dict[str, str] = {}
        self._faults: dict[str, ClapTrapError] = {}
        self._undo: dict[str, Undo] = {}
        self._sessions: dict[str, Calibration] = {}
        self._lock = threading.RLock()
        self._follow: Callable[[], None] = lambda: None

    def open(self, follow: Callable[[], None]) -> None:
        """Load the profiles, and forget those of sources that are gone.

        Args:
            follow: called after each change, to hear with what was learnt.
        """
        with self._lock:
            self._follow = follow
            sources = [source.id for source in self._settings.current.sources]
            if not self._settings.is_unread:
                self._store.keep_only(sources)
            for source_id in sources:
                try:
                    self._put(source_id, self._store.load(source_id))
                except InputError as error:
                    self._faults[source_id] = error

    # -- for detection --------------------------------------------------------------------------------------------------

    def taught(self, spec: SourceSpec) -> SourceSpec:
        """Return ``spec`` with the profile of its source, and whether a person calibrates it."""
        return replace(spec, profile=self._texts.get(spec.id, ""), calibrating=spec.id in self._sessions)

    def offer(self, candidate: KeptCandidate) -> None:
        """Keep a candidate, and let a calibration have it; for the classifier thread."""
        self._candidates.add(candidate)
        session = self._sessions.get(candidate.source_id)
        if (session is not None and session.add(candidate)) or not candidate.is_clap:
            self._status.offer(LearningChanged(candidate.source_id))

    def maintain(self) -> None:
        """End sessions that have been forgotten."""
        with self._lock:
            late = [i for i, session in self._sessions.items() if self._clock.unix() - session.started > LONGEST_S]
            for source_id in late:
                self._end_session(source_id)

    # -- what is learnt -------------------------------------------------------------------------------------------------

    def state(self, source_id: str) -> dict[str, Any]:
        """Return what a source has learnt, as JSON data.

        Raises:
            InputError: ``api.unknown_source``.
        """
        self._spec(source_id)
        profile, kept, fault = self._profile(source_id), self._candidates.of(source_id), self._faults.get(source_id)
        coded = None if fault is None else with_messages({"code": fault.code, "params": dict(fault.params)})
        return {
            "source_id": source_id,
            "claps": profile.n_claps,
            "others": len(profile.examples) - profile.n_claps,
            "most": MOST_EXAMPLES,
            "examples": [_example(e) for e in sorted(profile.examples, key=lambda e: e.at or 0, reverse=True)],
            "fault": coded,
            "undo": source_id in self._undo,
            "kept": len(kept),
            "since": kept[0].at if kept else None,
            "offer": not profile.examples and self._candidates.misses_in_a_row(source_id),
        }

    def forget(self, source_id: str) -> dict[str, Any]:
        """Forget all that a source has learnt; return its state.

        Raises:
            InputError: ``api.unknown_source``. SettingsError: it cannot be written.
        """
        return self._change(source_id, Profile())

    def forget_example(self, source_id: str, example_id: str) -> dict[str, Any]:
        """Forget one example; return the state.

        Raises:
            InputError: ``api.unknown_source``, ``learning.unknown_example``. SettingsError: it cannot be written.
        """
        profile = self._profile(source_id)
        if all(example.id != example_id for example in profile.examples):
            raise InputError("learning.unknown_example", id=example_id[:50])
        return self._change(source_id, profile.without(example_id))

    def undo(self, source_id: str) -> dict[str, Any]:
        """Take back the last change of what a source has learnt; return the state.

        Raises:
            InputError: ``api.unknown_source``, ``learning.nothing_to_undo``. SettingsError: it cannot be written.
        """
        with self._lock:
            before = self._undo.get(source_id)
            if before is None:
                raise InputError("learning.nothing_to_undo")
            self._change(source_id, before.profile)
            del self._undo[source_id]
            if before.threshold is not None:
                self._settings.apply({"sources": [{"id": source_id, "threshold": before.threshold}]})
            return self.state(source_id)

    def document(self, source_id: str) -> bytes:
        """Return the profile as a file's content.

        Raises:
            InputError: ``api.unknown_source``.
        """
        self._spec(source_id)
        return serialized(self._profile(source_id))

    def replace(self, source_id: str, document: object) -> dict[str, Any]:
        """Put a profile that ``document`` gave in the place of a source's; return the state.

        Raises:
            InputError: ``api.unknown_source``, or as ``Profile.from_json``. SettingsError: it cannot be written.
        """
        return self._change(source_id, Profile.from_json(document))

    # -- what was heard -------------------------------------------------------------------------------------------------

    def candidates(self, source_id: str, limit: int) -> list[dict[str, Any]]:
        """Return what may have been claps, newest first, as JSON data.

        Raises:
            InputError: ``api.unknown_source``.
        """
        self._spec(source_id)
        marks = {example.id: example.is_clap for example in self._profile(source_id).examples}
        return [_candidate(one, marks) for one in reversed(self._candidates.of(source_id)[-limit:])]

    def mark(self, source_id: str, candidate_id: str, mark: object) -> dict[str, Any]:
        """Learn that a candidate was a clap or none, or unlearn it, unless that makes it worse; return state and effect.

        Raises:
            InputError: ``api.unknown_source``, ``learning.unknown_candidate``, ``api.bad_mark``, ``profile.too_many``.
            SettingsError: it cannot be written.
        """
        if mark not in MARKS:
            raise InputError("api.bad_mark")
        self._spec(source_id)
        candidate = self._candidates.find(source_id, candidate_id)
        if candidate is None:
            raise InputError("learning.unknown_candidate")
        note = "detection" if candidate.is_clap else "near miss"
        return {"effect": self._learn(source_id, [candidate], mark, note), "learning": self.state(source_id)}

    def mark_event(self, event: Event, mark: Mark) -> dict[str, Any] | None:
        """Learn that the claps of a detection were claps or none; return the effect, None where they are not kept any more.

        Raises:
            InputError: ``profile.too_many``. SettingsError: it cannot be written.
        """
        known = {source.id for source in self._settings.current.sources}
        claps = self._candidates.of_event(event) if event.source_id in known else []
        return self._learn(event.source_id, claps, mark, "detection") if claps else None

    def what_if(self, source_id: str, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the kept candidates led to, and what they would have led to with other settings, as JSON data.

        Args:
            source_id: which source.
            wish: any of ``threshold``, ``delay_s``, ``patterns``, as in the settings, and ``profile``, false for none.

        Raises:
            InputError: ``api.unknown_source``, ``learning.bad_wish``.
        """
        spec, kept, profile = self._spec(source_id), self._candidates.of(source_id), self._profile(source_id)
        now = self._evaluator.replay(kept, spec, profile)
        then = self._evaluator.replay(kept, _wished(spec, wish), profile if wish.get("profile", True) else None)
        newest = sorted(then.detections, key=lambda pair: pair[0], reverse=True)[:MOST_SHOWN]
        return {
            "since": kept[0].at if kept else None,
            "kept": len(kept),
            "now": {"claps": now.claps, "detections": len(now.detections)},
            "then": {"claps": then.claps, "detections": len(then.detections)},
            "detections": [{"at": at, "score": round(d.score, 3), "claps": d.claps} for at, d in newest],
        }

    # -- calibration ----------------------------------------------------------------------------------------------------

    def calibrate(self, source_id: str, phase: object) -> dict[str, Any]:
        """Begin a calibration, or go on to another phase; return the session.

        Raises:
            InputError: ``api.unknown_source``, ``learning.bad_phase``.
        """
        self._spec(source_id)
        chosen: Phase | None = next((known for known in PHASES if known == phase), None)
        if chosen is None:
            raise InputError("learning.bad_phase")
        with self._lock:
            session = self._sessions.get(source_id)
            if session is None:
                self._sessions[source_id] = Calibration(source_id, self._clock.unix(), chosen)
                self._follow()
            else:
                session.phase = chosen
        return self.session(source_id)

    def session(self, source_id: str) -> dict[str, Any]:
        """Return the calibration that goes on, as JSON data.

        Raises:
            InputError: ``api.unknown_source``, ``learning.no_calibration``.
        """
        spec, session = self._spec(source_id), self._session(source_id)
        return session.to_json(session.proposal(self._evaluator, self._profile(source_id), spec.threshold))

    def remove_sound(self, source_id: str, n: int) -> dict[str, Any]:
        """Take a sound out of a calibration; return the session.

        Raises:
            InputError: ``api.unknown_source``, ``learning.no_calibration``, ``learning.unknown_sound``.
        """
        with self._lock:
            if not self._session(source_id).remove(n):
                raise InputError("learning.unknown_sound", n=n)
        return self.session(source_id)

    def cancel(self, source_id: str) -> None:
        """Give a calibration up.

        Raises:
            InputError: ``learning.no_calibration``.
        """
        with self._lock:
            self._session(source_id)
            self._end_session(source_id)

    def apply_calibration(self, source_id: str) -> dict[str, Any]:
        """Put what a calibration proposes in force, and end it; return the state.

        Raises:
            InputError: ``api.unknown_source``, ``learning.no_calibration``, ``learning.too_few``, ``profile.too_many``.
            SettingsError: it cannot be written; nothing has changed then.
        """
        with self._lock:
            spec, session, profile = self._spec(source_id), self._session(source_id), self._profile(source_id)
            proposal = session.proposal(self._evaluator, profile, spec.threshold)
            if proposal is None:
                raise InputError("learning.too_few")
            self._change(source_id, profile.adding(*session.examples()), spec.threshold)
            self._end_session(source_id)
            if proposal["threshold"] != spec.threshold:
                self._settings.apply({"sources": [{"id": source_id, "threshold": proposal["threshold"]}]})
            return self.state(source_id)

    # -- parts ----------------------------------------------------------------------------------------------------------

    def _spec(self, source_id: str) -> SourceSpec:
        found = next((spec for spec in self._settings.current.specs() if spec.id == source_id), None)
        if found is None:
            raise InputError("api.unknown_source", source=source_id)
        return found

    def _profile(self, source_id: str) -> Profile:
        return self._profiles.get(source_id, Profile())

    def _session(self, source_id: str) -> Calibration:
        session = self._sessions.get(source_id)
        if session is None:
            raise InputError("learning.no_calibration")
        return session

    def _end_session(self, source_id: str) -> None:
        del self._sessions[source_id]
        self._follow()
        self._status.offer(LearningChanged(source_id))

    def _learn(self, source_id: str, candidates: list[KeptCandidate], mark: Mark, note: str) -> dict[str, Any]:
        with self._lock:
            threshold, before = self._spec(source_id).threshold, self._profile(source_id)
            marked = [Example(mark == "clap", one.embedding, note, one.at) for one in candidates]
            after = before.without(*(example.id for example in marked))
            if mark is not None:
                after = after.adding(*marked)
            examples = after.examples or before.examples
            figures = [self._evaluator.scores(examples, profile).figures(threshold) for profile in (before, after)]
            found = effect(*figures)
            if found["applied"]:
                self._change(source_id, after)
            return found

    def _change(self, source_id: str, profile: Profile, threshold: float | None = None) -> dict[str, Any]:
        """Keep a profile and hear with it; ``threshold``: until now, if that changes too."""
        self._spec(source_id)
        with self._lock:
            before = self._profile(source_id)
            self._store.save(source_id, profile)
            self._undo[source_id] = Undo(before, threshold)
            self._put(source_id, profile)
            self._faults.pop(source_id, None)
            self._follow()
        self._status.offer(LearningChanged(source_id))
        return self.state(source_id)

    def _put(self, source_id: str, profile: Profile) -> None:
        self._profiles[source_id] = profile
        self._texts[source_id] = serialized(profile).decode() if profile.examples else ""


def _wished(spec: SourceSpec, wish: Mapping[str, Any]) -> SourceSpec:
    """Return ``spec`` as wished. Raises InputError ``learning.bad_wish``."""
    known = {"threshold": float, "delay_s": float, "patterns": tuple[PatternSpec, ...]}
    try:
        if not (set(wish) <= {*known, "profile"} and isinstance(wish.get("profile", True), bool)):
            raise InputError("learning.bad_wish")
        wished: dict[str, Any] = {
            name: TypeAdapter(known[name]).validate_python(wish[name]) for name in known if name in wish
        }
    except ValidationError as error:
        raise InputError("learning.bad_wish") from error
    changed = replace(spec, **wished)
    if not (0 <= changed.threshold <= 1 and changed.delay_s > 0 and changed.patterns):
        raise InputError("learning.bad_wish")
    return changed


def _example(example: Example) -> dict[str, Any]:
    return {
        "id": example.id,
        "clap": example.is_clap,
        "at": example.at,
        "note": example.note,
        "without_yamnet": example.embedding.yamnet is None,
    }


def _candidate(one: KeptCandidate, marks: Mapping[str, bool]) -> dict[str, Any]:
    is_clap = marks.get(Example(False, one.embedding).id)
    return {
        "id": one.id,
        "at": one.at,
        "score": round(one.score, 3),
        "by_models": round(one.by_models, 3),
        "clap": one.is_clap,
        "mark": None if is_clap is None else ("clap" if is_clap else "not_clap"),
        "labels": labels_for_people(one.labels),
    }
