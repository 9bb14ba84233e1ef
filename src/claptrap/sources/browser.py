"""Browsers: phones and laptops whose page ``/micro`` sends what their microphone hears.

The page speaks for a source, which is known by its id. It may come, break off, come back and go; the source listens all the
time and says in words what it waits for.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto

from claptrap.audio.frame import Frame
from claptrap.core.clock import Clock, SystemClock
from claptrap.sources.base import Sink
from claptrap.sources.browser_block import Block, parse
from claptrap.sources.loss_bound import LossBound

LOOK_S = 0.2  # how often a source without sound looks whether its page is still there
QUEUE_S = 3.0
QUEUE_ITEMS = 1024
LOST_S = 8.0  # sooner than any watchdog that would have the source reopened (10 s); shorter breaks count as lost sound
AHEAD_S = 3.0  # sound that may come faster than time passes: what a network held back
CREDIT_S = 0.25  # of loss in ten seconds: blocks that a network held back come at once
MOST_BAD = 100  # blocks that are none, from one page


class PutResult(Enum):
    """What became of a block.

    ``KEPT``; ``USELESS``: refused, but the page may go on; ``REPLACED``: another page speaks for the source by now;
    ``HOSTILE``: so much of what this page sends is no sound that it should be shown out.
    """

    KEPT = auto()
    USELESS = auto()
    REPLACED = auto()
    HOSTILE = auto()


@dataclass(frozen=True, slots=True)
class QueueItem:
    """What a source gets: a block, or why none will follow.

    Attributes:
        page: who says it; names one uninterrupted use of a microphone.
        block: sound; None where it ends.
        code: why it ends, a key of ``text.catalogue``.
    """

    page: str
    block: Block | None = None
    code: str = ""


class BlockQueue:
    """A bounded queue between the web and the thread of a source.

    Overload rule: the oldest item is dropped; the places of the blocks then show the gap.
    """

    def __init__(self) -> None:
        self._items: deque[QueueItem] = deque()
        self._waiting_s = 0.0
        self._is_woken = False
        self._news = threading.Condition()

    def put(self, item: QueueItem) -> None:
        """Add what has come. Never waits for the reader."""
        with self._news:
            self._items.append(item)
            self._waiting_s += item.block.duration_s if item.block else 0.0
            while len(self._items) > QUEUE_ITEMS or self._waiting_s > QUEUE_S:
                dropped = self._items.popleft().block
                self._waiting_s -= dropped.duration_s if dropped else 0.0
            self._news.notify()

    def wake(self) -> None:
        """Let the reader go on, with what has come."""
        with self._news:
            self._is_woken = True
            self._news.notify()

    def get(self, timeout_s: float) -> list[QueueItem]:
        """Return what has come, oldest first; empty after ``timeout_s`` without anything."""
        with self._news:
            self._news.wait_for(lambda: self._items or self._is_woken, timeout_s)
            self._is_woken = False
            items, self._waiting_s = list(self._items), 0.0
            self._items.clear()
            return items


class Browsers:
    """Brings pages and sources together. Thread-safe.

    Args:
        clock: bounds how much sound a page may send.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self._queues: dict[str, BlockQueue] = {}
        self._feeds: dict[str, Feed] = {}
        self._lock = threading.Lock()

    @contextmanager
    def receiving(self, source_id: str) -> Iterator[BlockQueue]:
        """Receive what pages send for one source until the context ends."""
        queue = BlockQueue()
        with self._lock:
            self._queues[source_id] = queue
        try:
            yield queue
        finally:
            with self._lock:
                if self._queues.get(source_id) is queue:
                    del self._queues[source_id]

    def connect(self, source_id: str, page: str) -> Feed:
        """Let ``page`` speak for a source from now on, instead of the page before."""
        feed = Feed(self, source_id, page)
        with self._lock:
            self._feeds[source_id] = feed
        return feed

    def is_connected(self, source_id: str) -> bool:
        """Whether a page speaks for a source just now."""
        with self._lock:
            return source_id in self._feeds

    def speaks(self, feed: Feed) -> bool:
        """Whether ``feed`` is the one that speaks for its source."""
        with self._lock:
            return self._feeds.get(feed.source_id) is feed

    def pass_on(self, source_id: str, item: QueueItem) -> None:
        """Give an item to the source; where it does not listen (switched off) that is no fault, and nothing is kept."""
        with self._lock:
            queue = self._queues.get(source_id)
        if queue is not None:
            queue.put(item)

    def disconnect(self, feed: Feed) -> bool:
        """Forget a feed; return whether it was the one that spoke for its source."""
        with self._lock:
            spoke = self._feeds.get(feed.source_id) is feed
            if spoke:
                del self._feeds[feed.source_id]
            return spoke


