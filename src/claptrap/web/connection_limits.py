"""How many connections there may be, which gives way when there are too many, and what happens without file descriptors.

An address may have half of the places, and a quarter of them are for connections that have shown valid credentials. Where a
new connection finds none, an idle one is closed for it: one of its own address where that has its share, otherwise one of
the address that has the most. Where none is idle, up to ``max_waiting`` new ones are read until it is known whether they are
logged in; all others are answered 503.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Protocol

from claptrap.core.rate_limit import LogThrottle
from claptrap.core.spec import Language
from claptrap.web.access import Authenticator
from claptrap.web.proxies import Proxies

MAX_CONNECTIONS = 256  # a page keeps one, and opens six more for moments
MAX_WAITING = 32  # new ones beyond, until it is known whether they are logged in
SHARE = 1 / 2  # of the places, for one address
RESERVED = 1 / 4  # of the places, for those that are logged in
IDLE_S = 3.0  # after so long of nothing a connection gives way to another
_log = logging.getLogger(__name__)


class Limited(Protocol):
    """What the limits need to know of a connection."""

    transport: asyncio.Transport
    is_known: bool

    @property
    def connections(self) -> Collection[Any]:
        """All connections of the server, this one perhaps not yet among them."""
        ...

    def idle_s(self, now: float) -> float:
        """Return for how long it has done nothing."""
        ...

    def abort(self) -> None:
        """End it at once."""
        ...


def connections_for(descriptors: int) -> int:
    """Return how many connections a process with so many file descriptors may have: half are for sources and files."""
    return max(8, min(MAX_CONNECTIONS, descriptors // 2 - MAX_WAITING // 2))


@dataclass(slots=True, eq=False)
class ConnectionLimits:
    """What the connections of one server share. Everything happens in the server's event loop.

    Args:
        most: how many of them there may be, WebSockets among them.
        language: of rejections.
        authenticator: knows valid credentials.
        proxies: whose connections are those of many clients.
    """

    most: int
    language: Callable[[], Language]
    authenticator: Authenticator
    proxies: Proxies
    http: set[Limited] = field(default_factory=set)
    waiting: set[Limited] = field(default_factory=set)

    @property
    def max_waiting(self) -> int:
        """How many new connections may wait until it is known whether they are logged in."""
        return min(MAX_WAITING, self.most)

    def has_place(self, newcomer: Limited) -> bool:
        """Return whether a new connection has a place; an idle one is closed for it where it must be."""
        taken = Counter(_address(one.transport) for one in newcomer.connections)
        here = _address(newcomer.transport)
        if taken[here] >= self.most * SHARE and not self.proxies.trusts(_host(newcomer.transport)):
            return self._close_idle(here)
        strangers = sum(not one.is_known for one in self.http) if self.authenticator.is_closed else 0
        if len(newcomer.connections) < self.most and strangers < self.most * (1 - RESERVED):
            return True
        crowd, number = taken.most_common(1)[0]
        return (number > taken[here] and self._close_idle(crowd)) or self._close_idle(here)

    def _close_idle(self, address: str) -> bool:
        """Close the connection of an address that has been idle for longest; return whether there was one."""
        now = time.monotonic()
        idle = [one for one in self.http if one.idle_s(now) >= IDLE_S and _address(one.transport) == address]
        if idle:
            max(idle, key=lambda one: (not one.is_known, one.idle_s(now))).abort()
        return bool(idle)


def file_descriptors() -> int:
    """Return how many file descriptors this process may have; where the system does not say, as many as it needs."""
    if sys.platform == "win32":
        return 2 * MAX_CONNECTIONS + MAX_WAITING
    import resource  # noqa: PLC0415  # not there on Windows

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 2 * MAX_CONNECTIONS + MAX_WAITING


def log_loop_errors() -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """Return a handler of errors in the event loop: one line a minute while there are no file descriptors left."""
    throttle = LogThrottle(60.0)

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in (errno.EMFILE, errno.ENFILE):
            loop.default_exception_handler(context)
        elif throttle.is_due("accept", time.monotonic()):
            _log.warning("no connection can be accepted: %s", error.strerror)

    return handle


def _host(transport: asyncio.Transport) -> str:
    return str((transport.get_extra_info("peername") or ("",))[0]).partition("%")[0]


def _address(transport: asyncio.Transport) -> str:
    """Return the address of a client; of IPv6 its network, of which one client has all addresses."""
    host = _host(transport)
    try:
        parsed = ipaddress.ip_address(host)
    except ValueError:
        return host  # of a socket without addresses
    if parsed.version == 4 or parsed.ipv4_mapped is not None:
        return host
    return str(ipaddress.ip_network(f"{host}/64", strict=False))
