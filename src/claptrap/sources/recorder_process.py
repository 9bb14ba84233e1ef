"""A PortAudio in a process of its own: it lists devices that were plugged in after this process loaded PortAudio.

The other side is ``sources.recorder``. It answers with a line of JSON, then, where it records, with blocks of sound, each
after a header ``BLOCK``. It ends when its input is closed, hence whenever this process ends.
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
MAX_BLOCK_BYTES = 1_000_000
START_S = 15.0  # it loads Python and NumPy, then gives the sound system ten seconds
END_S = 1.0


def devices() -> tuple[Device, ...]:
    """Return the devices that can be recorded, without those that this process records.

    Raises:
        SourceError: as ``PortAudio.devices``.
    """
    process = _start_process("list")
    try:
        answer, _ = process.communicate(timeout=START_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise SourceError("source.system_hangs", retryable=True, seconds=START_S) from None
    if process.returncode < 0:  # a signal
        raise SourceError("source.sound_breaks", retryable=True)
    return tuple(Device.of(one) for one in _parse_answer(answer.partition(b"\n")[0], "default")["devices"])


def record(
    wanted: str, receive: Callable[[NDArray[np.float32], bool], None], ended: Callable[[], None], channel: str = "auto"
) -> tuple[OpenMicrophone, Callable[[], None]]:
    """Record in another process; return the microphone, and a function that ends the recording.

    Args:
        wanted: ``Device.id`` or a device's name; empty for the default.
        receive: gets float32 samples (n, channels), valid during the call only, and whether some were lost just before them.
        ended: called once when no more will come. Both run on the thread ``portaudio:recorder``.
        channel: which channel is going to be heard, as for ``PortAudio.recording``.

    Raises:
        SourceError: as ``PortAudio.recording``.
    """
    process = RecorderProcess(wanted, receive, ended, channel)
    try:
        return process.start(), process.close
    except BaseException:
        process.close()
        raise


class RecorderProcess:
    """The other process while it records, and the thread ``portaudio:recorder`` that reads its output.

    Args:
        wanted, receive, ended, channel: as for ``record``.
    """

    def __init__(
        self,
        wanted: str,
        receive: Callable[[NDArray[np.float32], bool], None],
        ended: Callable[[], None],
        channel: str,
    ) -> None:
        self._receive = receive
        self._ended = ended
        self._wanted = wanted or "default"
        self._process = _start_process("record", wanted, channel)
        self._answer: Future[bytes] = Future()
        self._thread = threading.Thread(
            target=self._read, args=(self._process.stdout,), name="portaudio:recorder", daemon=True
        )

    def start(self) -> OpenMicrophone:
        """Wait until it records, at most ``START_S``; return the microphone. Raises SourceError."""
        self._thread.start()
        try:
            answer = _parse_answer(self._answer.result(START_S), self._wanted)
        except TimeoutError:
            raise SourceError("source.system_hangs", retryable=True, seconds=START_S) from None
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

    def _read(self, output: IO[bytes]) -> None:
        with output:
            first = output.readline()
            self._answer.set_result(first)
            if b'"channels"' in first:
                self._pass_on(output, json.loads(first)["channels"])
        self._ended()

    def _pass_on(self, output: IO[bytes], channels: int) -> None:
        while len(head := output.read(BLOCK.size)) == BLOCK.size:
            n_bytes, has_lost = BLOCK.unpack(head)
            if n_bytes > MAX_BLOCK_BYTES or len(sound := output.read(n_bytes)) < n_bytes:
                return
            self._receive(np.frombuffer(sound, np.float32).reshape(-1, channels), bool(has_lost))


def _start_process(*arguments: str) -> subprocess.Popen[bytes]:
    """Start the other process; raise SourceError ``source.device_failed`` where that cannot be done."""
    command = [sys.executable, "-P", "-m", "claptrap.sources.recorder", *arguments]
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)  # noqa: S603  # our own
    except OSError as error:
        reason = error.strerror or str(error)
        raise SourceError(
            "source.device_failed", retryable=True, device="".join(arguments[1:2]) or "default", reason=reason
        ) from error


def _parse_answer(answer: bytes, wanted: str) -> dict[str, Any]:
    """Return the JSON object that it answered; raise the SourceError that it holds, or ``source.device_failed`` if empty."""
    if not answer:
        reason = "the process of its own that sees new devices has ended"
        raise SourceError("source.device_failed", retryable=True, device=wanted, reason=reason)
    parsed: dict[str, Any] = json.loads(answer)
    if "code" in parsed:
        raise SourceError(parsed["code"], retryable=parsed["retryable"], **parsed["params"])
    return parsed
