"""Rhythms of claps at any tempo, by their chronotonic distance.

A row of claps is its intervals, scaled to one in the mean; as a function of time, each interval is as high as it is long
(the chronotonic chain). The distance of two rows is the area between their functions, in mean intervals: 0 for the same
rhythm at whatever tempo, about .1 for a person who repeats theirs. K. Gustafson, "The graphical representation of rhythm",
Progress Reports from Oxford Phonetics 3, 1988; compared with others by G. Toussaint, "A comparison of rhythmic similarity
measures", ISMIR 2004.

A row must stand alone: a pause before it, and after it one that is longer than its longest interval by half.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import RATE_HZ
from claptrap.core.triggers import RhythmSpec
from claptrap.detect.classifier import Classification
from claptrap.detect.patterns import Detection

PAUSE_S = 2.0  # between claps of two rows; no interval of a rhythm may be longer
LEAST_END_S = 0.5  # after the last clap, before a row is over
FEWEST, MOST = 3, 12  # claps of a rhythm
_CHANCE_ROWS = 2000
_CHANCE_S = (0.1, 0.4)  # of random claps: the least interval, and the mean of what comes on top


def chronotonic_distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Return how far two rows of as many intervals (n ≥ 1, each > 0) are apart, in mean intervals: 0…2."""
    a, b = (np.asarray(row, float) / np.sum(row) for row in (one, other))
    ends = np.cumsum(a), np.cumsum(b)
    edges = np.unique(np.clip(np.concatenate([[0.0], *ends]), 0.0, 1.0))
    middles = (edges[1:] + edges[:-1]) / 2
    heights = [row[np.minimum(np.searchsorted(end, middles), len(row) - 1)] for row, end in zip((a, b), ends, strict=True)]
    return float(len(a) * np.sum(np.diff(edges) * np.abs(heights[0] - heights[1])))


def mean_rhythm(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return the rhythm of rows (k, n) of intervals, each at its own tempo: (n,), with a mean of 1."""
    scaled = np.array([np.asarray(row, float) / np.mean(row) for row in rows])
    return tuple(round(float(value), 3) for value in scaled.mean(axis=0))


def chance(intervals: Sequence[float], tolerance: float) -> float:
    """Return which share of random rows of as many claps are within ``tolerance`` of a rhythm."""
    random = np.random.default_rng(0)
    least, more = _CHANCE_S
    rows = least + random.exponential(more, (_CHANCE_ROWS, len(intervals)))
    return float(np.mean([chronotonic_distance(intervals, row) <= tolerance for row in rows]))


class Rhythms:
    """The rhythms that one stream reacts to.

    Args:
        specs: which.
    """

    def __init__(self, specs: Sequence[RhythmSpec]) -> None:
        self._specs = tuple(specs)
        self._row: list[Classification] = []
        self._last: int | None = None  # onset of the newest clap
        self._is_over = False  # the row has been judged, or is too long: what follows within the pause is no new row

    @property
    def is_open(self) -> bool:
        """Whether a row may be complete, which only time tells."""
        return any(len(self._row) == len(spec.intervals) + 1 for spec in self._specs)

    def add(self, clap: Classification) -> None:
        """Add the next clap, before which ``advance`` was called with its onset."""
        self._last = clap.onset
        if not self._is_over:
            self._row.append(clap)
        if len(self._row) > MOST:
            self._close()

    def advance(self, sample: int) -> list[Detection]:
        """Return what is complete once every clap with an onset before ``sample`` is known: the nearest rhythm, if any."""
        if self._last is None:
            return []
        found: list[Detection] = []
        since = sample - self._last
        if self.is_open and since > self._end_after(intervals := np.diff([clap.onset for clap in self._row])):
            found = self._nearest(intervals, sample)
            self._close()
        if since > PAUSE_S * RATE_HZ:
            self._row, self._last, self._is_over = [], None, False
        return found

    def _close(self) -> None:
        self._row, self._is_over = [], True

    def finish(self) -> list[Detection]:
        """Return what is complete at the end of the stream."""
        return [] if self._last is None else self.advance(self._last + round(PAUSE_S * RATE_HZ) + 1)

    def _end_after(self, intervals: NDArray[np.int64]) -> float:
        return float(min(max(LEAST_END_S * RATE_HZ, 1.5 * intervals.max()), PAUSE_S * RATE_HZ))

    def _nearest(self, intervals: NDArray[np.int64], sample: int) -> list[Detection]:
        same = [spec for spec in self._specs if len(spec.intervals) == len(intervals)]
        distances = [(chronotonic_distance(spec.intervals, intervals.tolist()), spec) for spec in same]
        near = [(distance / spec.tolerance, spec) for distance, spec in distances if distance <= spec.tolerance]
        if not near:
            return []
        _, spec = min(near, key=lambda pair: pair[0])
        best = max(self._row, key=lambda clap: clap.score)
        decided = max(sample, self._row[-1].decided)
        return [Detection(self._row[0].onset, decided, best.score, len(self._row), best.labels, trigger=spec.id)]
