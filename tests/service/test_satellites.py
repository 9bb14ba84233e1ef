"""Voice satellites: real claps from Wyoming's own client come back as wake words, and out as every detection does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.peers.wyoming import PATIENT_S, SPOKEN, MicrophoneServer, Satellite, WakeWordPeer
from wyoming.ping import Ping, Pong
from wyoming.wake import Detection, NotDetected

from claptrap.audio.claps import recording
from claptrap.core.errors import InputError
from claptrap.core.events import Event, State
from claptrap.service import Application
from claptrap.service.satellites import MAX_SATELLITES
from claptrap.sources.wyoming_session import FIRST_S

LISTEN = "tcp://127.0.0.1:0"


@contextmanager
def running(folder: Path, *, wyoming: str | None = LISTEN) -> Iterator[Application]:
    if not (folder / "settings.json").exists():
        (folder / "settings.json").write_text(json.dumps({"version": 3, "sources": []}))
    service = Application(folder, wyoming=wyoming)
    service.start()
    try:
        yield service
    finally:
        service.stop()


def port_of(service: Application) -> int:
    port = service.satellites.server.port(PATIENT_S)
    assert port is not None
    return port


def satellites(service: Application) -> list[dict[str, Any]]:
    return [source for source in service.sources.all() if source["kind"] == "satellite"]


def is_live(service: Application, source_id: str) -> bool:
    return service.detection.statuses()[source_id].state is State.LIVE


async def heard(service: Application, satellite: Satellite, names: list[str] | None, claps: int) -> Detection:
    """Return what comes back for claps."""
    async with satellite.client:
        await satellite.begin(names)
        await satellite.hum_until(lambda: any(is_live(service, one["id"]) for one in satellites(service)))
        await satellite.clap(claps)
        return Detection.from_event(await satellite.hum_for(satellite.client.read_event()))


@pytest.mark.parametrize("form", [(16_000, 2, 1), (48_000, 3, 2)], ids=["usual", "rich"])
@pytest.mark.slow
def test_claps_come_back_as_the_wake_word_and_go_out_as_an_event(tmp_path: Path, form: tuple[int, int, int]) -> None:
    with running(tmp_path) as service:
        satellite = Satellite(port_of(service), *form)
        found = asyncio.run(heard(service, satellite, ["double clap"], 2))
        assert found.name == "double clap"
        assert found.timestamp is not None
        assert 0 < found.timestamp <= 1000 * satellite.sent_s
        (source,) = satellites(service)
        assert (source["name"], source["input"]) == ("Satellite 127.0.0.1", {"address": "127.0.0.1", "number": 1})
        assert source["patterns"][0]["claps"] == 2
        (event,) = service.snapshot()["events"]
        assert (event["source_id"], event["kind"], event["claps"]) == (source["id"], "satellite", 2)


def test_a_satellite_that_comes_back_has_its_source_and_two_have_two(tmp_path: Path) -> None:
    """Known by its address; the pattern follows what it asks for, and what a person chose stays otherwise."""

    async def two(service: Application) -> None:
        first, second = Satellite(port_of(service)), Satellite(port_of(service))
        async with first.client, second.client:
            await first.begin(None)
            await first.hum_until(lambda: len(satellites(service)) == 1)
            await second.begin(["triple_clap"])
            await asyncio.gather(*(one.hum_until(lambda: len(satellites(service)) == 2) for one in (first, second)))

    async def again(service: Application) -> None:
        satellite = Satellite(port_of(service))
        async with satellite.client:
            await satellite.begin(["clap", "double clap"])
            one = satellites(service)[0]["id"]
            await satellite.hum_until(lambda: is_live(service, one))

    with running(tmp_path) as service:
        asyncio.run(two(service))
        one, other = satellites(service)
        assert [source["input"]["number"] for source in (one, other)] == [1, 2]
        assert other["patterns"][0]["claps"] == 3
        service.sources.change(one["id"], {"name": "Salon", "threshold": 0.7})
    with running(tmp_path) as service:
        asyncio.run(again(service))
        kept, _ = satellites(service)
        assert (kept["id"], kept["name"], kept["threshold"]) == (one["id"], "Salon", 0.7)
        assert [(p["claps"], p["at_least"]) for p in kept["patterns"]] == [(1, False), (2, True)]


@pytest.mark.slow
def test_the_service_says_what_it_is_and_when_nothing_was_heard(tmp_path: Path) -> None:
    """A connection that only asks makes no source; the setting turns the service on and off while it runs."""

    async def ask(port: int) -> None:
        satellite = Satellite(port)
        async with satellite.client:
            (program,) = (await satellite.describe()).wake
            assert [model.name for model in program.models] == ["clap", "double clap", "triple clap"]
            assert Pong.from_event(await satellite.ask(Ping("hello").event())).text == "hello"

    async def silent(port: int) -> None:
        satellite = Satellite(port)
        async with satellite.client:
            await satellite.begin(["clap"])
            await satellite.hum_until(lambda: satellite.sent_s > 0.5)
            assert NotDetected.is_type((await satellite.stop()).type)

    with running(tmp_path, wyoming=None) as service:
        assert service.satellites.server.port() is None
        service.settings.apply({"wyoming": {"listen": LISTEN}})
        asyncio.run(ask(port_of(service)))
        assert satellites(service) == []
        asyncio.run(silent(port_of(service)))
        (source,) = satellites(service)
        assert source["status"]["code"] == "satellite.stopped"
        service.settings.apply({"wyoming": {"listen": ""}})


def test_a_network_full_of_satellites_makes_no_source_after_the_last(tmp_path: Path) -> None:
    with running(tmp_path, wyoming=None) as service:
        for i in range(MAX_SATELLITES):
            service.satellites.claim(f"10.0.0.{i}", None, ())
        assert service.satellites.claim("10.0.0.7", None, ()) == "satellite-10-0-0-7"
        with pytest.raises(InputError, match="too_many"):
            service.satellites.claim("10.0.1.1", None, ())


@pytest.mark.parametrize("is_satellite", [False, True], ids=["microphone", "satellite"])
def test_claps_are_heard_on_what_claptrap_connects_to(tmp_path: Path, is_satellite: bool) -> None:
    """Added like any source."""
    with (
        running(tmp_path, wyoming=None) as service,
        MicrophoneServer(recording(1, 16_000, lead_s=0.3, spacing_s=0.7)[0], is_satellite=is_satellite) as peer,
    ):
        news = service.hub.subscribe(1_000)
        service.sources.add({"id": "m", "kind": "wyoming", "name": "M", "input": {"uri": f"tcp://127.0.0.1:{peer.port}"}})
        while not isinstance(event := news.get(PATIENT_S), Event):
            assert event is not None
        assert (event.source_id, event.kind, event.claps) == ("m", "wyoming", 1)


@pytest.mark.slow
def test_the_spoken_wake_word_of_a_service_behind_is_kept_and_its_end_harms_no_clap(tmp_path: Path) -> None:
    async def both(service: Application, behind: ExitStack, peer: WakeWordPeer) -> None:
        satellite = Satellite(port_of(service))
        async with satellite.client:
            (program,) = (await satellite.describe()).wake
            assert [model.name for model in program.models] == ["clap", "double clap", "triple clap", "ok_nabu"]
            await satellite.begin(["ok_nabu", "double clap"])
            await satellite.hum_until(lambda: peer.names is not None)
            await satellite.send(SPOKEN)
            assert Detection.from_event(await satellite.hum_for(satellite.client.read_event())) == Detection("ok_nabu", 7)
            assert peer.names == ["ok_nabu"]
            await asyncio.to_thread(behind.close)
            later_s = satellite.sent_s + 1.5 * FIRST_S  # just after the other service's word ours would not count
            await satellite.hum_until(lambda: satellite.sent_s > later_s)
            await satellite.hum_until(lambda: all(is_live(service, one["id"]) for one in satellites(service)))
            await satellite.clap(2)
            found = Detection.from_event(await satellite.hum_for(satellite.client.read_event()))
            assert found.name == "double clap"

    with ExitStack() as behind, running(tmp_path, wyoming=None) as service:
        peer = behind.enter_context(WakeWordPeer())
        service.settings.apply({"wyoming": {"listen": LISTEN, "forward": f"tcp://127.0.0.1:{peer.port}"}})
        asyncio.run(both(service, behind, peer))
