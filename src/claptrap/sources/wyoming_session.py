"""One connection of a voice satellite: it asks for wake words, sends sound, and gets detections back."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import count

from wyoming.error import Error
from wyoming.event import Event as Message
from wyoming.info import Info
from wyoming.ping import Ping, Pong
from wyoming.wake import Detect, Detection, NotDetected

from claptrap.core.clock import Clock
from claptrap.core.errors import ClapTrapError
from claptrap.core.events import Event
from claptrap.sources.feeds import Feed, Feeds, PutResult
from claptrap.sources.satellite import claps_of, wake_program, word_of
from claptrap.sources.wyoming_relay import Relay, ServiceBehind
from claptrap.sources.wyoming_wire import PcmBlock, WyomingError, block_of, read_message, write_message

NOT_DETECTED_S = 1.5  # after the last sound, the last clap in it has long been decided
BEHIND_S = 5.0  # how long the service behind may take to say that it has heard nothing
FIRST_S = 1.0  # so long after a detection the other service has none
REMEMBERED = 512  # newest chunks whose time stamps may be asked for
_stream_numbers = count(1)


@dataclass(frozen=True, slots=True)
class SatelliteConnection:
    """The other end of a connection.

    Attributes:
        host: its IP address, in its one usual form.
        reader, writer: the connection.
    """

    host: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class WakeWordSession:
    """One connection. Everything happens in the server's event loop.

    Args:
        peer: who connects.
        feeds: where its sound goes.
        claim: gives the id of the source that the session speaks for; raises ClapTrapError where it may speak for none.
        clock: the machine's.
        behind: another wake-word service that gets the same sound; None for none.

    Attributes:
        peer: who connects.
        source_id: for which source it has spoken last; empty while there was no sound.
        active_s: monotonic seconds when the newest message came.
        heard_s: monotonic seconds when the newest sound came; minus infinity while there was none.
    """

    def __init__(
        self,
        peer: SatelliteConnection,
        feeds: Feeds,
        claim: Callable[[WakeWordSession], Awaitable[str]],
        clock: Clock,
        behind: ServiceBehind | None = None,
    ) -> None:
        self.peer = peer
        self.source_id = ""
        self.active_s = clock.monotonic()
        self.heard_s = float("-inf")
        self._feeds = feeds
        self._claim = claim
        self._clock = clock
        self._wanted: frozenset[int] | None = None
        self._feed: Feed | None = None
        self._place = 0
        self._behind = behind
        self._relay = Relay(behind, self._answer_of_behind) if behind is not None else None
        self._is_relayed = True  # unless every wake word that is wanted is ours
        self._behind_done = asyncio.Event()  # since the sound began: it has answered
        self._detected = asyncio.Event()  # since the sound began
        self._first: tuple[object, float] | None = None  # which service had the newest detection, and when
        self._chunks: deque[tuple[float, int | None]] = deque(maxlen=REMEMBERED)  # when each came (UTC), its time stamp

    @property
    def wanted(self) -> frozenset[int] | None:
        """The numbers of claps that the satellite waits for; None for any."""
        return self._wanted

    async def run(self) -> None:
        """Answer until the connection ends.

        Raises:
            WyomingError: the satellite does not keep to the protocol.
            ClapTrapError: no source can be had for it; it has been sent the code.
            OSError: the connection broke.
        """
        try:
            while (message := await read_message(self.peer.reader)) is not None:
                self.active_s = self._clock.monotonic()
                await self._process(message)
        except ClapTrapError as error:
            await self._send(Error(text=str(error), code=error.code).event())
            raise
        finally:
            self._end("")
            if self._relay is not None:
                await self._relay.close()

    async def deliver(self, event: Event) -> None:
        """Send a detection of the session's source to the satellite, where it is one of the wake words that it wants."""
        word = None if event.applause else word_of(event.claps, self._wanted)
        if word is None or not self._is_first(self):
            return
        decided = event.timestamp + event.decided_s - event.onset_s
        self._detected.set()
        await self._send(Detection(name=word, timestamp=self._timestamp(decided)).event())

    async def _process(self, message: Message) -> None:
        match message.type:
            case "describe":
                more = await self._behind.models() if self._behind is not None else []
                await self._send(Info(wake=[wake_program(more)]).event())
            case "ping":
                await self._send(Pong(text=Ping.from_event(message).text).event())
            case "detect":
                await self._detect(Detect.from_event(message))
            case "audio-start":
                self._relay_on(message)
                self._begin()
            case "audio-chunk":
                self._relay_on(message)
                await self._hear(message)
            case "audio-stop":
                self._relay_on(message)
                await self._stop()

    async def _detect(self, request: Detect) -> None:
        names = request.names or []
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise WyomingError("names that are no list of names")
        before, self._wanted = self._wanted, claps_of(names) if names else None
        if self._wanted != before:
            self._end("")  # the source's patterns may have to follow; the next sound claims it again
        others = [name for name in names if not claps_of([name])]
        self._is_relayed = bool(others) or not names
        if self._relay is not None and not self._is_relayed:
            await self._relay.close()
        self._relay_on(Detect(names=others or None, context=request.context).event())
        self._begin()

    def _begin(self) -> None:
        self._detected.clear()
        self._behind_done.clear()

    def _relay_on(self, message: Message) -> None:
        if self._relay is not None and self._is_relayed:
            self._relay.put(message)

    async def _answer_of_behind(self, message: Message) -> None:
        self._behind_done.set()
        if Detection.is_type(message.type) and self._is_first(self._behind):
            self._detected.set()
            await self._send(Message(message.type, message.data))

    def _is_first(self, service: object) -> bool:
        """Return whether a detection of one service counts, and record it: the other one's comes too late just after."""
        now = self._clock.monotonic()
        if self._first is not None and self._first[0] is not service and now - self._first[1] < FIRST_S:
            return False
        self._first = service, now
        return True

    async def _hear(self, message: Message) -> None:
        block = block_of(message, self._place)
        if block is None:
            return
        self._place += len(block.samples)
        for piece in block.pieces():
            await self._pass_on(piece)
        stamp = message.data.get("timestamp")
        self._chunks.append((self._clock.unix(), stamp if isinstance(stamp, int) else None))

    async def _pass_on(self, piece: PcmBlock) -> None:
        """Give the source a piece as fast as sound may come; meanwhile the satellite is not read."""
        while True:
            feed = self._feed or await self._connect()
            self.heard_s = self._clock.monotonic()
            if (wait_s := feed.too_early_s(piece.duration_s)) > 0:
                await asyncio.sleep(wait_s)
            elif feed.put(piece) is PutResult.REPLACED:
                self._feed = None  # another connection from there took this one for dead
            else:
                return

    async def _connect(self) -> Feed:
        self.source_id = await self._claim(self)
        self._feed = self._feeds.connect(self.source_id, f"wyoming-{next(_stream_numbers)}")
        return self._feed

    async def _stop(self) -> None:
        """End the sound; say so where there was no wake word in it."""
        if self._feed is None:
            return
        self._end("satellite.stopped")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._detected.wait(), NOT_DETECTED_S)
        if self._relay is not None and self._relay.is_connected and not self._detected.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._behind_done.wait(), BEHIND_S)
        if not self._detected.is_set():
            await self._send(NotDetected().event())

    def _end(self, code: str) -> None:
        if self._feed is not None:
            self._feed.close(code)
            self._feed = None

    def _timestamp(self, decided: float) -> int | None:
        """Return the time stamp of the chunk with which a wake word was complete, in whatever unit the satellite counts."""
        later = (stamp for came_at, stamp in self._chunks if came_at >= decided)
        return next(later, self._chunks[-1][1] if self._chunks else None)

    async def _send(self, message: Message) -> None:
        await write_message(message, self.peer.writer)
