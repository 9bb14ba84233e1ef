"""Numbers of ports that stay free until whoever asked for them takes them, however many test runs share the machine."""

from __future__ import annotations

import atexit
import itertools
import socket
from functools import cache

HOST = "127.0.0.1"
FIRST, END = 20_000, 32_700  # below the numbers that Linux gives to those who ask for any
BLOCK = 100


def free_port() -> int:
    """Return a port on which nobody listens, TCP or UDP, and that nobody is given meanwhile.

    For a program that can only be told a number, and for a port where nobody shall answer. Whoever can bind port 0 and ask
    which one it was should do so.
    """
    ports = _block()
    return next(port for port in itertools.islice(ports, BLOCK) if _is_free(port))


@cache
def _block() -> itertools.cycle[int]:
    """Return the numbers of a block that is this process's alone: it holds the block's first port to its end."""
    for first in range(FIRST, END, BLOCK):
        claim = socket.socket()
        try:
            claim.bind((HOST, first))
        except OSError:
            claim.close()
            continue
        atexit.register(claim.close)
        return itertools.cycle(range(first + 1, first + BLOCK))
    raise OSError("no block of ports is free")


def _is_free(port: int) -> bool:
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(type=kind) as probe:
                probe.bind((HOST, port))
    except OSError:
        return False
    return True
