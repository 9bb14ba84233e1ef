"""The connection to NATS and the thread ``cluster`` that runs everything over it."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from claptrap.core.errors import InputError
from claptrap.core.weburl import redact

RETRY_S = 0.5
NO_ANSWER = (nats.errors.Error, TimeoutError, OSError)
"""What is raised where NATS does not answer, or refuses."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Address:
    """Where NATS is, and how to come in.

    Attributes:
        urls: of its servers, separated by commas: ``nats://`` or ``tls://``.
        credentials: file with an NKey's seed, or a ``.creds`` file; None for none.
        tls_ca: PEM file of the authority to trust instead of the system's; None for the system's.
    """

    urls: str
    credentials: Path | None = None
    tls_ca: Path | None = None

    def options(self) -> dict[str, Any]:
        """Return what ``Client.connect`` takes.

        Raises:
            InputError: ``cluster.bad_file``, ``cluster.bad_address``.
        """
        urls = [url.strip() for url in self.urls.split(",") if url.strip()]
        if not urls or not all(url.startswith(("nats://", "tls://")) for url in urls):
            raise InputError("cluster.bad_address", url=redact(self.urls))
        given: dict[str, Any] = {"servers": urls}
        path = self.credentials
        try:
            if path is not None:
                is_creds = "BEGIN" in path.read_text("utf-8")
                given |= {"user_credentials": str(path)} if is_creds else {"nkeys_seed": str(path)}
            if (path := self.tls_ca) is not None:
                given["tls"] = ssl.create_default_context(cafile=str(path))
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError("cluster.bad_file", path=str(path), reason=reason) from error
        return given


@dataclass(frozen=True, slots=True)
class Message:
    """What was sent to all who listen."""

    message: Msg

    @property
    def subject(self) -> str:
        """Its subject."""
        return self.message.subject

    @property
    def data(self) -> bytes:
        """Its content."""
        return self.message.data

    async def answer(self, data: bytes) -> None:
        """Answer it."""
        await self.message.respond(data)


class Link:
    """One connection that is opened again for ever. Its coroutines run in the thread ``cluster``.

    Args:
        address: where to.
        name: who we are; replies come under ``claptrap.inbox.NAME``.

    Raises:
        InputError: as ``Address.options``.

    Attributes:
        lost: why there is no connection now; empty while there is one.
    """

    def __init__(self, address: Address, name: str) -> None:
        self._options = {
            **address.options(),
            "name": f"claptrap {name}",
            "inbox_prefix": f"claptrap.inbox.{name}",
            "reconnect_time_wait": RETRY_S,
            "max_reconnect_attempts": -1,
            "ping_interval": 2,
            "max_outstanding_pings": 2,
            "connect_timeout": 2,
        }
        self.shown = ", ".join(redact(url.strip()) for url in address.urls.split(","))
        self.lost = "—"
        self._said = ""
        self.client = Client()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cluster")
        self._tasks: list[Future[Any]] = []
        self._on_connect: list[Callable[[], Coroutine[Any, Any, None]]] = []

    def on_connect(self, call: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run ``call`` in the loop whenever there is a connection again."""
        self._on_connect.append(call)

    async def publish(self, subject: str, data: bytes, reply: str = "") -> None:
        """Send to all who listen now; lost where there is no connection."""
        if not self.lost:
            await self.client.publish(subject, data, reply)

    async def subscribe(self, subject: str, call: Callable[[Message], Coroutine[Any, Any, None]]) -> None:
        """Run ``call`` for every message of ``subject``; one that it cannot handle is logged."""

        async def handle(message: Msg) -> None:
            try:
                await call(Message(message))
            except Exception:  # noqa: BLE001  # of another version, or a stranger's: the next must still be heard
                _log.exception("%s: a message that cannot be handled", message.subject)

        await self.client.subscribe(subject, cb=handle)

    async def request(self, subject: str, data: bytes, timeout_s: float) -> bytes:
        """Return the answer to a question; raises ``NO_ANSWER``."""
        return (await self.client.request(subject, data, timeout_s)).data

    def start(self, *coroutines: Coroutine[Any, Any, None]) -> None:
        """Connect in the background, and run ``coroutines`` once that has succeeded."""
        self._thread.start()
        self._tasks.append(asyncio.run_coroutine_threadsafe(self._run(coroutines), self._loop))

    def call(self, function: Callable[..., object], *args: object) -> None:
        """Call ``function`` in the loop, soon; not after ``stop``."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(function, *args)

    def wait_for(self, coroutine: Coroutine[Any, Any, Any], timeout_s: float) -> Any:
        """Return what ``coroutine`` returns; for other threads.

        Raises:
            TimeoutError: it took too long.
        """
        return asyncio.run_coroutine_threadsafe(asyncio.wait_for(coroutine, timeout_s), self._loop).result(timeout_s + 1)

    def stop(self) -> None:
        """Close the connection, after what was published is sent, and end the thread; harmless where it was not started."""
        if self._thread.ident is None:
            self._loop.close()
            return
        for task in self._tasks:
            task.cancel()
        try:
            asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    async def _run(self, coroutines: tuple[Coroutine[Any, Any, None], ...]) -> None:
        async def connected() -> None:
            self.lost = ""
            _log.info("connected to %s", self.shown)
            for call in self._on_connect:
                await call()

        async def disconnected() -> None:
            if not self.client.is_closed:
                self.lost = self.lost or "—"
                _log.warning("no connection to %s", self.shown)

        async def failed(error: Exception) -> None:
            self.lost = str(error) or type(error).__name__ if not self.client.is_connected else ""
            if str(error) != self._said:  # a right that is missing, a certificate that does not fit: once is enough
                _log.warning("%s: %s", self.shown, str(error) or type(error).__name__)
            self._said = str(error)

        options = {**self._options, "error_cb": failed, "disconnected_cb": disconnected, "reconnected_cb": connected}
        await self.client.connect(**options)  # tries for ever
        await connected()
        await asyncio.gather(*coroutines)

    async def _close(self) -> None:
        if self.client.is_connected:
            try:
                await self.client.flush(2)
            except NO_ANSWER as error:
                _log.warning("not everything could be sent to %s: %r", self.shown, error)
        await self.client.close()
        while others := asyncio.all_tasks() - {asyncio.current_task()}:  # again: one that ends may begin another
            for task in others:
                task.cancel()
            await asyncio.wait(others, timeout=1.0)
        await asyncio.get_running_loop().shutdown_default_executor()


async def persistently(what: str, step: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run ``step`` again and again; what the broker does not answer is logged and tried again."""
    while True:
        try:
            await step()
        except NO_ANSWER as error:
            _log.debug("%s: %r", what, error)
            await asyncio.sleep(RETRY_S)
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001  # one message that cannot be handled must not end the thread for all others
            _log.exception("%s failed", what)
            await asyncio.sleep(RETRY_S)
