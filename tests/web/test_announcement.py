"""Found in the local network: by a real peer that browses, on loopback."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from zeroconf import ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

import claptrap
from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.store import Store
from claptrap.web import announcement
from claptrap.web.announcement import TYPE, Announcer
from claptrap.web.listen_address import ListenAddress

HERE = ["127.0.0.1"]
WAIT_S = 20.0


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[SettingsOwner]:
    owner = SettingsOwner(Store(tmp_path))
    owner.open()
    yield owner
    owner.close()


async def until(changed: asyncio.Condition, condition: Callable[[], bool]) -> None:
    async with changed:
        await asyncio.wait_for(changed.wait_for(condition), WAIT_S)


async def browse(work: Callable[[AsyncZeroconf, set[str], asyncio.Condition], Awaitable[None]]) -> None:
    """Run ``work`` with the names that a browser sees."""
    names: set[str] = set()
    changed, tasks = asyncio.Condition(), set()

    async def note(name: str, *, is_there: bool) -> None:
        async with changed:
            (names.add if is_there else names.discard)(name)
            changed.notify_all()

    def seen(name: str, state_change: ServiceStateChange, **_: object) -> None:
        task = asyncio.ensure_future(note(name, is_there=state_change is not ServiceStateChange.Removed))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    peer = AsyncZeroconf(interfaces=HERE)
    browser = AsyncServiceBrowser(peer.zeroconf, TYPE, handlers=[seen])
    try:
        await work(peer, names, changed)
    finally:
        await browser.async_cancel()
        await peer.async_close()


@pytest.mark.slow
@pytest.mark.xdist_group("sound")
def test_it_is_found_while_the_settings_want_it(settings: SettingsOwner) -> None:
    async def work(peer: AsyncZeroconf, names: set[str], changed: asyncio.Condition) -> None:
        announcer = Announcer(settings, ListenAddress("0.0.0.0", 16999, is_tls=True), "/clap", HERE)
        await announcer.start()
        try:
            await until(changed, lambda: bool(names))
            info = AsyncServiceInfo(TYPE, next(iter(names)))
            assert await info.async_request(peer.zeroconf, WAIT_S * 1000)
            assert (info.port, info.parsed_addresses()) == (16999, HERE)
            wanted = {"name": "ClapTrap", "version": claptrap.__version__, "path": "/clap/", "https": "1"}
            assert info.decoded_properties == wanted
            await asyncio.to_thread(settings.apply, {"announce": False})
            await until(changed, lambda: not names)
            await asyncio.to_thread(settings.apply, {"announce": True})
            await until(changed, lambda: bool(names))
        finally:
            await announcer.stop()
        await until(changed, lambda: not names)

    asyncio.run(browse(work))


def test_a_network_without_multicast_is_lived_with(settings: SettingsOwner, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again, and nothing else is touched by it."""
    monkeypatch.setattr(announcement, "AGAIN_S", 0.01)
    tried, often = [], asyncio.Event()

    def refuse(**how: object) -> None:
        tried.append(how)
        if len(tried) == 3:
            often.set()
        raise OSError(19, "No such device")

    monkeypatch.setattr("zeroconf.asyncio.AsyncZeroconf", refuse)

    async def work() -> None:
        announcer = Announcer(settings, ListenAddress("0.0.0.0", 16999, is_tls=False), "", HERE)
        await announcer.start()
        await often.wait()
        await announcer.stop()

    asyncio.run(asyncio.wait_for(work(), WAIT_S))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_nothing_is_announced_where_nobody_else_gets_here(settings: SettingsOwner, host: str) -> None:
    async def work() -> None:
        announcer = Announcer(settings, ListenAddress(host, 16999, is_tls=False))
        await announcer.start()
        assert announcer._task is None
        await announcer.stop()

    asyncio.run(work())


@pytest.mark.slow
def test_who_announces_nothing_does_not_load_the_library() -> None:
    code = "import sys, claptrap.cli.serve; sys.exit('zeroconf' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