class Feed:
    """One connection of one page, bounded in all that it may do. For one thread at a time.

    Attributes:
        source_id: for which source it speaks.
    """

    def __init__(self, browsers: Browsers, source_id: str, page: str) -> None:
        self.source_id = source_id
        self._browsers = browsers
        self._page = page
        self._n_bad = 0
        self._ahead_s = 0.0  # sound that came, less the time that passed
        self._at_s = browsers.clock.monotonic()

    def put(self, data: object) -> PutResult:
        """Take what the page sent, whatever it is."""
        if not self._browsers.speaks(self):
            return PutResult.REPLACED
        try:
            block = parse(data)
        except ValueError:
            return self._refuse()
        if self._is_too_fast(block.duration_s):
            return self._refuse()
        self._browsers.pass_on(self.source_id, QueueItem(self._page, block))
        return PutResult.KEPT

    def close(self, code: str = "") -> None:
        """End. With a ``code`` the source shows why at once; without one it waits, for the page may come back."""
        if self._browsers.disconnect(self) and code:
            self._browsers.pass_on(self.source_id, QueueItem(self._page, code=code))

    def _refuse(self) -> PutResult:
        self._n_bad += 1
        return PutResult.HOSTILE if self._n_bad > MOST_BAD else PutResult.USELESS

    def _is_too_fast(self, duration_s: float) -> bool:
        now = self._browsers.clock.monotonic()
        self._ahead_s = max(0.0, self._ahead_s - 1.1 * (now - self._at_s))  # clocks differ, hardly by a tenth
        self._at_s = now
        if self._ahead_s + duration_s > AHEAD_S:
            return True
        self._ahead_s += duration_s
        return False


class BrowserSource:
    """What the browser that speaks for a source hears. It never gives up: without a page it says what to do.

    Args:
        source_id: for which source pages speak.
        browsers: the process's.
        lost_s: how long a break may last before it ends the epoch and is shown.
    """

    def __init__(self, source_id: str, browsers: Browsers, *, lost_s: float = LOST_S) -> None:
        self._source_id = source_id
        self._browsers = browsers
        self._lost_s = lost_s

    def run(self, sink: Sink) -> None:
        """Hear until stopped."""
        clock = self._browsers.clock
        with self._browsers.receiving(self._source_id) as queue, sink.stop.waking(queue.wake):
            session = _PageSession(sink, self._lost_s)
            sink.waiting("browser.waiting")
            while not sink.stop.is_set():
                session.process(queue.get(LOOK_S), clock.monotonic())
                session.check_silence(clock.monotonic(), is_connected=self._browsers.is_connected(self._source_id))


class _PageSession:
    """One run of a source: whom it hears, and what comes next."""

    def __init__(self, sink: Sink, lost_s: float) -> None:
        self._sink = sink
        self._lost_s = lost_s
        self._stream: tuple[str, int] | None = None  # page and rate; None while nothing is heard
        self._next = 0  # the place of the sample that should follow
        self._heard_s = 0.0
        self._bound = LossBound(CREDIT_S)
        self._is_asleep = False  # the status says that the page gives no sound although it is connected

    def process(self, items: list[QueueItem], now: float) -> None:
        """Hear what has come."""
        for item in items:
            if item.block is not None:
                self._hear(item.page, item.block, now)
            elif item.code:
                self._stream, self._is_asleep = None, False
                self._sink.waiting(item.code)

    def check_silence(self, now: float, *, is_connected: bool) -> None:
        """Say so where nothing comes any more."""
        if self._stream is not None and now - self._heard_s >= self._lost_s:
            self._stream, self._is_asleep = None, is_connected
            self._sink.waiting("browser.asleep" if is_connected else "browser.lost", seconds=self._lost_s)
        elif self._is_asleep and not is_connected:  # a network that dies without a word is noticed late
            self._is_asleep = False
            self._sink.waiting("browser.lost", seconds=self._lost_s)

    def _hear(self, page: str, block: Block, now: float) -> None:
        if self._stream != (page, block.rate_hz) or block.place - self._next > self._lost_s * block.rate_hz:
            self._stream, self._next, self._is_asleep = (page, block.rate_hz), block.place, False
            self._bound = LossBound(CREDIT_S)
            self._sink.live(block.rate_hz, 1)
        if block.place < self._next:
            return  # heard already: a stream goes on, never back
        lost_s = self._bound.received(block.duration_s, now, (block.place - self._next) / block.rate_hz)
        self._sink.frame(Frame(block.samples, block.rate_hz, round(lost_s * block.rate_hz)))
        self._next = block.place + len(block.pcm)
        self._heard_s = now
