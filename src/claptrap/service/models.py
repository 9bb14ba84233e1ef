"""YAMNet's file: found at the start, or fetched meanwhile, and then given to hearing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from claptrap.core.errors import ClapTrapError
from claptrap.core.events import ModelProgress, Status, StatusSink
from claptrap.detect.yamnet import YamNet, load_yamnet
from claptrap.models.catalogue import YAMNET, has_yamnet_runtime, models_folder, no_yamnet_runtime
from claptrap.models.model_store import find
from claptrap.runtime.model_fetcher import ModelFetcher
from claptrap.service.messages import with_messages

_WORTH_FETCHING = ("model.wrong", "model.wrong_size")
_log = logging.getLogger(__name__)


class YamnetModel:
    """Loads YAMNet, and fetches its file where it is not there. A ``StatusSink`` of the fetcher's.

    Args:
        url: from where to fetch it; None to do without.
        use: takes YAMNet once it is loaded.
        status: where progress goes.
    """

    def __init__(self, url: str | None, use: Callable[[YamNet], None], status: StatusSink) -> None:
        self._url = url
        self._use = use
        self._status = status
        self._fetcher: ModelFetcher | None = None
        self._progress: ModelProgress | None = None
        self._problem: ClapTrapError | None = None
        self._is_loaded = False

    def load(self) -> None:
        """Load YAMNet where its file is there, once; what is wrong with it is in ``problems``."""
        if self._is_loaded:
            return
        self._is_loaded = True
        if not has_yamnet_runtime():
            error = no_yamnet_runtime()
            self._progress = ModelProgress(YAMNET.name, 0, YAMNET.size, error.code, error.params)
            _log.info("%s", error)
            return
        folder = models_folder()
        path = None
        try:
            if (path := find(YAMNET, folder)) is not None:
                self._use(load_yamnet(path))
        except ClapTrapError as error:
            path = None
            self._problem = error
            _log.warning("%s", error)
            if error.code not in _WORTH_FETCHING:
                return
        if path is None and self._url is not None:
            self._fetcher = ModelFetcher(YAMNET, self._url, folder, self._arrived, self)

    def start(self) -> None:
        """Begin to fetch the file, if that is needed."""
        if self._fetcher is not None:
            self._fetcher.start()

    def stop(self) -> None:
        """End; what has come is kept for the next time."""
        if self._fetcher is not None:
            self._fetcher.stop()
            self._fetcher = None

    def problems(self) -> list[ClapTrapError]:
        """Return why YAMNet could not be loaded."""
        return [self._problem] if self._problem is not None else []

    def progress(self) -> dict[str, Any] | None:
        """Return how the file comes, as JSON data in words; None where it does not."""
        return with_messages(asdict(self._progress)) if self._progress else None

    def resume(self) -> None:
        """Go on with the file, at once."""
        if (fetcher := self._fetcher) is not None:
            fetcher.resume()

    def pause(self) -> None:
        """Get no more of the file until ``resume``, or until the next start; what has come is kept."""
        if (fetcher := self._fetcher) is not None:
            fetcher.pause()

    def offer(self, status: Status) -> None:
        """Remember how the file comes, and pass it on."""
        if isinstance(status, ModelProgress):
            self._progress = status
        self._status.offer(status)

    def _arrived(self, path: Path) -> None:
        """Load YAMNet in the fetcher's thread, and hand it on."""
        try:
            yamnet = load_yamnet(path)
        except ClapTrapError as error:
            _log.warning("%s", error)
            self.offer(ModelProgress(YAMNET.name, YAMNET.size, YAMNET.size, error.code, error.params))
            return
        self._use(yamnet)
        self._problem = None
        self.offer(ModelProgress(YAMNET.name, YAMNET.size, YAMNET.size, in_use=True))
        _log.info("%s has come: claps are confirmed and sounds are named from now on", YAMNET.title)
