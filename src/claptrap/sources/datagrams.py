"""Many UDP datagrams in one system call where there is one for it (Linux, ``recvmmsg``), elsewhere one by one.

Each system call, and each Python object, costs more than the 550 bytes of a packet of sound; so what has come is received,
stamped and looked at in arrays. Nothing here knows VBAN.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

AT_ONCE = 4096  # datagrams of one call
HEAD_BYTES = 2048  # of each, side by side: usual ones fit
DATAGRAM_BYTES = 65_535  # real senders exceed the 1,464 of VBAN's specification, so nothing is cut to it

_HAS_RECVMMSG = sys.platform == "linux" and sys.maxsize > 2**32  # the structures below are those of 64 bits
_SO_TIMESTAMPNS, _SO_RXQ_OVFL = 35, 40  # Linux's numbers, which Python's socket module does not know
_ADDRESS_BYTES = 16
_HEADER = np.dtype(  # struct msghdr
    [
        ("address", "u8"),
        ("address_bytes", "u4"),
        ("parts", "u8"),
        ("n_parts", "u8"),
        ("control", "u8"),
        ("control_bytes", "u8"),
        ("flags", "i4"),
    ],
    align=True,
)
_MESSAGE = np.dtype([("header", _HEADER), ("length", "u4")], align=True)  # struct mmsghdr
_PART = np.dtype([("at", "u8"), ("length", "u8")])  # struct iovec
_STAMP = np.dtype([("length", "u8"), ("level", "i4"), ("kind", "i4"), ("seconds", "i8"), ("nanoseconds", "i8")])
_DROPS = np.dtype([("length", "u8"), ("level", "i4"), ("kind", "i4"), ("count", "u4"), ("_", "u4")])
_CONTROL = np.dtype([("stamp", _STAMP), ("drops", _DROPS)])  # what the kernel says of a datagram, in its order


@dataclass(frozen=True, slots=True, eq=False)
class Datagrams:
    """Datagrams that were received together, oldest first. Valid until the next ones are received.

    Attributes:
        heads: uint8 (n, HEAD_BYTES), their first bytes; what stands behind the end of a shorter one means nothing.
        lengths: (n,) their numbers of bytes.
        hosts: uint8 (n, 4), their senders' IPv4 addresses.
        at_s: float64 (n,), monotonic seconds of their arrival.
        long: those of more than ``HEAD_BYTES``, whole, by their index.
    """

    heads: NDArray[np.uint8]
    lengths: NDArray[np.integer[Any]]
    hosts: NDArray[np.uint8]
    at_s: NDArray[np.float64]
    long: Mapping[int, bytes] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lengths)

    def datagram(self, index: int) -> bytes:
        """Return one of them, whole."""
        return self.long.get(index) or self.heads[index, : self.lengths[index]].tobytes()

    @classmethod
    def of(cls, received: Sequence[tuple[bytes, str, float]]) -> Datagrams:
        """Return datagrams of bytes, sender's address and monotonic seconds of arrival each, oldest first."""
        heads = np.zeros((len(received), HEAD_BYTES), np.uint8)
        for head, (data, _, _) in zip(heads, received, strict=True):
            head[: len(data)] = np.frombuffer(data[:HEAD_BYTES], np.uint8)
        return cls(
            heads,
            np.array([len(data) for data, _, _ in received], np.int64),
            np.array([tuple(socket.inet_aton(host)) for _, host, _ in received], np.uint8).reshape(-1, 4),
            np.array([at_s for _, _, at_s in received], np.float64),
            {i: data for i, (data, _, _) in enumerate(received) if len(data) > HEAD_BYTES},
        )


