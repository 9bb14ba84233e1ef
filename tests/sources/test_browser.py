"""Browsers as sources: blocks, bounds, gaps, pages that come back, are replaced, or only pretend."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from claptrap.audio.frame import Frame
from claptrap.audio.hopper import Hopper
from claptrap.detect.onset import OnsetDetector
from claptrap.sources.base import StopSignal
from claptrap.sources.browser import CODES, put_data
from claptrap.sources.browser_block import HEADER, MOST_BYTES, MOST_SAMPLES, Block, build, parse
from claptrap.sources.feeds import (
    AHEAD_S,
    CREDIT_S,
    MOST_BAD,
    QUEUE_ITEMS,
    QUEUE_S,
    BlockQueue,
    FedSource,
    Feeds,
    PutResult,
    QueueItem,
)

RATE_HZ = 48_000
N = 960
WAIT_S = 20.0


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def monotonic(self) -> float:
        return self.now

    def unix(self) -> float:
        return 1.7e9 + self.now


class Sink:
    """Remembers all that a source says, and waits for more."""

    def __init__(self) -> None:
        self.stop = StopSignal()
        self.said: list[tuple[Any, ...]] = []
        self._grown = threading.Condition()

    def live(self, rate_hz: int, channels: int) -> None:
        self._add("live", rate_hz, channels)

    def frame(self, frame: Frame) -> None:
        self._add("frame", len(frame.samples), frame.lost_samples)

    def waiting(self, code: str, **params: str | float) -> None:
        self._add("waiting", code, params)

    def wait_for(self, n: int) -> list[tuple[Any, ...]]:
        """Return the first ``n`` things said, and forget them."""
        with self._grown:
            assert self._grown.wait_for(lambda: len(self.said) >= n, WAIT_S), self.said
            results, self.said = self.said[:n], self.said[n:]
            return results

    def _add(self, *what: Any) -> None:
        with self._grown:
            self.said.append(what)
            self._grown.notify_all()


@contextmanager
def listening(feeds: Feeds, source_id: str = "phone") -> Iterator[Sink]:
    """Run a source in a thread until the block ends."""
    sink = Sink()
    thread = threading.Thread(target=FedSource(source_id, feeds, CODES).run, args=(sink,), name="capture:test")
    thread.start()
    try:
        assert sink.wait_for(1) == [("waiting", "browser.waiting", {})]
        yield sink
    finally:
        sink.stop.set()
        thread.join()


def block(place: int, n: int = N, rate_hz: int = RATE_HZ) -> bytes:
    return build(rate_hz, place, np.arange(n, dtype=np.int16))


# -- blocks -----------------------------------------------------------------------------------------------------------------


def test_a_block_comes_back_as_it_was_built() -> None:
    pcm = np.array([-32_768, -1, 0, 1, 32_767], np.int16)
    parsed = parse(build(44_100, 2**40, pcm))
    assert (parsed.rate_hz, parsed.place, parsed.pcm.tolist()) == (44_100, 2**40, pcm.tolist())
    assert parsed.samples.shape == (5, 1)
    assert parsed.samples[:, 0].tolist() == [-1.0, -1 / 32_768, 0.0, 1 / 32_768, 32_767 / 32_768]


def test_the_layout_is_the_one_that_the_page_writes() -> None:
    """These bytes are what ``frontend/src/micro/worklet.ts`` makes of two samples."""
    data = bytes([1, 0, 0, 0]) + bytes([0x80, 0xBB, 0, 0]) + bytes([0, 1, 0, 0, 0, 0, 0, 0]) + bytes([0xFF, 0x7F, 0, 0x80])
    assert parse(data)[:2] == (48_000, 256)
    assert parse(data).pcm.tolist() == [32_767, -32_768]


def test_every_truncation_is_refused_or_a_shorter_block() -> None:
    whole = block(7, 20)
    for n in range(len(whole)):
        if n > HEADER.size and n % 2 == 0:
            assert len(parse(whole[:n]).pcm) == (n - HEADER.size) // 2
        else:
            with pytest.raises(ValueError, match="block"):
                parse(whole[:n])


@pytest.mark.parametrize(
    "data",
    [
        None,
        "text",
        {"a": 1},
        [1, 2],
        bytearray(block(0)),
        b"\x02" + block(0)[1:],
        build(7_999, 0, np.zeros(4, np.int16)),
        build(192_001, 0, np.zeros(4, np.int16)),
        build(48_000, 2**53 + 1, np.zeros(4, np.int16)),
        build(48_000, 0, np.zeros(MOST_SAMPLES + 1, np.int16)),
    ],
)
def test_what_is_no_block_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match=r"block|unlikely|unknown"):
        parse(data)


def test_random_bytes_never_do_more_than_be_refused() -> None:
    """20 000 of them, half with a proper beginning."""
    rng = random.Random(5)
    for i in range(20_000):
        data = rng.randbytes(rng.randrange(80))
        if i % 2:
            data = block(rng.randrange(2**50), 2)[: rng.randrange(17)] + data
        try:
            parsed = parse(data)
        except ValueError:
            continue
        assert 8_000 <= parsed.rate_hz <= 192_000
        assert 1 <= len(parsed.pcm) <= MOST_SAMPLES
        assert np.isfinite(parsed.samples).all()


# -- the way from a page to its source --------------------------------------------------------------------------------------


def test_an_inbox_is_bounded_and_keeps_the_newest() -> None:
    queue = BlockQueue()
    for i in range(1_000):
        queue.put(QueueItem("p", Block(RATE_HZ, i * N, np.zeros(N, np.int16))))
    kept = queue.get(0.0)
    assert len(kept) == pytest.approx(QUEUE_S * RATE_HZ / N, abs=1)
    assert kept[-1].block is not None
    assert kept[-1].block.place == 999 * N
    for _ in range(3 * QUEUE_ITEMS):
        queue.put(QueueItem("p", code="browser.closed"))
    assert len(queue.get(0.0)) == QUEUE_ITEMS
    assert queue.get(0.0) == []


def test_sound_is_heard_and_gaps_are_lost_samples() -> None:
    feeds = Feeds(Clock())
    with listening(feeds) as sink:
        feed = feeds.connect("phone", "a")
        for place in (5_000, 5_000 + N, 5_000 + 4 * N):
            assert put_data(feed, block(place)) is PutResult.KEPT
        assert sink.wait_for(4) == [("live", RATE_HZ, 1), ("frame", N, 0), ("frame", N, 0), ("frame", N, 2 * N)]


def test_a_page_that_claims_losses_without_the_time_for_them_is_not_believed() -> None:
    """Every block says that a second is missing before it, and they come in real time: they are heard one after another."""
    clock = Clock()
    feeds = Feeds(clock)
    with listening(feeds) as sink:
        feed = feeds.connect("phone", "a")
        lost = []
        for i in range(100):
            clock.now += N / RATE_HZ
            assert put_data(feed, block(i * (N + RATE_HZ))) is PutResult.KEPT
            (*_, (_, _, lost_samples)) = sink.wait_for(2 if i == 0 else 1)
            lost.append(lost_samples)
    assert sum(lost) <= CREDIT_S * RATE_HZ


def test_a_page_that_comes_back_goes_on_in_the_same_epoch() -> None:
    """A connection breaks without a word; the same page connects again three seconds later."""
    clock = Clock()
    feeds = Feeds(clock)
    with listening(feeds) as sink:
        first = feeds.connect("phone", "a")
        put_data(first, block(0))
        assert sink.wait_for(2) == [("live", RATE_HZ, 1), ("frame", N, 0)]
        first.close()
        clock.now += 3 + N / RATE_HZ
        again = feeds.connect("phone", "a")
        assert put_data(again, block(N + 3 * RATE_HZ)) is PutResult.KEPT
        assert sink.wait_for(1) == [("frame", N, 3 * RATE_HZ)]
        first.close()  # the old connection's end is noticed late: it means nothing any more
        assert put_data(again, block(2 * N + 3 * RATE_HZ)) is PutResult.KEPT
        assert sink.wait_for(1) == [("frame", N, 0)]


@pytest.mark.parametrize(("close", "code"), [(True, "browser.lost"), (False, "browser.asleep")])
def test_a_page_that_stays_silent_is_told_and_begins_anew(close: bool, code: str) -> None:
    clock = Clock()
    feeds = Feeds(clock)
    with listening(feeds) as sink:
        feed = feeds.connect("phone", "a")
        put_data(feed, block(0))
        sink.wait_for(2)
        if close:
            feed.close()
        clock.now += 8.5
        assert sink.wait_for(1) == [("waiting", code, {"seconds": 8.0})]
        if not close:
            feed.close()
            assert sink.wait_for(1) == [("waiting", "browser.lost", {"seconds": 8.0})]
        put_data(feeds.connect("phone", "a"), block(8 * RATE_HZ))
        assert sink.wait_for(2) == [("live", RATE_HZ, 1), ("frame", N, 0)]


def test_a_page_that_says_goodbye_ends_at_once() -> None:
    feeds = Feeds(Clock())
    with listening(feeds) as sink:
        feed = feeds.connect("phone", "a")
        put_data(feed, block(0))
        feed.close("browser.closed")
        feed.close("browser.closed")
        assert sink.wait_for(3)[2] == ("waiting", "browser.closed", {})
        assert put_data(feed, block(N)) is PutResult.REPLACED
        put_data(feeds.connect("phone", "b"), block(0))
        assert sink.wait_for(2) == [("live", RATE_HZ, 1), ("frame", N, 0)]


def test_the_newest_page_speaks() -> None:
    """Another page of the same source takes over, in a new epoch; the first is told, and its goodbye ends nothing."""
    feeds = Feeds(Clock())
    with listening(feeds) as sink:
        old, new = feeds.connect("phone", "a"), feeds.connect("phone", "b")
        assert put_data(old, block(0)) is PutResult.REPLACED
        assert put_data(new, block(0)) is PutResult.KEPT
        old.close("browser.closed")
        assert put_data(new, block(N)) is PutResult.KEPT
        assert sink.wait_for(3) == [("live", RATE_HZ, 1), ("frame", N, 0), ("frame", N, 0)]


def test_sources_do_not_mix() -> None:
    feeds = Feeds(Clock())
    with listening(feeds, "one") as one, listening(feeds, "two") as two:
        put_data(feeds.connect("one", "a"), block(0, 100))
        put_data(feeds.connect("two", "a"), block(0, 200))
        assert one.wait_for(2)[1] == ("frame", 100, 0)
        assert two.wait_for(2)[1] == ("frame", 200, 0)


def test_what_was_heard_is_not_heard_again_and_another_rate_begins_anew() -> None:
    feeds = Feeds(Clock())
    with listening(feeds) as sink:
        feed = feeds.connect("phone", "a")
        put_data(feed, block(N))
        put_data(feed, block(0))
        put_data(feed, block(N))
        put_data(feed, block(2 * N))
        put_data(feed, block(0, rate_hz=44_100))
        said = [("live", RATE_HZ, 1), ("frame", N, 0), ("frame", N, 0), ("live", 44_100, 1), ("frame", N, 0)]
        assert sink.wait_for(5) == said


def test_a_source_that_is_switched_off_keeps_nothing() -> None:
    feeds = Feeds(Clock())
    feed = feeds.connect("phone", "a")
    assert put_data(feed, block(0)) is PutResult.KEPT
    with listening(feeds) as sink:
        put_data(feed, block(N))
        assert sink.wait_for(2) == [("live", RATE_HZ, 1), ("frame", N, 0)]


# -- bounds -----------------------------------------------------------------------------------------------------------------


def test_nobody_sends_faster_than_time_passes() -> None:
    """A burst that a network held back is taken; an endless one is not, and ends the connection."""
    clock = Clock()
    feed = Feeds(clock).connect("phone", "a")
    n_burst = round(AHEAD_S * RATE_HZ / N)
    results = [put_data(feed, block(i * N)) for i in range(n_burst + 10)]
    assert results.count(PutResult.KEPT) == pytest.approx(n_burst, abs=1)
    clock.now += 1.0
    results = [put_data(feed, block(i * N)) for i in range(100)]
    assert 50 <= results.count(PutResult.KEPT) <= 56
    assert PutResult.HOSTILE in [put_data(feed, block(i * N)) for i in range(MOST_BAD)]


def test_real_time_is_never_too_fast_even_by_a_fast_clock() -> None:
    """An hour of a sound card that is 1 % fast."""
    clock = Clock()
    feed = Feeds(clock).connect("phone", "a")
    for i in range(0, 180_000, 10):
        clock.now += 10 * N / (1.01 * RATE_HZ)
        assert put_data(feed, block(i * N, 10 * N)) is PutResult.KEPT


def test_rubbish_is_counted_and_shown_out() -> None:
    rng = random.Random(6)
    feeds = Feeds(Clock())
    with listening(feeds) as sink:
        feed = feeds.connect("phone", "a")
        results = [put_data(feed, rng.randbytes(rng.randrange(16))) for _ in range(MOST_BAD)]
        assert set(results) == {PutResult.USELESS}
        assert put_data(feed, b"x" * (MOST_BYTES + 1)) is PutResult.HOSTILE
        assert sink.said == []


def test_a_gap_is_no_beginning_and_keeps_the_time() -> None:
    """The gate hears nothing begin where sound of a humming room is lost; stream time stays exact."""
    t = np.arange(8 * RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(1).normal(0, 1e-3, len(t))
    pcm = (32_767 * (0.2 * np.sin(2 * np.pi * 150 * t) + 0.1 * np.sin(2 * np.pi * 443 * t) + noise)).astype(np.int16)
    hopper, gate = Hopper(), OnsetDetector(1)
    following = found = hops_in_all = 0
    for place in range(0, len(pcm), N):
        if place // N % 40 in (20, 21, 22):
            continue
        parsed = parse(build(RATE_HZ, place, pcm[place : place + N]))
        hops, lost = hopper.push(Frame(parsed.samples, parsed.rate_hz, parsed.place - following))
        following = place + N
        hops_in_all += len(hops) + int(lost.sum())
        for hop, missing in zip(hops, lost, strict=True):
            found += len(gate.process(np.array([0]), hop[None], np.array([missing])))
    assert found == 0
    assert 8.0 - hops_in_all * 0.02 < 0.1
