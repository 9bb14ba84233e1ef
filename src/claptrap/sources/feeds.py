"""Sound that peers send unasked: brings what they send together with the sources that hear it.

A peer (a browser's page, a voice satellite) speaks for a source, which is known by its id. It may come, break off, come back
and go; the source listens all the time and says in words what it waits for.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from claptrap.audio.frame import Frame
from claptrap.core.clock import Clock, SystemClock
from claptrap.sources.base import Sink
from claptrap.sources.loss_bound import LossBound

LOOK_S = 0.2  # how often a source without sound looks whether its peer is still there
QUEUE_S = 3.0
QUEUE_ITEMS = 1024
LOST_S = 8.0  # sooner than any watchdog that would have the source reopened (10 s); shorter breaks count as lost sound
FASTEST = 1.1  # seconds of sound in a second: clocks differ, hardly by a tenth
AHEAD_S = 3.0  # sound that may come faster than time passes: what a network held back
CREDIT_S = 0.25  # of loss in ten seconds: blocks that a network held back come at once
MOST_BAD = 100  # refusals of one peer


class SoundBlock(Protocol):
    """A stretch of sound that a peer sent."""

    @property
    def rate_hz(self) -> int:
        """Samples per second."""

    @property
    def place(self) -> int:
        """How many samples of the same stream came before its first one."""

    @property
    def duration_s(self) -> float:
        """Seconds of sound in it."""

    @property
    def samples(self) -> NDArray[np.float32]:
        """Samples of shape (n, channels) in [−1, 1)."""


class PutResult(Enum):
    """What became of a block.

    ``KEPT``; ``USELESS``: refused, but the peer may go on; ``REPLACED``: another peer speaks for the source by now;
    ``HOSTILE``: so much of what this peer sends is no sound that it should be disconnected.
    """

    KEPT = auto()
    USELESS = auto()
    REPLACED = auto()
    HOSTILE = auto()


@dataclass(frozen=True, slots=True)
class QueueItem:
    """What a source gets: a block, or why none will follow.

    Attributes:
        stream: names one uninterrupted use of a microphone.
        block: sound; None where it ends.
        code: why it ends, a key of ``text.catalogue``.
    """

    stream: str
    block: SoundBlock | None = None
    code: str = ""


class BlockQueue:
    """A bounded queue between the network and the thread of a source.

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


class Feeds:
    """Brings peers and sources together. Thread-safe.

    Args:
        clock: bounds how much sound a peer may send.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self._queues: dict[str, BlockQueue] = {}
        self._feeds: dict[str, Feed] = {}
        self._lock = threading.Lock()

    @contextmanager
    def receiving(self, source_id: str) -> Iterator[BlockQueue]:
        """Receive what peers send for one source until the context ends."""
        queue = BlockQueue()
        with self._lock:
            self._queues[source_id] = queue
        try:
            yield queue
        finally:
            with self._lock:
                if self._queues.get(source_id) is queue:
                    del self._queues[source_id]

    def connect(self, source_id: str, stream: str) -> Feed:
        """Let a peer speak for a source from now on, instead of the peer before.

        Args:
            source_id: for which source.
            stream: names one uninterrupted use of a microphone: a peer that comes back with the same continues its stream.
        """
        feed = Feed(self, source_id, stream)
        with self._lock:
            self._feeds[source_id] = feed
        return feed

    def is_connected(self, source_id: str) -> bool:
        """Whether a peer speaks for a source just now."""
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


class SpeedLimit:
    """How much sound a peer may send: as much as time passes, and ``AHEAD_S`` more. Not thread-safe: one owner."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead_s = 0.0  # sound that came, less the time that passed
        self._at_s = clock.monotonic()

    def too_early_s(self, duration_s: float) -> float:
        """Return how many seconds too early ``duration_s`` more seconds of sound would come; 0 if they may come now."""
        now = self._clock.monotonic()
        self._ahead_s = max(0.0, self._ahead_s - FASTEST * (now - self._at_s))
        self._at_s = now
        return max(0.0, self._ahead_s + duration_s - AHEAD_S) / FASTEST

    def add(self, duration_s: float) -> None:
        """Record sound that came."""
        self._ahead_s += duration_s


