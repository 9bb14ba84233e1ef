"""What a node sends to the server: events through the stream, in order; statuses and news to those that listen."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping

from claptrap.cluster.jetstream import JetStream
from claptrap.cluster.link import Link
from claptrap.cluster.wire import Holder, Placement, dump_event, dump_news
from claptrap.core.events import Event, Levels, SourceStatus, Status

EVENTS_WAITING = 10_000  # while NATS is away; then the newest are dropped, counted and logged
NEWS_WAITING = 500
NEWS_S, UNWATCHED_NEWS_S = 0.1, 1.0
ALL_STATUSES_S = 10.0
_log = logging.getLogger(__name__)


class Reports:
    """Queues what was heard, and sends it. ``event`` and ``offer`` are for any thread, the rest for the thread ``cluster``.

    Args:
        link, stream: over which it is sent.
        name: the node's.
        placement: returns by which placement a source is heard; None where it is not.

    Attributes:
        is_watched: whether a page is open.
        lost: events that could not be kept.
    """

    def __init__(self, link: Link, stream: JetStream, name: str, placement: Callable[[str], Placement | None]) -> None:
        self._link = link
        self._stream = stream
        self._name = name
        self._placement = placement
        self._events: deque[tuple[str, str, bytes]] = deque()
        self._has_events = asyncio.Event()
        self._statuses: dict[str, SourceStatus] = {}
        self._news: deque[Status] = deque(maxlen=NEWS_WAITING)
        self._sent_all_at = float("-inf")
        self._dropped_hops: dict[str, int] = {}
        self._is_behind = False
        self.is_watched = False
        self.lost = 0

    @property
    def waiting(self) -> int:
        """How many events wait to be stored."""
        return len(self._events)

    def event(self, event: Event, recorded_at: float, offset_s: float | None) -> None:
        """Queue an event; it is dropped, and counted, where ``EVENTS_WAITING`` wait."""
        if len(self._events) >= EVENTS_WAITING:
            self.lost += 1
            _log.error("%s: dropped, %d events wait for NATS", event.id, len(self._events))
            return
        self._events.append((f"claptrap.event.{event.source_id}", event.id, dump_event(event, recorded_at, offset_s)))
        self._link.call(self._has_events.set)

    def taken(self, source_id: str, holder: Holder) -> None:
        """Queue that this node hears a source from now on: stored before what it hears, whenever NATS can store."""
        self._events.append((f"claptrap.taken.{source_id}", f"{source_id}/{holder.placement.prefix}", holder.dump()))
        self._has_events.set()

    def offer(self, status: Status) -> None:
        """Keep the newest status of each source; levels only while a page is open."""
        if isinstance(status, SourceStatus):
            self._statuses[status.source_id] = status
        elif self.is_watched or not isinstance(status, Levels):
            self._news.append(status)

    async def send_events(self) -> None:
        """Wait for events, and store them."""
        if not self._events:
            await self._has_events.wait()
        self._has_events.clear()
        await self.flush()

    async def flush(self) -> None:
        """Store events in order; each stays queued until it is on disk."""
        while self._events:
            subject, event_id, data = self._events[0]
            await self._stream.store(subject, data, event_id)
            if self._events and self._events[0][1] == event_id:
                self._events.popleft()

    async def send_news(self, all_statuses: Callable[[], Mapping[str, SourceStatus]], now: float) -> None:
        """Send what is new of the lossy side, and now and then every status: a server that starts does not know them."""
        news, self._news = self._news, deque(maxlen=NEWS_WAITING)
        statuses, self._statuses = self._statuses, {}
        self._mind(statuses)
        if now - self._sent_all_at >= ALL_STATUSES_S:
            statuses, self._sent_all_at = {**all_statuses(), **statuses}, now
        if news or statuses:
            said = [(self._placement(getattr(one, "source_id", "")), one) for one in (*statuses.values(), *news)]
            await self._link.publish(f"claptrap.news.{self._name}", dump_news(self._name, said))
        await asyncio.sleep(NEWS_S if self.is_watched else UNWATCHED_NEWS_S)

    def fell_behind(self) -> bool:
        """Return whether hearing has lost sound since this was last asked."""
        was_behind, self._is_behind = self._is_behind, False
        return was_behind

    def _mind(self, statuses: Mapping[str, SourceStatus]) -> None:
        for source, status in statuses.items():
            self._is_behind |= status.dropped_hops > self._dropped_hops.get(source, 0)
            self._dropped_hops[source] = status.dropped_hops
