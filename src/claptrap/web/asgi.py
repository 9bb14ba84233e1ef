"""The shapes of ASGI, named once, and its headers by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

ABORT = "claptrap.abort"  # among a WebSocket's extensions: ends it at once, whatever its client does
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def plain(cookies: bytes) -> bytes:
    """Return cookies as ASCII: libraries fail at others, which another program of this machine may have set."""
    return cookies.decode("ascii", "replace").replace("\ufffd", "?").encode()


def headers_by_name(scope: Scope) -> dict[str, str]:
    """Return the headers; cookies in several are one, and plain."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1")
        value = plain(raw_value) if name == "cookie" else raw_value
        before = f"{headers[name]}; " if name == "cookie" and name in headers else ""
        headers[name] = before + value.decode("latin-1")
    return headers
