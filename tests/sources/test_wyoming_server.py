"""The wake-word service against peers that are broken or hostile: everything is bounded, and others do not notice."""

from __future__ import annotations

import asyncio
import json
import random
import threading
from collections.abc import Awaitable, Callable, Collection, Coroutine
from typing import Any

import numpy as np
import pytest
from tests.peers.ports import free_port
from tests.peers.wyoming import PATIENT_S, SPOKEN, Satellite, WakeWordPeer, as_pcm
from wyoming.audio import AudioChunk
from wyoming.event import Event, async_read_event
from wyoming.info import Info
from wyoming.wake import Detection, NotDetected

from claptrap.core.errors import InputError
from claptrap.sources import wyoming_relay, wyoming_server, wyoming_session, wyoming_wire
from claptrap.sources.feeds import AHEAD_S, FASTEST, Feeds
from claptrap.sources.wyoming_server import WakeWordServer
from claptrap.sources.wyoming_wire import MAX_DATA, MAX_HEADER, MAX_PAYLOAD, PcmBlock, WyomingError, block_of, read_message

HOST = "127.0.0.1"
DESCRIBE = b'{"type": "describe"}\n'


def claim(host: str, wanted: frozenset[int] | None, in_use: Collection[str]) -> str:  # noqa: ARG001  # as a service's
    return next(name for n in range(99) if (name := f"satellite-{n}") not in in_use)


def serving(
    scenario: Callable[[int], Coroutine[Any, Any, None]], claim: wyoming_server.Claim = claim, forward: str = ""
) -> None:
    """Run a scenario against a server; whatever it did, the server must still answer."""

    async def then_describe(port: int) -> None:
        await scenario(port)
        satellite = Satellite(port)
        async with satellite.client:
            assert (await satellite.describe()).wake

    server = WakeWordServer(Feeds(), claim, lambda: None)
    server.apply(f"tcp://{HOST}:0", forward)
    try:
        port = server.port(PATIENT_S)
        assert port is not None
        asyncio.run(asyncio.wait_for(then_describe(port), PATIENT_S))
    finally:
        server.stop()


async def is_cut(reader: asyncio.StreamReader) -> bool:
    """Read until the server ends the connection."""
    try:
        while await reader.read(65_536):
            pass
    except ConnectionResetError:
        pass
    return True


async def ask_without_end(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(DESCRIBE * 1_000)
        await writer.drain()


def chunk(rate: object = 16_000, width: object = 2, channels: object = 1, pcm: bytes = bytes(2048)) -> bytes:
    """Return the bytes of a chunk, also of one that cannot be."""
    data = json.dumps({"rate": rate, "width": width, "channels": channels}).encode()
    header = {"type": "audio-chunk", "data_length": len(data), "payload_length": len(pcm)}
    return json.dumps(header).encode() + b"\n" + data + pcm


HOSTILE = {
    "no JSON": b"GET / HTTP/1.1\r\n\r\n",
    "no object": b"[1]\n",
    "an empty line": b"\n",
    "no type": b"{}\n",
    "nested without end": b"[" * 50_000 + b"\n",
    "a header without end": b"x" * (4 * MAX_HEADER),
    "too much data": json.dumps({"type": "x", "data_length": MAX_DATA + 1}).encode() + b"\n",
    "too much payload": json.dumps({"type": "x", "payload_length": MAX_PAYLOAD + 1}).encode() + b"\n",
    "a length below nothing": b'{"type": "x", "payload_length": -1}\n',
    "a length that is none": b'{"type": "x", "data_length": "9"}\n',
    "data that are none": b'{"type": "x", "data": [1]}\n',
    "names that are none": b'{"type": "detect", "data": {"names": [1]}}\n',
    "an unlikely rate": chunk(rate=0),
    "a rate that is none": chunk(rate=True),
    "an unlikely width": chunk(width=5),
    "too many channels": chunk(channels=9),
    "half a sample": chunk(pcm=b"x"),
}


@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_message_ends_its_connection(sent: bytes) -> None:
    async def scenario(port: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(sent)
        assert await is_cut(reader)
        writer.close()

    serving(scenario)


def test_half_messages_and_cut_connections_leave_nothing() -> None:
    """Cut at every place of a message, and at once; the satellites beside them are served."""

    async def scenario(port: int) -> None:
        for sent in (b"", *(chunk()[:n] for n in (1, 20, 60, 100, 200))):
            _, writer = await asyncio.open_connection(HOST, port)
            writer.write(sent)
            await writer.drain()
            writer.transport.abort()

    serving(scenario)


def test_a_message_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wyoming_wire, "MESSAGE_S", 0.2)

    async def scenario(port: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b'{"type":')
        assert await is_cut(reader)
        writer.close()

    serving(scenario)


def test_a_peer_that_takes_no_answer_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wyoming_wire, "MESSAGE_S", 0.5)

    async def scenario(port: int) -> None:
        _, writer = await asyncio.open_connection(HOST, port)
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            await ask_without_end(writer)

    serving(scenario)


