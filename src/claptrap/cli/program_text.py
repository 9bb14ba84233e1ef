"""What the start has read of the program's files goes back: the service works with a fraction of it.

Of a library the kernel maps the 64 kB around each place that is read, and loading reads all that must be relocated: half of
what the service has in memory is such text, which nothing reads again. It is not lost: what is needed comes from the
kernel's copy of the file, 64 kB at a time.
"""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path

_UNCHANGED = re.compile(
    rb"^([0-9a-f]+)-([0-9a-f]+) r-[x-][ps] \S+ \S+ \d+ +/.*\n(?:\w+:.*\n)*?Anonymous: +0 kB$", re.MULTILINE
)
_MADV_DONTNEED = 4


def give_text_back() -> None:
    """Unmap the pages of files that cannot be written to and were not changed (relocated), before there are threads.

    Another thread could load or unload a library meanwhile: then nothing happens, nor on other systems than Linux.
    """
    process = Path("/proc/self")
    if sys.platform != "linux" or len(list((process / "task").iterdir())) > 1:
        return
    libc = ctypes.CDLL(None)
    for found in _UNCHANGED.finditer((process / "smaps").read_bytes()):
        begin, end = int(found[1], 16), int(found[2], 16)
        libc.madvise(ctypes.c_void_p(begin), ctypes.c_size_t(end - begin), _MADV_DONTNEED)
