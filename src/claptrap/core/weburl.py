"""Addresses: which ones may be called, and how they are shown without giving their secrets away.

What is secret in an address: the user part always; values behind names like ``password=`` or ``token=`` in its query or path
(cheap cameras want theirs there); for a receiver or a log line, even its whole path.
"""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlsplit, urlunsplit

from claptrap.core.errors import InputError

MASK = "********"
"""Stands for a secret wherever a person looks; never a secret itself."""
LONG_ENOUGH_TO_BE_SECRET = 8  # a shorter part of a path, or of a header's value, is a word like "hook" or "Bearer"
LONG_ENOUGH_TO_TELL = 4  # a shorter value is "on" or "1", and stands in any text

DEFAULT_PORTS = {"http": 80, "https": 443, "rtsp": 554, "rtsps": 322}  # RFC 9110 §4.2, RFC 7826 §22.1
_SECRET = re.compile(r"(?i)((?:pass\w*|pwd|pw|secret|token|auth|\w*key)=)[^&/;\s]+")
_ANY_USER_PART = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/?#'\"]*@")


def check_url(url: str) -> None:
    """Refuse what is not an http(s) address with a host.

    Raises:
        InputError: ``url.spaces``, ``url.scheme``, ``url.unencoded`` (a user name or password that would be taken for
            something else), ``url.host``, ``url.port`` or ``url.malformed``. None of them has more of the address in it than
            its scheme.
    """
    _check(url, ("http", "https"), "url.scheme")


def check_rtsp_url(url: str) -> None:
    """Refuse what is not an rtsp(s) address with a host.

    Raises:
        InputError: as ``check_url``, but ``url.rtsp_scheme``; ``url.masked`` where a secret was replaced by ``MASK``.
    """
    _check(url, ("rtsp", "rtsps"), "url.rtsp_scheme")
    if MASK in url:
        raise InputError("url.masked")


def check_tcp_url(url: str) -> None:
    """Refuse what is not ``tcp://HOST:PORT``. Port 0 is one, for a server that takes any free port.

    Raises:
        InputError: ``url.spaces``, ``url.tcp_scheme``, ``url.host``, ``url.port``, ``url.malformed``, or ``url.tcp_only``
            where there is more in it than host and port.
    """
    if any(c.isspace() or not c.isprintable() for c in url):
        raise InputError("url.spaces")
    parts = _split(url)
    if parts.scheme != "tcp":
        raise InputError("url.tcp_scheme", scheme=parts.scheme or "")
    if not parts.hostname:
        raise InputError("url.host")
    try:
        port = parts.port
    except ValueError as error:
        raise InputError("url.port") from error
    if port is None:
        raise InputError("url.port")
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise InputError("url.tcp_only")


def _check(url: str, schemes: tuple[str, ...], otherwise: str) -> None:
    if any(c.isspace() or not c.isprintable() for c in url):
        raise InputError("url.spaces")
    parts = _split(url)
    if parts.scheme not in schemes:
        raise InputError(otherwise, scheme=parts.scheme or "")
    if _is_unencoded(url):
        raise InputError("url.unencoded")
    if not parts.hostname or set(parts.hostname) <= {".", "-"}:
        raise InputError("url.host")
    try:
        port = parts.port
    except ValueError as error:
        raise InputError("url.port") from error
    if port == 0:
        raise InputError("url.port")


def _is_unencoded(url: str) -> bool:
    """Return whether a user part may reach beyond where a parser ends it: ``//admin:12/34@host`` has the host ``admin``.

    An ``@`` behind the authority tells, where that has a colon: of a port or of a password, which look alike. In a query of
    a web address it may stand in a value.
    """
    scheme, _, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    beyond = rest[len(authority) :]
    user_part, at, _ = authority.rpartition("@")
    if "@" in user_part or user_part.count(":") > 1:
        return True
    if "@" not in beyond or authority.startswith("["):
        return False
    in_a_value = not at and scheme.lower() in ("http", "https") and re.search(r"\?[^@]*=", beyond) and "#" not in beyond
    return (bool(at) or ":" in authority) and not in_a_value


