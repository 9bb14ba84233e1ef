"""The beat: every 20 ms, the newest hops of all sources at once go through the gate, and on to the judge.

One thread for any number of sources (house.md, "Threads for reading, arrays for hearing"). Nothing here waits for a network
or a model: the judge is behind a bounded queue. Overload rule: when the judge is that far behind, the beat waits for it, the
rings fill, and the oldest sound is dropped and counted there.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP
from claptrap.core.clock import Clock
from claptrap.core.events import Level, StatusSink
from claptrap.core.tally import Tally
from claptrap.detect.onset import Candidate, Gate
from claptrap.runtime.beat import Beat
from claptrap.runtime.scope import Scope
from claptrap.runtime.stream import HOP_S, Stream

CATCH_UP_HOPS = 50  # at most this many hops of one source in one round, so that stopping stays prompt
LEVEL_EVERY_HOPS = 5  # 100 ms: what a meter on a page can show
FLOOR_DBFS = -120.0
Batch = tuple[NDArray[np.float32], NDArray[np.int64]]
_NO_ROWS = np.zeros(0, np.int64)
_NO_HOPS = np.zeros((0, HOP), np.float32)
_log = logging.getLogger(__name__)


class Ticker:
    """Owns the thread ``tick`` and the gate."""

    def __init__(self, make_gate: Callable[[], Gate], beats: queue.Queue[Beat], levels: StatusSink, clock: Clock) -> None:
        self._make_gate = make_gate
        self._gate = make_gate()
        self._beats = beats
        self._clock = clock
        self._meters = Meters(levels)
        self._scope = Scope(levels, clock)
        self._streams: list[Stream] = []
        self._fresh: list[Stream] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._faults = Tally()
        self._thread = threading.Thread(target=self._run, name="tick")
        self.beat_at = clock.monotonic()

    def open(self, stream: Stream) -> None:
        """Hear ``stream`` from the next beat on, after any earlier stream of the same row has been heard to its end."""
        with self._lock:
            self._fresh.append(stream)

    def show(self, source_ids: Iterable[str]) -> None:
        """Draw these sources, and no others, from the next beat on: their ``Picture`` goes where levels go."""
        self._scope.show(source_ids)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is still in the rings is not heard."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        due = self._clock.monotonic()
        while not self._stop.wait(max(0.0, due - self._clock.monotonic())):
            try:
                self.round()
            except Exception as error:  # noqa: BLE001  # the supervisor contains a fault of hearing, and says so
                self._start_afresh(error)
            self.beat_at = self._clock.monotonic()
            due = max(due + HOP_S, self.beat_at - 1.0)

    def round(self) -> None:
        """Take what is in the rings, and pass it on as one beat per 20 ms."""
        opened, current = self._take_over()
        for stream in opened:
            self._gate.open(stream.row)
            self._meters.open(stream)
            self._scope.open(stream)
        batches = [(s, s.ended, s.ring.read(CATCH_UP_HOPS)) for s in current]  # ended is read first: no hop can follow it
        finished = tuple(s for s, ended, (hops, _) in batches if ended and len(hops) < CATCH_UP_HOPS)
        longest = max((len(hops) for _, _, (hops, _) in batches), default=0)
        for i in range(longest):
            self._send(opened if i == 0 else (), *_slice(batches, i), finished if i == longest - 1 else ())
        if not longest and (opened or finished):
            self._send(opened, _NO_ROWS, _NO_HOPS, _NO_ROWS, finished)
        with self._lock:
            self._streams = [s for s in self._streams if s not in finished and s.failure is None]

    def _take_over(self) -> tuple[tuple[Stream, ...], list[Stream]]:
        """Return the streams that begin now, and all that are to be heard now: the first of each row."""
        with self._lock:
            busy = {s.row for s in self._streams}
            opened: list[Stream] = []
            for stream in tuple(self._fresh):
                if stream.row not in busy:
                    busy.add(stream.row)
                    opened.append(stream)
                    self._fresh.remove(stream)
            self._streams += opened
            return tuple(opened), list(self._streams)

    def _send(
        self,
        opened: tuple[Stream, ...],
        rows: NDArray[np.int64],
        hops: NDArray[np.float32],
        lost: NDArray[np.int64],
        finished: tuple[Stream, ...],
    ) -> None:
        candidates: tuple[Candidate, ...] = ()
        if len(rows):
            candidates = tuple(self._gate.tick(rows, hops, lost))
            self._meters.add(rows, hops)
            self._scope.add(rows, hops, lost)
        beat = Beat(opened, rows, hops, lost, candidates, finished)
        while not self._stop.is_set():
            try:
                self._beats.put(beat, timeout=0.5)
            except queue.Full:
                continue
            return

    def _start_afresh(self, error: Exception) -> None:
        """Contain a fault of the gate: say it, and have every running stream replaced by a new one."""
        if self._faults.add(self._clock.monotonic()):
            _log.exception("the beat failed (%d times in all); hearing starts afresh", self._faults.total)
        self._gate = self._make_gate()
        with self._lock:
            for stream in self._streams:
                stream.fail(f"{type(error).__name__}: {error}")
            self._streams = []


def _slice(
    batches: list[tuple[Stream, bool, Batch]], i: int
) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]:
    """Return the i-th hop of every stream that has one: rows (R,), hops (R, 320), lost (R,)."""
    ready = [(s.row, hops[i], lost[i]) for s, _, (hops, lost) in batches if len(hops) > i]
    return (
        np.array([row for row, _, _ in ready], np.int64),
        np.stack([hop for _, hop, _ in ready]),
        np.array([n for _, _, n in ready], np.int64),
    )


class Meters:
    """Loudness per source, told every 100 ms of its sound."""

    def __init__(self, sink: StatusSink) -> None:
        self._sink = sink
        self._streams: dict[int, tuple[Stream, list[tuple[float, float]]]] = {}

    def open(self, stream: Stream) -> None:
        """Begin to measure ``stream``, in place of what was on its row."""
        self._streams[stream.row] = (stream, [])

    def add(self, rows: NDArray[np.int64], hops: NDArray[np.float32]) -> None:
        """Measure one hop (320 samples) of each row."""
        peaks = np.abs(hops).max(axis=1)
        powers = np.square(hops, dtype=np.float64).mean(axis=1)
        for row, peak, power in zip(rows.tolist(), peaks.tolist(), powers.tolist(), strict=True):
            stream, measured = self._streams[row]
            measured.append((peak, power))
            if len(measured) >= LEVEL_EVERY_HOPS:
                self._sink.offer(_level(stream.source_id, measured))
                measured.clear()


def _level(source_id: str, measured: list[tuple[float, float]]) -> Level:
    peak = max(p for p, _ in measured)
    rms = (sum(power for _, power in measured) / len(measured)) ** 0.5
    return Level(source_id, _dbfs(peak), _dbfs(rms))


def _dbfs(amplitude: float) -> float:
    return round(max(FLOOR_DBFS, 20 * float(np.log10(max(amplitude, 1e-9)))), 1)
