"""What JetStream keeps for the cluster: offers, what was heard, and a bucket. Only this and ``link`` know NATS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StorageType, StreamConfig
from nats.js.errors import BadRequestError
from nats.js.kv import KeyValue

from claptrap.cluster.link import Link
from claptrap.cluster.wire import ACK_WAIT_S, BUCKET, EVENTS, WORK

MAX_EVENTS = 1_000_000  # that may wait for the server; then nodes keep the newest, and drop what they cannot keep
MAX_EVENT_AGE_S = 30 * 86_400.0
DEDUPLICATION_S = 600.0
REQUEST_S = 5.0
STORE_S = 1.0  # what was asked just before NATS went down is never answered, and what was heard since waits behind it


@dataclass(frozen=True, slots=True)
class Item:
    """A message of a stream that was handed to this process, and is handed to another unless it is kept or done.

    Attributes:
        message: the client's.
        delivery: how often it has been handed out, this time included.
    """

    message: Msg
    delivery: int

    @property
    def subject(self) -> str:
        """Its subject."""
        return self.message.subject

    @property
    def data(self) -> bytes:
        """Its content."""
        return self.message.data

    async def keep(self) -> None:
        """Keep it for another ``ACK_WAIT_S``."""
        await self.message.in_progress()

    async def give_back(self, delay_s: float = 0.0) -> None:
        """Have it handed out again."""
        await self.message.nak(delay=delay_s or None)

    async def done(self) -> None:
        """Have it deleted."""
        await self.message.ack()


class Pull:
    """Takes items of a stream.

    Args:
        subscription: the client's.
    """

    def __init__(self, subscription: JetStreamContext.PullSubscription) -> None:
        self._subscription = subscription

    async def take(self, most: int, timeout_s: float) -> Sequence[Item]:
        """Return up to ``most`` items, at least one; none after ``timeout_s``."""
        try:
            messages = await self._subscription.fetch(most, timeout=timeout_s)
        except TimeoutError:
            return ()
        return [Item(message, message.metadata.num_delivered) for message in messages]


class JetStream:
    """The streams and the bucket, over one connection. Methods raise ``link.NO_ANSWER`` while it is lost.

    Args:
        link: the connection.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._watcher: KeyValue.KeyWatcher | None = None
        self._values: KeyValue | None = None
        link.on_connect(self._end_watch)

    async def set_up(self, replicas: int) -> None:
        """Make sure that streams and bucket are there, each kept on ``replicas`` servers. For the server."""
        offers = StreamConfig(
            WORK,
            subjects=["claptrap.work.>"],
            retention=RetentionPolicy.WORK_QUEUE,
            discard=DiscardPolicy.NEW,
            discard_new_per_subject=True,
            max_msgs_per_subject=1,
        )
        events = StreamConfig(
            EVENTS,
            subjects=["claptrap.event.*", "claptrap.taken.*"],
            retention=RetentionPolicy.WORK_QUEUE,
            discard=DiscardPolicy.NEW,
            max_msgs=MAX_EVENTS,
            max_age=MAX_EVENT_AGE_S,
            duplicate_window=DEDUPLICATION_S,
        )
        for stream in (offers, events):
            config = stream.evolve(storage=StorageType.FILE, num_replicas=replicas)
            try:
                await self._js.add_stream(config)
            except BadRequestError:  # it is there, with other limits or replicas
                await self._js.update_stream(config)
        await self._js.create_key_value(bucket=BUCKET, storage=StorageType.FILE, replicas=replicas, direct=True)

    @asynccontextmanager
    async def pull(self, stream: str, consumer: str, subject: str, at_once: int = -1) -> AsyncIterator[Pull]:
        """Take items of ``stream`` in the block, together with all who name the same ``consumer``.

        Args:
            stream: which.
            consumer: who.
            subject: items of which subjects.
            at_once: items that may be in hand together; with 1, their order is kept over the end of any process.
        """
        config = ConsumerConfig(ack_policy=AckPolicy.EXPLICIT, ack_wait=ACK_WAIT_S, max_deliver=-1, max_ack_pending=at_once)
        subscription = await self._js.pull_subscribe(subject, consumer, stream, config)
        try:
            yield Pull(subscription)
        finally:
            if not self._link.client.is_closed:
                await subscription.unsubscribe()

    async def store(self, subject: str, data: bytes, key: str) -> None:
        """Append to the stream of ``subject``, on disk when this returns; a repeat of ``key`` changes nothing."""
        await self._js.publish(subject, data, timeout=STORE_S, headers={"Nats-Msg-Id": key})

    async def offered(self) -> frozenset[str]:
        """Return the subjects of all offers."""
        return frozenset((await self._js.stream_info(WORK, "claptrap.work.>")).state.subjects or ())

    async def offer(self, subject: str, data: bytes) -> None:
        """Offer a source, where its subject has no offer."""
        await self._js.publish(subject, data)

    async def withdraw(self, subject: str) -> None:
        """Take an offer back, in hand or not."""
        await self._js.purge_stream(WORK, subject=subject)

    async def put(self, key: str, value: bytes) -> int:
        """Write into the bucket; return the bucket's revision, which is greater than all before."""
        return await (await self._bucket()).put(key, value)

    async def remove(self, key: str) -> None:
        """Delete from the bucket."""
        await (await self._bucket()).purge(key)

    async def watch(self) -> AsyncIterator[tuple[str, bytes | None, int] | None]:
        """Yield all keys with their values and revisions, then None, then every change, a removed one without value.

        Ends when the connection is lost: what changed meanwhile is only in another watch.
        """
        self._watcher = watcher = await (await self._bucket()).watchall()
        async for entry in watcher:
            yield None if entry is None else (entry.key, None if entry.operation else entry.value, entry.revision or 0)

    async def read(self) -> Sequence[tuple[str, bytes]]:
        """Return all keys of the bucket with their values."""
        watcher = await (await self._bucket()).watchall(ignore_deletes=True)
        found = []
        async for entry in watcher:
            if entry is None:
                break
            found.append((entry.key, entry.value or b""))
        await watcher.stop()  # type: ignore[no-untyped-call]  # the client's, without types
        return found

    async def _end_watch(self) -> None:
        if self._watcher is not None:
            await self._watcher.stop()  # type: ignore[no-untyped-call]  # the client's, without types

    async def _bucket(self) -> KeyValue:
        if self._values is None:  # asking for it is a request of its own
            self._values = await self._js.key_value(BUCKET)
        return self._values

    @property
    def _js(self) -> JetStreamContext:
        return self._link.client.jetstream(timeout=REQUEST_S)
