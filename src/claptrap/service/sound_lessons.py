"""Sounds taught by example: a person makes theirs three to five times; what is alike in them becomes a trigger."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from claptrap.core.clock import Clock
from claptrap.core.errors import InputError
from claptrap.core.events import Status, TaughtWindow
from claptrap.detect.taught import similarity, unpacked
from claptrap.service.settings_owner import SettingsOwner, entry_of
from claptrap.settings.ids import free_id
from claptrap.settings.triggers import RESERVED
from claptrap.text.catalogue import labels_for_people

WANTED, MOST = 3, 5  # examples
LONGEST_S = 600.0
TOGETHER_S = 1.2  # windows no further apart are of one sound
WINDOWS = 2  # of each example that are kept, the loudest: a sound may begin anywhere in one
LOUDER = 4.0  # than the quietest window so far: a sound, and not the noise of the room
QUIETEST = 0.003  # peak below which nothing is an example
ALIKE = 0.6  # least similarity of each example to another
SLACK, THRESHOLDS = 0.05, (0.7, 0.9)
DELAY_S = 2.0


@dataclass(slots=True)
class Lesson:
    """What was heard since ``began``, UTC Unix seconds."""

    began: float
    examples: list[list[TaughtWindow]] = field(default_factory=list)
    quietest: float = 1.0
    last: float = -math.inf

    def add(self, window: TaughtWindow) -> None:
        """Take the next window: of another example, of the same one, or of none."""
        is_after_silence = window.timestamp - self.last > TOGETHER_S
        self.last = window.timestamp
        if not is_after_silence and window.peak < LOUDER * self.quietest:
            self.quietest = min(self.quietest, window.peak)
            return
        self.quietest = min(self.quietest, window.peak, QUIETEST if is_after_silence else 1.0)
        if window.peak < QUIETEST:
            return
        newest = self.examples[-1] if self.examples else []
        if newest and window.timestamp - newest[-1].timestamp <= TOGETHER_S:
            newest.append(window)
        else:
            self.examples = [*self.examples, [window]][-MOST:]

    def kept(self) -> list[list[TaughtWindow]]:
        """Return the loudest windows of each example."""
        return [sorted(one, key=lambda window: -window.peak)[:WINDOWS] for one in self.examples]

    def proposal(self) -> dict[str, Any] | None:
        """Return how alike the examples are, and which threshold follows; None where they are too few, or not alike."""
        vectors = [[unpacked(window.vector) for window in one] for one in self.kept()]
        if len(vectors) < WANTED:
            return None
        others = [[v for j, rest in enumerate(vectors) if j != i for v in rest] for i in range(len(vectors))]
        alike = min(max(similarity(rest, vector) for vector in mine) for mine, rest in zip(vectors, others, strict=True))
        threshold = float(np.clip(alike - SLACK, *THRESHOLDS))
        return {"alike": round(alike, 3), "threshold": round(threshold, 2)} if alike >= ALIKE else None


class SoundLessons:
    """At most one lesson of each source. Thread-safe; also an observer of statuses.

    Args:
        settings: have the sounds.
        clock: the machine's.
    """

    def __init__(self, settings: SettingsOwner, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lessons: dict[str, Lesson] = {}
        self._lock = threading.Lock()
        self.changed: Callable[[], None] = lambda: None
        """Called after a lesson has begun or ended, without a lock."""

    def is_active(self, source_id: str) -> bool:
        """Return whether a source is being taught."""
        if source_id not in self._lessons:
            return False
        with self._lock:
            lesson = self._lessons.get(source_id)
            return lesson is not None and self._clock.unix() - lesson.began <= LONGEST_S

    def observe(self, status: Status) -> None:
        """Take the windows of sources that are being taught."""
        if isinstance(status, TaughtWindow):
            with self._lock:
                if (lesson := self._lessons.get(status.source_id)) is not None:
                    lesson.add(status)

    def begin(self, source_id: str) -> dict[str, Any]:
        """Begin a lesson, over again where one goes on; return it.

        Raises:
            InputError: ``api.unknown_source``.
        """
        entry_of(self._settings.state.dump.whole, source_id)
        with self._lock:
            self._lessons[source_id] = Lesson(self._clock.unix())
        self.changed()
        return self.get(source_id)

    def get(self, source_id: str) -> dict[str, Any]:
        """Return the lesson that goes on, as JSON data: its examples, oldest first, and what they teach once they agree.

        Raises:
            InputError: ``api.unknown_source``, ``sound.no_lesson``.
        """
        lesson = self._lesson(source_id)
        with self._lock:
            return {
                "source_id": source_id,
                "started": lesson.began,
                "wanted": WANTED,
                "most": MOST,
                "examples": [{"at": one[0].timestamp, "labels": labels_for_people(one[0].labels)} for one in lesson.kept()],
                "proposal": lesson.proposal(),
            }

    def cancel(self, source_id: str) -> None:
        """Give a lesson up.

        Raises:
            InputError: ``api.unknown_source``, ``sound.no_lesson``.
        """
        self._lesson(source_id)
        with self._lock:
            self._lessons.pop(source_id, None)
        self.changed()

    def apply(self, source_id: str, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Add what was taught to the sounds of the source, and end the lesson; return the sound as in the settings.

        Args:
            source_id: which source.
            wish: ``name``, and ``threshold`` if another than is proposed.

        Raises:
            InputError: ``api.unknown_source``, ``sound.no_lesson``, ``sound.too_few``.
            SettingsFaults, SettingsError: as ``SettingsOwner.replace``.
        """
        with self._settings.locked():
            lesson = self._lesson(source_id)
            proposal = self.get(source_id)["proposal"]
            if proposal is None:
                raise InputError("sound.too_few")
            entry = entry_of(self._settings.state.dump.whole, source_id)
            known = [*RESERVED, *(one["id"] for one in (*entry["sounds"], *entry["rhythms"]))]
            sound = {
                "id": free_id(str(wish.get("name", "")), "sound", known),
                "name": wish.get("name", ""),
                "enabled": True,
                "labels": [],
                "examples": [window.vector for one in lesson.kept() for window in one],
                "threshold": wish.get("threshold", proposal["threshold"]),
                "persistence_s": 0.0,
                "delay_s": DELAY_S,
            }
            self._settings.apply({"sources": [{"id": source_id, "sounds": [sound]}]})
        self.cancel(source_id)
        return sound

    def _lesson(self, source_id: str) -> Lesson:
        entry_of(self._settings.state.dump.whole, source_id)
        if not self.is_active(source_id):
            raise InputError("sound.no_lesson")
        return self._lessons[source_id]
