"""The thread that tends the journal."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

EVERY_S = 30.0
_log = logging.getLogger(__name__)


class Keeper:
    """Owns the thread ``history``, which calls ``tend`` every half-minute. Start once, stop once.

    Args:
        tend: the journal's.
        every_s: how often.
    """

    def __init__(self, tend: Callable[[], None], every_s: float = EVERY_S) -> None:
        self._tend = tend
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
                self._tend()
            except Exception:  # noqa: BLE001  # the supervisor contains it: the next half-minute may go better
                _log.exception("the journal could not be tended")
