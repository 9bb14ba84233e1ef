"""One attempt to post one body to one address. The only place that knows the HTTP client."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from claptrap import __version__
from claptrap.core.errors import DeliveryError, NotSent
from claptrap.core.signing import signature_headers
from claptrap.core.spec import WebhookSpec
from claptrap.core.template import BadTemplateError, render
from claptrap.core.weburl import MASK, redact

EXCERPT_CHARACTERS = 200
_READ_AT_MOST = 4096
_TIGHTER = (
    0.9  # the client's own bound on each step: it closes a TLS handshake that hangs, which a cancelled httpcore 1.0 forgets
)
STEPS = ("name", "connection", "tls", "answer")  # of an attempt, in this order; a request is sent in the last
_BEGINS = {
    "connection.connect_tcp.started": "connection",
    "connection.start_tls.started": "tls",
    "http11.send_request_headers.started": "answer",
}
_COURTESY_S = 0.5  # what the rest of an answer may take; a receiver that trickles must not hold up its next event


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver answered.

    Attributes:
        status: of HTTP.
        retry_after: how long it asks to wait, as it says it.
        text: how its words begin.
        steps: what it took to get them.
        sends_to: where a redirection leads, without what may be secret; empty for none.
    """

    status: int
    retry_after: str | None
    text: str = ""
    steps: Mapping[str, float] = field(default_factory=dict, compare=False)
    sends_to: str = ""


