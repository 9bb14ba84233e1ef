"""Gets a model file in the background, and says when it is there. Hearing does not wait for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from claptrap.core.backoff import Backoff
from claptrap.core.errors import ModelError
from claptrap.core.events import ModelProgress, StatusSink
from claptrap.models.catalogue import ModelFile
from claptrap.models.download import download

TELL_EVERY_BYTES = 200_000
JOIN_S = 1.0
_log = logging.getLogger(__name__)


class Fetcher:
    """Owns the thread ``models:fetch``. Start once, stop once.

    Args:
        model: what to get.
        url: from where.
        folder: where to.
        ready: called with the verified file's path, in this thread.
        status: where progress goes.
        backoff: how long to wait between tries.
    """

    def __init__(
        self,
        model: ModelFile,
        url: str,
        folder: Path,
        ready: Callable[[Path], None],
        status: StatusSink,
        backoff: Backoff | None = None,
    ) -> None:
        self._model = model
        self._url = url
        self._folder = folder
        self._ready = ready
        self._status = status
        self._backoff = backoff or Backoff(first_s=60.0, most_s=3600.0)
        self._stop = threading.Event()
        self._told = 0
        self._said = ""
        # a daemon: a connection that hangs must not delay the end of the process; what has come stays on disk
        self._thread = threading.Thread(target=self._run, name="models:fetch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, within a second; what has come is kept for the next time."""
        self._stop.set()
        self._thread.join(JOIN_S)

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                path = download(self._model, self._url, self._folder, self._progress)
            except ModelError as error:
                failures += 1
                self._wait(error, failures)
                continue
            self._tell(self._model.size)
            if not self._stop.is_set():
                self._ready(path)
            return

    def _progress(self, done: int) -> bool:
        if done - self._told >= TELL_EVERY_BYTES:
            self._tell(done)
        return not self._stop.is_set()

    def _wait(self, error: ModelError, failures: int) -> None:
        if self._stop.is_set():
            return
        wait_s = self._backoff.wait_s(failures)
        if error.code != self._said:  # the same reason is said once, not every hour
            self._said = error.code
            _log.warning("%s (ClapTrap hears with its embedded model and tries again later)", error)
        self._status.offer(
            ModelProgress(self._model.name, self._told, self._model.size, error.code, error.params, retry_in_s=round(wait_s))
        )
        self._stop.wait(wait_s)

    def _tell(self, done: int) -> None:
        self._told = done
        self._status.offer(ModelProgress(self._model.name, done, self._model.size))
