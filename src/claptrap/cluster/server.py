"""The server of a cluster: offers sources to nodes, takes their events, and knows how they are."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from claptrap.audio.clip import Clip
from claptrap.cluster.fence import Fence
from claptrap.cluster.jetstream import REQUEST_S, Item, JetStream
from claptrap.cluster.link import NO_ANSWER, RETRY_S, Link, Message, persistently
from claptrap.cluster.sound import load_sound
from claptrap.cluster.wire import (
    DRAIN,
    EVENTS,
    FENCE,
    HELD,
    LOST_S,
    SERVER_CONSUMER,
    SPEC,
    Beat,
    Holder,
    Placement,
    Seal,
    Wishes,
    load_event,
    load_news,
    work_subject,
)
from claptrap.core.clock import Clock
from claptrap.core.errors import ClapTrapError, InputError, ServiceError
from claptrap.core.events import Levels, SourceStatus, State, Status
from claptrap.core.spec import SourceSpec
from claptrap.service.cluster import SERVER, ClusterSinks, NodeView

FORGET_S = 3600.0  # a node that left, or was lost, is shown for so long
MAX_OFFSET_S = 1.0
UNPLACED_S = 15.0
AT_ONCE = 64
REMEMBERED = 1000  # ids of events: NATS hands one out again where our acknowledgement was lost, or its own to the node
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Seen:
    beat: Beat
    at: float
    unix: float


class ClusterServer:
    """The ``service.cluster.Cluster`` over NATS.

    Args:
        link: to NATS.
        seal: encrypts specs.
        version: of this ClapTrap.
        clock: the machine's.
        replicas: on how many NATS servers everything is kept: 1, 3 or 5.
    """

    def __init__(self, link: Link, seal: Seal, version: str, clock: Clock, replicas: int = 1) -> None:
        self._link = link
        self._stream = JetStream(link)
        self._seal = seal
        self._version = version
        self._clock = clock
        self._replicas = replicas
        self._sinks: ClusterSinks | None = None
        self._wanted: dict[str, SourceSpec] | None = None
        self._wanted_at = self._connected_at = clock.monotonic()
        self._stored: dict[str, SourceSpec] | None = None
        self._has_wishes = asyncio.Event()
        self._fence = Fence()
        self._has_loaded = asyncio.Event()
        self._statuses: dict[str, SourceStatus] = {}
        self._nodes: dict[str, _Seen] = {}
        self._is_watched = False
        self._shown: tuple[str, ...] = ()
        self._recorded: deque[str] = deque(maxlen=REMEMBERED)
        self._fenced = 0

    # -- the service's side, from any thread -----------------------------------------------------------------------------

    def start(self, sinks: ClusterSinks) -> None:
        self._sinks = sinks
        self._link.on_connect(self._connected)
        steps = (self._reconcile, self._consume, self._check)
        self._link.start(self._listen(), *(persistently(step.__name__.strip("_"), step) for step in steps))

    def stop(self) -> None:
        self._link.stop()

    @property
    def _to(self) -> ClusterSinks:
        assert self._sinks  # noqa: S101  # ``start`` set it
        return self._sinks

    def is_remote(self, spec: SourceSpec) -> bool:
        return spec.pin != SERVER and (spec.pin is not None or spec.input.IS_MOVABLE)

    def apply(self, specs: Sequence[SourceSpec]) -> None:
        self._wanted, self._wanted_at = {spec.id: spec for spec in specs if spec.enabled}, self._clock.monotonic()
        self._link.call(self._has_wishes.set)

    def statuses(self) -> Mapping[str, SourceStatus]:
        return {
            source: self._statuses.get(source) or SourceStatus(source, State.CONNECTING) for source in self._wanted or {}
        }

    def show(self, source_ids: Iterable[str]) -> None:
        self._shown = tuple(source_ids)

    def attend(self, *, is_watched: bool) -> None:
        self._is_watched = is_watched

    def nodes(self) -> Sequence[NodeView]:
        held: dict[str, list[str]] = {}
        for source in self._wanted or {}:
            held.setdefault(self._fence.node(source), []).append(source)
        return [self._view(seen, held.get(name, [])) for name, seen in sorted(self._nodes.items())]

    def drain(self, name: str, *, is_draining: bool) -> None:
        self._call(name, self._drain(name, is_draining))

    def devices(self, name: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = json.loads(
            self._call(name, self._link.request(f"claptrap.ask.{name}", b"devices", REQUEST_S))
        )
        return found

    def problems(self) -> Sequence[ClapTrapError]:
        if self._link.lost:
            return [ServiceError("cluster.disconnected", url=self._link.shown, reason=self._link.lost)]
        found: list[ClapTrapError] = []
        for name, seen in sorted(self._nodes.items()):
            found += self._problems_of(name, seen.beat, is_lost=self._is_lost(seen))
        waiting = sum(self._statuses.get(source, _UNKNOWN).code == "cluster.unplaced" for source in self._wanted or {})
        if waiting and self._clock.monotonic() - self._wanted_at > UNPLACED_S:
            found.append(ServiceError("cluster.nobody", count=waiting))
        return found

    @property
    def fenced(self) -> int:
        return self._fenced

    def _problems_of(self, name: str, beat: Beat, *, is_lost: bool) -> list[ClapTrapError]:
        if is_lost:
            return [ServiceError("cluster.node_lost", node=name)] if beat.state != "leaving" else []
        found: list[ClapTrapError] = []
        if beat.offset_s is not None and abs(beat.offset_s) > MAX_OFFSET_S:
            found.append(ServiceError("cluster.clock", node=name, seconds=round(abs(beat.offset_s), 1)))
        if beat.version != self._version:
            found.append(ServiceError("cluster.version", node=name, theirs=beat.version, ours=self._version))
        if beat.slow:
            found.append(ServiceError("cluster.node_slow", node=name))
        if beat.lost_events:
            found.append(ServiceError("cluster.events_lost", node=name, count=beat.lost_events))
        return found

    def _view(self, seen: _Seen, sources: Sequence[str]) -> NodeView:
        beat = seen.beat
        state = "lost" if self._is_lost(seen) and beat.state != "leaving" else beat.state
        return NodeView(
            beat.node,
            state,
            beat.version,
            beat.capacity,
            sources,
            beat.cpu,
            seen.unix,
            beat.offset_s,
            beat.moves,
            beat.waiting_events,
            beat.lost_events,
        )

    def _is_lost(self, seen: _Seen) -> bool:
        heard_at = max(seen.at, self._connected_at)  # else nodes may just not have been heard of again yet
        return not self._link.lost and self._clock.monotonic() - heard_at > LOST_S

    def _call(self, name: str, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Return what ``coroutine`` returns, which asks something of a node."""
        if name not in self._nodes or self._link.lost:
            coroutine.close()
            if name not in self._nodes:
                raise InputError("cluster.unknown_node", node=name)
            raise ServiceError("cluster.disconnected", url=self._link.shown, reason=self._link.lost)
        try:
            return self._link.wait_for(coroutine, REQUEST_S + 1)
        except NO_ANSWER as error:
            raise ServiceError("cluster.no_answer", retryable=True, node=name) from error

    async def _connected(self) -> None:
        self._connected_at = self._clock.monotonic()
        self._has_wishes.set()

    # -- what shall be heard ---------------------------------------------------------------------------------------------

    async def _reconcile(self) -> None:
        """Make bucket and offers say what is wanted."""
        await self._has_wishes.wait()
        self._has_wishes.clear()
        try:
            await self._stream.set_up(self._replicas)
            if self._stored is None:
                await self._load()
            if self._wanted is not None:
                await self._settle(self._wanted)
        except NO_ANSWER:
            self._stored = None  # who knows what of it has arrived
            self._has_wishes.set()
            raise

    async def _load(self) -> None:
        """Read what is in the bucket."""
        stored: dict[str, SourceSpec] = {}
        for key, value in await self._stream.read():
            kind, _, what = key.partition(".")
            if kind == SPEC:
                try:
                    stored[what] = self._seal.open(value)
                except InputError as error:  # another key, or a newer ClapTrap: it is written again
                    _log.warning("%s: %s", what, error)
            elif kind == FENCE:
                self._fence.load(what, value)
        self._stored = stored
        self._has_loaded.set()

    async def _settle(self, wanted: Mapping[str, SourceSpec]) -> None:
        stream = self._stream
        offered = await stream.offered()
        offers = {work_subject(source, spec.pin): source for source, spec in wanted.items()}
        stored = self._stored if self._stored is not None else {}
        await _all(stream.put(f"{SPEC}.{i}", self._seal.close(spec)) for i, spec in wanted.items() if stored.get(i) != spec)
        await _all(stream.withdraw(subject) for subject in offered if subject not in offers)
        gone = set(stored) - set(wanted)
        await _all(stream.remove(f"{kind}.{source}") for source in gone for kind in (SPEC, HELD, FENCE))
        for source in gone:
            self._fence.forget(source)
            self._statuses.pop(source, None)
        self._stored = dict(wanted)
        await _all(self._offer(subject, source) for subject, source in offers.items() if subject not in offered)

    async def _offer(self, subject: str, source: str) -> None:
        holder = self._fence.holder(source)
        generation = max(int(self._clock.unix() * 1000), holder.placement.generation + 1 if holder else 0)
        await self._stream.offer(subject, json.dumps({"source": source, "generation": generation}).encode())

    async def _drain(self, name: str, is_draining: bool) -> None:
        key = f"{DRAIN}.{name}"
        await (self._stream.put(key, b"yes") if is_draining else self._stream.remove(key))

    # -- what was heard --------------------------------------------------------------------------------------------------

    async def _consume(self) -> None:
        """Take events in order; each stays in the stream until it is in the journal."""
        await self._has_loaded.wait()
        async with self._stream.pull(EVENTS, SERVER_CONSUMER, "", at_once=1) as heard:
            while True:
                for item in await heard.take(1, 2.0):
                    await self._take(item)
                    await item.done()
                if self._link.lost:
                    await asyncio.sleep(RETRY_S)

    async def _take(self, message: Item) -> None:
        try:
            _, kind, source = message.subject.split(".")
            if kind == "taken":
                await self._taken(source, Holder.load(message.data))
                return
            event, recorded_at = load_event(message.data)
        except (ValueError, KeyError, TypeError) as error:
            _log.error("%s: dropped what cannot be read: %r", message.subject, error)
            return
        if event.id in self._recorded or self._is_fenced(source, Placement.of_epoch(event.epoch), recorded_at):
            return
        decided_at = event.timestamp + event.decided_s - event.onset_s
        age_s = max(0.0, self._clock.unix() - decided_at)
        await asyncio.get_running_loop().run_in_executor(None, self._to.events.record, event, age_s)
        self._recorded.append(event.id)

    async def _taken(self, source: str, holder: Holder) -> None:
        if self._fence.add(source, holder):
            await self._stream.put(f"{FENCE}.{source}", self._fence.dump(source))
            _log.info("%s: heard by %s", source, holder.node)

    def _is_fenced(self, source: str, placement: Placement | None, recorded_at: float | None) -> bool:
        if placement is None or self._fence.is_open(source, placement, recorded_at):
            return False
        self._fenced += 1
        _log.info("%s: dropped what %s was no longer to hear", source, placement)
        return True

    # -- how the nodes are -----------------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        async def beat(message: Message) -> None:
            said, unix = Beat.load(message.data)
            now = self._clock.unix()
            self._nodes[said.node] = _Seen(said, self._clock.monotonic(), now)
            await message.answer(Wishes(unix, now, self._is_watched, self._shown).dump())

        async def news(message: Message) -> None:
            _, said = load_news(message.data)
            node = message.subject.rpartition(".")[2]
            for placement, one in said:
                self._pass_on(node, placement, one)

        await self._link.subscribe("claptrap.beat.*", beat)
        await self._link.subscribe("claptrap.news.*", news)
        await self._link.subscribe("claptrap.sound.*", self._heard)

    async def _heard(self, message: Message) -> None:
        sound = load_sound(message.data, self._seal)
        if isinstance(sound, Clip):
            source, epoch, _ = sound.event_id.split(":")
            if self._is_current(source, Placement.of_epoch(epoch)):
                self._to.clips.offer(sound)
        elif self._is_current(sound.source_id, Placement.of_epoch(sound.epoch)):
            self._to.candidates.offer(sound)

    def _pass_on(self, node: str, placement: Placement | None, news: Status) -> None:
        if isinstance(news, Levels):
            levels = tuple(level for level in news.levels if self._fence.node(level.source_id) == node)
            self._to.status.offer(Levels(levels))
            return
        source: str = getattr(news, "source_id", "")
        if not self._is_current(source, placement):
            return
        if isinstance(news, SourceStatus):
            news = self._statuses[source] = replace(news, node=node)
        self._to.status.offer(news)

    def _is_current(self, source: str, placement: Placement | None) -> bool:
        return source in (self._wanted or {}) and self._fence.is_current(source, placement)

    async def _check(self) -> None:
        """Say which sources no node hears, once a second."""
        now = self._clock.monotonic()
        for name, seen in tuple(self._nodes.items()):
            if now - seen.at > FORGET_S:
                del self._nodes[name]
        is_settled = now - self._connected_at > LOST_S  # else nodes may just not have been heard of yet
        for source, spec in (self._wanted or {}).items() if is_settled and not self._link.lost else ():
            seen_holder = self._nodes.get(self._fence.node(source))
            waiting = self._waiting(spec)
            known = self._statuses.get(source, _UNKNOWN)
            if (seen_holder is None or self._is_lost(seen_holder)) and known.code != waiting.code:
                self._statuses[source] = waiting
                self._to.status.offer(waiting)
        await asyncio.sleep(1.0)

    def _waiting(self, spec: SourceSpec) -> SourceStatus:
        code = "cluster.node_away" if spec.pin else "cluster.unplaced"
        return SourceStatus(spec.id, State.RETRYING, code, {"node": spec.pin} if spec.pin else {}, node=spec.pin or "")


_UNKNOWN = SourceStatus("", State.IDLE)


async def _all(coroutines: Iterable[Coroutine[Any, Any, Any]]) -> None:
    """Run coroutines, ``AT_ONCE`` of them at a time."""
    waiting = list(coroutines)
    for begin in range(0, len(waiting), AT_ONCE):
        await asyncio.gather(*waiting[begin : begin + AT_ONCE])