@pytest.mark.slow
def test_a_flood_of_sound_is_slowed_down_to_the_speed_of_sound() -> None:
    """Nothing of it is kept beyond some seconds: the sender has to wait."""

    async def scenario(port: int) -> None:
        _, writer = await asyncio.open_connection(HOST, port)
        loop, began, sent_s = asyncio.get_running_loop(), None, 0.0
        while began is None or loop.time() - began < 1.0:
            writer.write(chunk(pcm=bytes(32_000)))
            try:
                async with asyncio.timeout(0.3):
                    await writer.drain()
            except TimeoutError:
                began = began or loop.time()
            sent_s += 1.0 if began is None else 0.0
        assert sent_s < 300  # what the buffers of two sockets hold at 32 kB a second
        writer.transport.abort()

    serving(scenario)


def test_there_are_places_for_so_many_and_the_idle_give_theirs_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wyoming_server, "MAX_PER_HOST", 2)
    monkeypatch.setattr(wyoming_server, "IDLE_S", PATIENT_S)

    async def scenario(port: int) -> None:
        first, second = [await asyncio.open_connection(HOST, port) for _ in range(2)]
        for _, writer in (first, second):
            writer.write(DESCRIBE)
        for reader, _ in (first, second):
            assert Info.is_type((await async_read_event(reader) or Event("none")).type)
        refused, writer = await asyncio.open_connection(HOST, port)
        assert await is_cut(refused)
        writer.close()
        monkeypatch.setattr(wyoming_server, "IDLE_S", 0.0)
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(DESCRIBE)
        assert Info.is_type((await async_read_event(reader) or Event("none")).type)
        assert await is_cut(first[0])
        for _, other in (first, second):
            other.close()
        writer.close()

    serving(scenario)


def test_who_may_have_no_source_learns_why() -> None:
    def none(*_: object) -> str:
        raise InputError("satellite.too_many", most=1)

    async def scenario(port: int) -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(chunk())
        answer = await async_read_event(reader)
        assert answer is not None
        assert (answer.type, answer.data["code"]) == ("error", "satellite.too_many")
        assert await is_cut(reader)
        writer.close()

    serving(scenario, none)


def test_a_satellite_that_comes_back_takes_over_from_its_dead_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """A satellite that lost its power leaves a connection that nobody closes: it must not get another source each time."""
    claimed: list[str] = []

    def claim_and_note(host: str, wanted: frozenset[int] | None, in_use: Collection[str]) -> str:
        claimed.append(claim(host, wanted, in_use))
        return claimed[-1]

    async def until(n: int) -> None:
        while len(claimed) < n:  # noqa: ASYNC110  # what is waited for happens in another thread
            await asyncio.sleep(0.01)

    async def scenario(port: int) -> None:
        connections = []
        for n in (1, 2):
            connections.append(await asyncio.open_connection(HOST, port))
            connections[-1][1].write(chunk())
            await until(n)
        monkeypatch.setattr(wyoming_server, "ALIVE_S", 0.0)
        connections.append(await asyncio.open_connection(HOST, port))
        connections[-1][1].write(chunk())
        await until(3)
        assert claimed == ["satellite-0", "satellite-1", "satellite-0"]
        for _, writer in connections:
            writer.close()

    serving(scenario, claim_and_note)


def test_a_port_that_is_taken_is_said_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wyoming_server, "RETRY_S", 0.05)
    port, changes = free_port(), []
    first, second = (WakeWordServer(Feeds(), claim, lambda: changes.append(1)) for _ in range(2))
    try:
        first.apply(f"tcp://{HOST}:{port}")
        assert first.port(PATIENT_S) == port
        second.apply(f"tcp://{HOST}:{port}")
        while not changes:
            assert second.port(0.01) is None
        assert [problem.code for problem in second.problems()] == ["wyoming.port_taken"]
        first.stop()
        assert second.port(PATIENT_S) == port
        assert second.problems() == []
    finally:
        first.stop()
        second.stop()


