"""Which connection gets the spectrogram of which source: spectrograms are made only while a page shows them.

``watch`` ({source}) subscribes a connection to one source, in place of the one before; an empty source ends it.
"""

from __future__ import annotations

from typing import Any

import socketio

from claptrap.core.errors import InputError
from claptrap.service import Application, with_messages

MAX_WATCHED = 8  # sources; each costs the beat a spectrum every 20 ms
MAX_NAME = 64


class SpectrogramSubscriptions:
    """The subscriptions. Everything happens in Socket.IO's event loop."""

    def __init__(self, service: Application, server: socketio.AsyncServer) -> None:
        self._service = service
        self._io = server
        self._subscribed: dict[str, str] = {}
        server.on("watch", self._on_watch)

    async def _on_watch(self, sid: str, *said: object) -> dict[str, Any]:
        """Change the subscription of a connection; the answer has an empty ``code``, or says why not."""
        wish = said[0] if said and isinstance(said[0], dict) else {}
        source = wish.get("source")
        try:
            await self._subscribe(sid, source if isinstance(source, str) and len(source) <= MAX_NAME else "")
        except InputError as error:
            return with_messages({"code": error.code, "params": dict(error.params)})
        return with_messages({"code": "", "params": {}})

    async def _subscribe(self, sid: str, source: str) -> None:
        if (before := self._subscribed.pop(sid, None)) is not None:
            await self._io.leave_room(sid, room_of(before))
        try:
            if source and len({*self._subscribed.values(), source}) > MAX_WATCHED:
                raise InputError("api.too_many_watched", most=MAX_WATCHED)
            if source:
                self._subscribed[sid] = source
                await self._io.enter_room(sid, room_of(source))
        finally:
            self._service.detection.show(self._subscribed.values())

    def forget(self, sid: str) -> None:
        """End the subscription of a closed connection."""
        if self._subscribed.pop(sid, None) is not None:
            self._service.detection.show(self._subscribed.values())


def room_of(source_id: str) -> str:
    """Return the Socket.IO room of a source's subscribers."""
    return f"watch:{source_id}"
