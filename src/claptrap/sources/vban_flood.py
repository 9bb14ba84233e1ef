"""A flood of strangers is thinned in the kernel (Linux): dropped by chance before their datagrams cost a system call.

Taking a datagram and finding it unwanted costs some four microseconds; above 60,000 a second that alone starves the stream
that is heard, for the socket's buffer overflows. A classic BPF filter (``socket(7)``, ``SO_ATTACH_FILTER``) passes every
datagram of a wanted stream, and of others the share that fits into the strangers' budget. It is there only during a flood.
"""

from __future__ import annotations

import ctypes
import logging
import socket
import struct
import sys
from collections.abc import Collection, Iterator

FLOOD_PER_S = 20_000  # strangers' datagrams
MAX_KEYS = 200  # of wanted streams; each costs up to 17 of the 4,096 instructions that a filter may have
_SO_ATTACH_FILTER, _SO_DETACH_FILTER = 26, 27
_LOAD, _AND = 0x20, 0x54  # BPF_LD|BPF_W|BPF_ABS, BPF_ALU|BPF_AND|BPF_K
_EQUAL, _AT_LEAST, _RETURN = 0x15, 0x35, 0x06  # BPF_JMP|BPF_JEQ|BPF_K, BPF_JMP|BPF_JGE|BPF_K, BPF_RET|BPF_K
_SENDER = 0xFFF0_0000 + 12  # SKF_NET_OFF: the source address in the IP header
_RANDOM = 0xFFFF_F000 + 56  # SKF_AD_OFF + SKF_AD_RANDOM
_NAME = 8 + 8  # behind the UDP header, where a socket's filter begins
_INSTRUCTION = struct.Struct("@HBBI")
_PROGRAM = struct.Struct("@HP")
_log = logging.getLogger(__name__)

Instruction = tuple[int, int, int, int]
"""Code, how many to skip if true, if false, and a constant."""


class FloodFilter:
    """The filter of one socket; for one thread.

    Args:
        receiver: the port's socket.
        port: its number, for the log.

    Attributes:
        share: of the strangers' datagrams that pass, 0…1; 1 without a filter.
    """

    def __init__(self, receiver: socket.socket, port: int) -> None:
        self.share = 1.0
        self._socket = receiver
        self._port = port
        self._wanted: frozenset[tuple[str, bytes]] = frozenset()

    def update(self, strangers_per_s: float, budget_per_s: float, wanted: Collection[tuple[str, bytes]]) -> None:
        """Choose, about once a second and whenever ``wanted`` changes, what passes.

        Args:
            strangers_per_s: datagrams of strangers that came through.
            budget_per_s: how many of them may.
            wanted: sender's address and raw name of each stream that is heard.
        """
        flood_per_s = strangers_per_s / self.share
        if flood_per_s < (FLOOD_PER_S if self.share == 1.0 else FLOOD_PER_S / 2) or len(wanted) > MAX_KEYS:
            self._detach()
            return
        share = min(1.0, budget_per_s / flood_per_s)
        if self.share == 1.0:
            _log.warning("VBAN port %d: %d datagrams a second of streams that no source hears", self._port, flood_per_s)
        if self._wanted != frozenset(wanted) or not 0.5 < share / self.share < 2:
            self._attach(share, frozenset(wanted))

    def _attach(self, share: float, wanted: frozenset[tuple[str, bytes]]) -> None:
        if sys.platform != "linux":
            return
        code = program(sorted(wanted), share)
        packed = ctypes.create_string_buffer(b"".join(_INSTRUCTION.pack(*each) for each in code))
        try:
            described = _PROGRAM.pack(len(code), ctypes.addressof(packed))
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, described)
        except OSError as error:
            _log.debug("VBAN port %d: no filter: %s", self._port, error)
            return
        self.share, self._wanted = share, wanted

    def _detach(self) -> None:
        if self.share < 1.0:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
            self.share, self._wanted = 1.0, frozenset()


def program(wanted: Collection[tuple[str, bytes]], share: float) -> list[Instruction]:
    """Return the instructions that pass the datagrams of ``wanted`` streams, and by chance ``share`` of all others."""
    code = [instruction for host, name in wanted for instruction in _passing(host, name)]
    bound = min(0xFFFF_FFFF, int(share * 2**32))
    return [*code, (_LOAD, 0, 0, _RANDOM), (_AT_LEAST, 1, 0, bound), (_RETURN, 0, 0, 0xFFFF_FFFF), (_RETURN, 0, 0, 0)]


def _passing(host: str, name: bytes) -> Iterator[Instruction]:
    """Yield instructions that pass a datagram of one stream, and go on behind them for any other."""
    words = list(_words(name))
    left = 3 * len(words) + 1  # instructions behind the next comparison
    yield _LOAD, 0, 0, _SENDER
    yield _EQUAL, 0, left, int.from_bytes(socket.inet_aton(host), "big")
    for at, mask, value in words:
        left -= 3
        yield _LOAD, 0, 0, at
        yield _AND, 0, 0, mask
        yield _EQUAL, 0, left, value
    yield _RETURN, 0, 0, 0xFFFF_FFFF


def _words(name: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield place, mask and value of each word of a header's name; what is behind its NUL does not matter."""
    known = (name + b"\0")[:16]
    for at in range(0, len(known), 4):
        part = known[at : at + 4]
        mask = int.from_bytes((b"\xff" * len(part)).ljust(4, b"\0"), "big")
        yield _NAME + at, mask, int.from_bytes(part.ljust(4, b"\0"), "big")
