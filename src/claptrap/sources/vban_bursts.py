"""Bursts: packets of one stream that came together and follow one another, as one piece of sound. Pure."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from claptrap.sources.datagrams import HEAD_BYTES, Datagrams
from claptrap.sources.vban_packet import HEADER, Format, Packet, RejectReason, parse

_HEAD = np.dtype([("magic", "<u4"), ("form", "<u4"), ("name", "V16"), ("counter", "<u4")])
_NAME = slice(8, 24)


class Burst(NamedTuple):
    """Packets whose counters follow one another, of one format and size.

    Attributes:
        format: of their samples.
        frames: samples per channel in each.
        counter: the first one's, 0 to 2³² − 1.
        payload: of all, one after the other.
        at_s: monotonic seconds at which each arrived.
    """

    format: Format
    frames: int
    counter: int
    payload: bytes
    at_s: Sequence[float]

    @property
    def duration_s(self) -> float:
        """Seconds of sound in it."""
        return len(self.at_s) * self.frames / self.format.rate_hz

    def first(self, n: int) -> Burst:
        """Return the burst of its first ``n`` packets."""
        return self._replace(payload=self.payload[: n * self._n_bytes], at_s=self.at_s[:n])

    def without_first(self, n: int) -> Burst:
        """Return the burst of what follows its first ``n`` packets."""
        counter, payload = (self.counter + n) % 2**32, self.payload[n * self._n_bytes :]
        return self._replace(counter=counter, payload=payload, at_s=self.at_s[n:])

    def packets(self) -> Iterator[tuple[Packet, float]]:
        """Yield its packets, without their name, and when each arrived."""
        for i, at_s in enumerate(self.at_s):
            payload = self.payload[i * self._n_bytes : (i + 1) * self._n_bytes]
            yield Packet(self.format, self.frames, b"", (self.counter + i) % 2**32, payload), at_s

    @property
    def _n_bytes(self) -> int:
        return len(self.payload) // len(self.at_s)


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Datagrams of one sender and name that can make one burst: alike in all but counters, which follow one another.

    Attributes:
        host: their sender's address.
        name: raw, without NUL; empty where there is none.
        at_s: monotonic seconds at which each arrived.
    """

    host: str
    name: bytes
    at_s: Sequence[float]
    _received: Datagrams
    _rows: NDArray[np.intp]

    def first(self, n: int) -> Run:
        """Return the run of its first ``n`` datagrams."""
        return Run(self.host, self.name, self.at_s[:n], self._received, self._rows[:n])

    def parse(self) -> Burst | RejectReason:
        """Return what they hold, or why they hold nothing usable."""
        first = parse(self._received.datagram(int(self._rows[0])))
        if isinstance(first, RejectReason):
            return first
        payload = first.payload
        if len(self._rows) > 1:
            payload = self._received.heads[self._rows, HEADER.size : HEADER.size + len(payload)].tobytes()
        return Burst(first.format, first.frames, first.counter, payload, self.at_s)


def runs(received: Datagrams) -> Iterator[Run]:
    """Yield datagrams in runs; those of one sender and name in the order in which they came."""
    if not len(received):
        return
    heads = received.heads[:, : HEADER.size].copy()
    for i in np.flatnonzero(received.lengths < HEADER.size).tolist():
        heads[i, received.lengths[i] :] = 0
    names = heads[:, _NAME]
    names[np.logical_or.accumulate(names == 0, axis=1)] = 0  # what stands behind a NUL
    by_stream: dict[bytes, list[int]] = {}
    keys = np.concatenate((received.hosts, names), axis=1)
    for i, key in enumerate(keys.view("V20")[:, 0].tolist()):
        by_stream.setdefault(key, []).append(i)
    rows = np.array([i for of_one in by_stream.values() for i in of_one], np.intp)
    follows = _follows(heads[rows].view(_HEAD)[:, 0], received.lengths[rows])
    at_s, begin = received.at_s[rows].tolist(), 0
    for key, of_one in by_stream.items():
        end = begin + len(of_one)
        host, name = socket.inet_ntoa(key[:4]), key[4:].partition(b"\0")[0]
        cuts = (np.flatnonzero(~follows[begin : end - 1]) + begin + 1).tolist()
        for first, last in pairwise((begin, *cuts, end)):
            yield Run(host, name, at_s[first:last], received, rows[first:last])
        begin = end


def _follows(heads: NDArray[np.void], lengths: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Return for each but the last datagram (n − 1,) whether the next one continues it, if it is of the same stream."""
    follows: NDArray[np.bool_] = heads["counter"][1:] == heads["counter"][:-1] + np.uint32(1)
    for alike in (heads["magic"], heads["form"], lengths):
        follows &= alike[1:] == alike[:-1]
    return follows & (lengths[1:] > HEADER.size) & (lengths[1:] <= HEAD_BYTES)