def test_an_address_that_can_be_none_is_said_and_another_is_taken() -> None:
    changed = threading.Event()
    server = WakeWordServer(Feeds(), claim, changed.set)
    try:
        server.apply(f"tcp://{'x' * 70}.example:10400")
        assert changed.wait(PATIENT_S)
        assert [problem.code for problem in server.problems()] == ["wyoming.cannot_listen"]
        server.apply(f"tcp://{HOST}:0")
        assert server.port(PATIENT_S)
    finally:
        server.stop()


# -- a service behind -------------------------------------------------------------------------------------------------------


def test_nothing_heard_is_said_when_both_have_heard_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service behind is tried again until it is there, and is told what it missed."""
    monkeypatch.setattr(wyoming_session, "NOT_DETECTED_S", 0.0)
    port_behind = free_port()

    async def scenario(port: int) -> None:
        satellite = Satellite(port)
        async with satellite.client:
            await satellite.begin(["ok_nabu"])
            await satellite.send(SPOKEN)
            with WakeWordPeer(port_behind) as peer:
                await satellite.hum_until(lambda: peer.names == ["ok_nabu"])
                assert NotDetected.is_type((await satellite.stop()).type)
                await satellite.begin(["ok_nabu"])
                await satellite.send(SPOKEN)
                heard = await satellite.hum_for(satellite.client.read_event())
                assert Detection.from_event(heard).name == "ok_nabu"

    serving(scenario, forward=f"tcp://{HOST}:{port_behind}")


@pytest.mark.parametrize("sent", [b"", b"x" * 100_000, b'{"type": "info", "data": {"wake": [{"models": 3}]}}\n'])
def test_a_service_behind_that_talks_nonsense_is_left_out(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wyoming_relay, "DESCRIBE_S", 0.3)

    async def scenario(port: int) -> None:
        satellite = Satellite(port)
        async with satellite.client:
            (program,) = (await satellite.describe()).wake
            assert len(program.models) == 3

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        assert await is_cut(reader)
        writer.close()

    async def with_behind() -> None:
        behind = await asyncio.start_server(answer, HOST, 0)
        async with behind:
            forward = f"tcp://{HOST}:{behind.sockets[0].getsockname()[1]}"
            await asyncio.to_thread(serving, scenario, forward=forward)

    asyncio.run(with_behind())


# -- messages ---------------------------------------------------------------------------------------------------------------


def read(data: bytes) -> Awaitable[Event | None]:
    reader = asyncio.StreamReader(limit=MAX_HEADER)
    reader.feed_data(data)
    reader.feed_eof()
    return read_message(reader)


def test_messages_are_read_as_the_package_writes_them() -> None:
    """Data in the line, as older peers send them, and behind it."""

    async def scenario() -> None:
        message = await read(chunk(48_000, 2, 2))
        assert message is not None
        assert block_of(message, 0) == PcmBlock(48_000, 0, pytest.approx(np.zeros((512, 2))))
        old = await read(b'{"type": "detect", "data": {"names": ["clap"]}}\n')
        assert old == Event("detect", {"names": ["clap"]})
        assert await read(b"") is None

    asyncio.run(scenario())


def test_any_bytes_are_a_message_an_end_or_an_error() -> None:
    whole, rng = chunk(), random.Random(3)

    async def scenario() -> None:
        for _ in range(300):
            broken = bytearray(whole)
            for _ in range(rng.randrange(1, 4)):
                broken[rng.randrange(120)] = rng.randrange(256)
            try:
                message = await read(bytes(broken[: rng.randrange(len(broken) + 1)]))
                if message is not None and message.type == "audio-chunk":
                    block_of(message, 0)
            except (WyomingError, ConnectionResetError):
                pass

    asyncio.run(scenario())


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_sound_of_every_width_is_the_same(width: int) -> None:
    sound = np.array([[0.5, -0.5], [0.25, -1.0], [0.0, 0.75]], np.float32)
    block = block_of(AudioChunk(16_000, width, 2, as_pcm(sound, width)).event(), 7)
    assert block is not None
    assert (block.rate_hz, block.place, block.samples.tolist()) == (16_000, 7, sound.tolist())


def test_a_long_block_is_heard_in_pieces_that_follow_one_another() -> None:
    pieces = list(PcmBlock(16_000, 5, np.zeros((4_000, 1), np.float32)).pieces())
    assert [(piece.place, len(piece.samples)) for piece in pieces] == [(5, 1600), (1605, 1600), (3205, 800)]
    assert all(piece.duration_s < AHEAD_S / FASTEST for piece in pieces)
