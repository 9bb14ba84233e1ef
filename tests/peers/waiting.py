"""Waiting for what another thread or process brings about, where nothing announces it."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 60.0
PAUSE_S = 0.005


def wait_until(
    condition: Callable[[], object], explain: str | Callable[[], object] = "", timeout_s: float = PATIENCE_S
) -> None:
    """Return once ``condition`` holds; fail with ``explain``, or what it gives, after ``timeout_s`` seconds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, explain() if callable(explain) else explain
        time.sleep(PAUSE_S)
