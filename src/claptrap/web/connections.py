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

MOST = 256  # a page keeps one, and opens six more for moments
MOST_PARTING = 32  # beyond ``MOST``, those that are let in to be told why they must go
PATIENCE_S = 20.0  # until a request is complete but for its body
PARTING_S = 2.0
AGAIN_IN_S = 5


@dataclass(frozen=True, slots=True)
class Room:
    """What the connections of one server share.

    Attributes:
        most: how many of them there may be, WebSockets among them.
        language: of refusals.
        parting: those that were one too many.
    """

    most: int
    language: Callable[[], Language]
    parting: set[asyncio.Protocol] = field(default_factory=set)


class Connection(H11Protocol):
    """One connection; it belongs to the server, to a WebSocket after it has become one, or it is parting."""

    room: ClassVar[Room]
    _known: Any = None  # the request that there was when ``_look`` last looked
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        if len(self.connections) < self.room.most:
            super().connection_made(transport)
            self._watch = self.loop.call_later(PATIENCE_S, self._look)
            return
        self.transport = transport
        self.room.parting.add(self)
        if len(self.room.parting) > MOST_PARTING:
            transport.abort()
        else:
            self._watch = self.loop.call_later(PARTING_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        if self not in self.room.parting:
            super().data_received(data)
        elif not self.transport.is_closing():
            self.transport.write(refusal(self.room.most, self.room.language()))
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        if self in self.room.parting:
            self.room.parting.discard(self)
        else:
            super().connection_lost(exc)

    def _look(self) -> None:
        """Close a connection that has brought no request since the last look."""
        if self not in self.connections:
            return  # a WebSocket now
        if self.cycle is self._known and (self.cycle is None or self.cycle.response_complete):
            self.transport.close()
            return
        self._known = self.cycle
        self._watch = self.loop.call_later(PATIENCE_S, self._look)


def bounded(most: int, language: Callable[[], Language]) -> type[Connection]:
    """Return the connections of one server, as uvicorn wants them: a class."""
    return type("Bounded", (Connection,), {"room": Room(most, language)})


def refusal(most: int, language: Language) -> bytes:
    """Return the whole answer to who came when there were too many."""
    body = encoded(problem(503, "api.too_many_connections", language, {"most": most}))
    headers = (
        *HEADERS,
        (b"content-type", TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(AGAIN_IN_S).encode()),
        (b"connection", b"close"),
    )
    return b"".join(
        [b"HTTP/1.1 503 Service Unavailable\r\n", *(b"%s: %s\r\n" % header for header in headers), b"\r\n", body]
    )
