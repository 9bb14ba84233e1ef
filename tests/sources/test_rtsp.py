"""Network cameras: GStreamer's RTSP server on loopback gives what it has, refuses, stalls, dies and comes back."""

from __future__ import annotations

import logging
import os
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.peers.ports import free_port
from tests.peers.rtsp_server import (
    AMPLITUDE,
    PASSWORD,
    SECOND_SINE_HZ,
    SINE_HZ,
    USER,
    RtspServer,
    make_certificate,
    why_missing,
)

from claptrap.audio.frame import Frame
from claptrap.core.backoff import Backoff
from claptrap.core.clock import SystemClock
from claptrap.core.errors import SourceError
from claptrap.core.events import SourceStatus, State, Status
from claptrap.core.spec import RtspInput, SourceSpec
from claptrap.core.weburl import give_credentials
from claptrap.runtime.runner import Runner, RunnerContext
from claptrap.runtime.stream import Stream
from claptrap.settings.validation import check
from claptrap.sources.base import StopSignal
from claptrap.sources.pacing import Pacing
from claptrap.sources.rtsp import RtspSource, probe

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("cameras"),
    pytest.mark.skipif(bool(why_missing()), reason=f"GStreamer's RTSP server is missing: {why_missing()}"),
]
WRONG = "hunter2"  # never written in a test's own line, which a traceback would quote
SLACK_S = 4.0  # how late a bound may be kept on a busy machine
LEVEL_DBFS = 20 * np.log10(AMPLITUDE / np.sqrt(2))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for localhost, with its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def server(certificate: Path) -> Iterator[RtspServer]:
    with RtspServer(certificate) as server:
        yield server


class Listener:
    """A sink that has heard enough after so much sound."""

    def __init__(self, seconds: float) -> None:
        self.stop = StopSignal()
        self.pacing = Pacing()
        self.opened: list[tuple[int, int]] = []
        self.frames: list[Frame] = []
        self._seconds = seconds

    def live(self, rate_hz: int, channels: int) -> None:
        self.opened.append((rate_hz, channels))

    def frame(self, frame: Frame) -> None:
        self.frames.append(frame)
        if sum(len(f.samples) / f.rate_hz for f in self.frames) >= self._seconds:
            self.stop.set()

    def sound(self) -> NDArray[np.float32]:
        """Return all that was heard, the first channel of it."""
        return np.concatenate([f.samples[:, 0] for f in self.frames])


def listen(wanted: RtspInput, seconds: float = 1.0) -> Listener:
    listener = Listener(seconds)
    RtspSource(wanted).run(listener)
    return listener


