"""Web addresses: which ones may be called, and how they are shown without giving their secrets away."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from claptrap.core.errors import InputError


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


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError as error:
        raise InputError("url.malformed") from error
