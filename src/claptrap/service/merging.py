"""One clap, one detection: what several sources of a room hear at the same moment is merged into one.

Sound takes a path of its own from each microphone to here, some tenths of a second long (a camera's encoder, a network's
buffers), so the same clap has another timestamp from each. How much later one source is than another is measured from the
claps that both report (``PathDelays``), and forgotten when a stream begins again. Until it is known, the
first clap of one source that the other has not heard yet is taken for the same, if they are at most ``SPREAD_S`` apart.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from claptrap.core.clock import Clock
from claptrap.core.events import Event, Levels, SourceStatus, State, Status
from claptrap.service.events import EventRecorder
from claptrap.settings.schema import Settings

SPREAD_S = 0.45  # how far apart two paths may be
TOLERANCE_S = 0.11  # of what is left once the paths are known: less than half of the shortest gap between two claps (0.25 s)
DECISION_S = 0.25  # by how much the decisions of two sources about the same clap may lie apart
MEMORY_S = 5.0  # how long a merged detection still swallows what comes late
MAX_GAP_S = 0.7  # between the claps of a row: a source that missed the first one reports the second
TIMES = 48  # of each source that are remembered
DIFFERENCES, ENOUGH = 15, 3  # of claps that stand alone: the newest that count, and how many are needed
ENOUGH_IN_ROWS, CLEARLY = 8, 1.15  # votes for a difference in rows of claps, and how many times those for any other
LOUDNESS_S = (-0.15, 0.35)  # around an onset

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Merged:
    room: str
    due_s: float
    began_s: float
    heard: dict[str, Event] = field(default_factory=dict)
    age_s: float = 0.0
    is_sent: bool = False


class PathDelays:
    """How much later one source is than another, learnt from what both reported. Not thread-safe.

    Claps that stand alone say it best: their median. Where there are none, as in rows of claps, it is the greatest bin of
    the cross-correlogram, all differences of times (D. Perkel et al., "Neuronal spike trains and stochastic point processes
    II", Biophysical Journal 7, 1967), if it is clear. Neither depends on what was merged before, so an error does not last.
    """

    def __init__(self) -> None:
        self._times: dict[str, deque[tuple[float, int]]] = {}  # of each source, with the number of claps
        self._epochs: dict[str, str] = {}
        self._known: dict[tuple[str, str], float | None] = {}

    def add(self, event: Event) -> None:
        """Learn when a source reported a clap; forget it first if its stream has begun again: its path may be another."""
        if self._epochs.get(event.source_id) != event.epoch:
            self.forget(event.source_id)
            self._epochs[event.source_id] = event.epoch
        self._times.setdefault(event.source_id, deque(maxlen=TIMES)).append((event.timestamp, event.claps))
        self._known = {pair: later for pair, later in self._known.items() if event.source_id not in pair}

    def forget(self, source_id: str) -> None:
        """Forget a source."""
        self._epochs.pop(source_id, None)
        self._times.pop(source_id, None)
        self._known = {pair: later for pair, later in self._known.items() if source_id not in pair}

    def known(self) -> set[str]:
        """Return the sources of which anything is known."""
        return set(self._epochs)

    def later_s(self, source_id: str, than: str) -> float | None:
        """Return by how many seconds a source is later than another, < 0 if sooner; None while that is unknown."""
        pair = source_id, than
        if source_id == than:
            return None
        if pair not in self._known:
            self._known[pair] = _later_s(self._times.get(source_id, ()), self._times.get(than, ()))
        return self._known[pair]


def _later_s(times: Sequence[tuple[float, int]], others: Sequence[tuple[float, int]]) -> float | None:
    if not times or not others:
        return None
    at, other = (np.array([time for time, _ in one]) for one in (times, others))
    apart = at[:, None] - other[None, :]
    is_near = np.abs(apart) <= SPREAD_S
    is_alike = np.array([n for _, n in times])[:, None] == np.array([n for _, n in others])[None, :]
    alone = is_near & is_alike & _is_alone(at)[:, None] & _is_alone(other)[None, :]
    differences = apart[alone][-DIFFERENCES:]
    if len(differences) >= ENOUGH:
        middle = float(np.median(differences))
        agreeing = np.abs(differences - middle) <= TOLERANCE_S / 2
        return middle if 2 * agreeing.sum() > len(differences) else None
    differences = apart[is_near & is_alike]
    if len(differences) < ENOUGH_IN_ROWS:
        return None
    near = np.abs(differences[:, None] - differences[None, :])
    votes = (near <= TOLERANCE_S / 4).sum(axis=1)
    best = int(votes.argmax())
    elsewhere = votes[near[best] > TOLERANCE_S]
    if votes[best] < ENOUGH_IN_ROWS or votes[best] < CLEARLY * max(elsewhere, default=0):
        return None
    return float(np.median(differences[near[best] <= TOLERANCE_S / 4]))


def _is_alone(times: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which of times (n,) have no other within twice the spread of paths, so that nothing else can be meant."""
    n_near: NDArray[np.int64] = (np.abs(times[:, None] - times[None, :]) <= 2 * SPREAD_S).sum(axis=1)
    is_alone: NDArray[np.bool_] = n_near == 1
    return is_alone


class DetectionMerger:
    """An ``EventSink`` before another: sends one detection on for what several sources of one room heard. Thread-safe.

    The first report is held back until all live sources of the room have reported or can no longer do so: a quarter of a
    second, and as much as the slowest path is behind. What comes later still is swallowed. Without ``merge_rooms`` in the
    settings, and for a room of one source, everything passes at once.

    Args:
        sink: gets what is left.
        clock: the machine's.
    """

    def __init__(self, sink: EventRecorder, clock: Clock) -> None:
        self._sink = sink
        self._clock = clock
        self._rooms: dict[str, str] = {}
        self._live: set[str] = set()
        self._loud: dict[str, deque[tuple[float, float]]] = {}
        self._merged: list[_Merged] = []
        self._delays = PathDelays()
        self._changed = threading.Condition()
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    def apply(self, settings: Settings) -> None:
        """Merge by the rooms of ``settings``, if at all."""
        references = {one for source in settings.sources for one in source.references}
        wanted = [source for source in settings.sources if source.room and settings.merge_rooms]
        rooms = {source.id: source.room for source in wanted if source.id not in references}
        sizes = Counter(rooms.values())
        with self._changed:
            self._rooms = {source: room for source, room in rooms.items() if sizes[room] > 1}
            for source in self._delays.known() - set(self._rooms):
                self._delays.forget(source)
            self._loud = {source: self._loud.get(source, deque(maxlen=20)) for source in self._rooms}
            self._changed.notify()

    def start(self) -> None:
        """Begin to send on what was held back."""
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="merging")
        self._thread.start()

    def stop(self) -> None:
        """Send everything on that is held back, and end. Harmless before ``start``."""
        if self._thread is None:
            return
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        self._thread.join()
        self._thread = None

    def observe(self, status: Status) -> None:
        """Notice which sources are live, and how loud they are."""
        if isinstance(status, SourceStatus):
            with self._changed:
                (self._live.add if status.state is State.LIVE else self._live.discard)(status.source_id)
        elif isinstance(status, Levels) and self._loud:
            now = self._clock.unix()
            for level in status.levels:
                if (loud := self._loud.get(level.source_id)) is not None:
                    loud.append((now, level.peak_dbfs))

    def record(self, event: Event, age_s: float = 0.0) -> None:
        """Accept a detection, as ``EventRecorder.record``; it may be sent on later, or be part of another."""
        with self._changed:
            room = self._rooms.get(event.source_id)
            if room is not None and not event.trigger and not event.test:
                self._merge(event, room, age_s)
                self._changed.notify()
                return
        self._sink.record(event, age_s)

    def send_due(self) -> None:
        """Send on what has waited long enough; everything that waits at the end."""
        with self._changed:
            now = self._clock.monotonic()
            self._merged = [one for one in self._merged if not one.is_sent or now - one.began_s < MEMORY_S]
            due = [one for one in self._merged if not one.is_sent and (one.due_s <= now or self._is_stopping)]
            for one in due:
                one.is_sent = True
            ready = [(self._one_of(one), one.age_s + now - one.began_s) for one in due]
        for event, age_s in ready:
            self._sink.record(event, age_s)

    def delays(self) -> Mapping[str, float]:
        """Return by how many seconds each source is later than the quickest of its room, of those of which it is known."""
        found: dict[str, float] = {}
        with self._changed:
            for source, room in self._rooms.items():
                others = [other for other, its in self._rooms.items() if its == room]
                known = [s for other in others if (s := self._delays.later_s(source, other)) is not None]
                if known:
                    found[source] = max(0.0, *known)
        return found

    def _run(self) -> None:
        while not self._is_stopping:
            self.send_due()
            with self._changed:
                waiting = [one.due_s for one in self._merged if not one.is_sent]
                if not self._is_stopping:
                    self._changed.wait(max(0.0, min(waiting) - self._clock.monotonic()) if waiting else None)
        self.send_due()

    def _merge(self, event: Event, room: str, age_s: float) -> None:
        now = self._clock.monotonic()
        if any(event.id == known.id for one in self._merged for known in one.heard.values()):
            return
        self._delays.add(event)
        found = self._same(event, room)
        if found is None:
            self._merged.append(_Merged(room, now + self._patience_s(event, room), now, {event.source_id: event}, age_s))
            return
        if found.is_sent:
            _log.info("%s: the same clap as %s, which was sent before", event.source_id, ", ".join(found.heard))
            return
        found.heard[event.source_id] = event
        if all(source in found.heard for source in self._others(room)):
            found.due_s = now

    def _same(self, event: Event, room: str) -> _Merged | None:
        """Return what is the same clap: the nearest by a known path, else the oldest not heard yet."""
        candidates = [
            (apart, one)
            for one in self._merged
            if one.room == room and event.source_id not in one.heard and (apart := self._apart(event, one)) is not None
        ]
        return min(candidates, key=lambda found: found[0])[1] if candidates else None

    def _apart(self, event: Event, one: _Merged) -> float | None:
        """Return how far apart a detection and a merged one are, for comparison; None where they are not the same."""
        best: float | None = None
        for other in one.heard.values():
            if other.applause != event.applause:
                return None
            raw = event.timestamp - other.timestamp
            later = self._delays.later_s(event.source_id, other.source_id)
            tolerance, rest = (SPREAD_S, raw) if later is None else (TOLERANCE_S, raw - later)
            missed_s = (other.claps - event.claps) * MAX_GAP_S  # the first claps of the row, by the one that counted fewer
            outside = max(0.0, min(missed_s, 0.0) - rest, rest - max(missed_s, 0.0))
            if outside <= tolerance:
                rank = (
                    abs(rest) if later is not None else SPREAD_S + one.began_s
                )  # the unknown: in the order in which they began
                best = rank if best is None else min(best, rank)
        return best

    def _patience_s(self, event: Event, room: str) -> float:
        """Return how long the other sources of a room may take to report the same clap."""
        later = [self._delays.later_s(other, event.source_id) for other in self._others(room) if other != event.source_id]
        return max((DECISION_S + (SPREAD_S if s is None else max(0.0, s)) for s in later), default=0.0)

    def _others(self, room: str) -> list[str]:
        return [source for source, its in self._rooms.items() if its == room and source in self._live]

    def _one_of(self, one: _Merged) -> Event:
        """Return the nearest source's detection, with the names of all."""
        nearest = sorted(one.heard.values(), key=lambda event: (-self._loudness(event), -event.score))
        heard_by = tuple(event.source_id for event in nearest)
        return replace(nearest[0], claps=max(event.claps for event in nearest), heard_by=heard_by)

    def _loudness(self, event: Event) -> float:
        """Return the peak around a detection in dBFS, −120 where none is known."""
        since, until = LOUDNESS_S
        loud = self._loud.get(event.source_id, ())
        return max((peak for at, peak in tuple(loud) if since <= at - event.timestamp <= until), default=-120.0)
