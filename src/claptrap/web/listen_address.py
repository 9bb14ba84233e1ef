"""Addresses of this machine, as others reach it."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

import ifaddr

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where the service listens.

    Attributes:
        host: the address of its socket; unspecified (``0.0.0.0``, ``::``) for all of the machine's.
        port: its port.
        is_tls: whether it speaks TLS.
    """

    host: str
    port: int
    is_tls: bool

    @classmethod
    def of(cls, listener: socket.socket, *, is_tls: bool) -> ListenAddress:
        """Return where a bound socket listens."""
        host, port = listener.getsockname()[:2]
        return cls(host.partition("%")[0], port, is_tls)

    @property
    def url(self) -> str:
        """The address to type on this machine."""
        address = ipaddress.ip_address(self.host)
        if address.is_unspecified:
            address = ipaddress.ip_address("::1" if address.version == 6 else "127.0.0.1")
        return self._url(address)

    def network_address(self) -> str:
        """Return the address to type on another machine; empty where none will do."""
        address = ipaddress.ip_address(self.host)
        if address.is_unspecified:
            found = outward_address()
            return self._url(found) if found else ""
        return "" if address.is_loopback else self._url(address)

    def network_urls(self) -> list[str]:
        """Return all addresses to type on other machines, the likeliest first; none where no other machine gets here."""
        likeliest = self.network_address()
        if not ipaddress.ip_address(self.host).is_unspecified:
            return [likeliest] if likeliest else []
        version = ipaddress.ip_address(self.host).version
        all_of_them = [self._url(one) for one in machine_addresses() if not one.is_loopback and one.version <= version]
        return sorted(all_of_them, key=lambda url: url != likeliest)

    def _url(self, address: Address) -> str:
        host = f"[{address}]" if address.version == 6 else str(address)
        return f"{'https' if self.is_tls else 'http'}://{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the service proves itself with: where the two files are.

    Attributes:
        chain: the certificate, PEM.
        key: its private key, PEM; only its owner may read it.
    """

    chain: Path
    key: Path


NOT_LISTENING = ListenAddress("127.0.0.1", 0, is_tls=False)


def machine_addresses() -> list[Address]:
    """Return all addresses of this machine, without link-local IPv6, which need an interface name."""
    given = [ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    found = {ipaddress.ip_address(one if isinstance(one, str) else one[0]) for one in given}
    return sorted((a for a in found if not (a.version == 6 and a.is_link_local)), key=lambda a: (a.version, int(a)))


def outward_address() -> Address | None:
    """Return the address from which this machine reaches others; where there is no way out, any of the local network's."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # reserved for documentation (RFC 5737); nothing is sent
            found = ipaddress.ip_address(probe.getsockname()[0])
        except OSError:
            found = ipaddress.ip_address("0.0.0.0")  # noqa: S104  # none
    if not (found.is_unspecified or found.is_loopback):
        return found
    return next((a for a in machine_addresses() if not a.is_loopback), None)


def is_loopback(name: str) -> bool:
    """Return whether a host name or address is the loopback of whatever machine uses it."""
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
