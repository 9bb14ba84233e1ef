"""Connections are bounded: too many are refused in words, and those that say nothing do not stay."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.web.conftest import WAIT_S, serving

from claptrap.service import Application
from claptrap.web.connections import MAX_REJECTED

MOST = 8
ASKED = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@contextmanager
def idle(port: int, n: int) -> Iterator[list[socket.socket]]:
    """Keep ``n`` connections open that say nothing."""
    with ExitStack() as stack:
        yield [stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=WAIT_S)) for _ in range(n)]


def ask(connection: socket.socket, request: bytes = ASKED) -> bytes:
    """Return all that is answered until the server closes."""
    connection.sendall(request)
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_one_too_many_is_told_so_and_room_is_room_again(data_dir: Path, quiet_models: Path) -> None:
    assert not quiet_models.exists()
    with serving(Application(data_dir), most_connections=MOST) as served:
        with idle(served.port, MOST) as connections:
            with idle(served.port, 1) as (late,):
                head, _, body = ask(late).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 5" in head
            assert b"content-security-policy" in head
            told = json.loads(body)
            assert (told["code"], told["params"]) == ("api.too_many_connections", {"most": MOST})
            assert "8 connexions" in told["message"]
            assert ask(connections[0]).startswith(b"HTTP/1.1 200 ")  # who was there before is served
            with idle(served.port, 1) as (next_one,):
                assert ask(next_one).startswith(b"HTTP/1.1 200 ")
        assert served.ask("GET", "/healthz").status == 200


def test_a_flood_is_cut_off(data_dir: Path, quiet_models: Path) -> None:
    """However many come at once, only so many descriptors are taken."""
    assert not quiet_models.exists()
    n_flood = MOST + 4 * MAX_REJECTED
    with serving(Application(data_dir), most_connections=MOST) as served, idle(served.port, n_flood) as connections:
        cut = [connection for connection in connections[MOST:] if is_closed(connection)]
        assert len(cut) == n_flood - MOST  # those that were let in to be told are cut off too, for they asked nothing
        assert ask(connections[0]).startswith(b"HTTP/1.1 200 ")


def is_closed(connection: socket.socket) -> bool:
    """Return whether the server ends the connection, waiting for it."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("said", [b"", b"GET /healthz HTT", ASKED[:-2], ASKED.replace(b"close", b"keep-alive") + b"GET"])
def test_who_does_not_finish_a_request_must_go(
    data_dir: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    """Before the first one and between two; a WebSocket, and who asks again and again, stay."""
    assert not quiet_models.exists()
    monkeypatch.setattr("claptrap.web.connections.REQUEST_TIMEOUT_S", 1.0 if said.endswith(b"GET") else 0.2)
    with serving(Application(data_dir)) as served, idle(served.port, 1) as (connection,):
        answer = ask(connection, said)
    assert (b"200 OK" in answer) == said.endswith(b"GET")


def test_a_body_that_never_ends_is_not_waited_for(
    data_dir: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not quiet_models.exists()
    monkeypatch.setattr("claptrap.web.security.BODY_TIMEOUT_S", 0.2)
    head = b"PATCH /api/settings HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
    with serving(Application(data_dir)) as served, idle(served.port, 1) as (connection,):
        answer = ask(connection, head)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"api.too_slow" in answer


def test_a_websocket_outlasts_the_patience(data_dir: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has brought its request, and is no HTTP connection any more."""
    assert not quiet_models.exists()
    monkeypatch.setattr("claptrap.web.connections.REQUEST_TIMEOUT_S", 1.0)
    upgrade = (
        b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
        b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with serving(Application(data_dir)) as served, idle(served.port, 1) as (connection,):
        connection.sendall(upgrade)
        assert connection.recv(12) == b"HTTP/1.1 101"
        connection.settimeout(2.5)  # more than two patiences
        with pytest.raises(TimeoutError):
            list(iter(lambda: connection.recv(65_536), b""))  # what it says for itself comes; its end does not


def test_the_server_is_woken_when_it_is_to_end(data_dir: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not look now and then whether to."""
    assert not quiet_models.exists()
    monkeypatch.setattr("claptrap.web.server.DATE_EVERY_S", 1000.0)
    with serving(Application(data_dir)) as served:
        assert served.ask("GET", "/healthz").status == 200