class Feed:
    """One connection of one peer, bounded in all that it may do. For one thread at a time.

    Attributes:
        source_id: for which source it speaks.
    """

    def __init__(self, feeds: Feeds, source_id: str, stream: str) -> None:
        self.source_id = source_id
        self._feeds = feeds
        self._stream = stream
        self._n_bad = 0
        self._speed = SpeedLimit(feeds.clock)

    def put(self, block: SoundBlock) -> PutResult:
        """Pass a block on to the source, unless it comes faster than any microphone gives sound."""
        if not self._feeds.speaks(self):
            return PutResult.REPLACED
        if self.too_early_s(block.duration_s) > 0:
            return self.refuse()
        self._speed.add(block.duration_s)
        self._feeds.pass_on(self.source_id, QueueItem(self._stream, block))
        return PutResult.KEPT

    def refuse(self) -> PutResult:
        """Count what the peer sent and is no sound."""
        if not self._feeds.speaks(self):
            return PutResult.REPLACED
        self._n_bad += 1
        return PutResult.HOSTILE if self._n_bad > MOST_BAD else PutResult.USELESS

    def too_early_s(self, duration_s: float) -> float:
        """Return how many seconds too early ``duration_s`` more seconds of sound would come; 0 if they may come now."""
        return self._speed.too_early_s(duration_s)

    def close(self, code: str = "") -> None:
        """End. With a ``code`` the source shows why at once; without one it waits, for the peer may come back."""
        if self._feeds.disconnect(self) and code:
            self._feeds.pass_on(self.source_id, QueueItem(self._stream, code=code))


@dataclass(frozen=True, slots=True)
class AbsenceCodes:
    """What a source says while it hears nothing: keys of ``text.catalogue``.

    Attributes:
        waiting: no peer has come yet.
        asleep: the peer is connected and sends no sound for ``seconds``.
        lost: the peer went away ``seconds`` ago.
    """

    waiting: str
    asleep: str
    lost: str


class FedSource:
    """What the peer that speaks for a source hears. It never gives up: without a peer it says what to do.

    Args:
        source_id: for which source peers speak.
        feeds: the process's.
        codes: what it says while it hears nothing.
        lost_s: how long a break may last before it ends the epoch and is shown.
    """

    def __init__(self, source_id: str, feeds: Feeds, codes: AbsenceCodes, *, lost_s: float = LOST_S) -> None:
        self._source_id = source_id
        self._feeds = feeds
        self._codes = codes
        self._lost_s = lost_s

    def run(self, sink: Sink) -> None:
        """Hear until stopped."""
        clock = self._feeds.clock
        with self._feeds.receiving(self._source_id) as queue, sink.stop.waking(queue.wake):
            session = _FeedSession(sink, self._codes, self._lost_s)
            sink.waiting(self._codes.waiting)
            while not sink.stop.is_set():
                session.process(queue.get(LOOK_S), clock.monotonic())
                session.check_silence(clock.monotonic(), is_connected=self._feeds.is_connected(self._source_id))


class _FeedSession:
    """One run of a source: whom it hears, and what comes next."""

    def __init__(self, sink: Sink, codes: AbsenceCodes, lost_s: float) -> None:
        self._sink = sink
        self._codes = codes
        self._lost_s = lost_s
        self._stream: tuple[str, int, int] | None = None  # its name, rate and channels; None while nothing is heard
        self._next = 0  # the place of the sample that should follow
        self._heard_s = 0.0
        self._bound = LossBound(CREDIT_S)
        self._is_asleep = False  # the status says that the peer gives no sound although it is connected

    def process(self, items: list[QueueItem], now: float) -> None:
        """Hear what has come."""
        for item in items:
            if item.block is not None:
                self._hear(item.stream, item.block, now)
            elif item.code:
                self._stream, self._is_asleep = None, False
                self._sink.waiting(item.code)

    def check_silence(self, now: float, *, is_connected: bool) -> None:
        """Say so where nothing comes any more."""
        if self._stream is not None and now - self._heard_s >= self._lost_s:
            self._stream, self._is_asleep = None, is_connected
            self._sink.waiting(self._codes.asleep if is_connected else self._codes.lost, seconds=self._lost_s)
        elif self._is_asleep and not is_connected:  # a network that dies without a word is noticed late
            self._is_asleep = False
            self._sink.waiting(self._codes.lost, seconds=self._lost_s)

    def _hear(self, stream: str, block: SoundBlock, now: float) -> None:
        samples = block.samples
        named = (stream, block.rate_hz, samples.shape[1])
        if self._stream != named or block.place - self._next > self._lost_s * block.rate_hz:
            self._stream, self._next, self._is_asleep = named, block.place, False
            self._bound = LossBound(CREDIT_S)
            self._sink.live(block.rate_hz, samples.shape[1])
        if block.place < self._next:
            return  # heard already: a stream goes on, never back
        lost_s = self._bound.received(block.duration_s, now, (block.place - self._next) / block.rate_hz)
        self._sink.frame(Frame(samples, block.rate_hz, round(lost_s * block.rate_hz)))
        self._next = block.place + len(samples)
        self._heard_s = now
