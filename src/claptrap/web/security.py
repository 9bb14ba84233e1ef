"""Checks on every request, around the whole ASGI application with Socket.IO.

- Forwarding headers count only from trusted proxies (``web/proxies``).
- The Host must be one of ours: a foreign name that resolves to this machine (DNS rebinding) is answered 421. An address in
  figures cannot be rebound and is always ours.
- A request that changes something, and all of Socket.IO, must come from our own page, by its Origin. With no more than a
  cookie the header must be there; scripts, which have tokens, need none. Nor may a foreign page embed what the API answers:
  it could not read it, but cause work again and again.
- Where a login is required, every path that is not public needs credentials (``web/access``).
- An address, and a body, which is read whole before anything else sees it, are bounded.
- Every answer carries headers that forbid what the page does not need, also that to a request at which something failed.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import urlsplit

from claptrap.core.spec import Language
from claptrap.core.weburl import DEFAULT_PORTS
from claptrap.service.mark_links import PATH as MARK_LINK
from claptrap.web.access import Authenticator, Credentials
from claptrap.web.asgi import Application, Message, Receive, Scope, Send, headers_by_name, plain
from claptrap.web.problems import TYPE, choose_language, encoded, problem
from claptrap.web.proxies import ClientRequest, Proxies

MAX_TARGET_BYTES = 8_000  # of a path and its parameters
MAX_HEADER_BYTES = 16_384
MAX_BODY_BYTES = 2_000_000  # settings of a thousand sources fit
MAX_PROFILES_BYTES = 8_000_000  # a dozen full profiles fit, hundreds of small ones
MAX_RECORDING_BYTES = 32_000_000  # ten minutes of CD sound as FLAC or MP3
BODY_TIMEOUT_S = 30.0  # for a body; one that never ends would keep its connection for ever
_DRAINED_BYTES = 2 * MAX_BODY_BYTES  # read of a larger body: a client that is still sending would miss the response
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


_log = logging.getLogger(__name__)
HEADERS_IN_FRAME = (
    (b"content-security-policy", _POLICY.replace(b"frame-ancestors 'none'", b"frame-ancestors 'self'")),
    (b"x-frame-options", b"SAMEORIGIN"),
    *(header for header in HEADERS if header[0] not in (b"content-security-policy", b"x-frame-options")),
)


HEADERS_OF_FORM = (  # without a referrer, browsers would hide the origin of what the form sends
    (b"content-security-policy", _POLICY.replace(b"form-action 'none'", b"form-action 'self'")),
    (b"referrer-policy", b"same-origin"),
    *(header for header in HEADERS if header[0] not in (b"content-security-policy", b"referrer-policy")),
)


class Rejection(NamedTuple):
    """Why a request goes no further."""

    status: int
    code: str


class Guard:
    """The ASGI application around the application.

    Args:
        app: what is guarded.
        hosts: names under which the service may be called, besides this machine's own.
        language: of rejections, where the request asks for none.
        authenticator: checks credentials.
        proxies: the trusted reverse proxies.
    """

    def __init__(
        self,
        app: Application,
        hosts: Iterable[str],
        language: Callable[[], Language],
        authenticator: Authenticator,
        proxies: Proxies,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._proxies = proxies
        self._named = frozenset(host.lower() for host in hosts)
        self._hosts = self._named | local_names()
        self._language = language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer why not."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        client_request = self._proxies.unwrap(_with_plain_cookies(scope))
        headers = headers_by_name(client_request.scope)
        response = _Response(send, _headers_of(client_request))
        try:
            await self._respond(client_request, headers, receive, response.send)
        except Exception:
            if response.has_begun:
                raise
            _log.exception("%s %s failed", scope.get("method", "WebSocket"), scope["path"])
            await self._reject(client_request.scope, headers, response.send, Rejection(500, "api.internal"))

    async def _respond(self, request: ClientRequest, headers: dict[str, str], receive: Receive, send: Send) -> None:
        if (rejection := self._rejection(request, headers)) is not None:
            await self._reject(request.scope, headers, send, rejection)
        elif request.scope["type"] == "websocket":
            await self._app(request.scope, receive, send)
        else:
            await self._pass_request(request.scope, headers, receive, send)

    def _rejection(self, client_request: ClientRequest, headers: dict[str, str]) -> Rejection | None:
        if len(client_request.scope["raw_path"]) + len(client_request.scope["query_string"]) > MAX_TARGET_BYTES:
            return Rejection(414, "api.too_large")
        if sum(len(name) + len(value) for name, value in client_request.scope["headers"]) > MAX_HEADER_BYTES:
            return Rejection(431, "api.too_large")
        host = headers.get("host", "")
        name = host_name(host)
        if not (_is_address(name) or name in self._hosts or client_request.is_ingress):
            return Rejection(421, "api.foreign_host")
        if _needs_own_origin(client_request.scope, headers) and self._is_cross_origin(headers, host):
            return Rejection(403, "api.forbidden_origin")
        return self._check_credentials(client_request.scope, headers)

    def _is_cross_origin(self, headers: dict[str, str], host: str) -> bool:
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site") in ("cross-site", "same-site")
        return not (same_origin(origin, host) or host_name(origin.partition("://")[2]) in self._named)

    def _check_credentials(self, scope: Scope, headers: dict[str, str]) -> Rejection | None:
        """Return why the credentials of a request do not admit it; None where they do, or none are needed."""
        is_request = scope["type"] == "http"
        if not self._authenticator.is_closed or (is_request and self._authenticator.is_public(scope["path"])):
            return None
        credentials = Credentials.of(headers)
        if not self._authenticator.admits(credentials):
            return Rejection(401, self._authenticator.rejection())
        declares_origin = "origin" in headers or headers.get("sec-fetch-site") == "same-origin"
        is_safe = is_request and scope["method"] in _SAFE_METHODS
        if not declares_origin and not is_safe and self._authenticator.relies_on_cookie(credentials):
            return Rejection(403, "api.forbidden_origin")
        return None

    async def _pass_request(self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send) -> None:
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                body = await _read_body(receive, _max_body_bytes(scope["path"]))
        except TimeoutError:
            await self._reject(scope, headers, send, Rejection(408, "api.too_slow"))
            return
        if body is None:
            await self._reject(scope, headers, send, Rejection(413, "api.too_large"))
            return
        known = [(name, value) for name, value in scope["headers"] if name not in (b"content-length", b"transfer-encoding")]
        length = [(b"content-length", str(len(body)).encode())] if body else []
        await self._app({**scope, "headers": known + length}, _replay(body, receive), send)

    async def _reject(self, scope: Scope, headers: dict[str, str], send: Send, rejection: Rejection) -> None:
        query = scope.get("query_string", b"").decode("latin-1")
        language = choose_language(query, headers.get("accept-language", ""), self._language())
        body = encoded(problem(rejection.status, rejection.code, language))
        said = [(b"content-type", TYPE.encode()), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
        if rejection.status == 401:
            said.append((b"www-authenticate", b"Bearer"))  # which no browser asks a person for
        kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
        await send({"type": f"{kind}.start", "status": rejection.status, "headers": said})
        await send({"type": f"{kind}.body", "body": body})


def local_names() -> frozenset[str]:
    """Return the names that this machine has for itself."""
    name = socket.gethostname().lower()
    return frozenset({"localhost", name, f"{name.partition('.')[0]}.local"})


def host_name(host: str) -> str:
    """Return the name or address of a Host header, without port and brackets, in small letters; empty if it is malformed."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def same_origin(origin: str, host: str) -> bool:
    """Return whether an Origin header has host and port of a Host header; the scheme only gives the default port."""
    try:
        page, place = urlsplit(origin), urlsplit(f"//{host}")
        ports = page.port, place.port
    except ValueError:
        return False
    default = DEFAULT_PORTS.get(page.scheme)
    return default is not None and (page.hostname, ports[0] or default) == (place.hostname, ports[1] or default)


