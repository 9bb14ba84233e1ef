"""Stand-ins for onset detector and classifier, so that the machinery around them can be tested to the sample.

They keep the contracts of ``detect.onset.OnsetDetector`` and ``detect.classifier.ClapClassifier`` and do something very
simple: a clap begins at each hop that has a sample above ``LOUD``, and its score is the hop's peak. A scripted source too.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.clip import Clip
from claptrap.audio.frame import HOP, RATE_HZ, Frame
from claptrap.core.events import Clap, Event, SourceStatus, State, Status
from claptrap.core.spec import FileInput, SourceSpec
from claptrap.detect.classifier import Classification, SoundLabels
from claptrap.detect.embedding import NET_HIDDEN, POINTS, Embedding
from claptrap.detect.matching import ProfileMatcher
from claptrap.detect.onset import Candidate
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.sources.base import Sink

LOUD = 0.1
POISON = 0.97  # a sample below its negative breaks the gate, one above it the judge
PATIENT_S = 15.0


class LoudOnsetDetector:
    """A candidate at the beginning of each loud hop."""

    def __init__(self, n_slots: int) -> None:
        self._heard = np.zeros(n_slots, np.int64)

    def rehearse(self) -> None:
        pass

    def reset(self, slot: int) -> None:
        self._heard[slot] = 0

    def process(self, slots: NDArray[np.int64], hops: NDArray[np.float32], lost: NDArray[np.int64]) -> list[Candidate]:
        if hops.min() < -POISON:
            raise FloatingPointError("the gate broke")
        found = []
        for slot, hop, missing in zip(slots.tolist(), hops, lost.tolist(), strict=True):
            self._heard[slot] += missing * HOP
            for peak in hop.reshape(-1, HOP).max(axis=1):
                if peak > LOUD:
                    found.append(Candidate(slot, int(self._heard[slot])))
                self._heard[slot] += HOP
        return sorted(found, key=lambda candidate: candidate.onset)


class LoudClassifier:
    """Rules on each candidate at once."""

    def __init__(self, n_slots: int) -> None:
        self._heard = np.zeros(n_slots, np.int64)
        self._named: list[SoundLabels] = []
        self.matchers: dict[int, ProfileMatcher | None] = {}
        self.awaits: dict[int, int] = {}  # samples; nothing by itself, for everything is decided at once

    def reset(self, slot: int) -> None:
        self._heard[slot] = 0

    def process(
        self, slots: NDArray[np.int64], hops: NDArray[np.float32], lost: NDArray[np.int64], candidates: Iterable[Candidate]
    ) -> list[Classification]:
        if hops.max() > POISON:
            raise FloatingPointError("the judge broke")
        self._heard[slots] += lost * HOP
        begins = dict(zip(slots.tolist(), self._heard[slots].tolist(), strict=True))
        peaks = dict(zip(slots.tolist(), hops.reshape(len(slots), -1, HOP).max(axis=2).tolist(), strict=True))
        self._heard[slots] += hops.shape[1]
        classifications = []
        for candidate in candidates:
            at = (candidate.onset - begins[candidate.slot]) // HOP
            decided = candidate.onset + HOP
            labels = (("Clapping", 0.8),)
            self._named.append(SoundLabels(candidate.slot, decided, labels, dict(labels)))
            classifications.append(
                Classification(candidate.slot, candidate.onset, decided, round(peaks[candidate.slot][at], 3), labels)
            )
        return classifications

    def finish(self, slot: int) -> list[Classification]:
        self._heard[slot] = 0
        return []

    def settled(self, slot: int) -> int:
        return int(self._heard[slot])

    heard = settled

    def apply_profile(self, slot: int, matcher: ProfileMatcher | None) -> None:
        self.matchers[slot] = matcher

    def embedding(self, slot: int, onset: int, known: object = None) -> Embedding:  # noqa: ARG002  # as the classifier's
        return Embedding(np.full((POINTS, NET_HIDDEN), onset % 97, np.float32), None)

    def awaited(self, slot: int) -> int | None:
        return self.awaits.get(slot)

    def labels(self, most: int | None = None, slots: Collection[int] | None = None) -> list[SoundLabels]:
        self._named = [one for one in self._named if slots is None or one.slot in slots]
        most = len(self._named) if most is None else most
        named, self._named = self._named[:most], self._named[most:]
        return named


def quiet(n_hops: int = 1) -> NDArray[np.float32]:
    """Return hops (n, 320) in which nothing is heard."""
    return np.zeros((n_hops, HOP), np.float32)


def clap(score: float = 0.9) -> NDArray[np.float32]:
    """Return one hop (1, 320) in which a clap of that score begins."""
    hop = quiet()
    hop[0, 0] = score
    return hop


class Clipboard:
    """Takes clips."""

    def __init__(self) -> None:
        self.clips: list[Clip] = []

    def offer(self, clip: Clip) -> None:
        self.clips.append(clip)


class Album:
    """Takes candidates."""

    def __init__(self) -> None:
        self.candidates: list[KeptCandidate] = []

    def offer(self, candidate: KeptCandidate) -> None:
        self.candidates.append(candidate)


class Tap:
    """A source that gives what a test pours into it, at 16 kHz; ``path`` of its spec names it.

    Attributes:
        runs: how often it was opened.
        beside: samples (n, 1) of another channel, the first, with every block; None for one channel.
    """

    def __init__(self) -> None:
        self.runs = 0
        self.beside: NDArray[np.float32] | None = None
        self._poured: queue.Queue[NDArray[np.float32] | Exception | None] = queue.Queue()

    def pour(self, *hops: NDArray[np.float32]) -> None:
        """Give sound."""
        for block in hops:
            self._poured.put(block)

    def burst(self, error: Exception) -> None:
        """Fail."""
        self._poured.put(error)

    def dry_up(self) -> None:
        """End, as a recording does."""
        self._poured.put(None)

    def run(self, sink: Sink) -> None:
        self.runs += 1
        sink.live(RATE_HZ, 1)
        while not sink.stop.is_set():
            with suppress(queue.Empty):
                poured = self._poured.get(timeout=0.02)
                if poured is None:
                    return
                if isinstance(poured, Exception):
                    raise poured
                one = poured.reshape(-1, 1)
                sink.frame(Frame(one if self.beside is None else np.hstack([self.beside[: len(one)], one]), RATE_HZ))


class Taps:
    """Makes one tap per spec, and gives it to the test by the source's id and input."""

    def __init__(self) -> None:
        self._taps: dict[str, Tap] = {}
        self._lock = threading.Lock()

    def build(self, spec: SourceSpec) -> Tap:
        assert isinstance(spec.input, FileInput)
        return self[spec.input.path]

    def __getitem__(self, path: str) -> Tap:
        with self._lock:
            return self._taps.setdefault(path, Tap())


