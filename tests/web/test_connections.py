"""Connections are bounded: too many are refused in words, and those that say nothing do not stay."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import logging
import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import websockets
from tests.web.conftest import WAIT_S, clap, serving

from claptrap.service import Application
from claptrap.web.certificate import certificate
from claptrap.web.connection_limits import MAX_WAITING, connections_for, log_loop_errors
from claptrap.web.connections import WebSocketConnection

MOST = 8
HERE = MOST // 2  # an address may have half
ASKED = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
UPGRADE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
SCRIPT = b"GET /%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@contextmanager
def idle(port: int, n: int, address: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    """Keep ``n`` connections open that say nothing."""
    with ExitStack() as stack:
        connections = [stack.enter_context(socket.socket()) for _ in range(n)]
        for connection in connections:
            connection.settimeout(WAIT_S)
            connection.bind((address, 0))
            with suppress(ConnectionResetError):  # it was cut off before we knew that it was open
                connection.connect(("127.0.0.1", port))
        yield connections


@contextmanager
def never_reading(port: int, n: int, tmp_path: Path) -> Iterator[None]:
    """Keep ``n`` connections open that ask for a large file again and again, and read nothing of it."""
    with ExitStack() as stack:
        for _ in range(n):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            connection.settimeout(WAIT_S)
            connection.connect(("127.0.0.1", port))
            connection.sendall(20 * (SCRIPT % large_file(tmp_path).name.encode()))
        yield


def large_file(folder: Path) -> Path:
    path = folder / "large.js"
    path.write_bytes(b"x" * 4_000_000)
    return path


def ask(connection: socket.socket, request: bytes = ASKED) -> bytes:
    """Return all that is answered until the server closes."""
    connection.sendall(request)
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def is_served(port: int, address: str = "127.0.0.1", request: bytes = ASKED) -> bool:
    """Return whether a new connection is answered; one that is rejected may be cut off, too."""
    try:
        with idle(port, 1, address) as (connection,):
            return ask(connection, request).startswith(b"HTTP/1.1 200 ")
    except ConnectionError:
        return False


def tries() -> Iterator[None]:
    """Yield now and then, until it has been long enough."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        yield
        time.sleep(0.1)


