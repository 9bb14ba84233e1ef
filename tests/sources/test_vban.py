"""VBAN over real sockets: what was sent is heard, what is not heard is explained, and nothing is left behind."""

from __future__ import annotations

import importlib.util
import random
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.peers.ports import free_port
from tests.peers.vban import FRAMES, MONO, Sender, packets, send_with_aiovban, sine
from tests.peers.waiting import wait_until

from claptrap.audio.channels import channel_mixer
from claptrap.audio.frame import Frame
from claptrap.audio.hopper import Hopper
from claptrap.core.clock import SystemClock
from claptrap.core.errors import SourceError
from claptrap.core.spec import VbanInput
from claptrap.sources import vban_port, vban_reorder
from claptrap.sources.base import StopSignal
from claptrap.sources.pacing import Pacing
from claptrap.sources.vban import AbsenceLimits, VbanSource
from claptrap.sources.vban_bursts import Burst
from claptrap.sources.vban_packet import RATES_HZ, Encoding, Format, Packet, build, encode
from claptrap.sources.vban_ports import MOST_LISTENED, VbanPorts
from claptrap.sources.vban_queue import PacketQueue
from claptrap.text.catalogue import say

HOST = "127.0.0.1"
QUICK = AbsenceLimits(absent_s=0.3, lost_s=0.6)
ONE_WAY = pytest.mark.skipif(
    importlib.util.find_spec("aiovban") is None, reason="aiovban, the independent sender, is not installed"
)
LINUX = pytest.mark.skipif(not Path("/proc").exists(), reason="only Linux owns all of 127.0.0.0/8")


class Ear:
    """A sink that remembers, and lets a test wait for what it expects."""

    def __init__(self) -> None:
        self.stop = StopSignal()
        self.pacing = Pacing()
        self.lives: list[tuple[int, int]] = []
        self.epochs: list[list[Frame]] = []
        self.waits: list[tuple[str, dict[str, str | float]]] = []
        self.error: Exception | None = None
        self.channel = "mean"  # which ``wait_for_samples`` returns
        self._news = threading.Condition()

    def live(self, rate_hz: int, channels: int) -> None:
        with self._news:
            self.lives.append((rate_hz, channels))
            self.epochs.append([])
            self._news.notify_all()

    def frame(self, frame: Frame) -> None:
        with self._news:
            self.epochs[-1].append(frame)
            self._news.notify_all()

    def waiting(self, code: str, **params: str | float) -> None:
        with self._news:
            assert say(code, "fr", **params) != say(code, "en", **params)
            self.waits.append((code, params))
            self._news.notify_all()

    def wait_for(self, condition: Callable[[], bool], timeout_s: float = 15.0) -> None:
        with self._news:
            assert self._news.wait_for(condition, timeout_s), (self.lives, self.waits, self.n_samples())

    def wait_for_reason(self, code: str) -> dict[str, str | float]:
        self.wait_for(lambda: any(said == code for said, _ in self.waits))
        return next(params for said, params in self.waits if said == code)

    def wait_for_samples(self, n: int) -> NDArray[np.float32]:
        """Wait until the newest epoch has ``n`` samples, lost ones included; return those heard."""
        self.wait_for(lambda: self.n_samples() >= n)
        samples = np.concatenate([frame.samples for frame in self.epochs[-1]])
        return channel_mixer(self.channel, self.epochs[-1][0].rate_hz, samples.shape[1])(samples)

    def n_samples(self) -> int:
        return sum(len(f.samples) + f.lost_samples for f in self.epochs[-1]) if self.epochs else 0


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def ports() -> Iterator[VbanPorts]:
    opened = VbanPorts(HOST)
    yield opened
    opened.stop()


