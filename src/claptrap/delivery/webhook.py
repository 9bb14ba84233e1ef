"""One attempt to post one body to one address, and what came of it."""

from __future__ import annotations

import asyncio
import errno
import json
import math
import re
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from claptrap import __version__
from claptrap.core.errors import DeliveryError, NotSent, OutcomeUnknown
from claptrap.core.signing import signature_headers
from claptrap.core.weburl import DEFAULT_PORTS, redact
from claptrap.delivery.http_exchange import Loop, RawAnswer, Steps, exchange
from claptrap.delivery.payload import is_trial
from claptrap.delivery.policy import tidy
from claptrap.delivery.sender import Answer, excerpt, nothing
from claptrap.receivers import WebhookSpec
from claptrap.template import BadTemplateError, render

_TLS_RECORD = b"\x15\x03"  # the start of an alert: how some TLS servers answer plain HTTP
_WANTS_HTTPS = re.compile(rb"HTTPS (?:port|server)", re.IGNORECASE)  # nginx, Go
_REFUSED = f"[Errno {errno.ECONNREFUSED}]"  # asyncio joins the words of several addresses


class WebhookSender:
    """Posts, one attempt at a time; ``abort`` may be called from any other thread.

    An attempt runs on an event loop of its own so that its deadline covers all of it (looking up the name, connecting, TLS,
    sending, an answer that comes one byte a second) and so that it can be cut off at any moment.
    """

    def __init__(self) -> None:
        self._context: tuple[tuple[bool, str], ssl.SSLContext] | None = None
        self._loop = Loop()
        self._attempt: asyncio.Task[RawAnswer] | None = None

    def prepare(self, target: WebhookSpec) -> None:
        """Load the authorities to trust, which takes a tenth of a second, and what makes a request."""
        with suppress(DeliveryError):
            _request(target, None, "")
            if _speaks_tls(target):
                self._tls(target)

    def is_reachable(self, target: WebhookSpec) -> bool | None:
        """Connect, with TLS where it speaks that, and send nothing."""
        self._loop.steps = Steps()
        try:
            self._exchanged(target, None, self._tls(target) if _speaks_tls(target) else None, math.inf, nothing)
        except DeliveryError:
            return False
        return True

    def post(
        self,
        target: WebhookSpec,
        body: Mapping[str, Any],
        key: str,
        fresh_s: float = math.inf,
        on_send: Callable[[], None] = nothing,
    ) -> Answer:
        """Send what the target makes of ``body`` with ``Idempotency-Key: key``; return the answer, whatever its status.

        A redirection is an answer like another: following it would turn a POST into a GET, or send the body elsewhere; and
        where it only leads from http to https, every body would go in the clear first, unnoticed (ADR 7). No
        proxy of the environment is asked: a receiver at home is reached directly.

        Raises:
            NotSent: ``delivery.timeout``, ``delivery.timeout_name``, ``delivery.timeout_tls``, ``delivery.refused``,
                ``delivery.unresolved``, ``delivery.tls`` or ``delivery.network``, all retryable, for networks and receivers
                come back; ``delivery.wants_https``.
            OutcomeUnknown: ``delivery.no_answer``, ``delivery.hung_up``, ``delivery.hung_up_plain``,
                ``delivery.unreadable``, or ``delivery.cut_off`` after ``abort``.
            DeliveryError: ``delivery.stopped`` after ``abort``; ``delivery.ca_file`` and ``delivery.template``, which a
                person must mend.
        """
        content = _content(target, body)
        tls = self._tls(target) if _speaks_tls(target) else None
        self._loop.steps = Steps()
        try:
            raw = self._exchanged(target, _request(target, content, key, is_test=is_trial(body)), tls, fresh_s, on_send)
            return _answer(target, raw, self._loop.steps.taken())
        except DeliveryError as error:
            if error.code == "delivery.tls":
                self._context = None  # the authority's file may have been renewed since it was read
            error.steps = self._loop.steps.taken()
            raise

    def abort(self) -> None:
        """Cut off the attempt that is under way, if any."""
        attempt = self._attempt
        if attempt is not None:
            self._loop.call_soon_threadsafe(attempt.cancel)

    def close(self) -> None:
        """Let everything go."""
        self._loop.close()

    def _exchanged(
        self,
        target: WebhookSpec,
        request: bytes | None,
        tls: ssl.SSLContext | None,
        fresh_s: float,
        on_send: Callable[[], None],
    ) -> RawAnswer:
        parts = urlsplit(target.url)
        host, port = parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]
        connect_s = min(target.timeout_s, fresh_s)
        self._attempt = self._loop.create_task(
            exchange(
                self._loop,
                host,
                port,
                request,
                tls=tls,
                timeout_s=target.timeout_s,
                connect_s=connect_s,
                on_send=on_send,
            )
        )
        try:
            return self._loop.run_until_complete(self._attempt)
        except asyncio.CancelledError as error:
            if self._loop.steps.last == "answer":
                raise OutcomeUnknown("delivery.cut_off", retryable=True) from error
            raise DeliveryError("delivery.stopped") from error
        except TimeoutError as error:
            code = {"name": "delivery.timeout_name", "tls": "delivery.timeout_tls"}.get(
                self._loop.steps.last, "delivery.timeout"
            )
            raise NotSent(code, retryable=True, seconds=tidy(connect_s)) from error
        except (OSError, UnicodeError) as error:
            raise _not_connected(error, host, self._loop.steps.last) from error
        finally:
            self._attempt = None

    def _tls(self, target: WebhookSpec) -> ssl.SSLContext:
        """Return the TLS context; made again after a change of the settings, and after a receiver was not trusted.

        Raises:
            DeliveryError: ``delivery.ca_file``.
        """
        wish = (target.verify_tls, target.ca_file)
        if self._context is None or self._context[0] != wish:
            try:
                context = ssl.create_default_context(cafile=target.ca_file or None)
            except (OSError, ValueError) as error:  # a missing file, one that is no PEM, a path with a zero byte
                reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or str(error)
                raise DeliveryError("delivery.ca_file", path=target.ca_file, reason=reason) from error
            if not target.verify_tls:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            self._context = (wish, context)
        return self._context[1]


