"""The onset thread: the newest hops of all sources go through the onset detector in one batch.

One thread for any number of sources. It sleeps until one has written hops; those of a few sources are processed by the
thread that wrote them, for waking another costs more than the work. Nothing here waits for a network or a model: the
classifier is behind a bounded queue. Overload rule: when the queue is full, this thread waits, the rings fill, and the
oldest sound is dropped and counted there.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import HOP
from claptrap.audio.ring import Hops
from claptrap.core.clock import Clock
from claptrap.core.events import Level, Levels, StatusSink
from claptrap.core.rate_limit import RateLimitedCounter
from claptrap.detect.onset import Candidate, OnsetDetector
from claptrap.runtime.batch import HopBatch
from claptrap.runtime.spectrogram import Spectrograms
from claptrap.runtime.stream import HOP_S, Stream

CATCH_UP_HOPS = 50  # at most this many hops of one source in one round, so that stopping stays prompt
FEW = 4  # sources that are processed as they write; more of them together: a batch costs as much for ten as for one
GATHER_S = 0.02  # so long at most after one of many has written: a port or a server brings several in a burst
ALIVE_S = 2.0  # how often the thread reports that it lives while nothing comes
LEVEL_HOPS = 5  # 100 ms: what a meter on a page can show …
UNWATCHED_LEVEL_HOPS = 50  # … and 1 s while no page is open
MOST_HELD = 25  # hops that wait for the next while nothing is undecided, so that the classifier is woken seldom
FLOOR_DBFS = -120.0
Block = tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]
"""Slots (R,), the same number of hops of each (R, n · 320), and the hops lost before them (R,)."""
_NOTHING: Block = np.zeros(0, np.int64), np.zeros((0, HOP), np.float32), np.zeros(0, np.int64)
_log = logging.getLogger(__name__)


class OnsetThread:
    """Owns the thread ``tick`` and the onset detector."""

    def __init__(
        self,
        make_detector: Callable[[], OnsetDetector],
        batches: queue.Queue[HopBatch | None],
        levels: StatusSink,
        clock: Clock,
    ) -> None:
        self._make_detector = make_detector
        self._detector = make_detector()
        self._batches = batches
        self._clock = clock
        self._meters = LevelMeters(levels)
        self._spectrograms = Spectrograms(levels, clock)
        self._is_watched = True
        self._held: list[HopBatch] = []
        self._n_held = 0  # hops in them, of one slot each
        self._due_at = 0.0  # of the batches of this round
        self._streams: list[Stream] = []
        self._opening: list[Stream] = []
        self._lock = threading.Lock()
        self._rounding = threading.Lock()
        self._stop = threading.Event()
        self._news = threading.Event()
        self._hurried = threading.Event()  # what was written decides something
        self._faults = RateLimitedCounter()
        self._thread = threading.Thread(target=self._run, name="tick")
        self.alive_at = clock.monotonic()

    def open(self, stream: Stream) -> None:
        """Process ``stream`` from the next batch on, after the end of any earlier stream of the same slot."""
        with self._lock:
            self._opening.append(stream)
        stream.notify(self._written, self._news.set)
        self._news.set()

    def _written(self, stream: Stream) -> None:
        """Process what the calling thread has written to a stream, if that is quick, or have the onset thread do it."""
        is_quick = len(self._streams) <= FEW and self._batches.qsize() <= self._batches.maxsize // 2
        if not (is_quick and self._thread.is_alive() and self._rounding.acquire(blocking=False)):
            self._news.set()
            if stream.pacing.is_urgent:
                self._hurried.set()
            return
        try:
            self._attempt_round()
        finally:
            self._rounding.release()

    def attend(self, *, is_watched: bool) -> None:
        """Publish levels for a page ten times a second, or else once a second."""
        self._is_watched = is_watched
        self._meters.every_hops = LEVEL_HOPS if is_watched else UNWATCHED_LEVEL_HOPS

    def show(self, source_ids: Iterable[str]) -> None:
        """Publish ``Picture`` news of these sources, and of no others, from the next batch on."""
        self._spectrograms.show(source_ids)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is still in the rings is not processed."""
        self._stop.set()
        self._news.set()
        self._hurried.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            if self._news.wait(ALIVE_S) and len(self._streams) > FEW:
                self._hurried.wait(GATHER_S)
            self._hurried.clear()
            self._news.clear()  # before reading: what is written from now on sets it again
            with self._rounding:
                self._attempt_round()

    def _attempt_round(self) -> None:
        self.alive_at = self._clock.monotonic()
        try:
            self.round()
        except Exception as error:  # noqa: BLE001  # the supervisor contains a fault of detection, and says so
            self._start_over(error)

    def round(self) -> None:
        """Read the rings and pass on batches: one for all slots that have equally many hops."""
        opened, current = self._take_over()
        for stream in opened:
            self._detector.reset(stream.slot)
            self._meters.open(stream)
            self._spectrograms.open(stream)
        reads = [(s, s.ended, s.ring.read(CATCH_UP_HOPS)) for s in current]  # ended is read first: no hop can follow it
        self._due_at = self._clock.monotonic() - HOP_S * max((len(s.ring) for s in current), default=0)
        finished = tuple(s for s, ended, (hops, _) in reads if ended and len(hops) < CATCH_UP_HOPS)
        most_hops = self._meters.every_hops if self._batches.empty() else LEVEL_HOPS  # what waits must not be long
        blocks = list(_blocks(reads, most_hops))
        if not blocks and (opened or finished):
            blocks = [_NOTHING]
        for i, block in enumerate(blocks):
            self._detect(opened if i == 0 else (), *block, finished if i == len(blocks) - 1 else ())
        if self._is_watched or self._n_held > MOST_HELD or any(stream.pacing.is_urgent for stream in current):
            self._pass_on()
        with self._lock:
            self._streams = [s for s in self._streams if s not in finished and s.failure is None]
            is_slot_free = len(self._streams) < len(current) and bool(self._opening)
        if is_slot_free or any(len(s.ring) for s in self._streams):
            self._news.set()

    def _take_over(self) -> tuple[tuple[Stream, ...], list[Stream]]:
        """Return the streams that begin now, and all that are active: the first of each slot."""
        with self._lock:
            busy = {s.slot for s in self._streams}
            opened: list[Stream] = []
            for stream in tuple(self._opening):
                if stream.slot not in busy:
                    busy.add(stream.slot)
                    opened.append(stream)
                    self._opening.remove(stream)
            self._streams += opened
            return tuple(opened), list(self._streams)

    def _detect(
        self,
        opened: tuple[Stream, ...],
        slots: NDArray[np.int64],
        hops: NDArray[np.float32],
        lost: NDArray[np.int64],
        finished: tuple[Stream, ...],
    ) -> None:
        candidates: tuple[Candidate, ...] = ()
        if len(slots):
            candidates = tuple(self._detector.process(slots, hops, lost))
            self._note_proofs(candidates)
            self._meters.add(slots, hops)
            self._spectrograms.add(slots, hops, lost)
        self._held.append(HopBatch(opened, slots, hops, lost, candidates, finished, self._due_at))
        self._n_held += hops.shape[1] // HOP
        if candidates or opened or finished:
            self._pass_on()

    def _note_proofs(self, candidates: Sequence[Candidate]) -> None:
        """Say of onsets of our own claps that they were found."""
        proofs = {stream.slot: stream.proof for stream in self._streams} if candidates else {}
        for candidate in candidates:
            if (proof := proofs.get(candidate.slot)) is not None and (clap := proof.clap_at(candidate.onset)):
                proof.note("onset", "proof.onset", clap=clap)

    def _pass_on(self) -> None:
        """Give the classifier all batches that it has not got yet, waiting while it is too far behind."""
        while self._held and not self._stop.is_set():
            with suppress(queue.Full):
                self._batches.put(self._held[0], timeout=0.5)
                self._n_held -= self._held.pop(0).hops.shape[1] // HOP

    def _start_over(self, error: Exception) -> None:
        """Contain a fault of the onset detector: log it, and have every running stream replaced by a new one."""
        if self._faults.add(self._clock.monotonic()):
            _log.exception("onset detection failed (%d times in all); it starts over", self._faults.total)
        self._detector = self._make_detector()
        with self._lock:
            for stream in self._streams:
                stream.fail(f"{type(error).__name__}: {error}")
            self._streams = []