def spec(source: str, **changes: object) -> SourceSpec:
    """Return the spec of a tap of the same name."""
    return SourceSpec(**{"id": source, "name": source.title(), "input": FileInput(source), **changes})


@dataclass(frozen=True)
class News:
    """Something that was told, and which thread told it."""

    what: Event | Status
    thread: str


class Witness:
    """An event sink and a status sink that remembers, and can be waited for."""

    def __init__(self) -> None:
        self._news: list[News] = []
        self._grown = threading.Condition()

    def record(self, event: Event, _age_s: float = 0.0) -> None:
        self._add(event)

    def offer(self, status: Status) -> None:
        self._add(status)

    def _add(self, what: Event | Status) -> None:
        with self._grown:
            self._news.append(News(what, threading.current_thread().name))
            self._grown.notify_all()

    def news(self) -> list[News]:
        with self._grown:
            return list(self._news)

    def all(self, kind: type, source: str | None = None) -> list:
        """Return all that was told of a kind, about a source."""
        told = [n.what for n in self.news() if isinstance(n.what, kind)]
        return [w for w in told if source is None or w.source_id == source]

    def wait_for(self, kind: type, source: str, n: int = 1, where: Callable[[object], bool] = lambda _: True) -> list:
        """Return all of a kind once there are ``n``."""
        with self._grown:
            found: list[object] = []

            def enough() -> bool:
                found[:] = [
                    w.what for w in self._news if isinstance(w.what, kind) and w.what.source_id == source and where(w.what)
                ]
                return len(found) >= n

            assert self._grown.wait_for(enough, PATIENT_S), f"{len(found)} of {n} {kind.__name__}: {self._news[-10:]}"
            return list(found)

    def wait_for_state(self, source: str, state: State, n: int = 1) -> SourceStatus:
        """Return the n-th status of a source in ``state``."""
        found: SourceStatus = self.wait_for(SourceStatus, source, n, lambda s: s.state is state)[n - 1]
        return found

    def claps(self, source: str) -> list[Clap]:
        return self.all(Clap, source)