class WebhookSender:
    """Posts, one attempt at a time; ``abort`` may be called from any other thread.

    An attempt runs on an event loop of its own so that its deadline covers all of it (looking up the name, connecting, TLS,
    sending, an answer that comes one byte a second) and so that it can be cut off at any moment.
    """

    def __init__(self) -> None:
        for name in ("httpx", "httpcore"):  # they log whole URLs, and a webhook's URL is a secret
            logging.getLogger(name).setLevel(logging.WARNING)
        self._context: tuple[tuple[bool, str], ssl.SSLContext] | None = None
        self._loop = Loop()
        self._attempt: asyncio.Task[Answer] | None = None

    def post(self, target: WebhookSpec, body: Mapping[str, Any], key: str) -> Answer:
        """Send what the target makes of ``body`` with ``Idempotency-Key: key``; return the answer, whatever its status.

        A redirection is an answer like another: following it would turn a POST into a GET, or send the body elsewhere; and
        where it only leads from http to https, every body would go in the clear first, and nobody would know (ADR 7).

        Raises:
            DeliveryError: ``delivery.timeout``, ``delivery.refused``, ``delivery.unresolved``, ``delivery.tls`` or
                ``delivery.network``, all retryable, for networks and receivers come back, and ``NotSent`` where the receiver
                cannot have taken anything; ``delivery.stopped`` after ``abort``; ``delivery.ca_file`` and
                ``delivery.template``, which a person must mend.
        """
        content = _content(target, body)
        self._loop.steps = Steps()
        self._attempt = self._loop.create_task(self._attempted(target, content, key, self._tls(target)))
        try:
            return self._loop.run_until_complete(self._attempt)
        except asyncio.CancelledError as error:
            raise DeliveryError("delivery.stopped") from error
        except DeliveryError as error:
            if error.code == "delivery.tls":
                self._context = None  # the authority's file may have been renewed since it was read
            raise
        finally:
            self._attempt = None
            self._loop.run_until_complete(_settle())

    def abort(self) -> None:
        """Cut off the attempt that is under way, if any."""
        attempt = self._attempt
        if attempt is not None:
            self._loop.call_soon_threadsafe(attempt.cancel)

    def close(self) -> None:
        """Let everything go."""
        self._loop.close()

    def _tls(self, target: WebhookSpec) -> ssl.SSLContext:
        """Return whom to trust; made anew when a person has changed that, and after a receiver was not trusted.

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

    async def _attempted(self, target: WebhookSpec, content: bytes | None, key: str, tls: ssl.SSLContext) -> Answer:
        try:
            return await self._translated(target, content, key, tls)
        except DeliveryError as error:
            steps = self._loop.steps.taken()
            told = error if STEPS[-1] in steps else NotSent(error.code, retryable=error.retryable, **error.params)
            told.steps = steps
            raise told from error.__cause__

    async def _translated(self, target: WebhookSpec, content: bytes | None, key: str, tls: ssl.SSLContext) -> Answer:
        url = target.url
        try:
            return await self._send(target, content, key, tls)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise DeliveryError("delivery.timeout", retryable=True, seconds=target.timeout_s) from error
        except httpx.ConnectError as error:
            raise _connecting(error, url) from error
        except UnicodeError as error:  # a host that can be no name (IDNA), which httpx lets through
            raise DeliveryError("delivery.unresolved", retryable=True, host=urlsplit(url).hostname or "") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise DeliveryError("delivery.network", retryable=True, reason=str(error) or type(error).__name__) from error

    async def _send(self, target: WebhookSpec, content: bytes | None, key: str, tls: ssl.SSLContext) -> Answer:
        """Send, and return the answer; once its head has come, whatever happens to the rest of it changes nothing."""
        headers = _headers(target, content, key)
        answer: Answer | None = None
        read, leads = bytearray(), _RedirectTarget(target.url)
        try:
            async with (
                asyncio.timeout(target.timeout_s) as deadline,
                httpx.AsyncClient(
                    verify=tls,
                    timeout=_TIGHTER * target.timeout_s,
                    trust_env=False,
                    event_hooks={"response": [leads.on_response]},
                ) as client,
                client.stream(
                    target.method, target.url, content=content, headers=headers, extensions=self._tracing()
                ) as response,
            ):
                retry_after, steps = response.headers.get("Retry-After"), self._loop.steps.taken()
                answer = Answer(response.status_code, retry_after, steps=steps, sends_to=leads.elsewhere)
                deadline.reschedule(min(deadline.when() or 0.0, self._loop.time() + _COURTESY_S))
                await _read_some(response, read)
        except (TimeoutError, httpx.HTTPError):
            if answer is None:
                raise
        return replace(answer, text=read.decode(errors="replace"))

    def _tracing(self) -> dict[str, Any]:
        """Return what has the HTTP client tell how far it is (httpcore's ``trace``)."""
        steps = self._loop.steps

        async def trace(event: str, _: object) -> None:
            if event in _BEGINS:
                steps.begin(_BEGINS[event])

        return {"trace": trace}


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


def _headers(target: WebhookSpec, content: bytes | None, key: str) -> httpx.Headers:
    """Return a person's headers and, before them in rank, our own."""
    headers = httpx.Headers({"User-Agent": f"ClapTrap/{__version__}", **target.headers, "Idempotency-Key": key})
    if content is not None:
        headers["Content-Type"] = target.content_type if target.template else "application/json"
    if target.signing_secret:
        headers.update(signature_headers(target.signing_secret, key, int(time.time()), content or b""))
    return headers


class _RedirectTarget:
    """Where a redirection leads; it is taken out of the answer, for the HTTP client fails at one that leads nowhere."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.elsewhere = ""

    async def on_response(self, response: httpx.Response) -> None:
        """Keep it, redacted; empty for none, or one that leads nowhere."""
        location = response.headers.pop("Location", "")
        if location and response.is_redirect:
            with suppress(ValueError):
                self.elsewhere = redact(urljoin(self._url, location)).replace("?", "")


class Steps:
    """How long each step of one attempt has taken."""

    def __init__(self) -> None:
        self._taken: dict[str, float] = {}
        self._step = ""
        self._began = 0.0

    def begin(self, step: str) -> None:
        """Go on to a step; one that comes twice is added up."""
        self._taken, self._step, self._began = self.taken(), step, time.monotonic()

    def rename(self, step: str) -> None:
        """Say what the step under way turns out to be."""
        self._step = step

    def taken(self) -> dict[str, float]:
        """Return the seconds of every step so far, the one under way included and last."""
        if not self._step:
            return dict(self._taken)
        before = {step: took for step, took in self._taken.items() if step != self._step}
        now = self._taken.get(self._step, 0.0) + time.monotonic() - self._began
        return {**before, self._step: round(now, 4)}


async def _settle() -> None:
    """Let the loop carry out what closing has only ordered, so that no connection stays open until the next attempt."""
    for _ in range(3):
        await asyncio.sleep(0)


async def _read_some(response: httpx.Response, read: bytearray) -> None:
    """Read a short answer to its end: a connection that is closed before looks like a fault to some receivers."""
    async for chunk in response.aiter_raw():
        read += chunk[: _READ_AT_MOST - len(read)]
        if len(read) >= _READ_AT_MOST:
            return


def excerpt(text: str, secrets: Iterable[str]) -> str:
    """Return how an answer begins, on one line, with ``secrets`` masked wherever they stand in it."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= EXCERPT_CHARACTERS else line[: EXCERPT_CHARACTERS - 1] + "…"


class Loop(asyncio.SelectorEventLoop):
    """An event loop that looks names up in threads that may be left behind.

    The system's resolver cannot be interrupted, and takes half a minute when the network is down; the threads of asyncio's
    own pool would be waited for when the process ends.
    """

    steps = Steps()

    async def getaddrinfo(self, host: Any, port: Any, **how: Any) -> Any:
        """Look a name up, as ``socket.getaddrinfo``."""
        self.steps.rename("name")
        found: asyncio.Future[Any] = self.create_future()

        def finish(result: Any, error: Exception | None) -> None:
            if found.done():  # nobody waits any more
                return
            if error is None:
                found.set_result(result)
            else:
                found.set_exception(error)

        def look_up() -> None:
            result, error = None, None
            try:
                result = socket.getaddrinfo(host, port, **how)
            except (OSError, UnicodeError) as failure:
                error = failure
            with suppress(RuntimeError):  # the loop was closed meanwhile
                self.call_soon_threadsafe(finish, result, error)

        threading.Thread(target=look_up, name="deliver:look-up", daemon=True).start()
        result = await found
        self.steps.begin("connection")
        return result


def _connecting(error: httpx.ConnectError, url: str) -> DeliveryError:
    """Say why a connection could not be made: httpx keeps the reason as the cause."""
    causes = list(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return DeliveryError("delivery.unresolved", retryable=True, host=urlsplit(url).hostname or "")
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes) or "refused" in str(error).lower():
        return DeliveryError("delivery.refused", retryable=True)
    tls = next((cause for cause in causes if isinstance(cause, ssl.SSLError)), None)
    if tls is not None:
        reason = getattr(tls, "verify_message", "") or tls.reason or str(tls)
        return DeliveryError("delivery.tls", retryable=True, reason=reason)
    return DeliveryError("delivery.network", retryable=True, reason=str(error))


def _causes(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found
