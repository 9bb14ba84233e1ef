"""ClapTrap's own address, which no receiver may have: a clap must not change ClapTrap itself."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from claptrap.core.weburl import DEFAULT_PORTS
from claptrap.settings.schema import Settings
from claptrap.settings.validation import DocumentFault, SettingsFaults


class OwnAddress:
    """Where this very ClapTrap answers, once ``declare`` has said it."""

    def __init__(self) -> None:
        self._port = 0
        self._hosts: Callable[[], Collection[str]] = frozenset
        self._page_url: Callable[[], str] = str

    def declare(self, port: int, hosts: Callable[[], Collection[str]], page_url: Callable[[], str] = str) -> None:
        """Say where the web side listens.

        Args:
            port: its port.
            hosts: gives the names and addresses of this machine, and those that the service has elsewhere, in small letters.
            page_url: gives the page's address as other machines reach it; empty where none does.
        """
        self._port, self._hosts, self._page_url = port, hosts, page_url

    def show_page_at(self, url: str) -> None:
        """Say where the page is shown instead, as within Home Assistant's own."""
        self._page_url = lambda: url

    def page_url(self) -> str:
        """Return the page's address as other machines reach it; empty where none does."""
        return self._page_url()

    def is_own(self, url: str) -> bool:
        """Return whether a request to ``url`` would reach this ClapTrap, as far as its name or address tells."""
        try:
            parts = urlsplit(url)
            host, port = (parts.hostname or "").rstrip("."), parts.port or DEFAULT_PORTS.get(parts.scheme)
        except ValueError:  # Apprise writes tokens where others have a port
            return False
        if not self._port or port != self._port:
            return False
        return host == "localhost" or host.endswith(".localhost") or self._is_own_host(host)

    def check(self, wanted: Settings, current: Settings) -> None:
        """Refuse new webhooks and notification services that have ClapTrap's own address; those that are in force stay.

        Raises:
            SettingsFaults: with each of them.
        """
        known = {url for _, url in _receivers(current)}
        faults = [
            DocumentFault(path, "url.own") for path, url in _receivers(wanted) if url not in known and self.is_own(url)
        ]
        if faults:
            raise SettingsFaults(faults)

    def _is_own_host(self, host: str) -> bool:
        if (address := _address(host)) is not None:
            if address.is_loopback or address.is_unspecified:
                return True
            host = str(address)
        return host in self._hosts()


def _receivers(settings: Settings) -> list[tuple[str, str]]:
    """Return the path and the address of each receiver that has one."""
    webhooks = [
        (f"sources.{source.id}.webhooks.{webhook.id}.url", webhook.url)
        for source in settings.sources
        for webhook in source.webhooks
        if webhook.url
    ]
    heartbeats = [(f"heartbeats.{one.id}.url", one.url) for one in settings.heartbeats if one.url]
    return [*webhooks, *heartbeats, *((f"notify.{one.id}.url", one.url) for one in settings.notify if one.url)]


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that ``host`` writes, also as the system reads figures (``127.1``); None for a name."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except (OSError, UnicodeError):
            return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
