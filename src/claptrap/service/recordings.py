"""Recordings that a person tries settings on: heard once, then kept as what may be a clap in them, in memory, no sound."""

from __future__ import annotations

import io
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.channels import AUTO
from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.audio.hopper import Hopper
from claptrap.core.errors import InputError
from claptrap.detect.clapnet import AFTER, load_clapnet
from claptrap.detect.classifier import ClapClassifier, Classification
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.engine import blocks
from claptrap.detect.onset import OnsetDetector
from claptrap.detect.prior import ALIKE
from claptrap.detect.yamnet import YamNet
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.service.learning import LearningService
from claptrap.service.relearning import load_yamnet_again
from claptrap.sources.recording import read_frames

MOST_S = 600.0  # of a recording; what follows is not heard
MOST = 5  # recordings of a source; the oldest goes
MOST_NAME = 100  # characters
_SLOT, _END = np.zeros(1, np.int64), np.zeros((AFTER[-1] // HOP + 2, HOP), np.float32)


@dataclass(frozen=True, slots=True)
class Recording:
    """One that was heard.

    Attributes:
        id: unique among those of its source.
        file: what the person called it.
        seconds: how much of it was heard.
        candidates: what may be a clap in it, oldest first; their times are seconds from its beginning.
    """

    id: str
    file: str
    seconds: float
    candidates: tuple[KeptCandidate, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {"id": self.id, "file": self.file, "seconds": round(self.seconds, 3), "kept": len(self.candidates)}


class Recordings:
    """The recordings of every source. Thread-safe.

    Args:
        learning: knows the sources.
    """

    def __init__(self, learning: LearningService) -> None:
        self._learning = learning
        self._kept: dict[str, deque[Recording]] = {}
        self._n = 0
        self._lock = threading.Lock()
        self._hearing = threading.Lock()

    def add(self, source_id: str, name: str, content: bytes) -> dict[str, Any]:
        """Hear the first ten minutes of a recording, which takes some seconds; return it as JSON data.

        Raises:
            InputError: ``api.unknown_source``, ``learning.recording_busy``, or as ``read_frames`` where nothing of it can be
                heard.
        """
        self._learning.spec(source_id)
        if not self._hearing.acquire(blocking=False):
            raise InputError("learning.recording_busy")
        name = name[:MOST_NAME]
        try:
            with self._lock:
                self._n += 1
                number = f"r{self._n}"
            seconds, candidates = _heard(source_id, number, content, load_yamnet_again())
        except InputError as error:
            params: dict[str, str | float] = {**error.params, "path": name}
            raise InputError(error.code, retryable=False, **params) from error
        finally:
            self._hearing.release()
        made = Recording(number, name, seconds, candidates)
        with self._lock:
            self._kept.setdefault(source_id, deque(maxlen=MOST)).append(made)
        return made.to_json()

    def all(self, source_id: str) -> list[dict[str, Any]]:
        """Return those of a source, newest first, as JSON data. Raises InputError ``api.unknown_source``."""
        self._learning.spec(source_id)
        return [one.to_json() for one in reversed(self._of(source_id))]

    def candidates(self, source_id: str, recording_id: str) -> Sequence[KeptCandidate]:
        """Return what may be a clap in a recording. Raises InputError ``learning.unknown_recording``."""
        found = next((one for one in self._of(source_id) if one.id == recording_id), None)
        if found is None:
            raise InputError("learning.unknown_recording")
        return found.candidates

    def _of(self, source_id: str) -> list[Recording]:
        with self._lock:
            return list(self._kept.get(source_id, ()))


def _heard(source_id: str, name: str, content: bytes, yamnet: YamNet | None) -> tuple[float, tuple[KeptCandidate, ...]]:
    """Return how many seconds were heard, and what may be a clap in them."""
    detector = OnsetDetector(1)
    classifier = ClapClassifier(1, load_clapnet(), load_confirmer(), yamnet, name_sounds=False)
    waiting: deque[Classification] = deque()
    found: list[KeptCandidate] = []
    seconds = 0.0
    for hops, lost in _hops(content):
        for block, missing in blocks(hops, lost):
            onsets = detector.process(_SLOT, block, missing)
            waiting += classifier.process(_SLOT, block, missing, onsets)
            seconds = classifier.heard(0) / RATE_HZ
            while waiting and waiting[0].onset + AFTER[-1] <= classifier.heard(0):
                one = waiting.popleft()
                if max(one.score, one.by_models) >= ALIKE[0]:  # less counts for nothing, not even in a burst
                    at, embedding = one.onset / RATE_HZ, classifier.embedding(0, one.onset)
                    found.append(
                        KeptCandidate(
                            *(source_id, name, one.onset, at, one.score, one.by_models),
                            is_clap=False,
                            labels=one.labels,
                            embedding=embedding,
                            refusal=None,
                            was_calibrating=False,
                        )
                    )
    return seconds - len(_END) * HOP / RATE_HZ, tuple(found)


def _hops(content: bytes) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Yield hops (k, 320) and what is lost before each, of the first ten minutes and a little silence after them.

    What cannot be decoded after something was heard only ends it.
    """
    hopper, heard_s = Hopper(AUTO), 0.0
    try:
        for frame in read_frames(io.BytesIO(content)):
            heard_s += len(frame.samples) / frame.rate_hz
            yield hopper.push(frame)
            if heard_s >= MOST_S:
                break
    except InputError:
        if not heard_s:
            raise
    yield hopper.finish()
    yield _END, np.zeros(len(_END), np.int64)
