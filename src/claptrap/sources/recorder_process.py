"""A PortAudio in a process of its own: it lists devices that were plugged in after this process loaded PortAudio.

The other side is ``sources.recorder``. It answers with a line of JSON, then, where it records, with blocks of sound, each
after a header ``BLOCK``. It ends when its input is closed, hence whenever this process ends.
"""

from __future__ import annotations

import json
import os
import selectors
import struct
import subprocess
import sys
import time
from typing import IO, Any, cast

import numpy as np

from claptrap.core.errors import SourceError
from claptrap.sources.device import Device, OpenMicrophone, Samples
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


def record(wanted: str, channel: str = "auto") -> RecorderProcess:
    """Record in another process; return its recording, which the caller must close.

    Args:
        wanted: ``Device.id`` or a device's name; empty for the default.
        channel: which channel is going to be heard, as for ``PortAudio.recording``.

    Raises:
        SourceError: as ``PortAudio.recording``.
    """
    process = _start_process("record", wanted, channel)
    try:
        return RecorderProcess(process, wanted or "default")
    except BaseException:
        _end(process)
        raise


class RecorderProcess:
    """The other process while it records: a ``MicrophoneRecording``.

    Args:
        process: just started.
        wanted: which device, for people.

    Raises:
        SourceError: what it answers, or ``source.system_hangs`` where it does not within ``START_S``.
    """

    def __init__(self, process: subprocess.Popen[bytes], wanted: str) -> None:
        self._process = process
        self._output = cast("IO[bytes]", process.stdout)
        self._read_on = bytearray()  # what has come, and is not a whole block yet
        os.set_blocking(self._output.fileno(), False)
        answer = _parse_answer(self._first_line(), wanted)
        stream = answer["pulse_stream"]
        self.opened = OpenMicrophone(
            Device.of(answer["device"]), answer["rate_hz"], answer["channels"], stream and PulseStream(**stream)
        )

    def read(self) -> tuple[Samples, bool]:
        """See ``MicrophoneRecording``."""
        has_ended = self._take()
        sound, has_lost = bytearray(), False
        while len(self._read_on) >= BLOCK.size:
            n_bytes, is_after_loss = BLOCK.unpack_from(self._read_on)
            end = BLOCK.size + n_bytes
            has_ended |= n_bytes > MAX_BLOCK_BYTES
            if (is_after_loss and sound) or len(self._read_on) < end or n_bytes > MAX_BLOCK_BYTES:
                break
            sound += self._read_on[BLOCK.size : end]
            del self._read_on[:end]
            has_lost |= bool(is_after_loss)
        if has_ended and not sound:
            raise SourceError("source.device_lost", retryable=True, device=self.opened.device.name)
        return np.frombuffer(sound, np.float32).reshape(-1, self.opened.channels), has_lost

    def close(self) -> None:
        """End it, by force where the sound system does not let it go."""
        _end(self._process)

    def _take(self) -> bool:
        """Take what it has written so far; return whether no more will come."""
        while (more := self._output.read(MAX_BLOCK_BYTES)) is not None:
            if not more:
                return True
            self._read_on += more
        return False

    def _first_line(self) -> bytes:
        """Return the first line that it writes, or what there is of it at its end; wait for it, at most ``START_S``."""
        until = time.monotonic() + START_S
        with selectors.DefaultSelector() as selector:  # ``select`` takes no descriptor above 1,023
            selector.register(self._output, selectors.EVENT_READ)
            while b"\n" not in self._read_on:
                if not selector.select(max(0.0, until - time.monotonic())):
                    raise SourceError("source.system_hangs", retryable=True, seconds=START_S)
                if self._take():
                    break
        line, _, rest = self._read_on.partition(b"\n")
        self._read_on = rest
        return bytes(line)


def _end(process: subprocess.Popen[bytes]) -> None:
    with cast("IO[bytes]", process.stdout):
        cast("IO[bytes]", process.stdin).close()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _start_process(*arguments: str) -> subprocess.Popen[bytes]:
    """Start the other process; raise SourceError ``source.device_failed`` where that cannot be done."""
    command = [sys.executable, "-P", "-m", "claptrap.sources.recorder", *arguments]
    try:
        return subprocess.Popen(  # noqa: S603  # our own
            command, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
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
