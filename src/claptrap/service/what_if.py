"""What would have fired: what is kept of a source, or of a recording, replayed with other settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from claptrap.core.errors import InputError
from claptrap.core.spec import PatternSpec, SourceSpec
from claptrap.service.evaluation import Evaluator
from claptrap.service.learning import LearningService
from claptrap.service.recordings import Recordings

MOST_SHOWN = 100


class WhatIf:
    """Replays what is kept.

    Args:
        learning: has what was heard, and what was learnt.

    Attributes:
        recordings: those that settings are tried on.
    """

    def __init__(self, learning: LearningService) -> None:
        self.recordings = Recordings(learning)
        self._learning = learning
        self._evaluator = Evaluator()

    def replayed(self, source_id: str, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Return what candidates lead to with the settings in force, and with other settings, as JSON data.

        Args:
            source_id: which source.
            wish: any of ``threshold``, ``delay_s``, ``patterns``, as in the settings, ``profile``, false for none, and
                ``recording``, the id of one, whose candidates are replayed instead of those of the last day.

        Raises:
            InputError: ``api.unknown_source``, ``learning.bad_wish``, ``learning.unknown_recording``.
        """
        spec, profile = self._learning.spec(source_id), self._learning.profile(source_id)
        recording = wish.get("recording")
        kept = self._learning.kept(source_id) if recording is None else self.recordings.candidates(source_id, str(recording))
        now = self._evaluator.replay(kept, spec, profile)
        then = self._evaluator.replay(kept, wished(spec, wish), profile if wish.get("profile", True) else None)
        newest = sorted(then.detections, key=lambda pair: pair[0], reverse=True)[:MOST_SHOWN]
        return {
            "since": kept[0].at if kept and recording is None else None,
            "kept": len(kept),
            "now": {"claps": now.claps, "detections": len(now.detections)},
            "then": {"claps": then.claps, "detections": len(then.detections)},
            "detections": [{"at": at, "score": round(d.score, 3), "claps": d.claps} for at, d in newest],
        }


def wished(spec: SourceSpec, wish: Mapping[str, Any]) -> SourceSpec:
    """Return ``spec`` as wished. Raises InputError ``learning.bad_wish``."""
    known = {"threshold": float, "delay_s": float, "patterns": tuple[PatternSpec, ...]}
    try:
        if not (set(wish) <= {*known, "profile", "recording"} and isinstance(wish.get("profile", True), bool)):
            raise InputError("learning.bad_wish")
        values: dict[str, Any] = {
            name: TypeAdapter(known[name]).validate_python(wish[name]) for name in known if name in wish
        }
    except ValidationError as error:
        raise InputError("learning.bad_wish") from error
    changed = replace(spec, **values)
    if not (0 <= changed.threshold <= 1 and changed.delay_s > 0 and changed.patterns):
        raise InputError("learning.bad_wish")
    return changed
