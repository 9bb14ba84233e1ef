"""The configuration file: the one of the repository, with the microphone's line as this platform needs it."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from urllib.parse import unquote, urlsplit

from claptrap.core.errors import InputError, ServiceError
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


def starts_ffmpeg(config: Path) -> bool:
    """Return whether a configuration has MediaMTX start ffmpeg; false where it cannot be read."""
    return re.search(r"(?m)^\s*runOn\w+:\s*(>-\s*)?['\"]?ffmpeg\b", _text(config)) is not None


API_PORT, RTSP_PORT = 9997, 8554


@dataclass(frozen=True, slots=True)
class ApiAddress:
    """Where MediaMTX's API is asked.

    Attributes:
        host, port: of its HTTP server.
        username, password: for Basic authentication; empty for none.
    """

    host: str = "127.0.0.1"
    port: int = API_PORT
    username: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of_url(cls, url: str) -> ApiAddress:
        """Read ``http://user:password@host:port``.

        Raises:
            InputError: ``mediamtx.bad_api``.
        """
        try:
            parts = urlsplit(url)
            port = parts.port or API_PORT
        except ValueError as error:
            raise InputError("mediamtx.bad_api") from error
        if parts.scheme != "http" or not parts.hostname or parts.path.strip("/") or parts.query:
            raise InputError("mediamtx.bad_api")
        return cls(parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or ""))

    @classmethod
    def of_configuration(cls, config: Path) -> ApiAddress:
        """Read what a configuration file says of the API: its address, and a user who may use it with a plain password."""
        text = _text(config)
        address = _value(text, "apiAddress").rpartition(":")
        port = int(address[2]) if address[2].isascii() and address[2].isdecimal() else API_PORT
        host = address[0].strip("[]")
        users = re.search(r"(?m)^authInternalUsers:\n((?:[ #-].*\n|\n)*)", text + "\n")
        for entry in re.split(r"(?m)^ *- user:", users[1])[1:] if users else ():
            user, password = entry.split("\n", 1)[0], _value(entry, "pass")
            if re.search(r"(?m)^ *- action: *api\b", entry) and _plain(user) not in ("", "any") and _is_plain(password):
                return cls(_ours(host), port, _plain(user), password)
        return cls(_ours(host), port)


def serves(config: Path, url: str) -> bool:
    """Return whether ``url`` is an RTSP address on this machine at which the MediaMTX of a configuration file listens."""
    try:
        parts = urlsplit(url)
        port = parts.port or 554
    except ValueError:
        return False
    listens = _value(_text(config), "rtspAddress").rpartition(":")[2] or str(RTSP_PORT)
    return parts.hostname in ("127.0.0.1", "::1", "localhost") and str(port) == listens


def _ours(host: str) -> str:
    """Return where a server that listens on ``host`` is reached from this machine."""
    return "127.0.0.1" if host in ("", "0.0.0.0") else "::1" if host == "::" else host  # noqa: S104  # compared, not bound


def _is_plain(password: str) -> bool:
    return bool(password) and not password.startswith(("sha256:", "argon2:"))


def _value(text: str, name: str) -> str:
    found = re.search(rf"(?m)^ *{name}:(.*)$", text)
    return _plain(found[1]) if found else ""


def _plain(scalar: str) -> str:
    """Return a YAML scalar of one line without quotes and comment."""
    scalar = scalar.strip()
    quoted = re.match(r"""(['"])(.*?)\1""", scalar)
    return quoted[2] if quoted else scalar.partition(" #")[0].strip()


def _text(config: Path) -> str:
    try:
        return config.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


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