def _blocks(reads: list[tuple[Stream, bool, Hops]], most_hops: int) -> Iterator[Block]:
    """Yield what was read as blocks of equally many hops of different slots, in order, none with a gap inside.

    Args:
        reads: streams, whether they have ended, and their hops (k, 320) with lost (k,).
        most_hops: of one slot in one block: the hop that completes a level ends one.
    """
    waiting = [(stream.slot, _pieces(hops, lost, most_hops)) for stream, _, (hops, lost) in reads if len(hops)]
    while waiting:
        by_length: dict[int, list[tuple[int, Hops]]] = {}
        for slot, (piece, *_) in waiting:
            by_length.setdefault(len(piece[0]), []).append((slot, piece))
        for n_hops, alike in sorted(by_length.items()):
            yield (
                np.array([slot for slot, _ in alike], np.int64),
                np.concatenate([hops for _, (hops, _) in alike]).reshape(len(alike), n_hops * HOP),
                np.array([lost[0] for _, (_, lost) in alike], np.int64),
            )
        waiting = [(slot, rest) for slot, (_, *rest) in waiting if rest]


def _pieces(hops: NDArray[np.float32], lost: NDArray[np.int64], most_hops: int) -> list[Hops]:
    """Split hops (k, 320), k ≥ 1, before each gap and at every ``most_hops``."""
    if len(hops) <= most_hops and not np.count_nonzero(lost[1:]):
        return [(hops, lost)]
    gaps = [0, *(np.flatnonzero(lost[1:]) + 1).tolist(), len(hops)]
    cuts = [cut for begin, end in pairwise(gaps) for cut in range(begin, end, most_hops)]
    return [(hops[begin:end], lost[begin:end]) for begin, end in pairwise([*cuts, len(hops)])]


