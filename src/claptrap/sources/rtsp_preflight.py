"""Does an RTSP server answer? Asked before FFmpeg is, because FFmpeg says "Input/output error" for half the reasons.

A name that is unknown, a machine that is off, a certificate that is wrong, a server that accepts and never answers: each is
found here within a bounded time, and while looking whether to stop. The question is OPTIONS (RFC 2326 §10.1), which any
server answers, if only with 401.
"""

from __future__ import annotations

import ipaddress
import os
import queue
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import SourceError
from claptrap.core.paths import path_exists
from claptrap.core.weburl import DEFAULT_PORTS, redact

LOOK_S = 0.25  # how often a wait checks whether to stop
CLOSE_S = 0.2  # how long a server may take to close its side too
_DEBIAN_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"

Address = tuple[socket.AddressFamily, Any]
"""A family, and what ``socket.connect`` takes for it."""


class Stopped(Exception):  # noqa: N818  # no error: the source shall stop while it is being opened
    """The waiting was called off."""


class Deadline:
    """How long may still be waited for an answer, and whether it is still wanted.

    Args:
        where: whose answer, without secrets.
        within_s: for how long from now.
        stop: set when the answer is no longer wanted.
        clock: the machine's.
    """

    def __init__(self, where: str, within_s: float, stop: threading.Event | None = None, clock: Clock | None = None) -> None:
        self.where = where
        self._within_s = within_s
        self._stop = stop or threading.Event()
        self._clock = clock or SystemClock()
        self._began = self._clock.monotonic()
        self._until = self._began + within_s

    def remaining_s(self) -> float:
        """Return how long may still be waited, > 0 s.

        Raises:
            Stopped: it is no longer wanted.
            SourceError: ``rtsp.timeout``.
        """
        if self._stop.is_set():
            raise Stopped
        remaining_s = self._until - self._clock.monotonic()
        if remaining_s <= 0:
            raise self.timeout_error()
        return remaining_s

    def check_stopped(self) -> None:
        """Raise Stopped where the answer is no longer wanted."""
        if self._stop.is_set():
            raise Stopped

    def renewed(self) -> Deadline:
        """Return a deadline as long as this one was, from now on."""
        return Deadline(self.where, self._within_s, self._stop, self._clock)

    def timeout_error(self) -> SourceError:
        """Return the error that says for how long there has been no answer."""
        waited_s = self._clock.monotonic() - self._began
        return SourceError("rtsp.timeout", retryable=True, where=self.where, seconds=round(waited_s))

    def wait(self, connection: socket.socket, event: int) -> None:
        """Wait until ``connection`` is ready for ``event``. Raises like ``remaining_s``."""
        with selectors.DefaultSelector() as selector:
            selector.register(connection, event)
            while not selector.select(min(LOOK_S, self.remaining_s())):
                pass


def authorities() -> str | None:
    """Return the file of the authorities that this machine trusts (``SSL_CERT_FILE`` changes it); None if unknown."""
    known = (ssl.get_default_verify_paths().cafile, _DEBIAN_AUTHORITIES)
    return next((path for path in known if path and path_exists(Path(path))), None)


def rtsp_preflight(url: str, *, verify_tls: bool, deadline: Deadline) -> None:
    """Make sure that an RTSP server answers at ``url`` (rtsp or rtsps, without credentials).

    Raises:
        Stopped: ``deadline`` was called off.
        SourceError: ``rtsp.unresolved``, ``rtsp.refused``, ``rtsp.unreachable``, ``rtsp.tls``, ``rtsp.not_rtsp``,
            ``rtsp.ended``, ``rtsp.timeout``; all retryable, for machines and networks come back.
    """
    with connected(url, verify_tls=verify_tls, deadline=deadline) as connection:
        _ask(connection, url, deadline)


@contextmanager
def connected(url: str, *, verify_tls: bool, deadline: Deadline) -> Iterator[socket.socket]:
    """Connect to ``url``; give a non-blocking socket, under TLS for rtsps, and close it as RTSP servers expect.

    A connection that is closed with an answer unread is reset, and servers log each as an error of the network.

    Raises:
        Stopped, SourceError: as ``rtsp_preflight``, also for what happens while it is used.
    """
    parts = urlsplit(url)
    host, where = parts.hostname or "", redact(url)
    try:
        with closing(connect(host, parts.port or DEFAULT_PORTS[parts.scheme], deadline)) as plain:
            if parts.scheme == "rtsps":
                with closing(_secured(plain, host, verify_tls, deadline)) as secured:
                    yield secured
                    _say_goodbye(secured)
            else:
                yield plain
                _say_goodbye(plain)
    except ssl.SSLCertVerificationError as exc:
        raise SourceError("rtsp.tls", retryable=True, where=where, reason=exc.verify_message) from exc
    except ssl.SSLError as exc:
        raise SourceError("rtsp.not_rtsp", retryable=True, where=where) from exc
    except ConnectionRefusedError as exc:
        raise SourceError("rtsp.refused", retryable=True, where=where) from exc
    except (ConnectionResetError, BrokenPipeError) as exc:
        raise SourceError("rtsp.ended", retryable=True, where=where) from exc
    except OSError as exc:
        raise SourceError("rtsp.unreachable", retryable=True, where=where, reason=exc.strerror or str(exc)) from exc


def connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """Return a non-blocking TCP connection to any address of ``host``.

    Raises:
        Stopped, SourceError: ``rtsp.unresolved``, ``rtsp.timeout``.
        OSError: no address takes it.
    """
    return _connect(_resolve(host, port, deadline), deadline)


def _resolve(host: str, port: int, deadline: Deadline) -> list[Address]:
    """Return the addresses of ``host``.

    The system's resolver cannot be interrupted; so it is asked in a thread of its own, which is left to end by itself (the
    resolver gives up after some seconds) when the answer comes too late or is no longer wanted.
    """
    found: queue.SimpleQueue[list[Address] | Exception] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.put([(family, address) for family, _, _, _, address in answers])
        except (OSError, UnicodeError) as exc:  # UnicodeError: the text can be no name at all
            found.put(exc)

    if _is_number(host):
        look_up()
    else:
        threading.Thread(target=look_up, name=f"resolve:{host}", daemon=True).start()
    while True:
        try:
            answer = found.get(timeout=min(LOOK_S, deadline.remaining_s()))
        except queue.Empty:
            continue
        if isinstance(answer, Exception):
            raise SourceError("rtsp.unresolved", retryable=True, host=host) from answer
        return answer


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _connect(addresses: list[Address], deadline: Deadline) -> socket.socket:
    """Return a non-blocking connection to the first address that takes one; else raise the last one's OSError.

    A name may have addresses of a kind that this system has not (IPv6): they are passed over.
    """
    fault: OSError | None = None
    for family, address in addresses:
        try:
            connection = socket.socket(family, socket.SOCK_STREAM)
        except OSError as exc:
            fault = fault or exc
            continue
        try:
            _await_connection(connection, address, deadline)
        except OSError as exc:
            connection.close()
            fault = exc
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise fault or OSError("no address")


def _await_connection(connection: socket.socket, address: Any, deadline: Deadline) -> None:
    connection.setblocking(False)
    try:
        connection.connect(address)
    except BlockingIOError:
        deadline.wait(connection, selectors.EVENT_WRITE)
    if code := connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
        raise OSError(code, os.strerror(code))


def _secured(plain: socket.socket, host: str, verify: bool, deadline: Deadline) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=authorities()) if verify else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if not verify:  # then neither its age nor its name matters: cameras live long
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    secured = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
    try:
        while not _shook_hands(secured, deadline):
            pass
    except BaseException:
        secured.close()
        raise
    return secured


def _shook_hands(secured: ssl.SSLSocket, deadline: Deadline) -> bool:
    """Go on with the handshake as far as it goes without waiting, then wait for the peer; return whether it is complete."""
    try:
        secured.do_handshake()
    except ssl.SSLWantReadError:
        deadline.wait(secured, selectors.EVENT_READ)
    except ssl.SSLWantWriteError:
        deadline.wait(secured, selectors.EVENT_WRITE)
    else:
        return True
    return False


def _ask(connection: socket.socket, url: str, deadline: Deadline) -> None:
    """Send OPTIONS; return when an RTSP server begins to answer."""
    question = f"OPTIONS {url} RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: ClapTrap\r\n\r\n".encode()
    connection.sendall(question)  # some hundred bytes fit into the buffer of a connection that has sent nothing yet
    answer = b""
    while len(answer) < len(b"RTSP/"):
        try:
            more = connection.recv(64)
        except (ssl.SSLWantReadError, BlockingIOError):
            deadline.wait(connection, selectors.EVENT_READ)
            continue
        if not more:
            raise ConnectionResetError
        answer += more
    if not answer.startswith(b"RTSP/"):
        raise SourceError("rtsp.not_rtsp", retryable=True, where=redact(url))


def _say_goodbye(connection: socket.socket) -> None:
    """End our side, then read what is still to come until the server ends its own, for ``CLOSE_S`` at most."""
    with suppress(OSError, ValueError):  # whatever the server does now, we are done
        if isinstance(connection, ssl.SSLSocket):
            with suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
                connection.unwrap()
        connection.shutdown(socket.SHUT_WR)
        until = time.monotonic() + CLOSE_S
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            while (left_s := until - time.monotonic()) > 0 and selector.select(left_s):
                if not connection.recv(65_536):
                    return
