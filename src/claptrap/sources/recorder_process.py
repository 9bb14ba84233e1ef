"""A PortAudio in a process of its own: it sees what was plugged in since this process's was begun, and disturbs nobody here.

The other side is ``sources.recorder``. What it says: a line of JSON, then, where it records, blocks of sound, each after
``BLOCK``. It ends when its input is closed, as it is when this process ends in whatever way.
"""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from claptrap.core.errors import SourceError
from claptrap.sources.device import Device, OpenMicrophone
from claptrap.sources.pulse import PulseStream

BLOCK = struct.Struct("<IB")  # bytes of sound that follow, and whether some were lost just before
MOST_BLOCK_BYTES = 1_000_000
BEGIN_S = 15.0  # it loads Python and NumPy, then gives the sound system ten seconds
END_S = 1.0


def devices() -> tuple[Device, ...]:
    """Return what can be recorded from and is not being recorded from.

    Raises:
        SourceError: as ``PortAudio.devices``.
    """
    process = _begun("list")
    try:
        answer, _ = process.communicate(timeout=BEGIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise SourceError("source.system_hangs", retryable=True, seconds=BEGIN_S) from None
    if process.returncode < 0:  # a signal
        raise SourceError("source.sound_breaks", retryable=True)
    return tuple(Device.of(one) for one in _understood(answer.partition(b"\n")[0], "default")["devices"])


def record(
    wanted: str, receive: Callable[[NDArray[np.float32], bool], None], ended: Callable[[], None]
) -> tuple[OpenMicrophone, Callable[[], None]]:
    """Record as ``PortAudio.recording`` does; return the microphone, and what ends the recording.

    Raises:
        SourceError: as ``PortAudio.recording``.
    """
    process = RecorderProcess(wanted, receive, ended)
    try:
        return process.opened(), process.close
    except BaseException:
        process.close()
        raise


class RecorderProcess:
    """The other process while it records, and the thread ``portaudio:apart`` that reads what it says."""

    def __init__(self, wanted: str, receive: Callable[[NDArray[np.float32], bool], None], ended: Callable[[], None]) -> None:
        self._receive = receive
        self._ended = ended
        self._wanted = wanted or "default"
        self._process = _begun("record", wanted)
        self._answer: Future[bytes] = Future()
        self._thread = threading.Thread(target=self._read, args=(self._process.stdout,), name="portaudio:apart", daemon=True)
        self._thread.start()

    def opened(self) -> OpenMicrophone:
        """Return what is recorded, once it is. Raises SourceError."""
        try:
            answer = _understood(self._answer.result(BEGIN_S), self._wanted)
        except TimeoutError:
            raise SourceError("source.system_hangs", retryable=True, seconds=BEGIN_S) from None
        stream = answer["pulse_stream"]
        return OpenMicrophone(
            Device.of(answer["device"]), answer["rate_hz"], answer["channels"], stream and PulseStream(**stream)
        )

    def close(self) -> None:
        """End it, by force where the sound system does not let it go."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join()

    def _read(self, said: IO[bytes]) -> None:
        with said:
            first = said.readline()
            self._answer.set_result(first)
            if b'"channels"' in first:
                self._pass_on(said, json.loads(first)["channels"])
        self._ended()

    def _pass_on(self, said: IO[bytes], channels: int) -> None:
        while len(head := said.read(BLOCK.size)) == BLOCK.size:
            n_bytes, has_lost = BLOCK.unpack(head)
            if n_bytes > MOST_BLOCK_BYTES or len(sound := said.read(n_bytes)) < n_bytes:
                return
            self._receive(np.frombuffer(sound, np.float32).reshape(-1, channels), bool(has_lost))


def _begun(*arguments: str) -> subprocess.Popen[bytes]:
    """Start the other process. Raises SourceError."""
    command = [sys.executable, "-P", "-m", "claptrap.sources.recorder", *arguments]
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)  # noqa: S603  # our own
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(
            "source.device_failed", retryable=True, device=arguments[-1] or "default", reason=reason
        ) from error


def _understood(answer: bytes, wanted: str) -> dict[str, Any]:
    """Return what it answered. Raises SourceError where that is an error, or nothing."""
    if not answer:
        reason = "the process of its own that sees new devices has ended"
        raise SourceError("source.device_failed", retryable=True, device=wanted, reason=reason)
    said: dict[str, Any] = json.loads(answer)
    if "code" in said:
        raise SourceError(said["code"], retryable=said["retryable"], **said["params"])
    return said
