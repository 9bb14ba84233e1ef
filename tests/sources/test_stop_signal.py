"""A source that waits for sound is woken when it shall stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import numpy as np
import pytest
from tests.peers.ports import free_port

from claptrap.audio.frame import Frame
from claptrap.core.spec import VbanInput
from claptrap.sources import feeds, pacing, vban
from claptrap.sources.base import Source, StopSignal
from claptrap.sources.browser import CODES
from claptrap.sources.device import Device, OpenMicrophone, Samples
from claptrap.sources.feeds import FedSource, Feeds
from claptrap.sources.microphone import MicrophoneSource
from claptrap.sources.pacing import Pacing
from claptrap.sources.portaudio import PortAudio
from claptrap.sources.vban import VbanSource
from claptrap.sources.vban_ports import VbanPorts

NEVER_S = 1000.0
PATIENT_S = 20.0


class Ear:
    """A sink that nothing reaches."""

    def __init__(self) -> None:
        self.stop = StopSignal()
        self.pacing = Pacing()

    def live(self, rate_hz: int, channels: int) -> None:
        raise AssertionError(rate_hz, channels)

    def frame(self, frame: Frame) -> None:
        raise AssertionError(frame)

    def waiting(self, code: str, **params: str | float) -> None:
        """It waits."""


class Mute:
    """A library whose microphone gives nothing."""

    opened = OpenMicrophone(Device("mute", "ALSA", 1, 16_000, default=True), 16_000, 1)

    def read(self) -> tuple[Samples, bool]:
        return np.zeros((0, 1), np.float32), False

    @contextmanager
    def recording(self, _wanted: str, _channel: str) -> Iterator[Mute]:
        yield self


def ends_when_stopped(source: Source, ear: Ear) -> bool:
    thread = threading.Thread(target=source.run, args=(ear,), name="test:source", daemon=True)
    thread.start()
    while not ear.stop._wakers:
        thread.join(0.001)
    ear.stop.set()
    thread.join(PATIENT_S)
    return not thread.is_alive()


def test_a_page_s_source_stops_without_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feeds, "LOOK_S", NEVER_S)
    assert ends_when_stopped(FedSource("salon", Feeds(), CODES), Ear())


def test_a_stream_s_source_stops_without_packets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vban, "LOOK_S", NEVER_S)
    ports = VbanPorts("127.0.0.1")
    try:
        assert ends_when_stopped(VbanSource(VbanInput("127.0.0.1", "Stream1", free_port(), "mean"), ports), Ear())
    finally:
        ports.stop()


def test_a_microphone_s_source_stops_without_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pacing, "LONG_S", NEVER_S)
    assert ends_when_stopped(MicrophoneSource(portaudio=cast("PortAudio", Mute())), Ear())
