"""The worker looks after the sound of its sources."""

from __future__ import annotations

import threading
import time

import pytest
from tests.peers.hearing import Album, Clipboard

from claptrap.core.clock import Clock
from claptrap.core.events import Event, SourceStatus, State, Status
from claptrap.core.spec import MicrophoneInput, SourceSpec
from claptrap.detect.classifier import ClapClassifier
from claptrap.detect.onset import OnsetDetector
from claptrap.runtime import worker as worker_module
from claptrap.runtime.worker import Worker, WorkerDeps
from claptrap.sources.base import Sink


class FastClock(Clock):
    """A hundred times as fast as the machine's."""

    def monotonic(self) -> float:
        return 100 * time.monotonic()

    def unix(self) -> float:
        return time.time()


class MuteSource:
    """Opens, and never gives a sample."""

    def run(self, sink: Sink) -> None:
        sink.live(16_000, 1)
        sink.stop.wait()


class Sinks:
    """Takes events and remembers states."""

    def __init__(self) -> None:
        self.told: list[SourceStatus] = []
        self.is_silent = threading.Event()

    def record(self, event: Event, _age_s: float = 0.0) -> None:
        raise AssertionError(event)

    def offer(self, status: Status) -> None:
        if isinstance(status, SourceStatus):
            self.told.append(status)
            if (status.state, status.code) == (State.RETRYING, "source.silent"):
                self.is_silent.set()


def no_judge(_slots: int) -> ClapClassifier:
    """Without sound there is nothing to judge."""
    return None


def test_a_mute_source_is_found_by_the_worker_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else has to ask; and the thread that looks ends with the worker."""
    monkeypatch.setattr(worker_module, "WATCH_S", 0.01)
    sinks = Sinks()
    worker = Worker(
        WorkerDeps(lambda _: MuteSource(), OnsetDetector, no_judge, Clipboard(), Album()), sinks, sinks, FastClock()
    )
    worker.start()
    try:
        worker.apply([SourceSpec("mic", "Salon", MicrophoneInput())], 1)
        assert sinks.is_silent.wait(20), sinks.told
    finally:
        worker.stop()
    assert worker.statuses() == {}
