"""Reverse proxies: forwarding headers of trusted ones are applied, all others are removed.

Behind ``Proxies`` a request has the client's own address, scheme, host and path. Headers that are left have been checked:
``X-Forwarded-Prefix``, the sub-path under which the page is shown; ``X-Ingress-Path``, the same where Home Assistant shows
it within its own; ``X-Remote-User-Id``, who has logged in there, where that counts here. WSGI would take
``X_Forwarded_Prefix`` for the same, so headers with an underscore in their name are removed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from claptrap.core.errors import InputError
from claptrap.web.asgi import Scope

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
PREFIX = b"x-forwarded-prefix"
_INGRESS = b"x-ingress-path"  # Home Assistant, which has asked for a login itself
REMOTE_USER = "x-remote-user-id"
_REMOTE_USER = REMOTE_USER.encode()
_FORWARDED = (
    b"forwarded",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-proto",
    b"x-forwarded-port",
    b"x-real-ip",
    PREFIX,
    _INGRESS,
    _REMOTE_USER,
)
_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)+")


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """A request as it was before any proxy.

    Attributes:
        scope: the request.
        is_ingress: whether Home Assistant shows the page within its own.
    """

    scope: Scope
    is_ingress: bool


class Proxies:
    """The trusted proxies.

    Args:
        trusted: their addresses, or networks of them.
        base_path: the sub-path under which one shows the page, where it does not say so itself; empty for none.
        single_sign_on: addresses of trusted ones that are Home Assistant's, where those log in who come by its ingress.

    Raises:
        InputError: ``proxy.bad_address`` or ``proxy.bad_path``.
    """

    def __init__(self, trusted: Iterable[str] = (), base_path: str = "", single_sign_on: Iterable[str] = ()) -> None:
        self._trusted = tuple(_network(one) for one in trusted)
        self._single_sign_on = frozenset(single_sign_on)
        self._base = base_path.rstrip("/")
        if self._base and not _PATH.fullmatch(self._base):
            raise InputError("proxy.bad_path", path=base_path)

    @property
    def base_path(self) -> str:
        """The sub-path under which one shows the page, where it does not say so itself; empty for none."""
        return self._base

    @property
    def is_any(self) -> bool:
        """Whether any proxy is trusted."""
        return bool(self._trusted)

    def trusts(self, address: str) -> bool:
        """Return whether ``address`` is a trusted proxy's."""
        if not self._trusted or not _is_address(address):
            return False
        parsed = ipaddress.ip_address(address)
        return any(parsed.version == network.version and parsed in network for network in self._trusted)

    def unwrap(self, scope: Scope) -> ClientRequest:
        """Return a request as the client sent it, before any trusted proxy."""
        peer = scope["client"][0] if scope.get("client") else ""
        said = _said(scope["headers"]) if self.trusts(peer) else {}
        given = said.get(_INGRESS, [""])[-1] or said.get(PREFIX, [""])[-1]
        prefix = given.rstrip("/") if _PATH.fullmatch(given.rstrip("/")) else self._base
        kept = [(name, value) for name, value in scope["headers"] if name not in _FORWARDED and b"_" not in name]
        if host := said.get(b"x-forwarded-host", [""])[-1]:
            kept = [*((name, value) for name, value in kept if name != b"host"), (b"host", host.encode("latin-1"))]
        is_ingress = bool(prefix and _INGRESS in said)
        if prefix:
            kept += [(name, prefix.encode("latin-1")) for name in (PREFIX, *([_INGRESS] if is_ingress else []))]
        if is_ingress and peer in self._single_sign_on and len(users := said.get(_REMOTE_USER, [])) == 1 and users[0]:
            kept.append((_REMOTE_USER, users[0].encode("latin-1")))
        changed = {
            **scope,
            "headers": kept,
            "path": self._below(scope["path"]),
            "scheme": self._scheme(scope, said),
            "client": (self._client(peer, said), 0),
        }
        return ClientRequest(changed, is_ingress)

    def _below(self, path: str) -> str:
        """Return ``path`` below the sub-path; proxies that take it off themselves are as welcome."""
        is_below = self._base and (path == self._base or path.startswith(f"{self._base}/"))
        return path[len(self._base) :] or "/" if is_below else path

    def _scheme(self, scope: Scope, said: dict[bytes, list[str]]) -> str:
        proto = said.get(b"x-forwarded-proto", [""])[-1].lower()
        if proto not in ("http", "https"):
            return str(scope.get("scheme", "http"))
        return proto.replace("http", "ws") if scope["type"] == "websocket" else proto

    def _client(self, peer: str, said: dict[bytes, list[str]]) -> str:
        """Return the client: the nearest address that is no trusted proxy's; those before it may be forged."""
        for address in reversed(said.get(b"x-forwarded-for", [])):
            if not _is_address(address):
                break
            peer = address
            if not self.trusts(address):
                break
        return peer


NO_PROXIES = Proxies()


def _said(headers: Sequence[tuple[bytes, bytes]]) -> dict[bytes, list[str]]:
    """Return the comma-separated values of each forwarding header, the nearest proxy's last."""
    said: dict[bytes, list[str]] = {}
    for name, value in headers:
        if name in _FORWARDED:
            said.setdefault(name, []).extend(one.strip() for one in value.decode("latin-1").split(","))
    return said


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise InputError("proxy.bad_address", address=text) from error
