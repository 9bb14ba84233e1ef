"""Waiting for what another thread or process brings about, where nothing announces it."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 30.0
PAUSE_S = 0.005


def wait_until(
    condition: Callable[[], object], explain: Callable[[], object] = lambda: "", timeout_s: float = PATIENCE_S
) -> None:
    """Return once ``condition`` holds; fail with what ``explain`` gives where it has not after ``timeout_s`` seconds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, explain()
        time.sleep(PAUSE_S)
