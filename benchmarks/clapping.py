"""Streams of known claps for the load benchmarks: what is sent, and when each clap left."""

from __future__ import annotations

import socket
import time
import wave
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.peers.claps import GOOD, clap

from claptrap.sources.vban_packet import Encoding, Format, Packet, build, encode

HOST = "127.0.0.1"
FORM = Format(48_000, 1, Encoding.INT16)
FRAMES = 256
RATE_HZ = FORM.rate_hz
PACKETS_PER_S = RATE_HZ / FRAMES
LEAD_S = 1.0  # of quiet before the clap of each period
LOUD = 0.35
QUIET_S = 3.0  # before the first clap of a stream and after the last one of all


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sender did.

    Attributes:
        packets: that left.
        failed: that the system refused.
        claps: (stream, monotonic seconds when the packet with the clap's first sample left).
        late_p99_s: how late packets left against their own clock.
    """

    packets: int
    failed: int
    claps: list[tuple[int, float]]
    late_p99_s: float


def period_packets(every_s: float) -> int:
    """Return ``every_s`` in whole packets."""
    return round(every_s * PACKETS_PER_S)


def loop(every_s: float) -> NDArray[np.float32]:
    """Return a faintly noisy room with one clap a period, ``LEAD_S`` after its beginning; each clap is another."""
    period = period_packets(every_s) * FRAMES
    sound = np.random.default_rng(0).normal(0, 3e-4, period * len(GOOD)).astype(np.float32)
    for i, seed in enumerate(GOOD):
        begin = i * period + round(LEAD_S * RATE_HZ)
        one = clap(np.random.default_rng(seed), RATE_HZ)
        sound[begin : begin + len(one)] += np.float32(LOUD) * one
    return sound


def write_wav(path: Path, every_s: float, seconds: float, louder: float = 1.0) -> None:
    """Write ``loop`` over and over, at least ``seconds`` long."""
    once = encode(np.float32(louder) * loop(every_s)[:, None], FORM.encoding)
    n_loops = int(np.ceil(seconds * RATE_HZ * 2 / len(once)))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        for _ in range(n_loops):
            out.writeframesraw(once)


def send_vban(port: int, n_streams: int, seconds: float, every_s: float, pipe: Connection | None) -> None:
    """Send streams ``s0``, ``s1`` … for ``seconds``, each packet at its time, their claps spread evenly over the period.

    All streams' packets of one moment leave at once: harder on the receiver than senders that know nothing of each other.
    """
    period, quiet = period_packets(every_s), round(QUIET_S * PACKETS_PER_S)
    sounding, still = payloads(loop(every_s)), payloads(np.random.default_rng(2).normal(0, 3e-4, RATE_HZ).astype(np.float32))
    n_packets = round(seconds * PACKETS_PER_S)
    begins = [quiet + round(i * period / n_streams) for i in range(n_streams)]
    ends = [b + max(0, (n_packets - quiet - b) // period) * period for b in begins]
    onset = round(LEAD_S * RATE_HZ) // FRAMES
    sent_at, late = np.zeros(n_packets), np.zeros(n_packets)
    heads = [bytearray(build(Packet(FORM, FRAMES, b"s%d" % i, 0, still[0]))[:28]) for i in range(n_streams)]
    streams = list(zip(heads, begins, ends, strict=True))
    began_s, failed = time.monotonic(), 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.connect((HOST, port))
        for k in range(n_packets):
            wait_s = began_s + k / PACKETS_PER_S - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            sent_at[k] = time.monotonic()
            late[k] = sent_at[k] - began_s - k / PACKETS_PER_S
            number, silence = k.to_bytes(4, "little"), still[k % len(still)]
            for head, begin, end in streams:
                head[24:28] = number
                payload = sounding[(k - begin) % len(sounding)] if begin <= k < end else silence
                try:
                    out.send(head + payload)
                except OSError:
                    failed += 1
    claps = [
        (i, float(sent_at[at]))
        for i, (begin, end) in enumerate(zip(begins, ends, strict=True))
        for at in range(begin + onset, end, period)
    ]
    if pipe is not None:
        pipe.send(Sent(n_packets * n_streams - failed, failed, claps, float(np.percentile(late, 99))))


def payloads(sound: NDArray[np.float32]) -> list[bytes]:
    """Cut and encode sound, leaving out what does not fill a packet."""
    whole = len(sound) // FRAMES
    return [encode(block[:, None], FORM.encoding) for block in sound[: whole * FRAMES].reshape(whole, FRAMES)]
