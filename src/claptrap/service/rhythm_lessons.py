"""Rhythms taught by example: a person claps theirs three times; what it is, how steady, and how easily chance hits it."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from claptrap.audio.frame import RATE_HZ
from claptrap.core.clock import Clock
from claptrap.core.errors import InputError
from claptrap.detect.rhythm import FEWEST, MOST, PAUSE_S, chance, chronotonic_distance, mean_rhythm
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.service.settings_owner import SettingsOwner, entry_of
from claptrap.settings.ids import free_id
from claptrap.settings.triggers import RESERVED

WANTED = 3
LONGEST_S = 600.0
SETTLED_S = PAUSE_S + 0.5  # after its last clap, a row is over
DEFAULT_TOLERANCE, MOST_TOLERANCE = 0.2, 0.4


class KeptClaps(Protocol):
    """Knows what may have been claps."""

    def kept(self, source_id: str) -> Sequence[KeptCandidate]:
        """Return those of a source, oldest first."""


@dataclass(frozen=True, slots=True)
class ClapRow:
    """Claps in a row: UTC Unix seconds of the first, and the seconds from each to the next."""

    at: float
    intervals: tuple[float, ...]

    @property
    def claps(self) -> int:
        """How many."""
        return len(self.intervals) + 1


class RhythmLessons:
    """At most one lesson of each source. Thread-safe.

    Args:
        settings: have the rhythms.
        heard: knows the claps.
        clock: the machine's.
    """

    def __init__(self, settings: SettingsOwner, heard: KeptClaps, clock: Clock) -> None:
        self._settings = settings
        self._heard = heard
        self._clock = clock
        self._began: dict[str, tuple[float, float]] = {}  # UTC Unix seconds, and monotonic ones
        self._lock = threading.Lock()

    def begin(self, source_id: str) -> dict[str, Any]:
        """Begin a lesson, over again where one goes on; return it.

        Raises:
            InputError: ``api.unknown_source``.
        """
        entry_of(self._settings.state.dump.whole, source_id)
        with self._lock:
            self._began[source_id] = self._clock.unix(), self._clock.monotonic()
        return self.get(source_id)

    def get(self, source_id: str) -> dict[str, Any]:
        """Return the lesson that goes on, as JSON data: its rows, newest last, and what they teach once three agree.

        Raises:
            InputError: ``api.unknown_source``, ``rhythm.no_lesson``.
        """
        began = self._start_of(source_id)
        now = self._clock.unix()
        rows = rows_of([one for one in self._heard.kept(source_id) if one.is_clap and one.at >= began], now)
        taught = _newest_alike(rows)
        return {
            "source_id": source_id,
            "started": began,
            "wanted": WANTED,
            "rows": [
                {"at": row.at, "claps": row.claps, "intervals": list(row.intervals), "outcome": _outcome(row, taught)}
                for row in rows
            ],
            "proposal": _proposal(taught) if len(taught) == WANTED else None,
        }

    def cancel(self, source_id: str) -> None:
        """Give a lesson up.

        Raises:
            InputError: ``api.unknown_source``, ``rhythm.no_lesson``.
        """
        self._start_of(source_id)
        with self._lock:
            self._began.pop(source_id, None)

    def apply(self, source_id: str, wish: Mapping[str, Any]) -> dict[str, Any]:
        """Add what was taught to the rhythms of the source, and end the lesson; return the rhythm as in the settings.

        Args:
            source_id: which source.
            wish: ``name``, and ``tolerance`` if another than is proposed.

        Raises:
            InputError: ``api.unknown_source``, ``rhythm.no_lesson``, ``rhythm.too_few``.
            SettingsFaults, SettingsError: as ``SettingsOwner.replace``.
        """
        with self._settings.locked():
            proposal = self.get(source_id)["proposal"]
            if proposal is None:
                raise InputError("rhythm.too_few")
            entry = entry_of(self._settings.state.dump.whole, source_id)
            known = [*RESERVED, *(one["id"] for one in (*entry["sounds"], *entry["rhythms"]))]
            rhythm = {
                "id": free_id(str(wish.get("name", "")), "rhythm", known),
                "name": wish.get("name", ""),
                "enabled": True,
                "intervals": proposal["intervals"],
                "tolerance": wish.get("tolerance", proposal["tolerance"]),
            }
            self._settings.apply({"sources": [{"id": source_id, "rhythms": [rhythm]}]})
            self.cancel(source_id)
            return rhythm

    def _start_of(self, source_id: str) -> float:
        entry_of(self._settings.state.dump.whole, source_id)
        began, monotonic = self._began.get(source_id, (0.0, float("-inf")))
        if self._clock.monotonic() - monotonic > LONGEST_S:
            raise InputError("rhythm.no_lesson")
        return began


def rows_of(claps: Sequence[KeptCandidate], now: float) -> list[ClapRow]:
    """Return the rows of claps, oldest first, that are over at ``now`` (UTC Unix seconds)."""
    rows: list[list[KeptCandidate]] = []
    for clap in claps:
        if rows and clap.epoch == rows[-1][-1].epoch and clap.onset - rows[-1][-1].onset <= PAUSE_S * RATE_HZ:
            rows[-1].append(clap)
        else:
            rows.append([clap])
    return [_row(row) for row in rows if now - row[-1].at >= SETTLED_S]


def _row(claps: Sequence[KeptCandidate]) -> ClapRow:
    gaps = np.diff([clap.onset for clap in claps]) / RATE_HZ
    return ClapRow(claps[0].at, tuple(round(float(gap), 3) for gap in gaps))


def _newest_alike(rows: Sequence[ClapRow]) -> list[ClapRow]:
    """Return the newest rows, three at most, that have as many claps as the newest that can be a rhythm."""
    possible = [row for row in rows if FEWEST <= row.claps <= MOST]
    return [row for row in possible if row.claps == possible[-1].claps][-WANTED:] if possible else []


def _outcome(row: ClapRow, taught: Sequence[ClapRow]) -> str:
    if row in taught:
        return "accepted"
    if row.claps < FEWEST:
        return "too_few"
    return "too_many" if row.claps > MOST else "not_used"


def _proposal(rows: Sequence[ClapRow]) -> dict[str, Any]:
    intervals = mean_rhythm([row.intervals for row in rows])
    spread = max(chronotonic_distance(intervals, row.intervals) for row in rows)
    tolerance = round(min(max(DEFAULT_TOLERANCE, 2 * spread), MOST_TOLERANCE), 2)
    return {
        "claps": len(intervals) + 1,
        "intervals": list(intervals),
        "spread": round(spread, 3),
        "tolerance": tolerance,
        "chance": round(chance(intervals, tolerance), 4),
    }
