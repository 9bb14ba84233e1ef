"""Where PulseAudio, or PipeWire in its place, has put a recording of ours; asked of its own ``pactl``.

A sound server whose microphone is unplugged moves the recording to another one without a word: the stream goes on, with
the sound of another room. Only the server knows.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claptrap.core.clock import Clock
from claptrap.core.paths import path_exists

ASK_S = 2.0
LOOK_S = 5.0


@dataclass(frozen=True, slots=True)
class PulseStream:
    """A recording, and the microphone that the sound server takes it from.

    Attributes:
        stream: the server's number of the recording.
        source: its number of the microphone.
        name: what the server calls that microphone, for people.
    """

    stream: int
    source: int
    name: str

    def moved_to(self) -> str | None:
        """Return the name of another microphone that the recording is taken from by now; None while there is none."""
        source = next((one["source"] for one in _asked("source-outputs") if one["index"] == self.stream), self.source)
        return None if source == self.source else _names().get(source)


class PulseStreamWatch:
    """Asks now and then whether a recording is still where it was, in a thread ``pulse:look``, for a server may hang.

    Args:
        place: where it was; None where that is unknown; then the server is not asked.
        clock: says when it is time.
    """

    def __init__(self, place: PulseStream | None, clock: Clock) -> None:
        self._pulse_stream = place
        self._clock = clock
        self._asked_at = clock.monotonic()
        self._thread: threading.Thread | None = None
        self._found: str | None = None

    def moved_to(self) -> str | None:
        """Return the name of another microphone, once one is known to have taken the place; never waits."""
        is_due = self._clock.monotonic() - self._asked_at >= LOOK_S
        if self._pulse_stream and is_due and not (self._thread and self._thread.is_alive()):
            self._asked_at = self._clock.monotonic()
            self._thread = threading.Thread(target=self._look, args=(self._pulse_stream,), name="pulse:look", daemon=True)
            self._thread.start()
        return self._found

    def _look(self, place: PulseStream) -> None:
        self._found = place.moved_to()


def newest_stream(process: int, others: Collection[int]) -> PulseStream | None:
    """Return where the newest recording of a process is, except for those with the numbers ``others``.

    None where there is no sound server, or no ``pactl``, or the recording does not pass through the server.
    """
    mine = [one for one in _asked("source-outputs") if one["index"] not in others and _process(one) == str(process)]
    newest = max(mine, key=lambda one: one["index"], default=None)
    name = newest and _names().get(newest["source"])
    return PulseStream(newest["index"], newest["source"], name) if newest and name else None


def _names() -> dict[int, str]:
    return {one["index"]: str(one.get("description") or one.get("name")) for one in _asked("sources")}


def _process(one: dict[str, Any]) -> str:
    properties = one.get("properties")
    return str(properties.get("application.process.id")) if isinstance(properties, dict) else ""


def _asked(what: str) -> list[dict[str, Any]]:
    """Return what the server has of a kind; nothing where it cannot be asked: that it hangs shows in the missing sound."""
    program = shutil.which("pactl")  # Linux has it
    server = _server() if program else None
    if program is None or server is None:
        return []
    try:
        done = subprocess.run(  # noqa: S603  # the system's own program
            [program, "--format=json", "list", what],
            env={**os.environ, "PULSE_SERVER": server, "LC_ALL": "C"},  # a server that is named is never started
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=ASK_S,
            check=False,
        )
        listed = json.loads(done.stdout) if done.returncode == 0 else []
    except (OSError, subprocess.TimeoutExpired, ValueError):
        return []
    needed = {"index", "source"} if what == "source-outputs" else {"index"}
    return [one for one in listed if isinstance(one, dict) and needed <= one.keys()] if isinstance(listed, list) else []


def _server() -> str | None:
    """Return the address of this user's sound server; None where none runs."""
    if named := os.environ.get("PULSE_SERVER"):
        return named
    mine = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}") / "pulse"
    socket = Path(os.environ.get("PULSE_RUNTIME_PATH") or mine) / "native"
    return f"unix:{socket}" if path_exists(socket) else None