def test_an_address_has_half_of_the_places(data_dir: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One more is told so; others are served all the same, and there is a place again when one is free."""
    assert not quiet_models.exists()
    monkeypatch.setattr("claptrap.web.connection_limits.IDLE_S", 2 * WAIT_S)  # none gives way meanwhile
    with serving(Application(data_dir), most_connections=MOST) as served:
        with idle(served.port, HERE) as connections:
            with idle(served.port, 1) as (late,):
                head, _, body = ask(late).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 5" in head
            assert b"content-security-policy" in head
            told = json.loads(body)
            assert (told["code"], told["params"]) == ("api.too_many_connections", {"most": MOST})
            assert "8 connexions" in told["message"]
            assert is_served(served.port, "127.0.0.2")
            assert ask(connections[0]).startswith(b"HTTP/1.1 200 ")  # who was there before is served
            assert is_served(served.port)
        assert served.ask("GET", "/healthz").status == 200


def test_an_idle_connection_gives_way(data_dir: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the address that has most of them, and not one that is being served."""
    assert not quiet_models.exists()
    monkeypatch.setattr("claptrap.web.connection_limits.IDLE_S", 0.0)
    with (
        serving(Application(data_dir), most_connections=MOST) as served,
        idle(served.port, HERE) as crowd,
        idle(served.port, HERE - 1, "127.0.0.2") as others,
        idle(served.port, 1, "127.0.0.3") as (newcomer,),
        idle(served.port, 1, "127.0.0.4") as (late,),
    ):
        assert ask(late).startswith(b"HTTP/1.1 200 ")
        assert ask(newcomer).startswith(b"HTTP/1.1 200 ")
        assert is_closed(crowd[0])
        assert all(ask(one).startswith(b"HTTP/1.1 200 ") for one in (*crowd[1:], *others))


def test_who_does_not_read_gives_way(
    data_dir: Path, tmp_path: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections that ask for the page's script and never read it took every place, for as long as they liked."""
    assert not quiet_models.exists()
    monkeypatch.setattr("claptrap.web.connection_limits.IDLE_S", 0.2)
    with (
        serving(Application(data_dir), most_connections=MOST, assets=tmp_path) as served,
        never_reading(served.port, 2 * MOST, tmp_path),
    ):
        assert any(is_served(served.port) for _ in tries())
        assert is_served(served.port, "127.0.0.2")


@pytest.mark.slow
def test_an_answer_that_nobody_takes_has_a_deadline(
    data_dir: Path, tmp_path: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On progress: who takes some of it now and then gets the whole."""
    assert not quiet_models.exists()
    monkeypatch.setattr("claptrap.web.connections.STALL_TIMEOUT_S", 2.0)
    size = large_file(tmp_path).stat().st_size
    with serving(Application(data_dir), assets=tmp_path) as served:
        with idle(served.port, 1) as (slow,):
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            slow.sendall((SCRIPT % b"large.js").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            taken, until = 0, time.monotonic() + 3.0
            while time.monotonic() < until:  # a little at a time, for longer than the deadline
                taken += len(slow.recv(20_000))
                time.sleep(0.05)
            taken += sum(map(len, iter(lambda: slow.recv(1_000_000), b"")))
            assert taken > size
        with idle(served.port, 1) as (deaf,):
            deaf.sendall(SCRIPT % b"large.js")
            end = select.poll()
            end.register(deaf, 0)  # only its end
            assert end.poll(1000 * WAIT_S)


def test_places_are_kept_for_who_is_logged_in(data_dir: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crowd of strangers from many addresses has three quarters of the places; a token gets one of the others."""
    assert not quiet_models.exists()
    monkeypatch.setattr("claptrap.web.connection_limits.IDLE_S", 2 * WAIT_S)  # none gives way meanwhile
    service = Application(data_dir)
    service.access.set_password("correct horse")
    _, token = service.access.create_token("script")
    request = ASKED.replace(b"Connection", b"Authorization: Bearer " + token.encode() + b"\r\nConnection")
    with serving(service, most_connections=MOST) as served, ExitStack() as stack:
        for last in (2, 3):
            stack.enter_context(idle(served.port, 3, f"127.0.0.{last}"))
        assert not is_served(served.port)
        assert is_served(served.port, request=request)
        assert not is_served(served.port, request=request.replace(b"Bearer ", b"Bearer x"))


@pytest.mark.slow
def test_a_flood_is_cut_off(data_dir: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many come at once, only so many descriptors are taken."""
    assert not quiet_models.exists()
    monkeypatch.setattr("claptrap.web.connection_limits.IDLE_S", 2 * WAIT_S)  # none gives way meanwhile
    with serving(Application(data_dir), most_connections=MOST) as served, ExitStack() as stack:
        connections, n_cut = [], 0
        for _ in range(MOST + 4 * MAX_WAITING):
            try:
                connections += stack.enter_context(idle(served.port, 1))
            except ConnectionResetError:  # before it was even noticed here
                n_cut += 1
        n_cut += sum(is_closed(connection) for connection in connections[HERE:])
        assert (
            n_cut == MOST + 4 * MAX_WAITING - HERE
        )  # those that waited for a place are cut off too, for they asked nothing
        assert ask(connections[0]).startswith(b"HTTP/1.1 200 ")


def test_a_handshake_that_never_ends_is_not_waited_for(
    data_dir: Path, tmp_path: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it is done nothing above TLS hears of the connection; by itself asyncio waits for a minute."""
    assert not quiet_models.exists()
    monkeypatch.setattr("claptrap.web.server.HANDSHAKE_TIMEOUT_S", 0.5)
    with (
        serving(Application(data_dir), tls=certificate(tmp_path / "tls", ["localhost"])) as served,
        idle(served.port, 1) as (mute,),
    ):
        assert is_closed(mute)


@pytest.mark.parametrize(("descriptors", "connections"), [(64, 16), (128, 48), (256, 112), (1024, 256), (1_000_000, 256)])
def test_connections_leave_descriptors_for_sources(descriptors: int, connections: int) -> None:
    """Half of them, the connections that wait for a place among the web's."""
    assert connections_for(descriptors) == connections


def test_without_descriptors_the_log_is_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """150 idle connections of a process with 64 made 61,000 tracebacks; other errors are shown whole."""
    loop = asyncio.new_event_loop()
    handle = log_loop_errors()
    for _ in range(1_000):
        handle(loop, {"message": "accept", "exception": OSError(errno.EMFILE, "Too many open files")})
    assert [record.getMessage() for record in caplog.records] == ["no connection can be accepted: Too many open files"]
    handle(loop, {"message": "another", "exception": ValueError("x")})
    assert caplog.records[-1].exc_info
    loop.close()


def is_closed(connection: socket.socket) -> bool:
    """Return whether the server ends the connection, waiting for it."""
    try:
        return connection.recv(1) == b""
    except OSError as error:
        if error.errno not in (errno.ECONNRESET, errno.ENOTCONN):  # cut off after, or before, it was open here
            raise
        return True


@pytest.mark.parametrize("said", [b"", b"GET /healthz HTT", ASKED[:-2], ASKED.replace(b"close", b"keep-alive") + b"GET"])
@pytest.mark.slow
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


@pytest.mark.slow
def test_a_websocket_that_is_not_read_ends(data_dir: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its events would wait for it in memory, and the others' behind it; a page that comes back is told everything."""
    assert not quiet_models.exists()
    monkeypatch.setattr("claptrap.web.connections.STALL_TIMEOUT_S", 1.0)
    with serving(Application(data_dir)) as served, socket.socket() as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.settimeout(WAIT_S)
        deaf.connect(("127.0.0.1", served.port))
        deaf.sendall(UPGRADE)
        assert deaf.recv(12) == b"HTTP/1.1 101"
        deaf.sendall(b"\x81\x82\0\0\0\x0040")  # Socket.IO's CONNECT, in a frame of WebSocket
        end = select.poll()
        end.register(deaf, 0)
        numbers = itertools.count()
        for _ in tries():
            for _ in range(200):
                served.service.events.record(clap(next(numbers)))
            if end.poll(0):
                break
        assert end.poll(0)
        assert served.ask("GET", "/healthz").status == 200


@pytest.mark.slow
def test_a_websocket_outlasts_the_patience(data_dir: Path, quiet_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has brought its request, and is no HTTP connection any more."""
    assert not quiet_models.exists()
    monkeypatch.setattr("claptrap.web.connections.REQUEST_TIMEOUT_S", 1.0)
    with serving(Application(data_dir)) as served, idle(served.port, 1) as (connection,):
        connection.sendall(UPGRADE)
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


def test_the_server_ends_while_a_client_closes_its_websocket(caplog: pytest.LogCaptureFixture) -> None:
    """Uvicorn would close it a second time, which raises, and leave everything else open."""

    class EndsThen(WebSocketConnection):
        def handle_close(self, event: Any) -> None:
            super().handle_close(event)
            self.shutdown()  # as the server does that is told to end between this and ``connection_lost``

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        await receive()

    async def run() -> None:
        config = uvicorn.Config(app, ws=EndsThen, lifespan="off", log_config=None)
        config.load()
        loop = asyncio.get_running_loop()
        failures: list[dict[str, Any]] = []
        loop.set_exception_handler(lambda _, context: failures.append(context))
        state = uvicorn.server.ServerState()
        server = await loop.create_server(
            lambda: EndsThen(config=config, server_state=state, app_state={}, _loop=loop), "127.0.0.1", 0
        )
        async with server, websockets.connect(f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/"):
            pass
        assert failures == []
        assert not state.connections

    with caplog.at_level(logging.ERROR):
        asyncio.run(asyncio.wait_for(run(), WAIT_S))
    assert caplog.records == []
