"""Downloads a model file in the background. Detection works without it meanwhile.

A file that appears meanwhile (``claptrap models import``, without a network) is used as it is.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from claptrap.core.backoff import Backoff
from claptrap.core.errors import ModelError
from claptrap.core.events import ModelProgress, StatusSink
from claptrap.models.catalogue import ModelFile
from claptrap.models.download import download
from claptrap.models.model_store import find

Params = Mapping[str, str | int | float]

TELL_EVERY_BYTES = 200_000
JOIN_S = 1.0
LOOK_S = 10.0  # how often it checks, while it waits, whether the file has appeared
_log = logging.getLogger(__name__)


class ModelFetcher:
    """Owns the thread ``models:fetch``. Start once, stop once.

    Args:
        model: the file to download.
        url: its address.
        folder: the destination.
        ready: called with the verified file's path, in this thread.
        status: receives progress.
        backoff: waits between tries.
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
        self._backoff = backoff or Backoff(first_s=60.0, max_s=3600.0)
        self._stop = threading.Event()
        self._news = threading.Event()
        self._is_paused = False
        self._told = 0
        self._said = ""
        # a daemon: a connection that hangs must not delay the end of the process; what has come stays on disk
        self._thread = threading.Thread(target=self._run, name="models:fetch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, within a second; what is downloaded is kept for the next time."""
        self._stop.set()
        self._news.set()
        self._thread.join(JOIN_S)

    def pause(self) -> None:
        """Stop downloading until ``resume``; what is downloaded is kept. Harmless once it is complete."""
        self._is_paused = True
        self._news.set()
        if self._thread.is_alive():  # a server that hangs keeps it from saying so itself
            self._tell_paused()

    def resume(self) -> None:
        """Go on, or retry at once instead of after the wait. Harmless once it is complete."""
        self._is_paused = False
        self._news.set()

    def _run(self) -> None:
        failures = 0
        while True:
            self._news.clear()  # before looking at what it tells of, so that none is missed
            if self._stop.is_set():
                return
            path = self._brought()
            if path is None and self._is_paused:
                self._tell_paused()
                self._rest(None)
                continue
            try:
                path = path or download(self._model, self._url, self._folder, self._progress)
            except ModelError as error:
                if self._is_wanted():
                    failures += 1
                    self._wait(error, failures)
                continue
            self._tell(self._model.size)
            if not self._stop.is_set():
                self._ready(path)
            return

    def _progress(self, done: int) -> bool:
        if not self._is_wanted():
            return False
        if done - self._told >= TELL_EVERY_BYTES:
            self._tell(done)
        return True

    def _is_wanted(self) -> bool:
        return not (self._stop.is_set() or self._is_paused)

    def _wait(self, error: ModelError, failures: int) -> None:
        wait_s = self._backoff.wait_s(failures)
        if error.code != self._said:  # the same reason is said once, not every hour
            self._said = error.code
            _log.warning("%s (ClapTrap hears with its embedded model and tries again later)", error)
        self._tell(self._told, error.code, error.params, round(wait_s))
        self._rest(wait_s)

    def _rest(self, max_s: float | None) -> None:
        """Wait until ``pause``, ``resume`` or ``stop``, or until the file has appeared."""
        until_s = math.inf if max_s is None else time.monotonic() + max_s
        while not self._news.wait(max(0.0, min(LOOK_S, until_s - time.monotonic()))):
            if time.monotonic() >= until_s or self._brought() is not None:
                return
        if self._is_wanted():
            self._tell(self._told)

    def _brought(self) -> Path | None:
        """Return the verified file if it is there; another file is replaced by the download."""
        with suppress(ModelError):
            return find(self._model, self._folder)
        return None

    def _tell_paused(self) -> None:
        self._tell(self._told, "model.stopped", {"name": self._model.name})

    def _tell(self, done: int, code: str = "", params: Params | None = None, retry_in_s: float | None = None) -> None:
        self._told = done
        self._status.offer(ModelProgress(self._model.name, done, self._model.size, code, params or {}, retry_in_s))
