"""A node of a cluster: hears the sources that it is given, and sends what it hears."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from claptrap.cluster.jetstream import Item, JetStream, Pull
from claptrap.cluster.link import NO_ANSWER, Link, Message, persistently
from claptrap.cluster.reports import Reports
from claptrap.cluster.share import Balance
from claptrap.cluster.sound import SoundReports
from claptrap.cluster.wire import (
    ACK_WAIT_S,
    ANY,
    BEAT_S,
    DRAIN,
    HELD,
    KEEP_S,
    SPEC,
    WORK,
    Beat,
    Holder,
    Placement,
    Seal,
    Wishes,
    dump_claim,
    load_claim,
    node_consumer,
    work_subject,
)
from claptrap.core.clock import Clock
from claptrap.core.errors import InputError
from claptrap.core.events import Event, SourceStatus, Status
from claptrap.core.spec import SourceSpec
from claptrap.runtime.overload import Shedding

HANDOVER_S = 4.0
FETCHED = 32
_log = logging.getLogger(__name__)


class Hearing(Protocol):
    """What a node hears with: a ``runtime.worker.Worker``."""

    def apply(self, specs: Sequence[SourceSpec], revision: int) -> None: ...

    def show(self, source_ids: Iterable[str]) -> None: ...

    def attend(self, *, is_watched: bool) -> None: ...

    def statuses(self) -> dict[str, SourceStatus]: ...

    @property
    def shedding(self) -> Shedding: ...


@dataclass(frozen=True, slots=True)
class Hold:
    """A source that this node hears.

    Attributes:
        offer: what it was taken from.
        placement: which placement this is.
        released: whether it was given back; it is heard until another node has it.
    """

    offer: Item
    placement: Placement
    released: bool = False

    @property
    def pinned(self) -> bool:
        """Whether no other node may have it."""
        return not self.offer.subject.startswith(work_subject("", None))


class Node:
    """Takes sources up to its share, keeps them, and sends their events and statuses. An ``EventSink`` and ``StatusSink``.

    Args:
        link: to NATS.
        name: the node's.
        capacity: how many movable sources it hears at most.
        seal: opens specs.
        version: of this ClapTrap.
        clock: the machine's.

    Attributes:
        sounds: takes clips and candidates for the server.
    """

    def __init__(self, link: Link, name: str, capacity: int, seal: Seal, version: str, clock: Clock) -> None:
        self._link = link
        self._stream = JetStream(link)
        self._name = name
        self._seal = seal
        self._version = version
        self._clock = clock
        self._balance = Balance(capacity, clock.monotonic())
        self._hearing: Hearing | None = None
        self._devices: Callable[[], Mapping[str, Any]] = dict
        self._revision = 0
        self._specs: dict[str, SourceSpec] = {}
        self._holds: dict[str, Hold] = {}
        self._changed = asyncio.Event()
        self._is_leaving = False
        self._handed_over = asyncio.Event()
        self._heard_again = asyncio.Event()
        self._reports = Reports(link, self._stream, name, self._placement)
        self._moves = 0
        self._answered_at = float("-inf")
        self._cpu_at = (0.0, 0.0)
        self._offsets: deque[tuple[float, float]] = deque(maxlen=8)
        self.sounds = SoundReports(link, seal, name, self._offset_s)

    def start(self, hearing: Hearing, devices: Callable[[], Mapping[str, Any]] = dict) -> None:
        """Connect, and hear with ``hearing`` what there is to hear; ``devices`` returns what else could be heard here."""
        self._hearing = hearing
        self._devices = devices
        hearing.attend(is_watched=False)
        steps = [self._watch, self._pull_any, self._pull_pinned, self._keep, self._beat, self._apply, self._tell]
        steps += [self._reports.send_events, self.sounds.send]
        self._link.start(*(persistently(step.__name__.strip("_"), step) for step in steps), self._answer())

    def leave(self) -> None:
        """Give all sources away, wait until others hear them or ``HANDOVER_S``, and send what was heard."""
        try:
            self._link.wait_for(self._leave(), 2 * HANDOVER_S)
        except NO_ANSWER:
            _log.warning("left without handing everything over")

    def stop(self) -> None:
        """Disconnect; after the hearing has been stopped."""
        if not self._link.lost:
            try:
                self._link.wait_for(self._reports.flush(), HANDOVER_S)
            except NO_ANSWER:
                _log.error("%d events could not be sent", self._reports.waiting)
        self._link.stop()

    # -- sinks of the worker, called in its threads ----------------------------------------------------------------------

    def record(self, event: Event, age_s: float = 0.0) -> None:  # noqa: ARG002  # its times say how old it is, at the server
        """Queue an event; its epoch names the placement by which it was heard, and the server drops those of older ones."""
        self._reports.event(event, self._clock.unix(), self._offset_s())

    def offer(self, status: Status) -> None:
        self._reports.offer(status)

    # -- what is wanted --------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        """Follow the bucket until the connection is lost."""
        seen: set[str] = set()
        async for entry in self._stream.watch():
            if entry is not None:
                seen.add(entry[0])
                self._changed_key(*entry)
                continue
            for source in set(self._specs):  # all that there was has come: what is known beside it was removed meanwhile
                if f"{SPEC}.{source}" not in seen:
                    self._changed_spec(source, None)
            self._heard_again.set()

    def _changed_key(self, key: str, value: bytes | None, revision: int) -> None:
        kind, _, what = key.partition(".")
        if kind == SPEC:
            self._changed_spec(what, value)
        elif kind == HELD and value is not None:
            self._changed_holder(what, load_claim(value, revision))
        elif kind == DRAIN and what == self._name:
            self._balance.draining = value is not None

    def _changed_spec(self, source_id: str, value: bytes | None) -> None:
        try:
            spec = self._seal.open(value) if value else None
        except InputError as error:
            _log.error("%s: %s", source_id, error)
            spec = None
        if spec is not None and spec.pin in (None, self._name):
            self._specs[source_id] = spec
        else:
            self._specs.pop(source_id, None)
            self._drop(source_id)
        self._changed.set()

    def _changed_holder(self, source_id: str, holder: Holder) -> None:
        hold = self._holds.get(source_id)
        if hold is not None and hold.placement < holder.placement:
            _log.info("%s: %s hears it now", source_id, holder.node)
            self._drop(source_id)

    def _drop(self, source_id: str) -> None:
        if self._holds.pop(source_id, None) is not None:
            self._changed.set()
        if not self._has_movable():
            self._handed_over.set()

    async def _apply(self) -> None:
        """Hear what is held; what was taken again with a new stream, for the old one belongs to the older placement."""
        assert self._hearing  # noqa: S101  # ``start`` set it
        await self._changed.wait()
        self._changed.clear()
        self._revision += 1
        specs = [
            replace(self._specs[source], epoch_prefix=hold.placement.prefix)
            for source, hold in self._holds.items()
            if source in self._specs
        ]
        await asyncio.get_running_loop().run_in_executor(None, self._hearing.apply, specs, self._revision)

    # -- taking and keeping ----------------------------------------------------------------------------------------------

    def _held(self) -> int:
        return sum(not hold.pinned and not hold.released for hold in self._holds.values())

    def _movable(self) -> int:
        return sum(spec.pin is None for spec in self._specs.values())

    async def _pull_any(self) -> None:
        await self._have_kept()
        await asyncio.sleep(2 * BEAT_S)  # until the others are known
        async with self._stream.pull(WORK, ANY, work_subject("*", None)) as offers:
            while not self._link.lost:
                wanted = self._balance.wanted(self._held(), self._movable(), self._clock.monotonic())
                if wanted:
                    await self._take_all(offers, min(wanted, FETCHED))
                else:
                    await asyncio.sleep(0.2)

    async def _pull_pinned(self) -> None:
        await self._have_kept()
        async with self._stream.pull(WORK, node_consumer(self._name), work_subject("*", self._name)) as offers:
            while not self._link.lost:
                await self._take_all(offers, FETCHED)

    async def _have_kept(self) -> None:
        """Wait until what is held has been kept, else NATS hands it out. Raises ``NO_ANSWER`` without a connection."""
        await self._heard_again.wait()
        if self._link.lost:
            raise TimeoutError
        if self._holds:
            await asyncio.sleep(2 * KEEP_S)

    async def _take_all(self, offers: Pull, batch: int) -> None:
        await asyncio.gather(*map(self._take, await offers.take(batch, 1.0)))

    async def _take(self, offer: Item) -> None:
        """Hear a source that was offered. Who heard it before knows by the bucket, the server before its events."""
        given = json.loads(offer.data)
        source = given["source"]
        if source not in self._specs or self._is_leaving:
            await offer.give_back(1.0)
            return
        offset_s = self._offset_s()
        at = None if offset_s is None else self._clock.unix() + offset_s
        try:
            revision = await self._stream.put(f"{HELD}.{source}", dump_claim(given["generation"], self._name))
        except NO_ANSWER:  # the claim may stand all the same: who heard it hears it no more
            await offer.give_back()
            raise
        placement = Placement(given["generation"], revision)
        self._reports.taken(source, Holder(placement, self._name, at))
        self._moves += offer.delivery > 1
        self._holds[source] = Hold(offer, placement)
        self._changed.set()

    async def _keep(self) -> None:
        """Say that what is held is still heard."""
        if not self._link.lost:
            for hold in tuple(self._holds.values()):
                if not hold.released:
                    await hold.offer.keep()
        await asyncio.sleep(KEEP_S)

    async def _give_back(self, source_id: str, hold: Hold) -> None:
        """Offer a source to the others; it is heard here until one of them has it."""
        if self._holds.get(source_id) is not hold:
            return
        self._holds[source_id] = replace(hold, released=True)
        await hold.offer.give_back()

    async def _leave(self) -> None:
        self._is_leaving = self._balance.draining = True
        self._handed_over.clear()
        await self._publish_beat("leaving")
        for source, hold in tuple(self._holds.items()):
            await self._give_back(source, hold)
        if self._has_movable() and self._balance.has_others(self._clock.monotonic()):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._handed_over.wait(), HANDOVER_S)

    def _has_movable(self) -> bool:
        return any(not hold.pinned for hold in self._holds.values())

    # -- what is said of it ----------------------------------------------------------------------------------------------

    async def _beat(self) -> None:
        now = self._clock.monotonic()
        self._balance.ease(now)
        held = self._held()
        loses_sound = self._reports.fell_behind()
        if loses_sound or (self._hearing and self._hearing.shedding is Shedding.LATE_LOOK):
            self._balance.overloaded(held, now, loses_sound=loses_sound)
        surplus = self._balance.surplus(held, self._movable(), now)
        for source, hold in [(s, h) for s, h in self._holds.items() if not h.pinned and not h.released][:surplus]:
            await self._give_back(source, hold)
        if self._reports.is_watched and now - self._answered_at > ACK_WAIT_S:
            self._attend(Wishes(0.0, 0.0))
        await self._publish_beat("draining" if self._balance.draining else "ready")
        self._cpu_at = (time.process_time(), now)
        await asyncio.sleep(BEAT_S)

    async def _publish_beat(self, state: str) -> None:
        used, at = self._cpu_at
        now = self._clock.monotonic()
        beat = Beat(
            self._name,
            self._version,
            self._balance.capacity,
            held := self._held(),
            len(self._holds) - held,
            round((time.process_time() - used) / max(0.1, now - at), 3) if at else 0.0,
            self._moves,
            self._reports.waiting,
            self._reports.lost,
            self._offset_s(),
            state,
            self._balance.is_reduced or bool(self._hearing and self._hearing.shedding),
        )
        reply = f"claptrap.inbox.{self._name}.wishes"
        await self._link.publish(f"claptrap.beat.{self._name}", beat.dump(self._clock.unix()), reply)

    async def _answer(self) -> None:
        """Listen to other nodes' beats and to the server's answers to ours."""

        async def beat(message: Message) -> None:
            other, _ = Beat.load(message.data)
            if other.node != self._name:
                self._balance.heard_of(other.node, other.capacity, self._clock.monotonic())

        async def wishes(message: Message) -> None:
            said, now = Wishes.load(message.data), self._clock.unix()
            self._answered_at = self._clock.monotonic()
            self._offsets.append((now - said.echo, said.unix - (now + said.echo) / 2))
            self._attend(said)

        async def ask(message: Message) -> None:
            found = await asyncio.get_running_loop().run_in_executor(None, self._devices)
            await message.answer(json.dumps(found).encode())

        await self._link.subscribe(f"claptrap.ask.{self._name}", ask)
        await self._link.subscribe("claptrap.beat.*", beat)
        await self._link.subscribe(f"claptrap.inbox.{self._name}.wishes", wishes)

    def _attend(self, wishes: Wishes) -> None:
        assert self._hearing  # noqa: S101  # ``start`` set it
        if wishes.watched != self._reports.is_watched:
            self._reports.is_watched = wishes.watched
            self._hearing.attend(is_watched=wishes.watched)
        self._hearing.show(wishes.shown)

    def _offset_s(self) -> float | None:
        """Return what this clock lacks to be as far as the server's, by the quickest of the last answers."""
        return round(min(self._offsets)[1], 4) if self._offsets else None

    async def _tell(self) -> None:
        assert self._hearing  # noqa: S101  # ``start`` set it
        await self._reports.send_news(self._hearing.statuses, self._clock.monotonic())

    def _placement(self, source_id: str) -> Placement | None:
        hold = self._holds.get(source_id)
        return hold.placement if hold else None
