"""Ports: free, or taken by whom."""

from __future__ import annotations

import errno
import http.client
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from claptrap.doctor.ask import ask
from claptrap.doctor.finding import Finding, Severity
from claptrap.settings.schema import Settings
from claptrap.sources.vban_port import BUFFER_BYTES, SO_RCVBUFFORCE

STREAMS_OF_BUFFER = 256  # ``BUFFER_BYTES`` holds two seconds of so many
_LISTENING = "0A"  # the kernel's TCP_LISTEN


def examine_web_port(host: str, port: int) -> Finding:
    """Look whether the page's port is free, or ClapTrap's."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        _try(family, kind, address)
    except OSError as error:
        return _web_refusal(error, host, port)
    return Finding("port", Severity.OK, "doctor.port_free", {"host": host, "port": port})


def _web_refusal(error: OSError, host: str, port: int) -> Finding:
    if error.errno == errno.EADDRINUSE:
        return _ours(host, port) or _taken("port", port, "tcp", "service.port_taken", {"host": host, "port": port})
    if error.errno == errno.EACCES:
        return Finding("port", Severity.FAULT, "service.port_forbidden", {"port": port})
    if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
        return Finding("port", Severity.FAULT, "service.address_unknown", {"host": host})
    params: dict[str, str | float] = {"host": host, "port": port, "reason": error.strerror or str(error)}
    return Finding("port", Severity.FAULT, "service.cannot_listen", params)


def _try(family: int, kind: int, address: Any) -> None:
    """Take an address for a moment. Raises OSError."""
    with socket.socket(family, kind) as trial:
        if os.name == "posix" and kind == socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind(address)


def _ours(host: str, port: int) -> Finding | None:
    """Return how the ClapTrap that answers on the port is; None where it is none."""
    try:
        answer = json.loads(ask(host, port, "/livez")[1])
        reasons = [Finding("port", Severity.FAULT, str(r["code"]), dict(r["params"])) for r in answer["reasons"]]
        is_well = bool(answer["ok"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return None
    well = Finding("port", Severity.OK, "doctor.port_ours", {"host": host, "port": port})
    return well if is_well or not reasons else reasons[0]


def examine_vban(settings: Settings, *, is_served: bool) -> list[Finding]:
    """Look at the UDP ports of the enabled VBAN sources, and at the buffer that the kernel grants them."""
    streams = [source.to_input().udp_port for source in settings.sources if source.enabled]
    ports = sorted({port for port in streams if port is not None})
    about_ports = [_vban_port(port, is_served) for port in ports]
    n_streams, granted = sum(port is not None for port in streams), granted_bytes()
    return about_ports if granted is None or not n_streams else [*about_ports, _buffer(n_streams, granted)]


def _vban_port(port: int, is_served: bool) -> Finding:
    try:
        _try(socket.AF_INET, socket.SOCK_DGRAM, ("", port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE and is_served:
            return Finding("vban", Severity.OK, "doctor.vban_ours", {"port": port})
        if error.errno == errno.EADDRINUSE:
            return _taken("vban", port, "udp", "vban.port_taken", {"port": port})
        if error.errno == errno.EACCES:
            return Finding("vban", Severity.FAULT, "vban.port_forbidden", {"port": port})
        return Finding("vban", Severity.FAULT, "vban.port_failed", {"port": port, "reason": error.strerror or str(error)})
    return Finding("vban", Severity.OK, "doctor.vban_free", {"port": port})


def granted_bytes() -> int | None:
    """Return the buffer that the kernel grants this process of what VBAN asks for; None on other systems than Linux.

    That is ``net.core.rmem_max``, or the whole where the process has CAP_NET_ADMIN, as the service that systemd starts.
    """
    if sys.platform != "linux":
        return None
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
        with suppress(PermissionError):
            trial.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER_BYTES)
        return trial.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2  # the kernel doubles it, and says so


def _buffer(n_streams: int, granted: int) -> Finding:
    """Compare what the kernel grants with a second of so many streams."""
    wanted = n_streams * BUFFER_BYTES // STREAMS_OF_BUFFER // 2
    params = {"granted_kb": granted // 1024, "streams": n_streams, "bytes": BUFFER_BYTES}
    if granted < wanted:
        return Finding("vban-buffer", Severity.WARNING, "doctor.buffer_small", params)
    return Finding("vban-buffer", Severity.OK, "doctor.buffer", params)


def _taken(check: str, port: int, protocol: str, otherwise: str, params: dict[str, str | float]) -> Finding:
    program = holder_of(port, protocol)
    if program is None:
        return Finding(check, Severity.FAULT, otherwise, params)
    return Finding(check, Severity.FAULT, "doctor.port_taken_by", {"port": port, "program": program})


def holder_of(port: int, protocol: str) -> str | None:
    """Return the program that has a port, with its process number; None where the system does not tell us (Linux tells).

    Args:
        port: which.
        protocol: "tcp" or "udp".
    """
    if sys.platform != "linux":
        return None
    wanted = {f"socket:[{inode}]" for inode in _inodes(port, protocol)}
    if not wanted:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another user's, or one that has just ended
            if any(str(descriptor.readlink()) in wanted for descriptor in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text(encoding='utf-8', errors='replace').strip()}, {process.name}"
    return None


def _inodes(port: int, protocol: str) -> Iterator[str]:
    for table in (Path("/proc/net") / name for name in (protocol, f"{protocol}6")):
        with suppress(OSError):
            for line in table.read_text(encoding="ascii").splitlines()[1:]:
                columns = line.split()
                is_it = int(columns[1].rpartition(":")[2], 16) == port
                if is_it and (protocol == "udp" or columns[3] == _LISTENING):
                    yield columns[9]