@contextmanager
def session(ports: VbanPorts, wanted: VbanInput, limits: AbsenceLimits = QUICK, ear: Ear | None = None) -> Iterator[Ear]:
    """Run a source in a thread until the block ends; its port is open when the block begins."""
    ear = ear or Ear()
    ear.channel = wanted.heard_channel

    def run() -> None:
        try:
            VbanSource(wanted, ports, limits=limits).run(ear)
        except SourceError as error:
            ear.error = error

    thread = threading.Thread(target=run, name="capture:test")
    before = len(ports.stream_counts())
    thread.start()
    deadline = time.monotonic() + 5
    while len(ports.stream_counts()) == before and thread.is_alive():
        assert time.monotonic() < deadline
    try:
        yield ear
    finally:
        ear.stop.set()
        thread.join(5)
        assert not thread.is_alive()


def want(port: int, stream: str = "Stream1", channel: str = "mean", host: str = HOST) -> VbanInput:
    return VbanInput(host, stream, port, channel)


def counts(ports: VbanPorts) -> dict[str, int]:
    (stream,) = ports.stream_counts()
    return dict(stream.counts)


# -- what was sent is heard -------------------------------------------------------------------------------------------------


@ONE_WAY
@pytest.mark.parametrize(
    ("bits", "rate_hz", "channels", "frames"),
    [
        ("INT16", 48_000, 1, 256),
        ("INT24", 48_000, 2, 239),
        ("FLOAT32", 44_100, 2, 179),
        ("BYTE8", 16_000, 1, 256),
        ("INT32", 32_000, 1, 256),
        ("FLOAT64", 22_050, 1, 128),
    ],
)
def test_an_independent_sender_is_heard(
    ports: VbanPorts, port: int, bits: str, rate_hz: int, channels: int, frames: int
) -> None:
    """A sine that aiovban sends is the same sine in 16 kHz hops, sample for sample in time; its losses are counted."""
    encoding = Encoding.UINT8 if bits == "BYTE8" else Encoding[bits]
    form = Format(rate_hz, channels, encoding)
    sound = sine(form, 1.2)
    sound = sound[: len(sound) // frames * frames]
    payloads = [encode(sound[at : at + frames], encoding) for at in range(0, len(sound), frames)]
    left_out = frozenset({40, 61})
    with session(ports, want(port, "Tone", channel="1")) as ear:
        send_with_aiovban(port, "Tone", rate_hz, channels, bits, payloads, frames, left_out)
        ear.wait_for_samples(len(sound))
        assert counts(ports)["lost"] == len(left_out)
        assert counts(ports)["packets"] == len(payloads) - len(left_out)
    assert ear.lives == [(rate_hz, channels)]
    heard = hops(ear.epochs[0], "1")
    truth = hops([Frame(sound[:, :1], rate_hz)])
    n = min(len(heard), len(truth))
    assert abs(len(heard) - len(truth)) <= 320
    assert np.corrcoef(heard[:n], truth[:n])[0, 1] > 0.98
    begin = n // 4  # before the first loss: nothing but the resampler's own rounding
    assert np.corrcoef(heard[:begin], truth[:begin])[0, 1] > 0.9999


def hops(frames: list[Frame], channel: str = "mean") -> NDArray[np.float32]:
    """Return 16 kHz samples of a channel, lost hops as zeros."""
    hopper = Hopper(channel)
    parts = [hopper.push(frame) for frame in frames] + [hopper.finish()]
    return np.concatenate(
        [part for given, lost in parts for hop, n in zip(given, lost, strict=True) for part in (np.zeros(320 * n), hop)]
    )


def test_two_streams_of_one_sender_share_a_port_and_nothing_else(ports: VbanPorts, port: int) -> None:
    """Other rate, channels and encoding; neither hears the other."""
    stereo = Format(16_000, 2, Encoding.FLOAT32)
    high, low = sine(MONO, 0.5, 1_000), sine(stereo, 0.5, 300)
    with session(ports, want(port, "High")) as first, session(ports, want(port, "low", channel="2")) as second:
        assert len([t for t in threading.enumerate() if t.name == f"vban:{port}"]) == 1
        with Sender(port) as sender:
            both = packets(high, MONO, b"High") + packets(low, stereo, b"low")
            random.Random(1).shuffle(both)
            sender.send(sorted(both, key=lambda p: p.counter))
        heard_high, heard_low = first.wait_for_samples(len(high)), second.wait_for_samples(len(low))
    assert (first.lives, second.lives) == ([(48_000, 1)], [(16_000, 2)])
    assert np.abs(heard_high - high[:, 0]).max() < 1e-4
    assert heard_low.tolist() == low[:, 1].tolist()


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.slow
def test_every_rate_of_the_table_is_heard(ports: VbanPorts, port: int, rate_hz: int) -> None:
    """From 6 kHz to 705.6 kHz the tone has the right pitch at 16 kHz."""
    form = Format(rate_hz, 1, Encoding.INT16)
    sound = sine(form, 0.25, 500)
    with session(ports, want(port)) as ear, Sender(port) as sender:
        sent = packets(sound, form, frames=256)
        for at in range(0, len(sent), 200):  # no faster than it is read
            sender.send(sent[at : at + 200])
            ear.wait_for_samples(sum(p.frames for p in sent[: at + 200]))
    spectrum = np.abs(np.fft.rfft(hops(ear.epochs[0])[:3_200]))
    assert np.argmax(spectrum) * 5 == 500


def test_sixty_four_channels_are_heard(ports: VbanPorts, port: int) -> None:
    """The widest stream, in packets larger than the specification allows."""
    form = Format(48_000, 64, Encoding.INT16)
    sound = np.random.default_rng(1).uniform(-0.5, 0.5, (2_000, 64)).astype(np.float32)
    with session(ports, want(port, channel="64")) as ear, Sender(port) as sender:
        sender.send(packets(sound, form, frames=100))
        heard = ear.wait_for_samples(2_000)
    assert np.abs(heard - sound[:, 63]).max() < 1e-4


def test_two_sources_may_hear_one_stream(ports: VbanPorts, port: int) -> None:
    """Left and right of one stream as two sources."""
    form = Format(48_000, 2, Encoding.INT16)
    sound = sine(form, 0.3)
    with session(ports, want(port, channel="1")) as left, session(ports, want(port, channel="2")) as right:
        with Sender(port) as sender:
            sender.send(packets(sound, form))
        assert np.abs(left.wait_for_samples(len(sound)) - sound[:, 0]).max() < 1e-4
        assert np.abs(right.wait_for_samples(len(sound)) - sound[:, 1]).max() < 1e-4


@pytest.mark.parametrize("name", [b"ESP32_AUDIO_STRM", b"caf\xe9", "Küche".encode(), b""])
def test_names_are_selected_by_their_bytes(ports: VbanPorts, port: int, name: bytes) -> None:
    """What is listed as discovered selects that very stream, whatever its bytes."""
    ports.listen_for(port)
    with Sender(port) as sender:
        sent = packets(sine(MONO, 0.1), name=name)
        sender.send(sent)
        wait_for_datagrams(ports, len(sent))
        (seen,) = ports.discovered()
        with session(ports, want(port, seen.stream)) as ear:
            sender.send(sent)
            ear.wait_for_samples(4_000)


# -- loss -------------------------------------------------------------------------------------------------------------------


def test_loss_duplicates_and_disorder_on_the_wire(ports: VbanPorts, port: int) -> None:
    """The time line is that of the sender; each kind of damage has its count."""
    sound = sine(MONO, 1.0, 300)
    sent = packets(sound, first=2**32 - 100)
    damaged = [p for i, p in enumerate(sent) if i not in {50, 120, 121, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209}]
    damaged[10], damaged[12] = damaged[12], damaged[10]
    damaged.insert(30, damaged[29])
    with session(ports, want(port)) as ear, Sender(port) as sender:
        sender.send(damaged)
        ear.wait_for_samples(len(sound))
        found = counts(ports)
    assert (found["lost"], found["duplicate"], found["late"], found["epochs"]) == (13, 1, 0, 1)
    assert len(ear.epochs) == 1
    assert ear.n_samples() == len(sound)


def test_a_restarted_sender_and_a_new_format_begin_epochs(
    ports: VbanPorts, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same source, same run: sound before and after has different epochs, and none of the new one is lost."""
    monkeypatch.setattr(vban_reorder, "EPOCH_S", 0.0)  # instead of waiting until an epoch is old enough to end
    other = Format(44_100, 2, Encoding.INT24)
    begin, restart, change = sine(MONO, 0.3), sine(MONO, 0.2, 900), sine(other, 0.2)
    with session(ports, want(port), AbsenceLimits(0.3, 30)) as ear, Sender(port) as sender:
        sender.send(packets(begin, first=5_000))
        ear.wait_for_samples(len(begin))
        sender.send(packets(restart, first=1))
        ear.wait_for(lambda: len(ear.lives) == 2)
        assert np.abs(ear.wait_for_samples(len(restart)) - restart[:, 0]).max() < 1e-4
        sender.send(packets(change, other, first=7))
        ear.wait_for(lambda: len(ear.lives) == 3)
        ear.wait_for_samples(len(change))
        assert ear.lives == [(48_000, 1), (48_000, 1), (44_100, 2)]
        assert counts(ports)["epochs"] == 3


# -- what is not heard is explained -----------------------------------------------------------------------------------------


def test_right_address_wrong_name(ports: VbanPorts, port: int) -> None:
    """The names that do come are told, capitals and all; the right one is heard as soon as it comes."""
    with session(ports, want(port, "stream1")) as ear, Sender(port) as sender:
        sender.send(packets(sine(), name=b"Stream1")[:10])
        sender.send(packets(sine(), name=b"Kitchen")[:10])
        reason = ear.wait_for_reason("vban.wrong_name")
        assert set(str(reason["seen"]).split(", ")) == {"“Stream1”", "“Kitchen”"}
        sender.send(packets(sine(MONO, 0.1), name=b"stream1"))
        ear.wait_for_samples(4_000)


def test_another_stream_that_is_wanted_is_no_wrong_name(ports: VbanPorts, port: int) -> None:
    """A sender of two streams that are both configured has no name wrong when one of them is away."""
    with session(ports, want(port, "A")), session(ports, want(port, "B")) as absent, Sender(port) as sender:
        sender.send(packets(sine(), name=b"A")[:10])
        absent.wait_for_reason("vban.nothing")
        assert {code for code, _ in absent.waits} == {"vban.nothing"}


@LINUX
def test_right_name_wrong_address(ports: VbanPorts, port: int) -> None:
    """A sender whose address has changed is told by its new one."""
    with session(ports, want(port, host="127.0.0.9")) as ear, Sender(port, "127.0.0.8") as sender:
        sender.send(packets(sine())[:10])
        assert ear.wait_for_reason("vban.wrong_host")["seen"] == "127.0.0.8"


def test_right_stream_wrong_port(ports: VbanPorts, port: int) -> None:
    """A stream that comes on another port that is open is told by it."""
    other = free_port()
    ports.listen_for(other)
    with session(ports, want(port)) as ear, Sender(other) as sender:
        sender.send(packets(sine())[:10])
        assert ear.wait_for_reason("vban.wrong_port")["actual"] == other


def test_nothing_at_all(ports: VbanPorts, port: int) -> None:
    """A source that never delivered is told as loudly as one that stopped, again and again."""
    with session(ports, want(port)) as ear:
        ear.wait_for(lambda: [code for code, _ in ear.waits] == ["vban.nothing"] * 2)
        assert ear.waits[0][1] == {"host": HOST, "stream": "Stream1", "port": port}


def test_a_stream_that_stops_and_comes_back(ports: VbanPorts, port: int) -> None:
    """It is told lost, and heard again from its first packet on, even where its counter merely goes on."""
    sound = sine(MONO, 0.2)
    sent = packets(np.concatenate((sound, sound)))
    half = len(sent) // 2
    with session(ports, want(port)) as ear, Sender(port) as sender:
        sender.send(sent[:half])
        ear.wait_for_reason("vban.lost")
        sender.send(sent[half:])
        ear.wait_for(lambda: len(ear.epochs) == 2)
        ear.wait_for_samples(len(sound))


def test_a_mute_stream_goes_on_being_heard(ports: VbanPorts, port: int) -> None:
    """Exact zeros are sound like any other, in the same epoch; that nothing else comes, the watchdog tells."""
    sound = sine(MONO, 0.2)
    with session(ports, want(port)) as ear, Sender(port) as sender:
        sender.send(packets(np.concatenate((np.zeros((24_000, 1), np.float32), sound))))
        heard = ear.wait_for_samples(24_000 + len(sound))
    assert not heard[:24_000].any()
    assert heard[24_000:].any()
    assert len(ear.epochs) == 1


def test_silence_of_eight_unsigned_bits_is_silence(ports: VbanPorts, port: int) -> None:
    """128 is its zero."""
    form = Format(16_000, 1, Encoding.UINT8)
    with session(ports, want(port)) as ear, Sender(port) as sender:
        sender.send(packets(np.zeros((8_000, 1), np.float32), form))
        assert not ear.wait_for_samples(8_000).any()


def test_a_channel_that_does_not_exist(ports: VbanPorts, port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Channel 2 of a mono stream is told; when the sender turns to stereo, it is heard."""
    monkeypatch.setattr(vban_reorder, "EPOCH_S", 0.0)
    stereo = Format(48_000, 2, Encoding.INT16)
    with session(ports, want(port, channel="2"), AbsenceLimits(30, 30)) as ear, Sender(port) as sender:
        sender.send(packets(sine(MONO, 0.2)))
        assert ear.wait_for_reason("vban.no_channel")["channels"] == 1
        sender.send(packets(sine(stereo, 0.2), stereo, first=500))
        ear.wait_for_samples(9_600)


@pytest.mark.parametrize(
    ("at", "value", "code"),
    [
        (4, 0x03 | 0x40, "vban.not_audio"),
        (4, 31, "vban.unknown_rate"),
        (6, 200, "vban.too_many_channels"),
        (7, 0x11, "vban.not_pcm"),
        (7, 0x06, "vban.unknown_type"),
        (7, 0x09, "vban.reserved_bit"),
        (5, 1, "vban.wrong_length"),
    ],
)
def test_packets_that_cannot_be_used_are_told_by_their_reason(
    ports: VbanPorts, port: int, at: int, value: int, code: str
) -> None:
    """The right stream in a form that cannot be heard says which, and is counted."""
    datagram = bytearray(build(packets(sine())[0]))
    datagram[at] = value
    with session(ports, want(port)) as ear, Sender(port) as sender:
        sender.send([bytes(datagram)] * 5)
        ear.wait_for_reason(code)
        assert ports.port_counts()[0].refused == {code: 5}
        if code != "vban.not_audio":
            assert dict(ports.stream_counts()[0].refused) == {code: 5}


def test_a_taken_port_is_said_and_left_alone(ports: VbanPorts, port: int) -> None:
    """Another program's port is not shared: of two sockets one would get nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind((HOST, port))
        with pytest.raises(SourceError) as caught:
            VbanSource(want(port), ports).run(Ear())
        assert (caught.value.code, caught.value.retryable) == ("vban.port_taken", True)
        assert str(port) in say(caught.value.code, "fr", **caught.value.params)
    with session(ports, want(port)) as ear:  # afterwards it opens
        assert ear.error is None


# -- nothing is left behind, nothing grows ----------------------------------------------------------------------------------


def test_stopping_releases_socket_and_thread(ports: VbanPorts, port: int) -> None:
    """With the last source of a port goes the port; sources are stopped within half a second."""
    with session(ports, want(port)), session(ports, want(port, "other")):
        assert any(t.name == f"vban:{port}" for t in threading.enumerate())
    assert not any(t.name == f"vban:{port}" for t in threading.enumerate())
    assert ports.port_counts() == ()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind((HOST, port))


def test_adding_and_removing_sources_leaks_nothing(ports: VbanPorts, port: int) -> None:
    """Opens and closes, another source of the port hearing all the while."""
    with session(ports, want(port, "steady")) as steady, Sender(port) as sender:
        sent = packets(sine(MONO, 30 * FRAMES / 48_000), name=b"steady")
        sender.send(sent[:1])
        wait_for_datagrams(ports, 1)  # now all that the port opens is open
        before = descriptors()
        for i, each in enumerate(sent[1:]):
            with session(ports, want(port, f"s{i}")):
                sender.send([each])
        assert len(sent) == 30
        assert descriptors() == before
        steady.wait_for_samples(30 * FRAMES)
        assert counts(ports)["lost"] == 0


def descriptors() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_who_asks_for_many_ports_gets_the_newest(ports: VbanPorts, port: int) -> None:
    """A port costs a socket and a thread, so few are only watched; one that is heard stays, whatever is asked for."""
    with session(ports, want(port)) as ear, Sender(port) as sender:
        asked = [port, *(free_port() for _ in range(MOST_LISTENED + 3))]
        for each in asked:
            ports.listen_for(each)
        assert {counts.port for counts in ports.port_counts()} == {port, *asked[-MOST_LISTENED:]}
        sender.send(packets(sine(MONO, 0.1)))
        ear.wait_for_samples(4_000)


@pytest.mark.slow
def test_watching_lists_what_arrives_and_ends_by_itself(ports: VbanPorts, port: int) -> None:
    """Without any source the streams of the network are listed; the port closes after the time that was asked for."""
    ports.listen_for(port, for_s=0.5)
    form = Format(44_100, 2, Encoding.INT24)
    with Sender(port) as sender:
        sender.send(packets(sine(form, 0.1), form, b"Mic")[:20])
        odd = bytearray(build(packets(sine(), name=b"Codec")[0]))
        odd[7] = 0x11
        sender.send([bytes(odd), b"junk", b""])
        wait_until(lambda: ports.port_counts()[0].datagrams >= 23)
        mic, codec = sorted(ports.discovered(), key=lambda s: s.rate_hz, reverse=True)
    assert (mic.host, mic.stream, mic.port, mic.rate_hz, mic.channels, mic.encoding) == (
        HOST,
        "Mic",
        port,
        44_100,
        2,
        "int24",
    )
    assert (mic.packets, mic.problem, mic.wanted) == (20, "", False)
    assert abs(mic.last_seen - time.time()) < 10
    assert (codec.stream, codec.rate_hz, codec.problem) == ("Codec", 0, "vban.not_pcm")
    wait_until(lambda: ports.port_counts() == ())


@pytest.mark.slow
def test_nothing_is_ever_answered(ports: VbanPorts, port: int) -> None:
    """A service request draws no reply, so nobody can make us send to a third."""
    ping = b"VBAN\x60\x00\x00\x00" + b"VBAN Service".ljust(16, b"\0") + bytes(4)
    with session(ports, want(port)), Sender(port) as sender:
        sender.send([ping, ping + bytes(676), b"VBAN\x60\x00\x20\xff" + bytes(20)])
        wait_until(lambda: ports.port_counts()[0].datagrams == 3)
        assert sender.answer() is None


@LINUX
def test_strangers_cannot_make_the_table_grow(ports: VbanPorts, port: int) -> None:
    """Two thousand names from twelve addresses: 64 rows, 8 of one address, and the wanted stream is heard through it all."""
    sound = sine(MONO, 0.3)
    with session(ports, want(port)) as ear, Sender(port) as sender:
        for host in range(2, 14):
            with Sender(port, f"127.0.0.{host}") as stranger:
                stranger.send(build(packets(sine(MONO, 0.01), name=b"n%d" % i)[0]) for i in range(166))
        sender.send(packets(sound))
        ear.wait_for_samples(len(sound))
        wait_until(lambda: ports.port_counts()[0].datagrams == 12 * 166 + len(packets(sound)))
        strangers = [s.host for s in ports.discovered() if not s.wanted]
        assert len(strangers) == 64
        assert max(strangers.count(host) for host in strangers) == 8
        port_counts = ports.port_counts()[0]
        assert port_counts.table_full + port_counts.over_ceiling == 12 * 166 - 64


def test_a_stream_has_a_budget_of_packets(ports: VbanPorts, port: int) -> None:
    """One frame a packet at 48 kHz is legal and refused beyond 5,000 a second: it is dropped before it costs anything."""
    tiny = [Packet(MONO, 1, b"Stream1", i, b"\0\1") for i in range(20_000)]
    with session(ports, want(port)), Sender(port) as sender:
        began = time.monotonic()
        step = max(500, ports.port_counts()[0].buffer_bytes // 5_000)  # no faster than the kernel's buffer takes it
        for at in range(0, 20_000, step):
            sender.send(tiny[at : at + step])
            wait_for_datagrams(ports, min(20_000, at + step))
        took_s = time.monotonic() - began
        (stream,) = ports.stream_counts()
        taken = 20_000 - stream.refused["vban.too_many_packets"]
        assert taken <= 64 + 5_000 * (1 + took_s)
        assert stream.refused["vban.too_many_packets"] > 0 or took_s > 2


@pytest.mark.slow
def test_a_storm_of_junk_does_not_stop_the_port(ports: VbanPorts, port: int) -> None:
    """Random and damaged datagrams, empty and huge ones: each is counted, and the stream is heard after them."""
    rng = random.Random(5)
    junk = [rng.randbytes(rng.randrange(200)) for _ in range(1_000)] + [b"VBAN" + rng.randbytes(60) for _ in range(1_000)]
    junk += [rng.randbytes(60_000), b""]
    sound = sine(MONO, 0.2)
    with session(ports, want(port)) as ear, Sender(port) as sender:
        for at in range(0, len(junk), 100):
            sender.send(junk[at : at + 100])
            wait_for_datagrams(ports, min(len(junk), at + 100))
        sender.send(packets(sound))
        ear.wait_for_samples(len(sound))
        found = ports.port_counts()[0]
    assert sum(found.refused.values()) + found.over_ceiling + found.table_full >= len(junk) - 10
    assert "vban.not_vban" in found.refused


def test_a_port_that_breaks_is_told_to_its_sources(ports: VbanPorts, port: int) -> None:
    """When its thread dies unexpectedly, sources end with the reason, and the next try opens the port anew."""
    with session(ports, want(port)) as ear, Sender(port) as sender:
        broken = ports._ports[port]
        broken._streams.process = lambda *_, **__: 1 / 0
        sender.send([b"x"])
        wait_until(lambda: ear.error is not None)
    assert isinstance(ear.error, SourceError)
    assert (ear.error.code, ear.error.retryable) == ("vban.port_failed", True)
    assert "ZeroDivisionError" in str(ear.error)
    with session(ports, want(port)) as again, Sender(port) as sender:
        sender.send(packets(sine(MONO, 0.1)))
        again.wait_for_samples(4_000)


def test_a_port_that_is_closed_under_a_source_ends_it(ports: VbanPorts, port: int) -> None:
    """Stopping out of order leaves no source waiting for what cannot come."""
    with session(ports, want(port)) as ear:
        ports.stop()
        wait_until(lambda: ear.error is not None)
    assert isinstance(ear.error, SourceError)
    assert ear.error.code == "vban.port_failed"


def test_what_hearing_raises_ends_the_source_and_no_other(ports: VbanPorts, port: int) -> None:
    """Streams of one port are heard in its thread; a fault of one is raised in the thread of its own source."""

    class Deaf(Ear):
        def frame(self, frame: Frame) -> None:
            raise SourceError("source.deaf", retryable=True, reason=f"a test of {frame.rate_hz} Hz")

    with (
        session(ports, want(port), ear=Deaf()) as deaf,
        session(ports, want(port, "Stream2")) as ear,
        Sender(port) as sender,
    ):
        sender.send(packets(sine(MONO, 0.2)) + packets(sine(MONO, 0.2), name=b"Stream2"))
        ear.wait_for_samples(8_000)
        wait_until(lambda: len(ports.stream_counts()) == 1)
    assert isinstance(deaf.error, SourceError)
    assert deaf.error.code == "source.deaf"


def unheard() -> PacketQueue:
    """Return the queue of a stream whose packets are thrown away."""
    return PacketQueue(Pacing(), lambda _arrivals, _now: 1.0, Counter())


def test_a_machine_that_stalls_for_a_second_loses_nothing(ports: VbanPorts, port: int) -> None:
    """Where the program may have it, the kernel's buffer is as large as asked for, whatever net.core.rmem_max says."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.setsockopt(socket.SOL_SOCKET, vban_port.SO_RCVBUFFORCE, vban_port.BUFFER_BYTES)
        except OSError:
            pytest.skip("needs Linux and CAP_NET_ADMIN")
        granted = probe.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    with ports.receiving(port, HOST, b"Stream1", unheard()):
        assert ports.port_counts()[0].buffer_bytes == granted >= vban_port.BUFFER_BYTES


class HeldClock(SystemClock):
    """A clock that goes on where it is told, and at which a port's thread waits while it is held."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.ahead_s = 0.0

    def monotonic(self) -> float:
        if threading.current_thread().name.startswith("vban:"):
            self.go_on.wait()
        return super().monotonic() + self.ahead_s


@pytest.mark.parametrize("step_s", [3600.0, -3600.0])
def test_a_clock_that_is_set_while_packets_wait_moves_them_nowhere(
    ports: VbanPorts, port: int, step_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel stamped them by the time of day of before: they came since the last look, whatever it is by now."""
    arrivals: list[float] = []
    began, unix = time.monotonic(), time.time
    monkeypatch.setattr(time, "time", lambda: unix() + step_s)

    def hear(heard: Sequence[Burst], _: float) -> float:
        arrivals.extend(at_s for burst in heard for at_s in burst.at_s)
        return 0.01

    queue, sent = PacketQueue(Pacing(), hear, Counter()), packets(sine(seconds=0.01))
    with ports.receiving(port, HOST, b"Stream1", queue), Sender(port) as sender:
        sender.send(sent)
        wait_until(lambda: len(arrivals) == len(sent))
    assert all(began <= at_s <= time.monotonic() for at_s in arrivals)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what it dropped")
@pytest.mark.parametrize(("asked", "code"), [(4096, "vban.overrun"), (1 << 40, "vban.small_buffer")])
def test_what_the_kernel_dropped_is_a_problem_with_a_remedy_for_a_while(
    monkeypatch: pytest.MonkeyPatch, port: int, asked: int, code: str
) -> None:
    """Whether the buffer is smaller than what was asked for decides what is to be done."""
    monkeypatch.setattr(vban_port, "BUFFER_BYTES", 4096)
    clock = HeldClock()
    clock.go_on.set()
    ports = VbanPorts(HOST, clock=clock)
    try:
        with ports.receiving(port, HOST, b"Stream1", unheard()), Sender(port) as sender:
            assert ports.problems() == ()
            clock.go_on.clear()
            sender.send(packets(sine(MONO, 1.0), frames=240))  # far more than the buffer holds
            clock.go_on.set()
            monkeypatch.setattr(vban_port, "BUFFER_BYTES", asked)
            wait_until(lambda: _heard_of_drops(ports, sender))
            (problem,) = ports.problems()
            assert (problem.code, problem.params["port"]) == (code, port)
            assert "{" not in say(problem.code, "fr", **problem.params)
            clock.ahead_s = 601.0
            assert ports.problems() == ()
    finally:
        clock.go_on.set()
        ports.stop()


def _heard_of_drops(ports: VbanPorts, sender: Sender) -> bool:
    """Send one more packet: the kernel tells of what it dropped with the next that it keeps."""
    sender.send(packets(sine(MONO, 0.005), frames=240))
    return bool(ports.problems())


def wait_for_datagrams(ports: VbanPorts, n: int) -> None:
    """Wait until the only port has taken ``n`` datagrams, so that a fast sender overruns nobody's buffer."""
    wait_until(lambda: ports.port_counts()[0].datagrams >= n)
