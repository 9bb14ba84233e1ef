"""Is every receiver and every camera of the settings there? Name, connection, TLS; nothing is posted, nothing is heard."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from claptrap.core.errors import ClapTrapError, DeliveryError
from claptrap.core.spec import SourceInput
from claptrap.core.weburl import DEFAULT_PORTS, redact
from claptrap.delivery.http_exchange import Loop
from claptrap.doctor.finding import Finding, Severity
from claptrap.receivers import BrokerSpec, WebhookSpec
from claptrap.settings.schema import Settings
from claptrap.sources.rtsp_preflight import Deadline, Stopped, rtsp_preflight

WITHIN_S = 5.0
AT_ONCE = 32
MOST = 200


def examine_network(settings: Settings, *, within_s: float = WITHIN_S, stop: threading.Event | None = None) -> list[Finding]:
    """Reach for all receivers and cameras that are in use, ``AT_ONCE`` at once, each for ``within_s`` at most.

    Once ``stop`` is set it ends soon, and what it returns is of no use.
    """
    stop = stop or threading.Event()
    names = {source.id: source.name for source in settings.sources}
    used = {source.id for source in settings.sources if source.enabled}
    targets = [target for target in settings.targets() if target.source_id in used]
    cameras = [(source.name, source.to_input()) for source in settings.sources if source.enabled]
    cameras = [(name, wanted) for name, wanted in cameras if wanted.server]
    brokers = [broker for broker in (settings.broker(),) if broker is not None]
    turn = asyncio.Semaphore(AT_ONCE)

    async def all_of_them(loop: Loop, pool: ThreadPoolExecutor) -> list[Finding]:
        calls: list[Coroutine[Any, Any, Finding]] = [
            *(_in_turn(turn, _receiver("webhook", target, names[target.source_id], within_s)) for target in targets[:MOST]),
            *(_in_turn(turn, _receiver("mqtt", broker, "MQTT", within_s)) for broker in brokers),
            *(_in_turn(turn, _in_pool(loop, pool, *camera, within_s, stop)) for camera in cameras[:MOST]),
        ]
        return list(await asyncio.gather(*calls))

    loop = Loop()
    try:
        with ThreadPoolExecutor(AT_ONCE, "doctor:network") as pool:
            return loop.run_until_complete(all_of_them(loop, pool))
    finally:
        loop.close()


async def _in_turn(turn: asyncio.Semaphore, call: Coroutine[Any, Any, Finding]) -> Finding:
    async with turn:
        return await call


async def _receiver(check: str, target: WebhookSpec | BrokerSpec, name: str, within_s: float) -> Finding:
    subject = f"{name} → {redact(target.url)}"
    began_s = time.monotonic()
    try:
        await _connected(target, within_s)
    except DeliveryError as error:
        return Finding.of(check, Severity.FAULT, error, subject)
    return Finding(check, Severity.OK, "doctor.reached", {"ms": round(1e3 * (time.monotonic() - began_s))}, subject)


async def _connected(target: WebhookSpec | BrokerSpec, within_s: float) -> None:
    """Connect, and shake hands where it speaks TLS. Raises DeliveryError."""
    parts = urlsplit(target.url)
    host = parts.hostname or ""
    try:
        async with asyncio.timeout(within_s):
            context = _context(target) if parts.scheme in ("https", "mqtts") else None
            _, writer = await asyncio.open_connection(host, parts.port or DEFAULT_PORTS[parts.scheme], ssl=context)
            writer.close()
            await writer.wait_closed()
    except TimeoutError as error:
        raise DeliveryError("delivery.timeout", retryable=True, seconds=within_s) from error
    except (socket.gaierror, UnicodeError) as error:
        raise DeliveryError("delivery.unresolved", retryable=True, host=host) from error
    except ConnectionRefusedError as error:
        raise DeliveryError("delivery.refused", retryable=True) from error
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or str(error)
        raise DeliveryError("delivery.tls", retryable=True, reason=reason) from error
    except OSError as error:
        raise DeliveryError("delivery.network", retryable=True, reason=error.strerror or str(error)) from error


def _context(target: WebhookSpec | BrokerSpec) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=target.ca_file or None)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DeliveryError("delivery.ca_file", path=target.ca_file, reason=reason) from error
    if not target.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def _in_pool(
    loop: Loop, pool: ThreadPoolExecutor, name: str, wanted: SourceInput, within_s: float, stop: threading.Event
) -> Finding:
    return await loop.run_in_executor(pool, _camera, name, wanted, within_s, stop)


def _camera(name: str, wanted: SourceInput, within_s: float, stop: threading.Event) -> Finding:
    url, where = wanted.server, redact(wanted.server)
    subject = f"{name} → {where}"
    began_s = time.monotonic()
    try:
        rtsp_preflight(url, verify_tls=wanted.verifies_tls, deadline=Deadline(where, within_s, stop))
    except Stopped:
        return Finding("rtsp", Severity.WARNING, "rtsp.given_up", {"where": where}, subject)
    except ClapTrapError as error:
        return Finding.of("rtsp", Severity.FAULT, error, subject)
    return Finding("rtsp", Severity.OK, "doctor.reached", {"ms": round(1e3 * (time.monotonic() - began_s))}, subject)
