"""What sources learn of their places: profiles by marks and calibration, kept, undone and forgotten."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from claptrap.core.clock import Clock
from claptrap.core.errors import ClapTrapError, InputError, SettingsError
from claptrap.core.events import Event, LearningChanged, StatusSink
from claptrap.core.spec import SourceSpec
from claptrap.detect.profile import MOST_EXAMPLES, Example, Profile, serialized
from claptrap.history.clips import flac
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.service import profile_transfer
from claptrap.service.calibrations import Calibrations
from claptrap.service.candidates import KeptCandidates
from claptrap.service.evaluation import Evaluator, effect
from claptrap.service.example_clips import ExampleClips
from claptrap.service.learning_json import candidate_json, example_json
from claptrap.service.learning_undo import Undo
from claptrap.service.messages import with_messages
from claptrap.service.profile_store import FOLDER, ProfileStore
from claptrap.service.relearning import load_enroller, recalled
from claptrap.service.settings_owner import SettingsOwner, SettingsState
from claptrap.settings.backups import Why
from claptrap.settings.changes import Change

Mark = str | None
MARKS: tuple[Mark, ...] = ("clap", "not_clap", None)
MOST_REMOVED = 20  # profiles of sources that were removed, which undo brings back
_log = logging.getLogger(__name__)


class LearningService:
    """What every source has learnt. Thread-safe.

    Args:
        data_dir: the data folder; profiles are in its folder ``profiles``.
        settings: which sources there are.
        status: where changes are reported.
        clock: the machine's.
    """

    def __init__(self, data_dir: Path, settings: SettingsOwner, status: StatusSink, clock: Clock) -> None:
        self._store = ProfileStore(data_dir / FOLDER)
        self._clips = ExampleClips(data_dir / FOLDER)
        self._settings = settings
        self._status = status
        self._clock = clock
        self._candidates = KeptCandidates(clock)
        self._evaluator = Evaluator()
        self._profiles: dict[str, Profile] = {}
        self._texts: dict[str, str] = {}
        self._faults: dict[str, ClapTrapError] = {}
        self._undo: dict[str, Undo] = {}
        self._removed: dict[str, Profile] = {}
        self.calibrations = Calibrations(self, clock, self._session_changed)
        self._lock = threading.RLock()  # inside that of the settings, where both are needed
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
                profile, fault = recalled(self._store, self._clips, source_id, load_enroller)
                self._put(source_id, profile)
                self._faults.update({} if fault is None else {source_id: fault})
                self._clips.keep_only(source_id, self._ids(source_id))

    def apply(self, before: SettingsState, after: SettingsState, why: Why) -> None:
        """Forget what sources that are gone have learnt, and remember it for those that undo or a backup brings back."""
        was, now = ({source.id for source in state.settings.sources} for state in (before, after))
        with self._lock:
            for source_id in was - now:
                self._remove(source_id)
            for source_id in now - was:
                profile = self._removed.pop(source_id, Profile())
                if why != "change" and profile.examples:
                    self._put(source_id, profile)
                    try:
                        self._store.save(source_id, profile)
                    except SettingsError as error:  # it is in force until the next start, and is said in the log
                        _log.warning("the profile of %s: %s", source_id, error)
            had_clips = {source.id for source in before.settings.sources if source.example_clips}
            for source in after.settings.sources:
                if source.id in had_clips and not source.example_clips:
                    self._clips.delete_all(source.id)

    # -- for detection --------------------------------------------------------------------------------------------------

    def taught(self, spec: SourceSpec) -> SourceSpec:
        """Return ``spec`` with the profile of its source, and whether a person calibrates it."""
        profile, calibrating = self._texts.get(spec.id, ""), self.calibrations.is_active(spec.id)
        if (profile, calibrating) == (spec.profile, spec.calibrating):  # the very spec: nobody need compare it then
            return spec
        return replace(spec, profile=profile, calibrating=calibrating)

    def offer(self, candidate: KeptCandidate) -> None:
        """Keep a candidate, and let a calibration have it; for the classifier thread."""
        self._candidates.add(candidate)
        if self.calibrations.add(candidate) or not candidate.is_clap:
            self._status.offer(LearningChanged(candidate.source_id))

    def maintain(self) -> None:
        """End calibrations that have been forgotten."""
        self.calibrations.maintain()

    # -- what is learnt -------------------------------------------------------------------------------------------------

    def state(self, source_id: str) -> dict[str, Any]:
        """Return what a source has learnt, as JSON data.

        Raises:
            InputError: ``api.unknown_source``.
        """
        self.spec(source_id)
        profile, kept = self.profile(source_id), self._candidates.of(source_id)
        fault = self._faults.get(source_id) or self._store.fault(source_id)
        coded = None if fault is None else with_messages({"code": fault.code, "params": dict(fault.params)})
        return {
            "source_id": source_id,
            "claps": profile.n_claps,
            "others": len(profile.examples) - profile.n_claps,
            "most": MOST_EXAMPLES,
            "examples": [
                example_json(e, has_clip=self._clips.has(source_id, e.id))
                for e in sorted(profile.examples, key=lambda e: e.at or 0, reverse=True)
            ],
            "fault": coded,
            "undo": source_id in self._undo,
            "kept": len(kept),
            "since": kept[0].at if kept else None,
            "offer": not profile.examples and self._candidates.misses_in_a_row(source_id),
        }

    def forget(self, source_id: str) -> dict[str, Any]:
        """Forget all that a source has learnt, in the backups and in sound too; return its state.

        Undo brings the examples back as long as the service runs.

        Raises:
            InputError: ``api.unknown_source``. SettingsError: it cannot be written.
        """
        self._change(source_id, Profile())
        self._store.forget_aside(source_id)
        self._clips.delete_all(source_id)
        self._settings.store.backups.forget_beside(self._store.path(source_id).name)
        return self.state(source_id)

    def forget_example(self, source_id: str, example_id: str) -> dict[str, Any]:
        """Forget one example; return the state.

        Raises:
            InputError: ``api.unknown_source``, ``learning.unknown_example``. SettingsError: it cannot be written.
        """
        profile = self.profile(source_id)
        if all(example.id != example_id for example in profile.examples):
            raise InputError("learning.unknown_example", id=example_id[:50])
        return self._change(source_id, profile.without(example_id))

    def undo(self, source_id: str) -> dict[str, Any]:
        """Take back the last change of what a source has learnt; return the state.

        Raises:
            InputError: ``api.unknown_source``, ``learning.nothing_to_undo``. SettingsError: it cannot be written.
        """
        with self._settings.locked(), self._lock:
            before = self._undo.get(source_id)
            if before is None:
                raise InputError("learning.nothing_to_undo")
            self.teach(source_id, before.profile, before.settings)
            del self._undo[source_id]
            self._clips.keep_only(source_id, self._ids(source_id))
            return self.state(source_id)

    def teach(self, source_id: str, profile: Profile, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Put a profile in force together with other settings of its source; return the state. One undo takes both back.

        Raises:
            InputError: ``api.unknown_source``. SettingsError: it cannot be written.
        """
        with self._settings.locked(), self._lock:
            self._change(source_id, profile, settings)
            if settings:
                self._settings.apply({"sources": [{"id": source_id, **settings}]})
            return self.state(source_id)

    def documents(self) -> dict[str, Any]:
        """Return the profiles of all sources that have one, as JSON data by source."""
        with self._lock:
            return {source_id: profile.to_json() for source_id, profile in self._profiles.items() if profile.examples}

    def changes(self, wanted: Mapping[str, Profile]) -> list[Change]:
        """Return what ``restore`` would change."""
        return profile_transfer.changes(self._profiles, wanted)

    def restore(self, profiles: Mapping[str, Profile]) -> None:
        """Put profiles that were kept elsewhere in force, of the sources that there are.

        Raises:
            SettingsError: one cannot be written.
        """
        known = {source.id for source in self._settings.current.sources}
        for source_id in known & profiles.keys():
            if serialized(profiles[source_id]) != serialized(self.profile(source_id)):
                self._change(source_id, profiles[source_id])

    def document(self, source_id: str) -> bytes:
        """Return the profile as a file's content.

        Raises:
            InputError: ``api.unknown_source``.
        """
        self.spec(source_id)
        return serialized(self.profile(source_id))

    def replace(self, source_id: str, document: object) -> dict[str, Any]:
        """Put a profile that ``document`` gave in the place of a source's; return the state.

        Raises:
            InputError: ``api.unknown_source``, or as ``Profile.from_json``. SettingsError: it cannot be written.
        """
        return self._change(source_id, Profile.from_json(document))

    # -- what was heard -------------------------------------------------------------------------------------------------

    def kept(self, source_id: str) -> Sequence[KeptCandidate]:
        """Return what may have been claps in the last day, oldest first."""
        return self._candidates.of(source_id)

    def candidates(self, source_id: str, limit: int) -> list[dict[str, Any]]:
        """Return what may have been claps, newest first, as JSON data.

        Raises:
            InputError: ``api.unknown_source``.
        """
        self.spec(source_id)
        marks = {example.id: example.is_clap for example in self.profile(source_id).examples}
        return [candidate_json(one, marks) for one in reversed(self._candidates.of(source_id)[-limit:])]

    def mark(self, source_id: str, candidate_id: str, mark: object) -> dict[str, Any]:
        """Learn that a candidate was a clap or none, or unlearn it, unless that makes it worse; return state and effect.

        Raises:
            InputError: ``api.unknown_source``, ``learning.unknown_candidate``, ``api.bad_mark``, ``profile.too_many``.
            SettingsError: it cannot be written.
        """
        if mark not in MARKS:
            raise InputError("api.bad_mark")
        candidate = self._candidate(source_id, candidate_id)
        note = "detection" if candidate.is_clap else "near miss"
        return {"effect": self._learn(source_id, [candidate], mark, note), "learning": self.state(source_id)}

    def mark_event(self, event: Event, mark: Mark) -> dict[str, Any] | None:
        """Learn that the claps of a detection were claps or none; return the effect, None where they are not kept any more.

        Raises:
            InputError: ``profile.too_many``. SettingsError: it cannot be written.
        """
        known = {source.id for source in self._settings.current.sources}
        claps = self._candidates.of_event(event) if event.source_id in known and event.what == "clap" else []
        return self._learn(event.source_id, claps, mark, "detection") if claps else None

    # -- sound --------------------------------------------------------------------------------------------------------

    def example_clip(self, source_id: str, example_id: str) -> Path:
        """Return the sound file of an example.

        Raises:
            InputError: ``api.unknown_source``, ``learning.no_clip``.
        """
        self.spec(source_id)
        path = self._clips.find(source_id, example_id)
        if path is None:
            raise InputError("learning.no_clip")
        return path

    def delete_example_clip(self, source_id: str, example_id: str) -> dict[str, Any]:
        """Delete the sound of an example, which stays in force; return the state.

        Raises:
            InputError: as ``example_clip``. SettingsError: it cannot be deleted.
        """
        self.example_clip(source_id, example_id)
        self._clips.delete(source_id, example_id)
        self._status.offer(LearningChanged(source_id))
        return self.state(source_id)

    def candidate_clip(self, source_id: str, candidate_id: str) -> bytes:
        """Return the sound of a candidate as a FLAC file.

        Raises:
            InputError: ``api.unknown_source``, ``learning.unknown_candidate``, ``learning.no_clip``.
        """
        sound = self._candidate(source_id, candidate_id).sound
        if sound is None:
            raise InputError("learning.no_clip")
        return flac(sound)

    # -- parts ----------------------------------------------------------------------------------------------------------

    def spec(self, source_id: str) -> SourceSpec:
        """Return the spec of a source. Raises InputError ``api.unknown_source``."""
        found = next((spec for spec in self._settings.current.specs() if spec.id == source_id), None)
        if found is None:
            raise InputError("api.unknown_source", source=source_id)
        return found

    def profile(self, source_id: str) -> Profile:
        """Return what a source has learnt; empty for one that is not known."""
        return self._profiles.get(source_id, Profile())

    def _candidate(self, source_id: str, candidate_id: str) -> KeptCandidate:
        self.spec(source_id)
        candidate = self._candidates.find(source_id, candidate_id)
        if candidate is None:
            raise InputError("learning.unknown_candidate")
        return candidate

    def _session_changed(self, source_id: str) -> None:
        self._follow()
        self._status.offer(LearningChanged(source_id))

    def _ids(self, source_id: str) -> set[str]:
        """Return the ids of the examples in force, of those that undo would bring back, and of those that are set aside."""
        undo = self._undo.get(source_id)
        ids = {example.id for one in (self.profile(source_id), undo and undo.profile) if one for example in one.examples}
        return ids | {str(entry.get("id")) for entry in self._store.unused(source_id)}

    def _remove(self, source_id: str) -> None:
        """Forget a source that is gone, but for its profile."""
        profile = self._profiles.pop(source_id, Profile())
        if profile.examples:
            self._removed[source_id] = profile
            for oldest in list(self._removed)[:-MOST_REMOVED]:
                del self._removed[oldest]
        for known in (self._texts, self._faults, self._undo):
            known.pop(source_id, None)
        self._candidates.forget(source_id)
        self._clips.delete_all(source_id)
        with suppress(SettingsError):  # the next start deletes it
            self._store.save(source_id, Profile())
        with suppress(InputError):
            self.calibrations.cancel(source_id)

    def _learn(self, source_id: str, candidates: list[KeptCandidate], mark: Mark, note: str) -> dict[str, Any]:
        with self._lock:
            spec, before = self.spec(source_id), self.profile(source_id)
            marked = [Example(mark == "clap", one.embedding, note, one.at) for one in candidates]
            after = before.without(*(example.id for example in marked))
            if mark is not None:
                after = after.adding(*marked)
            examples = after.examples or before.examples
            figures = [self._evaluator.scores(examples, profile).figures(spec.threshold) for profile in (before, after)]
            found = effect(*figures)
            if found["applied"]:
                self._change(source_id, after)
                if mark is not None:
                    self.keep_sounds(source_id, zip(marked, candidates, strict=True))
            return found

    def keep_sounds(self, source_id: str, sounds: Iterable[tuple[Example, KeptCandidate]]) -> None:
        """Keep the sound of examples, where there is any and the person allows it."""
        if self.spec(source_id).example_clips:
            for example, candidate in sounds:
                if candidate.sound is not None:
                    self._clips.save(source_id, example.id, candidate.sound)

    def _change(self, source_id: str, profile: Profile, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Keep a profile and hear with it; ``settings``: those that will change with it."""
        spec = self.spec(source_id)
        with self._lock:
            before = self.profile(source_id)
            self._store.save(source_id, profile)
            self._undo[source_id] = Undo.of(before, spec, settings or {})
            self._put(source_id, profile)
            self._clips.keep_only(source_id, self._ids(source_id))
            self._faults.pop(source_id, None)
            self._follow()
        self._status.offer(LearningChanged(source_id))
        return self.state(source_id)

    def _put(self, source_id: str, profile: Profile) -> None:
        self._profiles[source_id] = profile
        self._texts[source_id] = serialized(profile).decode() if profile.examples else ""
