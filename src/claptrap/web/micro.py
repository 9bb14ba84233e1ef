"""Browsers as microphones: what the page ``/micro`` sends over Socket.IO, and where a phone finds that page.

``micro_open`` ({source, page}) lets a connection send sound for a source; ``micro_sound`` (bytes) is sound; ``micro_close``
({code}) says why no more will come. A connection that ends without saying so may come back and go on.
"""

from __future__ import annotations

import io
import logging
from dataclasses import asdict, dataclass
from typing import Any

import socketio
from flask import Response, abort, request
from socketio.packet import BINARY_EVENT, EVENT, Packet

from claptrap.core.errors import InputError
from claptrap.service import Application, with_messages
from claptrap.sources.browser import put_data
from claptrap.sources.feeds import Feed, PutResult
from claptrap.web import responses
from claptrap.web.asgi import ABORT
from claptrap.web.listen_address import ListenAddress, is_loopback
from claptrap.web.routes import SAVING, Routes, object_schema
from claptrap.web.security import host_name

MAX_ANNOUNCED_CHARS = 500  # characters around a binary part
MAX_NAME = 64  # characters of what a page calls itself
END_CODES = ("browser.closed", "browser.stopped", "browser.unplugged")  # why a page may say that it ends
_RESERVED_EVENTS = ("connect", "disconnect")
_log = logging.getLogger(__name__)


class BoundedPacket(Packet):  # type: ignore[misc]  # the library ships no types
    """A Socket.IO packet with one binary part at most: the library would keep as many as a peer announces, 10¹⁰.

    What announces the part is short: the library keeps it for ever where the connection breaks before the part has come.
    An event has a name, which is none that the library itself calls.
    """

    def decode(self, encoded_packet: Any) -> int:
        """Decode, or raise ValueError."""
        try:
            count = int(super().decode(encoded_packet) or 0)
        except RecursionError as error:
            raise ValueError("lists within lists without end") from error
        if count > 1 or (count and len(encoded_packet) > MAX_ANNOUNCED_CHARS):
            raise ValueError("too many attachments")
        if self.packet_type in (EVENT, BINARY_EVENT) and not _is_event(self.data):
            raise ValueError("no event")
        return count


def _is_event(data: object) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], str) and data[0] not in _RESERVED_EVENTS


class BrowserMicrophones:
    """The connections that send sound for sources. Everything happens in Socket.IO's event loop."""

    def __init__(self, service: Application, server: socketio.AsyncServer) -> None:
        self._service = service
        self._io = server
        self._feeds: dict[str, Feed] = {}
        server.on("micro_open", self._on_open)
        server.on("micro_sound", self._on_sound)
        server.on("micro_close", self._on_close)

    async def _on_open(self, sid: str, *said: object) -> dict[str, Any]:
        """Handle ``micro_open``: let a connection send for a source; the answer has an empty ``code``, or says why not."""
        wish = said[0] if said and isinstance(said[0], dict) else {}
        source, page = wish.get("source"), wish.get("page")
        try:
            feed = self._service.sources.open_browser(_name(source), _name(page))
        except InputError as error:
            return with_messages({"code": error.code, "params": dict(error.params)})
        self.forget(sid)
        self._feeds[sid] = feed
        _log.info("%s: a browser speaks", feed.source_id)
        return {"code": ""}

    async def _on_sound(self, sid: str, *said: object) -> None:
        feed = self._feeds.get(sid)
        if feed is None:
            return  # sent before the page learned that it was replaced
        result = put_data(feed, said[0] if len(said) == 1 else None)
        if result is PutResult.REPLACED:
            self.forget(sid)
            await self._io.emit("micro_end", with_messages({"code": "browser.replaced", "params": {}}), to=sid)
        elif result is PutResult.HOSTILE:
            _log.warning("%s: a browser that sends no proper sound was disconnected", feed.source_id)
            await self._disconnect(sid)

    async def _disconnect(self, sid: str) -> None:
        """End a whole connection: Socket.IO only asks the client to go, and takes whatever it goes on to send."""
        self.forget(sid)
        extensions = self._io.get_environ(sid)["asgi.scope"].get("extensions", {})
        await self._io.eio.disconnect(self._io.manager.eio_sid_from_sid(sid, "/"))
        if ABORT in extensions:
            extensions[ABORT][ABORT]()

    async def _on_close(self, sid: str, *said: object) -> None:
        wish = said[0] if said and isinstance(said[0], dict) else {}
        code = wish.get("code")
        feed = self._feeds.pop(sid, None)
        if feed is not None:
            feed.close(str(code) if code in END_CODES else END_CODES[0])

    def forget(self, sid: str) -> None:
        """Close the feed of a connection that has ended or sends for another source now; it may come back and go on."""
        feed = self._feeds.pop(sid, None)
        if feed is not None:
            feed.close()


def _name(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME:
        raise InputError("api.not_a_name", most=MAX_NAME)
    return value


# -- the way there ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Invitation:
    """Where a phone finds the page.

    Attributes:
        address: the page's; empty where the service listens to this machine alone.
        secure: whether a browser will give its microphone to that page.
    """

    address: str
    secure: bool


routes = Routes("micro")


@routes.get(
    "/api/micro",
    "Où un téléphone trouve la page qui en fait un microphone",
    responses.Invitation,
)
def invitation(listen_address: ListenAddress) -> dict[str, Any]:
    """Where a phone finds the page that makes it a microphone."""
    return asdict(invite(listen_address))


@routes.post(
    "/api/micro",
    "La source pour laquelle un navigateur enverra le son, créée au besoin",
    responses.Claimed,
    also=(201,),
    body=object_schema(name={"type": "string"}, id={"type": "string"}),
    codes=SAVING,
)
def claim_source(service: Application, body: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """The source for which a browser will send sound, made if there is none."""
    source = service.sources.claim_browser(body.get("name", ""), str(body.get("id", "")))
    return {"id": source}, 200 if source == body.get("id") else 201


@routes.get(
    "/api/micro/qr.svg",
    "Le code QR de cette page ; 404 si aucun téléphone ne l'atteint",
    media=("image/svg+xml",),
    codes=("api.not_found",),
)
def qr_code(listen_address: ListenAddress) -> Response:
    """The QR code of that page; 404 where no phone reaches it."""
    found = invite(listen_address)
    if not found.address:
        abort(404)
    drawing = io.BytesIO()
    import segno  # noqa: PLC0415  # for the QR code alone

    segno.make_qr(found.address, error="m").save(drawing, kind="svg", scale=8, border=3, light="#fff")
    return Response(drawing.getvalue(), mimetype="image/svg+xml")


def invite(listen_address: ListenAddress) -> Invitation:
    """Return where a phone finds the page, for the request at hand.

    The name under which another machine reached this page serves a phone, too, also behind a proxy; for a request from this
    machine it is the machine's address in the network.
    """
    asked = host_name(request.host)
    if not is_loopback(asked):
        prefix = request.headers.get("X-Forwarded-Prefix", "")
        return Invitation(f"{request.scheme}://{request.host}{prefix}/micro", request.is_secure)
    address = listen_address.network_address()
    return Invitation(f"{address}/micro" if address else "", listen_address.is_tls)