class LevelMeters:
    """Levels of every slot, published together.

    Attributes:
        every_hops: they are published whenever one slot has so many new hops.
    """

    def __init__(self, sink: StatusSink) -> None:
        self.every_hops = LEVEL_HOPS
        self._sink = sink
        self._streams: dict[int, Stream] = {}
        self._peaks = np.zeros(0, np.float32)  # of each slot since its last level, like the next two
        self._powers = np.zeros(0, np.float64)  # sums over hops
        self._hops = np.zeros(0, np.int64)

    def open(self, stream: Stream) -> None:
        """Begin to measure ``stream``, in place of the one before on its slot."""
        self._streams[stream.slot] = stream
        more = (0, max(0, stream.slot + 1 - len(self._hops)))
        self._peaks, self._powers = np.pad(self._peaks, more), np.pad(self._powers, more)
        self._hops = np.pad(self._hops, more)
        self._forget(stream.slot)

    def add(self, slots: NDArray[np.int64], hops: NDArray[np.float32]) -> None:
        """Measure hops (R, n · 320) of slots (R,)."""
        peaks = np.maximum(np.maximum.reduce(hops, axis=1), -np.minimum.reduce(hops, axis=1))
        self._peaks[slots] = np.maximum(self._peaks[slots], peaks)
        self._powers[slots] += np.einsum("ij,ij->i", hops, hops) / HOP
        self._hops[slots] += hops.shape[1] // HOP
        if np.maximum.reduce(self._hops[slots]) >= self.every_hops:
            self._publish()

    def _publish(self) -> None:
        heard = np.flatnonzero(self._hops)
        peaks, levels = _dbfs(self._peaks[heard]), _dbfs(np.sqrt(self._powers[heard] / self._hops[heard]))
        measured = zip(heard.tolist(), peaks, levels, strict=True)
        self._sink.offer(Levels(tuple(Level(self._streams[slot].source_id, peak, rms) for slot, peak, rms in measured)))
        self._forget(heard)

    def _forget(self, slots: int | NDArray[np.int64]) -> None:
        self._peaks[slots], self._powers[slots], self._hops[slots] = 0, 0, 0


def _dbfs(amplitudes: NDArray[np.floating]) -> list[float]:
    decibels: list[float] = np.round(np.maximum(FLOOR_DBFS, 20 * np.log10(np.maximum(amplitudes, 1e-9))), 1).tolist()
    return decibels
