"""Announces the service in the local network (zeroconf): ``_claptrap._tcp``, with version, path and whether it is HTTPS."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from claptrap import __version__
from claptrap.service.settings_owner import SettingsOwner
from claptrap.web.listen_address import ListenAddress, machine_addresses

if TYPE_CHECKING:  # loaded when something is announced: it takes megabytes
    from zeroconf.asyncio import AsyncZeroconf

TYPE = "_claptrap._tcp.local."
AGAIN_S = 60.0  # where the network has no multicast, as before it is up
_FAREWELL_S = 1.0
_log = logging.getLogger(__name__)


class Announcer:
    """Announces a service while the settings want it. Start and stop it in the server's event loop.

    Nothing is announced, or even loaded, where only this machine reaches the service.

    Args:
        settings: say whether to announce.
        address: where it listens.
        path: the sub-path under which a proxy shows the page; empty for none.
        interfaces: addresses of the interfaces to announce on; those on which it listens unless said.
    """

    def __init__(
        self, settings: SettingsOwner, address: ListenAddress, path: str = "", interfaces: Sequence[str] = ()
    ) -> None:
        self._settings = settings
        self._address = address
        self._path = path
        self._interfaces = interfaces or _reachable(address)
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._zeroconf: AsyncZeroconf | None = None

    async def start(self) -> None:
        """Begin to follow the settings."""
        if not self._interfaces:
            return
        self._loop = asyncio.get_running_loop()
        self._settings.observe(lambda *_: self._wake())
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Take leave, within a second."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self._withdraw()

    def _wake(self) -> None:
        with suppress(RuntimeError):  # the loop is closed: it has ended
            self._loop.call_soon_threadsafe(self._changed.set)

    async def _follow(self) -> None:
        while True:
            is_wanted, is_there = self._settings.current.announce, True
            if not is_wanted:
                await self._withdraw()
            elif self._zeroconf is None:
                is_there = await self._announce()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), None if is_there else AGAIN_S)
            self._changed.clear()

    async def _announce(self) -> bool:
        """Return whether the service is announced."""
        from zeroconf import ServiceInfo  # noqa: PLC0415  # for those alone that announce
        from zeroconf.asyncio import AsyncZeroconf  # noqa: PLC0415  # as above

        host = socket.gethostname().partition(".")[0] or "claptrap"
        info = ServiceInfo(
            TYPE,
            f"ClapTrap {host[:40]}.{TYPE}",
            port=self._address.port,
            parsed_addresses=list(self._interfaces),
            server=f"{host}.local.",
            properties={
                "name": "ClapTrap",
                "version": __version__,
                "path": f"{self._path}/",
                "https": "1" if self._address.is_tls else "0",
            },
        )
        try:
            self._zeroconf = AsyncZeroconf(interfaces=[one for one in self._interfaces if "." in one] or [*self._interfaces])
            await self._zeroconf.async_register_service(info, allow_name_change=True)
        except Exception as error:  # noqa: BLE001  # the system's or the library's: to be found is a convenience
            _log.info("not announced in the local network: %s", error or type(error).__name__)
            await self._withdraw()
            return False
        _log.info("announced in the local network as %s", info.name)
        return True

    async def _withdraw(self) -> None:
        known, self._zeroconf = self._zeroconf, None
        if known is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(known.async_unregister_all_services(), _FAREWELL_S)
            await known.async_close()


def _reachable(address: ListenAddress) -> list[str]:
    """Return the addresses at which other machines reach the service; none where it listens on loopback only."""
    host = ipaddress.ip_address(address.host)
    found = machine_addresses() if host.is_unspecified else [host]
    version = 4 if host.is_unspecified and host.version == 4 else 6
    return [str(one) for one in found if not one.is_loopback and one.version <= version]
