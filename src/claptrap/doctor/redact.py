"""Remove secrets and addresses from text; each gets a made-up name, the same wherever it stands."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from claptrap.core.errors import InputError
from claptrap.core.weburl import LONG_ENOUGH_TO_TELL, MASK, secrets_of

_SECRET_KEY = re.compile(r"(?i)pass|pwd|secret|token|key|headers|user|cookie|salt|hash")
_URL = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*)://([^\s\"'<>`\\]+)")
_NUMBER = re.compile(
    r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?!\w|\.\d)"
    r"|(?<![\w.:])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?![\w:]|\.\d)"
)
_MAC = re.compile(r"(?i)\b[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}\b")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_HOME = re.compile(r"(/(?:home|Users)/)[^/\s\"']+|([A-Za-z]:\\Users\\)[^\\\s\"']+")
_KEPT = ("localhost", "claptrap", "0.0.0.0", "::", "")  # noqa: S104  # what says nothing about anybody


class Redactor:
    """Takes out the secrets and the addresses of some documents, wherever they stand, and whatever looks like an address.

    The same address gets the same name all over a bundle: ``lan-1``, ``internet-2``, ``name-3``.

    Args:
        documents: settings as JSON data with their secrets in them.
    """

    def __init__(self, *documents: object) -> None:
        self._names: dict[str, str] = {}
        secrets: set[str] = set()
        hosts: set[str] = set()
        for key, value in (pair for document in documents for pair in _leaves(document)):
            if "://" in value:
                secrets |= secrets_of_address(value)
                hosts.add(_host(value))
            elif _SECRET_KEY.search(key):
                secrets |= {value, *value.split()}  # "Bearer …" too
            elif key.endswith("host"):
                hosts.add(value)
        hosts.add(socket.gethostname())
        telling = {secret for secret in secrets if len(secret) >= LONG_ENOUGH_TO_TELL and secret != MASK}
        self._secrets = sorted(telling, key=len, reverse=True)
        self._hosts = sorted((host for host in sorted(hosts) if self.name(host) != host), key=len, reverse=True)

    def name(self, host: str) -> str:
        """Return the made-up name of a host; loopback, which is every machine's, keeps its own."""
        known = host.lower().strip("[]").partition("%")[0]
        if known in _KEPT:
            return host
        try:
            address = ipaddress.ip_address(known)
        except ValueError:
            kind = "name"
        else:
            if address.is_loopback:
                return host
            kind = "lan" if address.is_private or address.is_link_local else "internet"
        return self._names.setdefault(known, f"{kind}-{len(self._names) + 1}")

    def text(self, text: str) -> str:
        """Return ``text`` without them."""
        text = _URL.sub(lambda found: self._address(found[0]), text)
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        for host in self._hosts:
            text = re.sub(rf"(?i)(?<![\w.-]){re.escape(host)}(?![\w-])", self.name(host), text)
        text = _MAIL.sub(f"{MASK}@{MASK}", _MAC.sub("xx:xx:xx:xx:xx:xx", text))
        text = _NUMBER.sub(lambda found: self._number(found[0]), text)
        home = str(Path.home())
        text = text.replace(home, "~") if len(home) > 1 else text
        return _HOME.sub(lambda found: f"{found[1] or found[2]}…", text)

    def data(self, document: Any) -> Any:
        """Return JSON data without them."""
        if isinstance(document, Mapping):
            return {self.text(str(key)): self._value(str(key), value) for key, value in document.items()}
        if isinstance(document, list | tuple):
            return [self.data(entry) for entry in document]
        return self.text(document) if isinstance(document, str) else document

    def _value(self, key: str, value: Any) -> Any:
        if _SECRET_KEY.search(key) or key == "template":  # some receivers want their token in the body
            return _masked(value)
        return self.name(value) if key.endswith("host") and isinstance(value, str) else self.data(value)

    def _address(self, url: str) -> str:
        """Return scheme, made-up name and port."""
        scheme, _, rest = url.partition("://")
        try:
            parts = urlsplit(url)
            host, port = self.name(parts.hostname or ""), f":{parts.port}" if parts.port else ""
        except ValueError:
            return f"{scheme}://{MASK}"
        return f"{scheme}://{host}{port}{'/…' if '/' in rest or '?' in rest else ''}"

    def _number(self, text: str) -> str:
        try:
            ipaddress.ip_address(text)
        except ValueError:
            return text  # a time of day, or a version
        return self.name(text)


def secrets_of_address(url: str) -> frozenset[str]:
    """Return what is secret in an address; all of what is none."""
    try:
        return secrets_of(url)
    except InputError:
        return frozenset({url})


def _masked(value: Any) -> Any:
    """Return a secret's shape: whether there is one, and of a mapping the keys."""
    if isinstance(value, Mapping):
        return {str(key): _masked(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(entry) for entry in value]
    return MASK if isinstance(value, str) and value else value


def _leaves(document: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Yield all texts in a document with the keys that lead to them."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            yield from _leaves(value, f"{key}.{name}")
    elif isinstance(document, list | tuple):
        for value in document:
            yield from _leaves(value, key)
    elif isinstance(document, str) and document:
        yield key, document


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