def _headers_of(request: ClientRequest) -> Iterable[tuple[bytes, bytes]]:
    if request.is_ingress:
        return HEADERS_IN_FRAME
    return HEADERS_OF_FORM if request.scope.get("path", "").startswith(MARK_LINK) else HEADERS


def _needs_own_origin(scope: Scope, headers: dict[str, str]) -> bool:
    is_live = scope["type"] == "websocket" or scope["path"].startswith("/socket.io")
    if is_live or scope["method"] not in _SAFE_METHODS:
        return True
    is_link = headers.get("sec-fetch-mode", "navigate") == "navigate"
    return not is_link and scope["path"].startswith("/api/")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _max_body_bytes(path: str) -> int:
    """Return how large a body may be: larger where what sources have learnt, or a recording, may come with it."""
    if path.endswith("/recordings"):
        return MAX_RECORDING_BYTES
    has_profiles = path.startswith("/api/settings/import") or path.endswith("/learning/profile")
    return MAX_PROFILES_BYTES if has_profiles else MAX_BODY_BYTES


async def _read_body(receive: Receive, max_bytes: int) -> bytes | None:
    """Return the whole body; None if it is too large or the client has gone."""
    body = bytearray()
    read = 0
    more = True
    while more and read <= max(_DRAINED_BYTES, max_bytes):
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        read += len(chunk)
        if read <= max_bytes:
            body += chunk
        more = message.get("more_body", False)
    return bytes(body) if read <= max_bytes else None


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives ``body`` at once, and then what the connection gives."""
    is_replayed = False

    async def again() -> Message:
        nonlocal is_replayed
        if is_replayed:
            return await receive()
        is_replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_plain_cookies(scope: Scope) -> Scope:
    headers = [(name, plain(value) if name == b"cookie" else value) for name, value in scope["headers"]]
    return {**scope, "headers": headers}


class _Response:
    """What is sent, with more headers; ``has_begun`` once anything was."""

    def __init__(self, send: Send, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._headers = headers
        self.has_begun = False

    async def send(self, message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            message["headers"] = [*message.get("headers", ()), *self._headers]
        self.has_begun = True
        await self._send(message)
