"""Wyoming microphones that ClapTrap connects to: they give sound, are mute, go away, talk nonsense, or flood."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import numpy as np
import pytest
from tests.peers.ports import free_port
from tests.peers.wyoming import PATIENT_S, MicrophoneServer

from claptrap.audio.frame import Frame
from claptrap.core.errors import SourceError
from claptrap.sources.base import StopSignal
from claptrap.sources.pacing import Pacing
from claptrap.sources.wyoming import WyomingSource

TONE = (0.5 * np.sin(np.arange(1_600) * 0.3)).astype(np.float32)


class Ear:
    """A sink that remembers."""

    def __init__(self) -> None:
        self.stop, self.pacing = StopSignal(), Pacing()
        self.said: list[tuple[Any, ...]] = []
        self.frames: list[Frame] = []
        self._grown = threading.Condition()

    def live(self, rate_hz: int, channels: int) -> None:
        self._add("live", rate_hz, channels)

    def waiting(self, code: str, **params: str | float) -> None:  # noqa: ARG002  # the code is what is looked at
        self._add("waiting", code)

    def frame(self, frame: Frame) -> None:
        with self._grown:
            self.frames.append(frame)
            self._grown.notify_all()

    def _add(self, *what: Any) -> None:
        with self._grown:
            self.said.append(what)
            self._grown.notify_all()

    def wait_for(self, what: tuple[Any, ...], n_frames: int = 0) -> None:
        with self._grown:
            assert self._grown.wait_for(lambda: what in self.said and len(self.frames) >= n_frames, PATIENT_S), self.said


@contextmanager
def listening(port: int, **options: float) -> Iterator[tuple[Ear, list[SourceError]]]:
    """Run a source until the block ends; it must then end soon, without an error."""
    ear, errors = Ear(), list[SourceError]()

    def run() -> None:
        try:
            WyomingSource(f"tcp://127.0.0.1:{port}", **options).run(ear)
        except SourceError as error:
            errors.append(error)

    thread = threading.Thread(target=run, name="capture:test")
    thread.start()
    try:
        yield ear, errors
    finally:
        ear.stop.set()
        thread.join(PATIENT_S)
        assert not thread.is_alive()


def cause(port: int, **options: float) -> SourceError:
    """Return why a source ends."""
    with pytest.raises(SourceError) as found:
        WyomingSource(f"tcp://127.0.0.1:{port}", **options).run(Ear())
    assert found.value.retryable
    return found.value


@contextmanager
def answering(sent: bytes) -> Iterator[int]:
    """Accept one connection, send these bytes, and keep it open until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted: list[socket.socket] = []

        def accept() -> None:
            connection, _ = listener.accept()
            accepted.append(connection)
            with suppress(OSError):  # it has heard enough
                connection.sendall(sent)

        thread = threading.Thread(target=accept, name="test:answering")
        thread.start()
        yield listener.getsockname()[1]
        thread.join(PATIENT_S)
        for connection in accepted:
            connection.close()


def test_a_microphone_is_heard_sample_for_sample() -> None:
    with MicrophoneServer(TONE) as peer, listening(peer.port) as (ear, errors):
        ear.wait_for(("live", 16_000, 1), n_frames=5)
    assert errors == []
    heard = np.concatenate([frame.samples[:, 0] for frame in ear.frames])[:1_600]
    assert np.abs(heard - TONE[: len(heard)]).max() < 1e-4


def test_a_satellite_is_asked_to_run_and_answered_when_it_pings() -> None:
    with MicrophoneServer(TONE, is_satellite=True) as peer, listening(peer.port) as (ear, _):
        ear.wait_for(("live", 16_000, 1), n_frames=20)
        assert peer.pongs > 0


def test_who_is_mute_is_waited_for_and_then_reopened() -> None:
    with MicrophoneServer(TONE[:0]) as peer:
        with listening(peer.port, silent_s=0.05) as (ear, errors):
            ear.wait_for(("waiting", "wyoming.silent"))
        assert errors == []
        assert cause(peer.port, silent_s=0.05, dead_s=0.2).code == "wyoming.silent"


def test_who_goes_away_is_said_to() -> None:
    with ExitStack() as life:
        peer = life.enter_context(MicrophoneServer(TONE))
        with listening(peer.port) as (ear, errors):
            ear.wait_for(("live", 16_000, 1))
            life.close()
            while not errors:
                ear.stop.wait(0.01)
    assert errors[0].code == "wyoming.ended"
    assert cause(free_port()).code == "wyoming.refused"
    unknown = WyomingSource("tcp://no.such.host.invalid:10700")
    with pytest.raises(SourceError, match=r"wyoming\.unresolved"):
        unknown.run(Ear())


@pytest.mark.parametrize(
    "sent",
    [b"RTSP/1.0 200 OK\r\n\r\n", b"x" * 300_000, b'{"type": "audio-chunk", "data": {"rate": 1}}\n'],
    ids=["another protocol", "no end", "no sound"],
)
def test_who_talks_nonsense_is_left(sent: bytes) -> None:
    with answering(sent) as port:
        assert cause(port).code == "wyoming.bad_protocol"
