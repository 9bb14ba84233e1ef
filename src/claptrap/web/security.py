"""Who may talk to the service, and how much: stands around the whole ASGI application, Socket.IO included.

- The Host must be one of ours: a foreign name that resolves to this machine (DNS rebinding) is answered 421. An address in
  figures cannot be rebound and is always ours.
- A request that changes something, and all of Socket.IO, must come from our own page: browsers say where from in Origin.
- A body is read whole, up to a bound, before anything else sees it.
- Every answer carries headers that forbid what the page does not need.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from claptrap.core.weburl import DEFAULT_PORTS
from claptrap.core.wording import Language
from claptrap.web.problems import TYPE, choose_language, encoded, problem

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

MOST_BODY_BYTES = 256_000  # settings of 256 sources fit
BODY_S = 30.0  # for a body; one that never ends would keep its connection for ever
_DRAINED_BYTES = 8 * MOST_BODY_BYTES  # of a body too large: who is still sending would not hear the answer
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
_POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; "
    b"manifest-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", _POLICY),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(self)"),
)


class Guard:
    """The ASGI application around the application.

    Args:
        app: what is guarded.
        hosts: names under which the service may be called, besides this machine's own.
        language: the language of refusals for who asks for none.
    """

    def __init__(self, app: Application, hosts: Iterable[str], language: Callable[[], Language]) -> None:
        self._app = app
        self._named = frozenset(host.lower() for host in hosts)
        self._hosts = self._named | own_names()
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer why not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if (refusal := self._refusal(scope, headers)) is not None:
            await self._refuse(scope, headers, send, *refusal)
        elif scope["type"] == "websocket":
            await self._app(scope, receive, send)
        else:
            await self._pass_request(scope, headers, receive, send)

    def _refusal(self, scope: Scope, headers: dict[str, str]) -> tuple[int, str] | None:
        host = headers.get("host", "")
        if not (_is_address(host_name(host)) or host_name(host) in self._hosts):
            return 421, "api.foreign_host"
        origin = headers.get("origin")
        if origin is None or not _must_be_ours(scope):
            return None
        if same_place(origin, host) or host_name(origin.partition("://")[2]) in self._named:
            return None
        return 403, "api.forbidden_origin"

    async def _pass_request(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(BODY_S):
                body = await _read_body(receive)
        except TimeoutError:
            await self._refuse(scope, headers, send, 408, "api.too_slow")
            return
        if body is None:
            await self._refuse(scope, headers, send, 413, "api.too_large")
            return
        known = [(name, value) for name, value in scope["headers"] if name not in (b"content-length", b"transfer-encoding")]
        length = [(b"content-length", str(len(body)).encode())] if body else []
        await self._app({**scope, "headers": known + length}, _replay(body, receive), _with_headers(send))

    async def _refuse(self, scope: Scope, headers: dict[str, str], send: Send, status: int, code: str) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it was accepted: the server answers 403
            return
        query = scope.get("query_string", b"").decode("latin-1")
        language = choose_language(query, headers.get("accept-language", ""), self._language())
        body = encoded(problem(status, code, language))
        said = [(b"content-type", TYPE.encode()), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": status, "headers": [*said, *HEADERS]})
        await send({"type": "http.response.body", "body": body})


def own_names() -> frozenset[str]:
    """Return the names that this machine has for itself."""
    name = socket.gethostname().lower()
    return frozenset({"localhost", name, f"{name.partition('.')[0]}.local"})


def host_name(host: str) -> str:
    """Return the name or address of a Host header, without port and brackets, in small letters; empty if it is malformed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def same_place(origin: str, host: str) -> bool:
    """Return whether an Origin header names the very place of a Host header; the scheme only tells the default port."""
    try:
        page, place = urlsplit(origin), urlsplit(f"//{host}")
        ports = page.port, place.port
    except ValueError:
        return False
    default = DEFAULT_PORTS.get(page.scheme)
    return default is not None and (page.hostname, ports[0] or default) == (place.hostname, ports[1] or default)


def _must_be_ours(scope: Scope) -> bool:
    is_live = scope["type"] == "websocket" or scope["path"].startswith("/socket.io")
    return is_live or scope["method"] not in _SAFE_METHODS


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _read_body(receive: Receive) -> bytes | None:
    """Return the whole body; None if it is too large or the client has gone."""
    body = bytearray()
    read = 0
    more = True
    while more and read <= _DRAINED_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        read += len(chunk)
        if read <= MOST_BODY_BYTES:
            body += chunk
        more = message.get("more_body", False)
    return bytes(body) if read <= MOST_BODY_BYTES else None


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives ``body`` at once, and then what the connection gives."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *HEADERS]
        await send(message)

    return sending
