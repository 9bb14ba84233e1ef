"""The thread that maintains the journal, and gives the memory back that was freed meanwhile."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from claptrap.core.freed_memory import give_freed_memory_back

EVERY_S = 30.0
_log = logging.getLogger(__name__)


class RetentionThread:
    """Owns the thread ``history``, which calls ``maintain`` every half-minute. Start once, stop once.

    Args:
        maintain: the journal's.
        every_s: how often.
    """

    def __init__(self, maintain: Callable[[], None], every_s: float = EVERY_S) -> None:
        self._maintain = maintain
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="history")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._every_s):
            try:
                self._maintain()
            except Exception:  # noqa: BLE001  # the supervisor contains it: the next half-minute may go better
                _log.exception("the journal could not be tended")
            give_freed_memory_back()
