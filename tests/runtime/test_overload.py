"""A machine that is too slow, with all threads of detection: what is left out, in which order, and what is not lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.peers.hearing import Album, Clipboard, LoudClassifier, LoudOnsetDetector, Taps, Witness, clap, quiet, spec
from tests.peers.waiting import wait_until

from claptrap.core.clock import SystemClock
from claptrap.core.events import Clap, SheddingChanged, SourceStatus
from claptrap.detect.classifier import Classification, SoundLabels
from claptrap.detect.onset import Candidate
from claptrap.runtime import classifier_thread, overload
from claptrap.runtime.worker import Worker, WorkerDeps

N_CLAPS = 40


class SlowClassifier(LoudClassifier):
    """Takes its time while ``slow`` is set; remembers at each batch whether it may look late, and when it named sounds."""

    def __init__(self, n_slots: int) -> None:
        super().__init__(n_slots)
        self.slow = threading.Event()
        self.looks_late = True
        self.looks: list[bool] = []
        self.named_at: list[int] = []

    def process(
        self, slots: NDArray[np.int64], hops: NDArray[np.float32], lost: NDArray[np.int64], candidates: Iterable[Candidate]
    ) -> list[Classification]:
        if self.slow.is_set():
            threading.Event().wait(0.02)
        self.looks.append(self.looks_late)
        return super().process(slots, hops, lost, candidates)

    def labels(self, most: int | None = None, slots: Collection[int] | None = None) -> list[SoundLabels]:
        self.named_at.append(len(self.looks))
        return super().labels(most, slots)


@pytest.mark.slow
def test_a_classifier_that_is_too_slow_leaves_out_names_then_the_late_look_and_recovers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is said before any sound is lost: every clap is heard, and no hop is dropped. Limits are a tenth of the real."""
    for name, seconds in (
        ("UNNAMED_S", 0.1),
        ("EARLY_ONLY_S", 0.2),
        ("LASTING_S", 0.05),
        ("CALM_S", 0.08),
        ("RECOVERY_S", 0.3),
    ):
        monkeypatch.setattr(overload, name, seconds)
    monkeypatch.setattr(classifier_thread, "ALIVE_S", 0.05)
    made: list[SlowClassifier] = []

    def slow(n_slots: int) -> SlowClassifier:
        made.append(SlowClassifier(n_slots))
        return made[0]

    taps, witness = Taps(), Witness()
    make: Callable[[int], LoudClassifier] = slow
    worker = Worker(WorkerDeps(taps.build, LoudOnsetDetector, make, Clipboard(), Album()), witness, witness, SystemClock())
    worker.start()
    try:
        worker.apply([spec("salon", delay_s=0.01)], 1)
        made[0].slow.set()
        for _ in range(N_CLAPS):
            taps["salon"].pour(clap(), quiet(4))
        witness.wait_for(Clap, "salon", N_CLAPS)
        made[0].slow.clear()
        wait_until(lambda: [change.level for change in witness.all(SheddingChanged)] == [1, 2, 1, 0])
        taps["salon"].pour(clap(), quiet(4))
        witness.wait_for(Clap, "salon", N_CLAPS + 1)
    finally:
        worker.stop()
    looks, named_at = made[0].looks, made[0].named_at
    assert not all(looks)
    assert all(looks[batch - 1] for batch in named_at), "no sound is named while it does not even look late"
    assert named_at[-1] == len(looks), "but again at the end"
    assert all(status.dropped_hops == 0 for status in witness.all(SourceStatus))
