"""The shapes of ASGI, named once, and its headers by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def headers_by_name(scope: Scope) -> dict[str, str]:
    """Return the headers; cookies in several are one."""
    headers: dict[str, str] = {}
    for raw_name, value in scope["headers"]:
        name = raw_name.decode("latin-1")
        before = f"{headers[name]}; " if name == "cookie" and name in headers else ""
        headers[name] = before + value.decode("latin-1")
    return headers
