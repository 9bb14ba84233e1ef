"""Why nobody speaks RTSP there: each reason is told, in time, and leaves nothing open."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from tests.peers.ports import free_port

from claptrap.core.errors import SourceError
from claptrap.core.spec import RtspInput
from claptrap.sources.rtsp import probe
from claptrap.sources.rtsp_preflight import Deadline, Stopped, rtsp_preflight
from claptrap.text.catalogue import say

SLACK_S = 4.0


def converse(connection: socket.socket, answers: tuple[bytes | None, ...]) -> None:
    for answer in answers:
        connection.recv(4096)
        if answer is None:
            connection.close()
            return
        connection.sendall(answer)


@contextmanager
def peer(*answers: bytes | None) -> Iterator[str]:
    """A server that gives one answer to each request of a connection (None: closes it), then nothing; yields host:port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            kept = []
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    break
                kept.append(connection)
                with suppress(ConnectionError):
                    converse(connection, answers)
            for connection in kept:
                connection.close()

        thread = threading.Thread(target=serve, name="test:peer")
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def fault_of(url: str, within_s: float = 5.0) -> SourceError:
    with pytest.raises(SourceError) as caught:
        rtsp_preflight(url, verify_tls=True, deadline=Deadline("there", within_s))
    assert caught.value.retryable
    assert say(caught.value.code, "en", **caught.value.params) != caught.value.code
    return caught.value


OK = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n"


def test_a_server_that_answers_is_found() -> None:
    """Even one that answers in pieces, or that it is not authorised."""
    for answer in (OK, b"RTSP/1.0 401 Unauthorized\r\n\r\n"):
        with peer(answer) as where:
            rtsp_preflight(f"rtsp://{where}/x", verify_tls=True, deadline=Deadline("there", 5))


@pytest.mark.parametrize("order", [1, -1])
def test_an_address_of_a_kind_that_this_system_has_not_is_passed_over(monkeypatch: pytest.MonkeyPatch, order: int) -> None:
    """A camera's name may lead to an IPv6 address where IPv6 is switched off; what is said is about the other one."""
    no_such_family = 97
    answers: list[tuple[int, int, int, str, tuple[str, int]]] = []
    monkeypatch.setattr("claptrap.sources.rtsp_preflight.socket.getaddrinfo", lambda *_, **__: answers[::order])
    with peer(OK) as where:
        for port, code in ((int(where.rpartition(":")[2]), ""), (free_port(), "rtsp.refused")):
            answers[:] = [(no_such_family, 1, 6, "", ("::1", port)), (socket.AF_INET, 1, 6, "", ("127.0.0.1", port))]
            if code:
                assert fault_of(f"rtsp://camera.example:{port}/x").code == code
            else:
                rtsp_preflight(f"rtsp://camera.example:{port}/x", verify_tls=True, deadline=Deadline("there", 5))


def test_nobody_listens() -> None:
    """The port is closed."""
    assert fault_of(f"rtsp://127.0.0.1:{free_port()}/x").code == "rtsp.refused"


@pytest.mark.parametrize("host", ["no.such.name.invalid", "a" * 70])
def test_a_name_that_is_unknown(host: str) -> None:
    """Unknown, or no name at all; nothing else of the address is told."""
    fault = fault_of(f"rtsp://{host}/secret", within_s=20)
    assert (fault.code, fault.params) == ("rtsp.unresolved", {"host": host})


def test_somebody_else_answers() -> None:
    """A web server on that port."""
    with peer(b"HTTP/1.1 400 Bad Request\r\n\r\n") as where:
        assert fault_of(f"rtsp://{where}/x").code == "rtsp.not_rtsp"


def test_somebody_who_does_not_speak_tls() -> None:
    """rtsps:// where rtsp:// was meant."""
    with peer(OK) as where:
        assert fault_of(f"rtsps://{where}/x").code == "rtsp.not_rtsp"


def test_somebody_who_hangs_up() -> None:
    """Closed instead of answered."""
    with peer(None) as where:
        assert fault_of(f"rtsp://{where}/x").code == "rtsp.ended"


@pytest.mark.parametrize("scheme", ["rtsp", "rtsps"])
def test_somebody_who_never_answers(scheme: str) -> None:
    """The bound is kept, in the TLS handshake too."""
    with peer() as where:
        began = time.monotonic()
        assert fault_of(f"{scheme}://{where}/x", within_s=0.3).code == "rtsp.timeout"
        assert time.monotonic() - began < 0.3 + SLACK_S


def test_waiting_ends_when_it_is_called_off() -> None:
    """A source that is halted does not wait for the bound."""
    stop = threading.Event()
    with peer() as where:
        threading.Timer(0.1, stop.set).start()
        began = time.monotonic()
        with pytest.raises(Stopped):
            rtsp_preflight(f"rtsp://{where}/x", verify_tls=True, deadline=Deadline("there", 60, stop))
        assert time.monotonic() - began < SLACK_S


def test_a_server_that_falls_silent_after_its_first_answer_is_bounded_too() -> None:
    """FFmpeg alone would wait for ever here."""
    with peer(OK) as where:
        began = time.monotonic()
        with pytest.raises(SourceError) as caught:
            probe(RtspInput(f"rtsp://{where}/x", username="u", password="hunter2"), within_s=1)
        assert caught.value.code == "rtsp.timeout"
        assert time.monotonic() - began < 1 + SLACK_S
