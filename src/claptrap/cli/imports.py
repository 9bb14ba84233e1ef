"""What libraries would load besides, where it happens to be installed, and no command of ours uses."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

UNUSED = (
    "aiohttp",  # for Engine.IO's clients, as the next two; beside Apprise, or in a developer's environment
    "requests",
    "websocket",
    "httpx._main",  # HTTPX's command line, with Rich and Pygments
)
"""Each is optional to the library that imports it. Together they took 16 MB and a third of the time to start."""


@contextmanager
def without_unused_libraries() -> Iterator[None]:
    """Have the imports within the block find none of ``UNUSED`` that is not loaded yet. Later imports find them."""
    absent = [name for name in UNUSED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent, cast("ModuleType", None)))  # what Python takes for "there is none"
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]