def _may_be_port(url: str) -> bool:
    """Return whether what stands behind the colon of the authority may be a port."""
    authority = re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]
    return "@" not in authority.rpartition("@")[0] and re.fullmatch(r"(.*@)?[^@:]*:[0-9]+", authority) is not None


def encoded(url: str) -> str:
    """Return an address that ``check_url`` or ``check_rtsp_url`` calls unencoded as it was meant; any other as it is.

    The last ``@`` ends the user part; but in a web address that may have a port, one behind it is part of the path.
    """
    scheme, _, rest = url.partition("://")
    if not _is_unencoded(url):
        return url
    if scheme.lower() in ("http", "https") and _may_be_port(url):
        authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
        user_part, at, host = authority.rpartition("@")
        user, colon, password = user_part.partition(":")
        beyond = rest[len(authority) :].replace("@", "%40")
        return f"{scheme}://{quote(user, safe='%')}{colon}{quote(password, safe='%')}{at}{host}{beyond}"
    user_part, _, host = rest.rpartition("@")
    user, colon, password = user_part.partition(":")
    return f"{scheme}://{quote(user, safe='%')}{colon}{quote(password, safe='%')}@{host}"


def place_of(url: str) -> tuple[str, str, int | None] | None:
    """Return scheme, host and port: whom the secrets beside an address are for. None for what is no address."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None


def redact(url: str) -> str:
    """Return scheme, host and port only: a path, a query or a user part may be a secret. ``"?"`` for what is no address."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "?"
    if not parts.hostname or _is_unencoded(url):
        return "?"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    hidden = "/…" if parts.path.strip("/") or parts.query else ""
    return f"{parts.scheme}://{host}{port}{hidden}"


def secrets_of(url: str) -> frozenset[str]:
    """Return the parts of an address that must not be shown, as they are written and as they are meant."""
    parts = _split(url)
    segments = [segment for segment in parts.path.split("/") if len(segment) >= LONG_ENOUGH_TO_BE_SECRET]
    values = [value for _, value in parse_qsl(parts.query)] + [pair.partition("=")[2] for pair in parts.query.split("&")]
    words = [word for word in (*values, parts.query, parts.username or "") if len(word) >= LONG_ENOUGH_TO_TELL]
    found = [*segments, *words, parts.password or ""]
    return frozenset(form for part in found for form in (part, unquote(part)) if form)


def masked(url: str) -> str:
    """Return the address with each secret in it replaced by ``MASK``: to be read, changed and given back by a person."""
    if _is_unencoded(url) and not _may_be_port(url):
        return f"{url.partition('://')[0]}://{MASK}@{url.rpartition('@')[2]}"
    hidden = _SECRET.sub(rf"\1{MASK}", url)
    user_part, at, rest = hidden.partition("://")[2].rpartition("@")
    if not at or "/" in user_part:
        return hidden
    user, colon, _ = user_part.partition(":")
    return f"{hidden.partition('://')[0]}://{user}{colon and colon + MASK}@{rest}"


def scrubbed(text: str) -> str:
    """Return a foreign library's text without the user part and the secret values of any address that it quotes."""
    return _SECRET.sub(rf"\1{MASK}", _ANY_USER_PART.sub(r"\1", text))


def take_credentials(url: str) -> tuple[str, str | None, str | None]:
    """Return a checked address without its user part, and the user and password that were in it; None for what was not."""
    parts = _split(url)
    user_part, at, host = parts.netloc.rpartition("@")
    if not at:
        return url, None, None
    user, colon, password = user_part.partition(":")
    return urlunsplit(parts._replace(netloc=host)), unquote(user), unquote(password) if colon else None


def give_credentials(url: str, username: str, password: str) -> str:
    """Return the address with a user part in it; a secret. Unchanged without a user name."""
    if not username:
        return url
    parts = _split(url)
    user_part = quote(username, safe="") + (":" + quote(password, safe="") if password else "")
    return urlunsplit(parts._replace(netloc=f"{user_part}@{parts.netloc.rpartition('@')[2]}"))


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise InputError("url.malformed") from error
