"""File descriptors: a thousand sources with a socket and a receiver each need more than the usual 1,024."""

from __future__ import annotations

import sys
from contextlib import suppress

WANTED = 8192


def allow_many_descriptors() -> None:
    """Let this process have ``WANTED`` file descriptors, or as many as the system's own limit for it allows."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  # not there on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):  # a system whose true limit is lower: what there is must do
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
