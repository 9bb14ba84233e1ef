"""Memory that was freed goes back to the system, where the C library would keep it (``malloc_trim(3)``)."""

from __future__ import annotations

import ctypes
import sys


def give_freed_memory_back() -> None:
    """Give whole pages back that lie free between what lives; with glibc alone. Takes a millisecond at most.

    While sources come and go, what stays lies scattered among what was freed: in three rounds of ``benchmarks.load_churn``
    9 MB were free so, and are never used again where less is needed than before.
    """
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)
