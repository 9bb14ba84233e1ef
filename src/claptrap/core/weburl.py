"""Web addresses: which ones may be called, and how they are shown without giving their secrets away."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from claptrap.core.errors import InputError

LONG_ENOUGH_TO_BE_SECRET = 8  # a shorter part of a path is a word like "hook"
LONG_ENOUGH_TO_TELL = 4  # a shorter value is "on" or "1", and stands in any text


def check_url(url: str) -> None:
    """Refuse what is not an http(s) address with a host.

    Raises:
        InputError: ``url.spaces``, ``url.scheme``, ``url.host``, ``url.port`` or ``url.malformed``, with what was found.
    """
    if any(c.isspace() or not c.isprintable() for c in url):
        raise InputError("url.spaces")
    parts = _split(url)
    if parts.scheme not in ("http", "https"):
        raise InputError("url.scheme", scheme=parts.scheme or "")
    if not parts.hostname or set(parts.hostname) <= {".", "-"}:
        raise InputError("url.host")
    try:
        port = parts.port
    except ValueError as error:
        raise InputError("url.port") from error
    if port == 0:
        raise InputError("url.port")


def redact(url: str) -> str:
    """Return scheme, host and port only: a path, a query or a user part may be a secret. ``"?"`` for what is no address."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "?"
    if not parts.hostname:
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


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise InputError("url.malformed") from error