class DatagramReceiver:
    """Receives from one socket, which does not block; for one thread.

    Attributes:
        drops: how many datagrams the kernel had to drop since the socket was opened, as far as it has said so (Linux).

    Args:
        receiver: the socket.
        now_s: monotonic seconds.
    """

    def __init__(self, receiver: socket.socket, now_s: float) -> None:
        self.drops = 0
        self._socket = receiver
        self._emptied_s = now_s  # when nothing waited last: no stamp is earlier, whatever the machine's clock was set to
        self._bulk: _Bulk | None = None
        if sys.platform == "linux":
            receiver.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            receiver.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
        if _HAS_RECVMMSG:
            self._bulk = _Bulk()

    def receive(self, now_s: float) -> Datagrams:
        """Return what has come, ``AT_ONCE`` at most; fewer where no more waits. Does not block.

        Args:
            now_s: monotonic seconds.

        Raises:
            OSError: the socket is closed, or broken.
        """
        if self._bulk is None:
            return self._one_by_one(now_s)
        received, drops = self._bulk.receive(self._socket.fileno(), now_s, self._emptied_s)
        self.drops = self.drops if drops is None else drops
        if len(received) < AT_ONCE:
            self._emptied_s = now_s
        return received

    def _one_by_one(self, now_s: float) -> Datagrams:
        received: list[tuple[bytes, str, float]] = []
        while len(received) < AT_ONCE:
            try:
                data, sender = self._socket.recvfrom(DATAGRAM_BYTES)
            except BlockingIOError:
                break
            received.append((data, sender[0], now_s))
        return Datagrams.of(received)


class _Bulk:
    """What ``recvmmsg`` fills."""

    def __init__(self) -> None:
        self._call = ctypes.CDLL(None, use_errno=True).recvmmsg
        self._call.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
        self._heads = np.empty((AT_ONCE, HEAD_BYTES), np.uint8)
        tails = mmap.mmap(-1, AT_ONCE * (DATAGRAM_BYTES - HEAD_BYTES))  # takes no memory until a datagram is that long
        self._tails = np.frombuffer(tails, np.uint8).reshape(AT_ONCE, -1)
        self._addresses = np.zeros((AT_ONCE, _ADDRESS_BYTES), np.uint8)
        self._control = np.zeros(AT_ONCE, _CONTROL)
        parts = np.zeros((AT_ONCE, 2), _PART)
        for i, array in enumerate((self._heads, self._tails)):
            parts["at"][:, i], parts["length"][:, i] = _places(array), array.shape[1]
        self._parts = parts  # kept, for the messages refer to it
        self._messages = np.zeros(AT_ONCE, _MESSAGE)
        header = self._messages["header"]
        header["address"], header["parts"], header["control"] = (
            _places(array) for array in (self._addresses, parts, self._control)
        )
        header["n_parts"] = 2
        self._n_used = AT_ONCE  # of the messages, whose sizes the kernel has changed

    def receive(self, descriptor: int, now_s: float, since_s: float) -> tuple[Datagrams, int | None]:
        """Return what has come since ``since_s``, and how many datagrams the kernel says that it has dropped, if it does."""
        monotonic_less_unix_s = now_s - time.time()
        header = self._messages["header"]
        header["address_bytes"][: self._n_used] = _ADDRESS_BYTES
        header["control_bytes"][: self._n_used] = _CONTROL.itemsize
        n = self._call(descriptor, self._messages.ctypes.data, AT_ONCE, socket.MSG_DONTWAIT, None)
        if n < 0:
            if (number := ctypes.get_errno()) not in (errno.EAGAIN, errno.EINTR):
                raise OSError(number, os.strerror(number))
            n = 0
        self._n_used = n
        lengths, control = self._messages["length"][:n].copy(), self._control[:n]
        known = header["control_bytes"][:n]
        received = Datagrams(
            self._heads[:n],
            lengths,
            self._addresses[:n, 4:8],
            np.clip(_arrivals_s(control["stamp"], known >= _STAMP.itemsize, monotonic_less_unix_s), since_s, now_s),
            {
                i: self._heads[i].tobytes() + self._tails[i, : lengths[i] - HEAD_BYTES].tobytes()
                for i in np.flatnonzero(lengths > HEAD_BYTES).tolist()
            },
        )
        told = np.flatnonzero((known == _CONTROL.itemsize) & (control["drops"]["kind"] == _SO_RXQ_OVFL))
        return received, int(control["drops"]["count"][told[-1]]) if len(told) else None


def _places(array: NDArray[Any]) -> NDArray[np.uint64]:
    """Return the memory address of each item along the first axis."""
    return (array.ctypes.data + np.arange(len(array)) * array.strides[0]).astype(np.uint64)


def _arrivals_s(stamps: NDArray[Any], is_there: NDArray[np.bool_], monotonic_less_unix_s: float) -> NDArray[np.float64]:
    """Return the monotonic seconds (n,) at which the kernel had each datagram; infinite where it does not say."""
    at_s = stamps["seconds"] + 1e-9 * stamps["nanoseconds"] + monotonic_less_unix_s
    return np.where(is_there & (stamps["kind"] == _SO_TIMESTAMPNS), at_s, np.inf)
