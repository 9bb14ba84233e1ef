"""A television plays in a room, and is a source too: what comes from it does not count, what comes from hands does."""

from __future__ import annotations

import queue

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.peers.hearing import Album, Clipboard, LoudClassifier, LoudOnsetDetector, Witness, spec
from tests.runtime.test_classifier_thread import StillClock

from claptrap.audio.frame import HOP, RATE_HZ
from claptrap.core.events import Event, Verdict
from claptrap.core.spec import SourceSpec
from claptrap.detect.classifier import Classification
from claptrap.runtime.batch import HopBatch
from claptrap.runtime.classifier_thread import ClassifierThread
from claptrap.runtime.counts import Counts
from claptrap.runtime.stream import HOP_S, Stream

SECONDS = 14
GAIN = 0.15  # of the television in the room
TELEVISION_AT, HANDS_AT, BOTH_AT = 10.5, 11.5, 12.5  # seconds in the room


class RecallingClassifier(LoudClassifier):
    """Keeps what it heard, as the classifier does for a few seconds, and decides after 0.1 s."""

    def __init__(self, n_slots: int) -> None:
        super().__init__(n_slots)
        self._undecided: list[Classification] = []
        self._sound = [np.zeros(0, np.float32) for _ in range(n_slots)]

    def process(self, slots, hops, lost, candidates):  # type: ignore[no-untyped-def]  # as the one it extends
        for slot, block in zip(slots.tolist(), hops, strict=True):
            self._sound[slot] = np.concatenate([self._sound[slot], block])
        self._undecided += super().process(slots, hops, lost, candidates)
        due = [one for one in self._undecided if self.heard(one.slot) >= one.onset + RATE_HZ // 10]
        self._undecided = [one for one in self._undecided if one not in due]
        return due

    def samples(self, slot: int, begin: int, end: int) -> NDArray[np.float32]:
        return self._sound[slot][begin:end]


def burst(loudness: float, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return 0.1 s that begins like a clap."""
    n = RATE_HZ // 10
    noise = rng.standard_normal(n) * np.exp(-np.arange(n) / 400)
    return (loudness * noise / np.abs(noise).max()).astype(np.float32)


def sounds() -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the room and what the television plays: soft bursts at any time, then three moments of which two are loud."""
    rng = np.random.default_rng(1)
    played, clapped = (np.zeros(SECONDS * RATE_HZ, np.float32) for _ in range(2))

    def put(where: NDArray[np.float32], at_s: float, loudness: float) -> None:
        begin = round(at_s * RATE_HZ)
        where[begin : begin + RATE_HZ // 10] += burst(loudness, rng)

    for at in np.cumsum(rng.uniform(0.2, 0.6, 24)):
        put(played, at, rng.uniform(0.1, 0.5))
    for at in (TELEVISION_AT, BOTH_AT):
        put(played, at, 0.9)
    for at in (HANDS_AT, BOTH_AT):
        put(clapped, at, 0.8)
    noise = 1e-4 * rng.standard_normal((2, SECONDS * RATE_HZ)).astype(np.float32)
    return GAIN * played + clapped + noise[0], played + noise[1]


def listen(*specs: SourceSpec, reference_early_s: float = 0.0) -> tuple[list[Verdict], list[Event]]:
    """Return the verdicts on the room's would-be claps, and its events; the room's sound arrives later than the other."""
    status, told = Witness(), []

    def emit(event: Event, _decided_at: float) -> None:
        told.append(event)

    known = {one.id: one for one in specs}
    clock, detector, classifier = StillClock(), LoudOnsetDetector(2), RecallingClassifier(2)
    thread = ClassifierThread(
        lambda: classifier,
        queue.Queue(),
        known.get,
        lambda event, _: told.append(event),
        status,
        clock,
        Clipboard(),
        Album(),
    )
    streams = [Stream(one.id, slot, "e") for slot, one in enumerate(specs)]
    early = round(reference_early_s * RATE_HZ)
    room, played = sounds()
    hops = [np.pad(room, (early, 0))[: len(room)].reshape(-1, HOP), played.reshape(-1, HOP)]
    for i in range(len(hops[0])):
        for stream in streams:
            hop, slots, lost = hops[stream.slot][i : i + 1], np.array([stream.slot]), np.zeros(1, np.int64)
            stream.write(hop, lost, 5000.0 - SECONDS + (i + 1) * HOP_S)
            found = tuple(detector.process(slots, hop, lost))
            thread.process(HopBatch((stream,) if i == 0 else (), slots, hop, lost, found, (), 5000.0))
    verdicts = [one for one in status.all(Verdict, "room") if one.score >= one.threshold and one.code != "verdict.echo"]
    return verdicts, [event for event in told if event.source_id == "room"]


ROOM = spec("room", threshold=0.1, delay_s=0.05, references=("television",))


@pytest.mark.parametrize("early_s", [0.0, 0.4])
def test_what_comes_from_the_television_does_not_count_and_hands_do(early_s: float) -> None:
    """Also while the television claps, and where its sound arrives four tenths of a second before the room's."""
    verdicts, events = listen(ROOM, spec("television"), reference_early_s=early_s)
    codes = {round(one.timestamp - verdicts[0].timestamp + TELEVISION_AT, 1): one for one in verdicts}
    vetoed = codes[TELEVISION_AT]
    assert (vetoed.code, dict(vetoed.params), vetoed.accepted) == ("verdict.vetoed", {"reference": "Television"}, False)
    assert codes[HANDS_AT].accepted
    assert codes[BOTH_AT].accepted
    assert [round(event.onset_s - early_s, 1) for event in events] == [HANDS_AT, BOTH_AT]
    counts = Counts()
    counts.add(vetoed)
    assert counts.source("room").vetoed == 1


@pytest.mark.parametrize(
    ("room", "others"),
    [
        (ROOM, ()),  # the reference is not heard
        (ROOM, (spec("radio"),)),  # another source plays the same, and is no reference
    ],
    ids=["absent", "another"],
)
def test_nothing_is_vetoed_without_evidence(room: SourceSpec, others: tuple[SourceSpec, ...]) -> None:
    """A reference that is not there, or not meant, silences nothing."""
    verdicts, events = listen(room, *others)
    assert all(one.accepted or one.code != "verdict.vetoed" for one in verdicts)
    assert [round(event.onset_s, 1) for event in events] == [TELEVISION_AT, HANDS_AT, BOTH_AT]