def _speaks_tls(target: WebhookSpec) -> bool:
    return urlsplit(target.url).scheme == "https"


def _answer(target: WebhookSpec, raw: RawAnswer, steps: Mapping[str, float]) -> Answer:
    """Return what a receiver answered. Raises OutcomeUnknown where that cannot be read, NotSent where it speaks TLS."""
    is_plain = not _speaks_tls(target)
    if is_plain and (raw.text.startswith(_TLS_RECORD) or (raw.status == 400 and _WANTS_HTTPS.search(raw.text))):
        raise NotSent("delivery.wants_https")
    if raw.status is not None:
        text = raw.text.decode(errors="replace")
        sends_to = _redirected(target.url, raw.headers.get("location", "")) if 300 <= raw.status < 400 else ""
        return Answer(raw.status, raw.headers.get("retry-after"), text, steps, sends_to)
    if raw.text:
        text = excerpt(raw.text.decode(errors="replace"), target.secrets())
        raise OutcomeUnknown("delivery.unreadable", retryable=True, text=text)
    if raw.has_ended:
        raise OutcomeUnknown("delivery.hung_up_plain" if is_plain else "delivery.hung_up", retryable=True)
    raise OutcomeUnknown("delivery.no_answer", retryable=True, seconds=tidy(target.timeout_s))


def _redirected(url: str, location: str) -> str:
    """Return where a redirection leads, redacted; empty for none, or one that leads nowhere."""
    try:
        return redact(urljoin(url, location)).replace("?", "") if location else ""
    except ValueError:
        return ""


def _content(target: WebhookSpec, body: Mapping[str, Any]) -> bytes | None:
    """Return what to send: the documented JSON, or what a person's template makes of it; None for a GET.

    Raises:
        DeliveryError: ``delivery.template``.
    """
    if target.method == "GET":
        return None
    if not target.template:
        return json.dumps(body, ensure_ascii=False).encode()
    try:
        return render(target.template, body).encode()
    except BadTemplateError as error:
        raise DeliveryError("delivery.template", reason=str(error)) from error


def _request(target: WebhookSpec, content: bytes | None, key: str, *, is_test: bool = False) -> bytes:
    """Return head and body as they are sent.

    Raises:
        DeliveryError: ``delivery.network``, where the address is none that can be sent.
    """
    try:
        url = httpx.URL(target.url)
    except httpx.InvalidURL as error:
        raise NotSent("delivery.unresolved", retryable=True, host=urlsplit(target.url).hostname or "") from error
    headers = httpx.Headers(
        {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": f"ClapTrap/{__version__}",
            "Accept": "*/*",
            "Connection": "close",
            **_authorization(target.url),
        }
    )
    headers.update(target.headers)
    headers["Idempotency-Key"] = key
    if is_test:
        headers["ClapTrap-Test"] = "true"
    if content is not None:
        headers["Content-Type"] = target.content_type if target.template else "application/json"
        headers["Content-Length"] = str(len(content))
    if target.signing_secret:
        headers.update(signature_headers(target.signing_secret, key, int(time.time()), content or b""))
    lines = [target.method.encode() + b" " + url.raw_path + b" HTTP/1.1", *(b": ".join(pair) for pair in headers.raw)]
    return b"\r\n".join([*lines, b"", content or b""])


def _authorization(url: str) -> Mapping[str, str]:
    """Return the header of a user name and password that stand in the address."""
    parts = urlsplit(url)
    if not parts.username and not parts.password:
        return {}
    user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return {"Authorization": f"Basic {b64encode(user.encode()).decode()}"}


def _not_connected(error: OSError | UnicodeError, host: str, step: str) -> NotSent:
    """Say why there is no connection, by the step that failed."""
    if isinstance(error, socket.gaierror | UnicodeError):  # UnicodeError: a host that can be no name (IDNA)
        return NotSent("delivery.unresolved", retryable=True, host=host)
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "verify_message", "") or error.reason or str(error)
        return NotSent("delivery.tls", retryable=True, reason=reason)
    if isinstance(error, ConnectionRefusedError) or _REFUSED in str(error):
        return NotSent("delivery.refused", retryable=True)
    code = "delivery.tls" if step == "tls" else "delivery.network"
    return NotSent(code, retryable=True, reason=error.strerror or str(error) or type(error).__name__)
