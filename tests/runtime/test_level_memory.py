"""What is kept does not grow with streams that come and go, whether a page is open or not."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import Counter

import numpy as np
import pytest
from tests.peers.hearing import Album, Clipboard, Witness, spec
from tests.peers.vban import MONO, packets, sine

from claptrap.audio.frame import Frame
from claptrap.core.clock import SystemClock
from claptrap.core.errors import SourceError
from claptrap.core.spec import SourceSpec
from claptrap.detect.clapnet import load_clapnet
from claptrap.detect.classifier import ClapClassifier
from claptrap.detect.confirm import load_confirmer
from claptrap.detect.onset import OnsetDetector
from claptrap.runtime.worker import Worker, WorkerDeps
from claptrap.sources.base import Sink, Source
from claptrap.sources.browser import put_data
from claptrap.sources.datagrams import Datagrams
from claptrap.sources.feeds import Feeds
from claptrap.sources.pacing import Pacing
from claptrap.sources.vban_packet import build
from claptrap.sources.vban_queue import PacketQueue
from claptrap.sources.vban_streams import ROWS_PER_HOST, TABLE_ROWS, StreamTable

N = 1_000
N_EPOCHS = 150  # each is heard to its end: what is kept of one is counted 120 times, and 20 are borne
NOISE = (
    np.random.default_rng(1).normal(0, 0.01, (16_000 * 6 // 10, 1)).astype(np.float32)
)  # long enough for labels to be due


def live_objects() -> Counter[str]:
    """Return how many objects of each of ClapTrap's classes, and how many arrays, are alive."""
    gc.collect()
    kinds = [type(thing) for thing in gc.get_objects()]
    return Counter(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds if str(kind.__module__).startswith("claptrap"))


class Restarting:
    """A source that begins a new epoch again and again; each waits until the ones before it are heard to their end."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.streams: list[weakref.ref[object]] = []
        self.counted: list[Counter[str]] = []
        self.has_ended = threading.Event()

    def build(self, _spec: SourceSpec) -> Source:
        return self

    def run(self, sink: Sink) -> None:
        for i in range(self.n):
            sink.live(16_000, 1)
            sink.frame(Frame(NOISE, 16_000))
            self.streams.append(weakref.ref(sink._stream))  # type: ignore[attr-defined]  # the runner is the sink
            self.streams = [ref for ref in self.streams if ref() is not None]
            while len(self.streams) > 4 and not sink.stop.wait(0.001):
                self.streams = [ref for ref in self.streams if ref() is not None]
            if i in (self.n // 5, self.n - 1):
                self.counted.append(live_objects())
        self.has_ended.set()
        raise SourceError("source.device_lost", retryable=True, device="USB")


@pytest.mark.slow
def test_many_epochs_of_a_worker_leave_no_object_behind() -> None:
    """99 kB were kept for each restart of a source as long as no page wanted labels: 45 minutes, 170 MB."""
    source, witness = Restarting(N_EPOCHS), Witness()
    deps = WorkerDeps(
        source.build,
        OnsetDetector,
        lambda n: ClapClassifier(n, load_clapnet(), load_confirmer()),
        Clipboard(),
        Album(),
    )
    worker = Worker(deps, witness, witness, SystemClock())
    worker.start()
    try:
        worker.attend(is_watched=False)
        worker.apply([spec("salon")], 1)
        assert source.has_ended.wait(120)
    finally:
        worker.stop()
    early, late = source.counted
    told = {
        "claptrap.core.events.SourceStatus",
        "claptrap.core.events.Levels",
        "claptrap.core.events.Level",
    }  # by the witness
    grown = {kind: late[kind] - early[kind] for kind in late if late[kind] - early[kind] > 20 and kind not in told}
    assert grown == {}


@pytest.mark.slow
def test_a_thousand_streams_leave_the_classifier_as_it_was() -> None:
    """Nobody asks for labels: the slots that wait for them are numbers, and no more than there are slots."""
    classifier = ClapClassifier(4, load_clapnet(), load_confirmer())
    hops, none = NOISE.reshape(1, -1), np.zeros(1, np.int64)
    for i in range(N):
        slot = np.array([i % 4])
        classifier.reset(i % 4)
        classifier.process(slot, hops, none, ())
        if i % 2:
            classifier.finish(i % 4)
    assert live_objects()["claptrap.detect.slot.SlotState"] <= 4
    assert len(classifier._label_queue) <= 4


@pytest.mark.slow
def test_a_thousand_senders_leave_a_port_s_table_bounded() -> None:
    """Streams that are heard for a while, and strangers; after half a minute of silence nothing is kept of them."""
    table = StreamTable(6980)
    datagram = build(packets(sine(MONO, 0.01))[0])
    junk = [build(packets(sine(MONO, 0.01), name=b"%d" % k)[0]) for k in range(ROWS_PER_HOST * 2)]
    for i in range(N):
        host, queue, now = (
            f"10.0.{i // 250}.{i % 250}",
            PacketQueue(Pacing(), lambda _arrivals, _now: 1.0, Counter()),
            i * 0.01,
        )
        table.subscribe((host, b"Stream1"), queue)
        table.process(Datagrams.of([(datagram, host, now)]))
        table.unsubscribe((host, b"Stream1"), queue)
        table.process(Datagrams.of([(data, host, now) for data in (*junk, b"junk")]))
    assert len(table._hosts) <= TABLE_ROWS
    assert len(table._logged_at) <= TABLE_ROWS
    table.tidy(N * 0.01 + 31)
    assert (len(table._entries), len(table._hosts), len(table._logged_at)) == (0, 0, 0)


def test_a_thousand_pages_leave_nothing_behind() -> None:
    """A page that comes and goes, for sources that come and go."""
    feeds = Feeds()
    for i in range(N):
        with feeds.receiving(f"phone-{i}"):
            feed = feeds.connect(f"phone-{i}", "page")
            put_data(feed, b"junk")
            feed.close("browser.closed")
    assert (feeds._queues, feeds._feeds) == ({}, {})
