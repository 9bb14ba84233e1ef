"""The other side of ``sources.recorder_process``: lists or records with a PortAudio of its own, until its input is closed.

``python -m claptrap.sources.recorder list`` or ``… record DEVICE CHANNEL``.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import asdict
from typing import Any

from claptrap.core.errors import SourceError
from claptrap.sources.portaudio import PortAudio
from claptrap.sources.recorder_process import BLOCK

LOOK_S = 0.02
PORTAUDIO = PortAudio(may_end_us=True)


def main() -> None:
    """Do what is asked for, and say it; of a fault, its code."""
    try:
        if sys.argv[1] == "list":
            _say({"devices": [asdict(device) for device in PORTAUDIO.devices()]})
        else:
            _record(*sys.argv[2:])
    except SourceError as error:
        _say({"code": error.code, "params": error.params, "retryable": error.retryable})
    except BrokenPipeError:  # the reader has ended
        sys.exit(1)


def _record(wanted: str, channel: str) -> None:
    is_over = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.buffer.read()
        is_over.set()

    threading.Thread(target=wait_for_the_end, name="recorder:end", daemon=True).start()
    out = sys.stdout.buffer
    with PORTAUDIO.recording(wanted, channel) as recording:
        _say(asdict(recording.opened))
        while not is_over.wait(LOOK_S):
            try:
                sound, has_lost = recording.read()
            except SourceError:  # the reader learns it from our end
                return
            if len(sound):
                out.write(BLOCK.pack(sound.nbytes, has_lost) + sound.tobytes())
                out.flush()


def _say(what: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(what).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
