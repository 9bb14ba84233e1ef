"""How the C library keeps freed memory: sources come and go for months, each with a thread and large arrays of its own.

Left to itself glibc gives every few threads a heap of their own and, once a large block has been freed, takes such blocks
from these heaps, where small ones that live on keep the pages of the large ones from going back to the system. While 240
sources were added and removed, the process grew from 162 to 181 MB; with this, from 151 to 154 (``mallopt(3)``).

Who settles one of these gets the others at their smallest: a heap would then give its end back, and fetch it again, at every
beat, which made the gate cost two and a half times as much for 30 sources.
"""

from __future__ import annotations

import ctypes
import os
import sys

ARENAS = 2
LARGE_BYTES = 192 * 1024  # what the judge remembers of a stream is larger, what passes at each beat is smaller
SPARE_BYTES = 1024 * 1024  # kept at the end of a heap, of which there are two
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8  # malloc.h


def give_large_blocks_back() -> None:
    """Settle it for this process, before it has threads; without glibc, or where a person has chosen, nothing happens."""
    if sys.platform != "linux":
        return
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "gnu_get_libc_version"):  # musl
        return
    for option, value, chosen_by in (
        (_M_ARENA_MAX, ARENAS, "MALLOC_ARENA_MAX"),
        (_M_MMAP_THRESHOLD, LARGE_BYTES, "MALLOC_MMAP_THRESHOLD_"),
        (_M_TRIM_THRESHOLD, SPARE_BYTES, "MALLOC_TRIM_THRESHOLD_"),
    ):
        if chosen_by not in os.environ:
            libc.mallopt(option, value)