def frequency_and_level(sound: NDArray[np.float32], rate_hz: int) -> tuple[float, float]:
    """Return the strongest frequency in Hz and the level in dBFS of the second half, where encoders have settled."""
    steady = sound[len(sound) // 2 :].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady))))
    peak = np.fft.rfftfreq(len(steady), 1 / rate_hz)[int(spectrum.argmax())]
    return float(peak), float(10 * np.log10(np.square(steady).mean()))


# -- what a camera sends ---------------------------------------------------------------------------------------------------

CODECS = {
    "aac": ("aac", 48000, 1),
    "aac-stereo": ("aac", 44100, 2),
    "opus": ("opus", 48000, 2),  # Opus always says two
    "pcmu": ("pcm_mulaw", 8000, 1),
    "pcma": ("pcm_alaw", 8000, 1),
    "l16": ("pcm_s16be", 16000, 1),
    "mp2": ("mp2", 48000, 1),
}


@pytest.mark.parametrize(
    ("mount", "transport"), [*((m, "tcp") for m in CODECS), ("aac", "udp"), ("pcmu", "udp"), ("l16", "udp")]
)
def test_each_codec_gives_the_sine_that_was_sent(server: RtspServer, mount: str, transport: str) -> None:
    """Right rate, right level, without a hole, beside video that is not asked for."""
    _, rate_hz, channels = CODECS[mount]
    heard = listen(RtspInput(f"{server.url}/{mount}", transport))
    assert heard.opened == [(rate_hz, channels)]
    peak_hz, level = frequency_and_level(heard.sound(), rate_hz)
    assert peak_hz == pytest.approx(SINE_HZ, abs=3)
    assert level == pytest.approx(LEVEL_DBFS, abs=1)
    assert sum(f.lost_samples for f in heard.frames) == 0


def test_one_of_several_tracks_is_chosen(server: RtspServer) -> None:
    """Track 2 is another sound than track 1, and there is no track 3."""
    for track, rate_hz, sine_hz in ((1, 8000, SINE_HZ), (2, 48000, SECOND_SINE_HZ)):
        heard = listen(RtspInput(f"{server.url}/tracks", track=track))
        assert heard.opened == [(rate_hz, 1)]
        assert frequency_and_level(heard.sound(), rate_hz)[0] == pytest.approx(sine_hz, abs=3)
    fault = fault_of(lambda: listen(RtspInput(f"{server.url}/tracks", track=3)))
    assert (fault.code, fault.params["tracks"], fault.retryable) == ("rtsp.no_track", 2, False)


def test_a_probe_says_what_there_is(server: RtspServer) -> None:
    """Codec, rate, channels, level and tracks of an address."""
    found = probe(RtspInput(f"{server.url}/aac-stereo"))
    assert (found.codec, found.rate_hz, found.channels, found.code) == ("aac", 44100, 2, "")
    assert found.level_dbfs == pytest.approx(LEVEL_DBFS, abs=1)
    tracks = probe(RtspInput(f"{server.url}/tracks")).tracks
    assert [(t.number, t.codec, t.rate_hz) for t in tracks] == [(1, "pcm_mulaw", 8000), (2, "aac", 48000)]


def test_a_probe_says_that_a_camera_is_mute(server: RtspServer) -> None:
    """Everything works, but the sound is exactly nothing."""
    found = probe(RtspInput(f"{server.url}/silence"))
    assert (found.code, found.level_dbfs, found.codec) == ("source.zeros", -120.0, "pcm_mulaw")


def test_credentials_apart_or_in_the_address(server: RtspServer) -> None:
    """Both ways open the door, even with characters that mean something in an address."""
    url = give_credentials(f"{server.guarded_url}/pcmu", USER, PASSWORD)
    camera = {"id": "cam", "kind": "rtsp", "name": "Cour", "input": {"url": url}}
    (spec,) = check({"sources": [camera]}).specs()
    apart = RtspInput(f"{server.guarded_url}/pcmu", username=USER, password=PASSWORD)
    assert spec.input == apart
    assert probe(apart).codec == "pcm_mulaw"


def test_digest_authentication(server: RtspServer) -> None:
    """As most cameras want it."""
    url = f"{server.digest_url}/pcmu"
    assert probe(RtspInput(url, username=USER, password=PASSWORD)).codec == "pcm_mulaw"
    assert fault_of(lambda: probe(RtspInput(url, username=USER, password=WRONG))).code == "rtsp.unauthorized"


def test_tls_is_verified_unless_told_otherwise(
    server: RtspServer, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown authority or another name is refused; a trusted one, or no verification, is heard."""
    url = f"{server.tls_url}/pcmu"
    assert fault_of(lambda: probe(RtspInput(url))).code == "rtsp.tls"
    assert probe(RtspInput(url, verify_tls=False)).codec == "pcm_mulaw"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert probe(RtspInput(url)).codec == "pcm_mulaw"
    assert fault_of(lambda: probe(RtspInput(url.replace("localhost", "127.0.0.1")))).code == "rtsp.tls"


# -- what goes wrong -------------------------------------------------------------------------------------------------------


def fault_of(action: Callable[[], object]) -> SourceError:
    with pytest.raises(SourceError) as caught:
        action()
    said = f"{caught.value} " + "".join(traceback.format_exception(caught.value))
    assert PASSWORD not in said
    assert WRONG not in said
    return caught.value


FAULTS = {
    "no such stream": (lambda s: RtspInput(f"{s.url}/none"), "rtsp.not_found", False),
    "no password": (lambda s: RtspInput(f"{s.guarded_url}/aac"), "rtsp.credentials_needed", False),
    "wrong password": (
        lambda s: RtspInput(f"{s.guarded_url}/aac", username=USER, password=WRONG),
        "rtsp.unauthorized",
        False,
    ),
    "no audio": (lambda s: RtspInput(f"{s.url}/video"), "rtsp.no_audio", False),
    "ends": (lambda s: RtspInput(f"{s.url}/ends"), "rtsp.ended", True),
    "TLS of a plain server": (lambda s: RtspInput(f"{s.url.replace('rtsp', 'rtsps')}/aac"), "rtsp.not_rtsp", True),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_code_from_source_and_probe(server: RtspServer, name: str) -> None:
    """The precise reason, and whether trying again by itself can help."""
    make, code, retryable = FAULTS[name]
    wanted = make(server)
    for action in (lambda: listen(wanted, 5), lambda: probe(wanted, within_s=5)):
        began = time.monotonic()
        fault = fault_of(action)
        assert (fault.code, fault.retryable) == (code, retryable)
        assert time.monotonic() - began < 5 + SLACK_S


def test_a_frozen_server_keeps_a_probe_no_longer_than_it_said() -> None:
    """It takes the connection and never answers."""
    with RtspServer() as server:
        server.freeze()
        began = time.monotonic()
        assert fault_of(lambda: probe(RtspInput(f"{server.url}/aac"), within_s=1)).code == "rtsp.timeout"
        assert time.monotonic() - began < 1 + SLACK_S


def test_fifty_failed_opens_leave_nothing_behind(server: RtspServer) -> None:
    """No thread and no descriptor more."""
    wanted = [
        RtspInput(f"{server.url}/none"),
        RtspInput(f"{server.guarded_url}/aac", username=USER, password="no"),
        RtspInput(f"{server.tls_url}/aac"),
        RtspInput("rtsp://127.0.0.1:1/x"),
    ]
    for each in wanted:
        fault_of(lambda: probe(each))  # noqa: B023  # called at once
    before = threads_and_descriptors()
    for i in range(50):
        fault_of(lambda: probe(wanted[i % len(wanted)]))  # noqa: B023  # called at once
    assert threads_and_descriptors() <= before


def threads_and_descriptors() -> tuple[int, int]:
    return len(os.listdir("/proc/self/task")), len(os.listdir("/proc/self/fd"))  # noqa: PTH208  # Linux's own lists


# -- a life of it ----------------------------------------------------------------------------------------------------------


class Watcher:
    """Remembers the states that a runner tells, and waits for some."""

    def __init__(self) -> None:
        self.told: list[SourceStatus] = []
        self._news = threading.Condition()

    def offer(self, status: Status) -> None:
        assert isinstance(status, SourceStatus)
        with self._news:
            self.told.append(status)
            self._news.notify_all()

    def wait_for(self, is_it: Callable[[SourceStatus], bool], since: int = 0, timeout_s: float = 30.0) -> SourceStatus:
        """Return the first status told after the first ``since`` ones that is the one."""

        def found() -> SourceStatus | None:
            return next((s for s in self.told[since:] if is_it(s)), None)

        with self._news:
            status = self._news.wait_for(found, timeout_s)
        assert status, self.told
        return status


@contextmanager
def running(wanted: RtspInput, stalled_s: float = 1.0, most_wait_s: float = 0.4) -> Iterator[Watcher]:
    """Run ``wanted`` in a runner, with short waits."""
    watcher, streams = Watcher(), list[Stream]()
    around = RunnerContext(
        lambda _: RtspSource(wanted, open_s=5, stalled_s=stalled_s),
        streams.append,
        watcher,
        SystemClock(),
        Backoff(0.2, most_wait_s),
    )
    runner = Runner(SourceSpec("cam", "Cour", wanted), 0, around)
    runner.start()
    try:
        yield watcher
    finally:
        began = time.monotonic()
        runner.halt()
        runner.join()
        assert time.monotonic() - began < 1 + SLACK_S
        assert runner.status.state is State.IDLE


def is_heard(status: SourceStatus) -> bool:
    return status.state is State.LIVE and status.last_heard is not None


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_camera_that_freezes_and_dies_is_heard_again(transport: str) -> None:
    """Frozen: stalled. Thawed: live. Cut off: ended, refused. The same camera again: live, by itself."""
    with RtspServer(port=free_port()) as server, running(RtspInput(f"{server.url}/l16", transport)) as watcher:
        watcher.wait_for(is_heard)
        n = len(watcher.told)
        server.freeze()
        watcher.wait_for(lambda s: (s.state, s.code) == (State.RETRYING, "rtsp.stalled"), n)
        n = len(watcher.told)
        server.thaw()
        watcher.wait_for(lambda s: s.state is State.LIVE, n)
        n = len(watcher.told)
        server.kill()
        watcher.wait_for(lambda s: s.code in ("rtsp.ended", "rtsp.stalled"), n)
        watcher.wait_for(lambda s: s.code == "rtsp.refused", n)
        n = len(watcher.told)
        with RtspServer(port=server.port):
            again = watcher.wait_for(lambda s: s.state is State.LIVE, n)
            assert (again.rate_hz, again.code) == (16000, "")
            n = len(watcher.told)
            watcher.wait_for(is_heard, n)


def test_cameras_that_all_die_together_cost_little_and_all_come_back() -> None:
    """A recorder or a switch fails: neither a storm of attempts nor a busy processor, and all are back in their time."""
    n_cameras, most_wait_s, outage_s = 8, 1.6, 5.0
    with RtspServer(port=free_port()) as server, ExitStack() as cameras:
        wanted = RtspInput(f"{server.url}/pcmu")
        watchers = [cameras.enter_context(running(wanted, most_wait_s=most_wait_s)) for _ in range(n_cameras)]
        for watcher in watchers:
            watcher.wait_for(is_heard)
        server.kill()
        for watcher in watchers:
            watcher.wait_for(lambda s: s.code == "rtsp.refused" and s.attempt >= 4)  # the waits have grown to the longest
        told, used_s = [len(watcher.told) for watcher in watchers], time.process_time()
        threading.Event().wait(outage_s)  # the outage itself, not a wait for somebody
        assert time.process_time() - used_s < 0.25 * outage_s
        attempts = [[s.state for s in w.told[n:]].count(State.CONNECTING) for w, n in zip(watchers, told, strict=True)]
        assert max(attempts) <= outage_s / (most_wait_s / 2) + 1
        assert min(attempts) >= 1
        told = [len(watcher.told) for watcher in watchers]
        with RtspServer(port=server.port):
            until = time.monotonic() + most_wait_s + 5 + SLACK_S
            for watcher, n in zip(watchers, told, strict=True):
                watcher.wait_for(is_heard, n, until - time.monotonic())


def test_a_camera_that_freezes_under_tls_is_heard_again(certificate: Path) -> None:
    """A read that is cut off ends a TLS connection; it is told as the stall that it is."""
    with RtspServer(certificate) as server:
        wanted = RtspInput(f"{server.tls_url}/l16", verify_tls=False)
        with running(wanted, stalled_s=20) as watcher:
            watcher.wait_for(is_heard)
            n = len(watcher.told)
            server.freeze()
            watcher.wait_for(lambda s: (s.state, s.code) == (State.RETRYING, "rtsp.stalled"), n)
            n = len(watcher.told)
            server.thaw()
            watcher.wait_for(lambda s: s.state is State.LIVE, n)


def test_a_short_stall_breaks_nothing() -> None:
    """A camera that hesitates for longer than one read, but not for long, stays live on the same stream."""
    with RtspServer() as server, running(RtspInput(f"{server.url}/l16"), stalled_s=20) as watcher:
        watcher.wait_for(is_heard)
        server.freeze()
        threading.Event().wait(1.0)  # the stall itself, not a wait for somebody
        server.thaw()
        n = len(watcher.told)
        watcher.wait_for(is_heard, n + 1)
        assert {s.state for s in watcher.told} == {State.CONNECTING, State.LIVE}


def test_stopping_does_not_wait_for_a_mute_server() -> None:
    """A source that is being opened is halted at once (``running`` measures it)."""
    with RtspServer() as server:
        server.freeze()
        with running(RtspInput(f"{server.url}/l16")) as watcher:
            watcher.wait_for(lambda s: s.state is State.CONNECTING)


def test_passwords_are_never_told(
    server: RtspServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither logs nor states nor FFmpeg's own chatter have them, whether it works or not."""
    caplog.set_level(logging.DEBUG)
    for password, state in ((PASSWORD, State.LIVE), (WRONG, State.FAILED)):
        with running(RtspInput(f"{server.guarded_url}/l16", username=USER, password=password)) as watcher:
            watcher.wait_for(lambda s: s.state is state)  # noqa: B023  # called within this round
        told = f"{watcher.told} {caplog.text} {capfd.readouterr()}"
        assert "cam: " in told
        assert f"'{state}'" in told
        for secret in (WRONG, PASSWORD, "s3cr3t"):
            assert secret not in told
