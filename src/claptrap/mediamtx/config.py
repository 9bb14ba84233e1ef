"""The configuration file: the one of the repository, with the microphone's line as this platform needs it."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from claptrap.core.errors import ServiceError
from claptrap.core.paths import path_exists

NAME = "mediamtx.yml"
_SHIPPED_INPUT = "-f alsa -i default"
_INPUTS = {"darwin": '-f avfoundation -i ":default"', "windows": '-f dshow -i audio="Microphone"'}


def microphone_input(system: str = platform.system(), environment: Mapping[str, str] = os.environ) -> str:
    """Return ffmpeg's options for this platform's usual microphone: ALSA, Pulse, AVFoundation or DirectShow."""
    if system.lower() in _INPUTS:
        return _INPUTS[system.lower()]
    runtime = environment.get("XDG_RUNTIME_DIR", "")
    has_pulse = "PULSE_SERVER" in environment or (runtime and path_exists(Path(runtime) / "pulse" / "native"))
    return "-f pulse -i default" if has_pulse else _SHIPPED_INPUT


def configuration(microphone: str) -> str:
    """Return the text of the configuration file with ``microphone`` as ffmpeg's input."""
    text = (files("claptrap.mediamtx") / NAME).read_text("utf-8")
    lines = [
        line.replace(_SHIPPED_INPUT, microphone) if line.lstrip().startswith("runOnDemand:") else line
        for line in text.splitlines()
    ]
    return "\n".join([*lines, ""])


def ensure_configuration(folder: Path) -> Path:
    """Return the configuration file in ``folder``; written there if there is none, and from then on the person's own.

    Raises:
        ServiceError: ``mediamtx.unwritable``.
    """
    path = folder / NAME
    try:
        if path.exists():
            return path
        folder.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as file:
            file.write(configuration(microphone_input()))
    except OSError as error:
        raise ServiceError("mediamtx.unwritable", path=str(path), reason=error.strerror or str(error)) from error
    return path
