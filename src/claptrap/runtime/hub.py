"""Publish and subscribe for news: bounded per subscriber, never blocking the publisher."""

from __future__ import annotations

import threading
from collections import deque
from types import TracebackType
from typing import Self

from claptrap.core.events import Event, Status

News = Status | Event


class Subscription:
    """One subscriber's queue. When it is full the oldest news is dropped and counted.

    Use as a context manager, or call ``close``.

    Attributes:
        dropped: how many news were dropped.
        is_paused: whether news is left out for now, uncounted, and wakes nobody.
    """

    def __init__(self, hub: Hub, capacity: int) -> None:
        self._hub = hub
        self._queue: deque[News] = deque()
        self._capacity = capacity
        self._ready = threading.Condition()
        self._closed = False
        self.dropped = 0
        self.is_paused = False

    def get(self, timeout_s: float) -> News | None:
        """Return the oldest news, waiting for it; None when the time is over or the subscription is closed."""
        with self._ready:
            self._ready.wait_for(lambda: self._queue or self._closed, timeout_s)
            return self._queue.popleft() if self._queue else None

    @property
    def closed(self) -> bool:
        """Whether no more news will come."""
        return self._closed

    def close(self) -> None:
        """Unsubscribe, and wake a thread that waits in ``get``."""
        self._hub.forget(self)
        with self._ready:
            self._closed = True
            self._ready.notify_all()

    def push(self, news: News) -> None:
        """Append news; for the hub."""
        if self.is_paused:
            return
        with self._ready:
            if len(self._queue) >= self._capacity:
                self._queue.popleft()
                self.dropped += 1
            self._queue.append(news)
            self._ready.notify()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Hub:
    """Where news is published. Also a ``StatusSink``."""

    def __init__(self) -> None:
        self._subscriptions: tuple[Subscription, ...] = ()
        self._dropped_before = 0
        self._lock = threading.Lock()

    def subscribe(self, capacity: int = 1000) -> Subscription:
        """Return a queue that gets everything published from now on."""
        subscription = Subscription(self, capacity)
        with self._lock:
            self._subscriptions = (*self._subscriptions, subscription)
        return subscription

    def forget(self, subscription: Subscription) -> None:
        """Remove ``subscription``; harmless if it is unknown."""
        with self._lock:
            if subscription in self._subscriptions:
                self._subscriptions = tuple(s for s in self._subscriptions if s is not subscription)
                self._dropped_before += subscription.dropped

    @property
    def dropped(self) -> int:
        """How many news were dropped since the beginning, over all subscribers, those that have left included."""
        with self._lock:
            return self._dropped_before + sum(subscription.dropped for subscription in self._subscriptions)

    def publish(self, news: News) -> None:
        """Give ``news`` to every subscriber; never blocks for longer than a queue operation."""
        for subscription in self._subscriptions:
            subscription.push(news)

    offer = publish
