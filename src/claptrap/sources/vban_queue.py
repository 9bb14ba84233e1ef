"""One VBAN stream's packets between the thread of their port and the thread of a source."""

from __future__ import annotations

import threading
from collections import Counter, deque

from claptrap.core.errors import SourceError
from claptrap.sources.pacing import Pacing
from claptrap.sources.vban_packet import Packet
from claptrap.sources.vban_reorder import COUNTS

QUEUE_S = 3.0  # of sound, or so many packets, whichever is less
QUEUE_PACKETS = 4096


class PacketQueue:
    """A bounded queue of packets, and the counts of the stream.

    Overload rule: the oldest packet is dropped and counted; its counter then shows the gap.

    Args:
        pacing: the reader's.

    Attributes:
        pacing: likewise.
        counts: by the keys of ``vban_reorder.COUNTS``, written by the reader; ``overflow``: packets dropped.
    """

    def __init__(self, pacing: Pacing) -> None:
        self.pacing = pacing
        self.counts: Counter[str] = Counter(dict.fromkeys((*COUNTS, "overflow"), 0))
        self._packets: deque[tuple[Packet, float]] = deque()
        self._waiting_s = 0.0
        self._is_woken = False
        self._failure: SourceError | None = None
        self._news = threading.Condition(threading.Lock())

    def put(self, packet: Packet, at_s: float) -> None:
        """Add a packet that arrived at ``at_s`` on the monotonic clock.

        Never waits for the reader, and does not wake it: readers that wake while the port's thread goes from one datagram to
        the next would take the interpreter from it each time. With 64 streams that doubled the cost of everything.
        """
        with self._news:
            self._packets.append((packet, at_s))
            self._waiting_s += packet.duration_s
            while len(self._packets) > QUEUE_PACKETS or self._waiting_s > QUEUE_S:
                self._waiting_s -= self._packets.popleft()[0].duration_s
                self.counts["overflow"] += 1

    @property
    def is_due(self) -> bool:
        """Whether as much sound waits as the reader wants at once."""
        return self.pacing.is_due(self._waiting_s)

    def wake(self) -> None:
        """Let the reader have what has come."""
        with self._news:
            self._is_woken = True
            self._news.notify()

    def fail(self, error: SourceError) -> None:
        """Say that no more will come."""
        with self._news:
            self._failure = error
            self._news.notify()

    def get(self, timeout_s: float) -> list[tuple[Packet, float]]:
        """Return what has come, oldest first, with the times of arrival, once woken or after ``timeout_s``.

        Raises:
            SourceError: the one given to ``fail``, after all that came before.
        """
        with self._news:
            self._news.wait_for(lambda: self._is_woken or self._failure, timeout_s)
            taken, self._waiting_s, self._is_woken = list(self._packets), 0.0, False
            self._packets.clear()
            if self._failure is not None and not taken:
                raise self._failure
            return taken
