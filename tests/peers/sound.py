"""A sound server of our own with two virtual microphones: PulseAudio on a private socket, without hardware or D-Bus.

PortAudio reaches it as it would on a person's machine: through ALSA's pulse plugin. A microphone is a FIFO: what is written
comes out sample for sample, and while nothing is written nothing comes, as from a microphone that hangs.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from shutil import which
from typing import Self

import numpy as np
import pytest
from numpy.typing import NDArray

NAMES = ("microphone", "kitchen")
RATE_HZ = 44_100  # what PortAudio asks for by itself: nothing is resampled on the way
BLOCK = RATE_HZ // 50
ALSA_CONFIG = Path(__file__).with_name("alsa.conf")
START_S = 20.0
PLUGINS = ("/usr/lib/*/alsa-lib", "/usr/lib/alsa-lib", "/usr/lib64/alsa-lib")


def faint_noise(n: int) -> NDArray[np.float32]:
    """Return n samples of what a quiet room gives: about −80 dBFS."""
    return np.random.default_rng(0).normal(0, 1e-4, n).astype(np.float32)


@cache
def missing() -> str:
    """Return why there can be no virtual microphone here; empty where there can."""
    if which("pulseaudio") is None:
        return "needs pulseaudio (apt install pulseaudio)"
    if not any(Path("/").glob(f"{pattern[1:]}/libasound_module_pcm_pulse.so") for pattern in PLUGINS):
        return "needs ALSA's pulse plugin (apt install libasound2-plugins)"
    return ""


class Microphone:
    """One virtual microphone: mono, 44.1 kHz. It gives faint noise, as a room does, unless it plays or is unplugged.

    Attributes:
        lost: when a block of it reached no sound server, UTC Unix seconds.

    Args:
        fifo: what its PulseAudio source reads.
        block: samples that it gives at once.
    """

    def __init__(self, fifo: Path, block: int = BLOCK) -> None:
        self.lost: list[float] = []
        self._fifo = fifo
        self._n = block
        self._begun_at: float | None = None
        self._waiting: deque[NDArray[np.float32]] = deque()
        self._changed = threading.Condition()
        self._is_hung = False
        self._ended = threading.Event()
        self._noise = faint_noise(RATE_HZ)
        self._thread = threading.Thread(target=self._feed, name="test:microphone")
        self._thread.start()

    def play(self, sound: NDArray[np.float32], timeout_s: float = 60.0) -> float:
        """Play ``sound`` (n,), n ≥ 1, in real time; return when all of it has been given to the sound server.

        Returns:
            The monotonic time at which its first block was given.
        """
        blocks = np.split(sound.astype(np.float32), range(self._n, len(sound), self._n))
        with self._changed:
            self._begun_at = None
            self._waiting.extend(blocks)
            assert self._changed.wait_for(lambda: not self._waiting, len(sound) / RATE_HZ + timeout_s)
            assert self._begun_at is not None
            return self._begun_at

    def hush(self) -> None:
        """Play nothing more of what waits."""
        with self._changed:
            self._waiting.clear()
            self._changed.notify_all()

    def hang(self) -> None:
        """Give no sound at all from now on, not even silence."""
        self._is_hung = True

    def recover(self) -> None:
        """Give sound again."""
        self._is_hung = False

    def close(self) -> None:
        """End."""
        self._ended.set()
        self._thread.join()

    def _feed(self) -> None:
        pipe, due, n_blocks = -1, time.monotonic(), 0
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            due = max(due + self._n / RATE_HZ, time.monotonic() - 1.0)
            if self._is_hung:
                continue
            n_blocks += 1
            try:
                if pipe < 0:  # opened anew for every sound server; without one there is nobody to hear
                    pipe = os.open(self._fifo, os.O_WRONLY | os.O_NONBLOCK)
                os.write(pipe, self._block(n_blocks).tobytes())
            except BlockingIOError:
                self.lost.append(time.time())  # the server does not read yet
            except OSError:
                self.lost.append(time.time())
                pipe = _closed(pipe)
        _closed(pipe)

    def _block(self, number: int) -> NDArray[np.float32]:
        with self._changed:
            if self._waiting:
                block = self._waiting.popleft()
                self._begun_at = self._begun_at or time.monotonic()
                self._changed.notify_all()
                return block
        begin = number * self._n % (len(self._noise) - self._n)
        return self._noise[begin : begin + self._n]


def _closed(pipe: int) -> int:
    if pipe >= 0:
        os.close(pipe)
    return -1


class SoundServer:
    """PulseAudio with the microphones ``microphone`` (the default) and ``kitchen``; ends with the ``with`` block.

    Args:
        block: samples that a microphone gives at once.

    Attributes:
        environment: what a process needs to hear these microphones and no others.
    """

    def __init__(self, block: int = BLOCK) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="ct-"))  # short: the path of a socket has 107 bytes at most
        self._socket = self._home / "run" / "native"
        self._socket.parent.mkdir(mode=0o700)
        self.environment = {"PULSE_SERVER": f"unix:{self._socket}", "ALSA_CONFIG_PATH": str(ALSA_CONFIG)}
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        self.microphone, self.kitchen = (Microphone(self._home / name, block) for name in NAMES)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.microphone.close()
        self.kitchen.close()
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    def start(self) -> None:
        """Start the server on the same socket as before, and wait until it answers."""
        for leftover in (self._socket, self._home / "microphone", self._home / "kitchen"):
            leftover.unlink(missing_ok=True)
        private = {
            "HOME": str(self._home),
            "XDG_RUNTIME_DIR": str(self._home),
            "PULSE_RUNTIME_PATH": str(self._home / "run"),
            "PULSE_STATE_PATH": str(self._home / "state"),
            "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        }
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command(), env={**os.environ, **private}, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        self._wait_for(b"")
        for name in NAMES:
            self.plug_in(name)
        self._choose(NAMES[0])

    def _command(self) -> list[str]:
        script = [
            f"load-module module-native-protocol-unix socket={self._socket} auth-anonymous=1",
            "load-module module-rescue-streams",  # as everywhere: it moves the streams of what is unplugged
        ]
        (self._home / "start.pa").write_text("\n".join([*script, ""]))
        options = ["--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--disable-shm=yes", "--realtime=no"]
        return ["pulseaudio", "-n", *options, "-F", str(self._home / "start.pa")]

    def kill(self) -> None:
        """Kill the server, as a crash would: it closes nothing and says nothing."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def unplug(self, name: str) -> None:
        """Take a microphone away, as pulling out its plug does; its name stays."""
        modules = self._pactl("list", "short", "modules").decode().splitlines()
        (number,) = [line.split()[0] for line in modules if f"source_name={name} " in line]
        self._pactl("unload-module", number)

    def plug_in(self, name: str) -> None:
        """Give it back."""
        self._pactl("load-module", *self._module(name).split())
        self._wait_for(name.encode())

    def _module(self, name: str) -> str:
        return f"module-pipe-source source_name={name} file={self._home / name} format=float32le rate={RATE_HZ} channels=1"

    def _pactl(self, *order: str) -> bytes:
        return subprocess.run(
            ["pactl", *order],
            env={**os.environ, "PULSE_SERVER": f"unix:{self._socket}", "HOME": str(self._home)},
            capture_output=True,
            timeout=START_S,
            check=True,
        ).stdout

    def freeze(self) -> None:
        """Stop the server in its tracks: its connections stay open, and nobody is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _choose(self, name: str) -> None:
        """Make a microphone the default, as soon as that can be done: PipeWire answers before WirePlumber can choose."""
        deadline = time.monotonic() + START_S
        while True:
            try:
                self._pactl("set-default-source", name)
            except subprocess.CalledProcessError:
                assert time.monotonic() < deadline, (self._home / "log").read_text()
            else:
                return

    def _wait_for(self, name: bytes) -> None:
        """Wait until the server answers and a microphone is listed, which the socket alone does not promise."""
        deadline = time.monotonic() + START_S
        while True:
            listed = None
            with suppress(subprocess.TimeoutExpired, subprocess.CalledProcessError):
                listed = self._pactl("list", "short", "sources")
            if listed is not None and name in listed:
                return
            assert self._process is not None
            assert self._process.poll() is None, (self._home / "log").read_text()
            assert time.monotonic() < deadline, (self._home / "log").read_text()


class PipeWire(SoundServer):
    """PipeWire with WirePlumber and its PulseAudio protocol, as a desktop's session has them."""

    def _command(self) -> list[str]:
        socket = self._home / "pipewire-0"  # before it is there, WirePlumber would end at once
        socket.unlink(missing_ok=True)
        there = f"while [ ! -S {socket} ]; do sleep 0.01; done"
        return ["dbus-run-session", "--", "sh", "-c", f"pipewire & {there}; wireplumber & exec pipewire-pulse"]


@pytest.fixture
def pipewire(monkeypatch: pytest.MonkeyPatch) -> Iterator[PipeWire]:
    """PipeWire, whose microphones are the ones that this process hears."""
    lacking = [
        name for name in ("dbus-run-session", "pactl", "pipewire", "wireplumber", "pipewire-pulse") if not which(name)
    ]
    if lacking or missing():
        pytest.skip(f"needs {', '.join(lacking)} (apt install pipewire-pulse wireplumber)" if lacking else missing())
    with PipeWire() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def sound_server(monkeypatch: pytest.MonkeyPatch) -> SoundServer:  # the with block must end after the test
    """A sound server whose microphones are the ones that this process hears."""
    if reason := missing():
        pytest.skip(reason)
    with SoundServer() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        yield server
