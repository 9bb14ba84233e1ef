"""What sources leave behind goes back to the system: large blocks are apart from the heaps, whatever was freed before."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys

import pytest

COUNT = """
import ctypes, sys
import numpy as np
from claptrap.cli.allocator import give_large_blocks_back

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks hblkhd usmblks fsmblks u f k".split()]

libc = ctypes.CDLL(None)
libc.mallinfo2.restype = Info
if sys.argv[1] == "settled":
    give_large_blocks_back()
del_me = np.empty(1_000_000)  # 8 MB, freed: from now on glibc would keep whatever is smaller in its heaps
del del_me
before = libc.mallinfo2().hblks
rings = [np.empty((250, 320), np.float32) for _ in range(5)]
print(libc.mallinfo2().hblks - before)
"""


SCATTERED = """
import os
import numpy as np
from claptrap.core.freed_memory import give_freed_memory_back

def resident_mb():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

blocks, kept = [], []
for _ in range(400):
    blocks.append(np.ones(12_000))  # 96 kB, in the heap
    kept.append(bytes(600))  # behind it
before = resident_mb()
del blocks
freed = resident_mb()
give_freed_memory_back()
print(before - freed, freed - resident_mb())
"""


def has_glibc() -> bool:
    return sys.platform == "linux" and hasattr(ctypes.CDLL(None), "mallinfo2")


pytestmark = pytest.mark.skipif(not has_glibc(), reason="needs glibc 2.33 or newer")


def large_blocks(how: str, **environment: str) -> int:
    """Return how many of five arrays of a ring's size lie outside the heaps."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    command = [sys.executable, "-c", COUNT, how]
    return int(subprocess.run(command, env=clean | environment, capture_output=True, text=True, check=True).stdout)


def test_large_blocks_are_apart() -> None:
    """All five with our care, none without it."""
    assert large_blocks("settled") == 5
    assert large_blocks("as it is") == 0


def test_who_chose_is_left_alone() -> None:
    """A threshold that was set outside stays."""
    assert large_blocks("settled", MALLOC_MMAP_THRESHOLD_="16000000") == 0


def test_what_lies_free_between_what_lives_goes_back() -> None:
    """38 MB were freed: the C library keeps them, for what lies between is still needed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    said = subprocess.run([sys.executable, "-c", SCATTERED], env=clean, capture_output=True, text=True, check=True).stdout
    by_itself, given = map(float, said.split())
    assert by_itself < 10
    assert given > 20
