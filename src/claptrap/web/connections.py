"""How many connections there may be at once, and how long one may say nothing: descriptors are few.

Uvicorn's own limit refuses requests; connections that ask nothing it keeps for ever, however many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from uvicorn.protocols.http.h11_impl import H11Protocol

from claptrap.core.spec import Language
from claptrap.web.problems import TYPE, encoded, problem
from claptrap.web.security import HEADERS

MAX_CONNECTIONS = 256  # a page keeps one, and opens six more for moments
MAX_REJECTED = 32  # beyond ``MOST``, those that are let in to be told why they must go
REQUEST_TIMEOUT_S = 20.0  # until a request is complete but for its body
REJECTION_S = 2.0
RETRY_AFTER_S = 5


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What the connections of one server share.

    Attributes:
        most: how many of them there may be, WebSockets among them.
        language: of refusals.
        parting: those that were one too many.
    """

    most: int
    language: Callable[[], Language]
    rejected: set[asyncio.Protocol] = field(default_factory=set)


class Connection(H11Protocol):
    """One connection; it belongs to the server, to a WebSocket after it has become one, or it is parting."""

    limits: ClassVar[ConnectionLimits]
    _last_cycle: Any = None  # the request that there was when ``_look`` last looked
    _idle_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        if len(self.connections) < self.limits.most:
            super().connection_made(transport)
            self._idle_timer = self.loop.call_later(REQUEST_TIMEOUT_S, self._close_if_idle)
            return
        self.transport = transport
        self.limits.rejected.add(self)
        if len(self.limits.rejected) > MAX_REJECTED:
            transport.abort()
        else:
            self._idle_timer = self.loop.call_later(REJECTION_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self not in self.limits.rejected:
            super().data_received(data)
        elif not self.transport.is_closing():
            self.transport.write(rejection(self.limits.most, self.limits.language()))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if self in self.limits.rejected:
            self.limits.rejected.discard(self)
        else:
            super().connection_lost(exc)

    def _close_if_idle(self) -> None:
        """Close a connection that has brought no request since the last look."""
        if self not in self.connections:
            return  # a WebSocket now
        if self.cycle is self._last_cycle and (self.cycle is None or self.cycle.response_complete):
            self.transport.close()
            return
        self._last_cycle = self.cycle
        self._idle_timer = self.loop.call_later(REQUEST_TIMEOUT_S, self._close_if_idle)


def limited_protocol(most: int, language: Callable[[], Language]) -> type[Connection]:
    """Return the connections of one server, as uvicorn wants them: a class."""
    return type("Bounded", (Connection,), {"limits": ConnectionLimits(most, language)})


def rejection(most: int, language: Language) -> bytes:
    """Return the whole answer to who came when there were too many."""
    body = encoded(problem(503, "api.too_many_connections", language, {"most": most}))
    headers = (
        *HEADERS,
        (b"content-type", TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(RETRY_AFTER_S).encode()),
        (b"connection", b"close"),
    )
    return b"".join(
        [b"HTTP/1.1 503 Service Unavailable\r\n", *(b"%s: %s\r\n" % header for header in headers), b"\r\n", body]
    )
