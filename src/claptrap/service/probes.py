"""Trying cameras before they become sources: few at once, for each holds one of the web's threads for seconds."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import Any

from claptrap.core.errors import ServiceError
from claptrap.core.spec import RtspInput
from claptrap.service.words import in_words
from claptrap.sources.rtsp import probe

MOST_AT_ONCE = 2
AGAIN_IN_S = 5  # a probe takes 1 to 11 s


class Probes:
    """What a face asks cameras, by way of the service."""

    def __init__(self) -> None:
        self._free = threading.Semaphore(MOST_AT_ONCE)
        self._ending = threading.Event()

    def give_up(self) -> None:
        """Let all that are under way end soon, and any other at once."""
        self._ending.set()

    def ask(self, wanted: RtspInput) -> dict[str, Any]:
        """Return what a camera gives (``sources.rtsp.ProbeResult``), as JSON data in words.

        Raises:
            ServiceError: ``api.too_many_probes``, at once: as many cameras as may be tried are being tried.
            SourceError: why nothing can be heard.
        """
        if not self._free.acquire(blocking=False):
            raise ServiceError("api.too_many_probes", retryable=True, most=MOST_AT_ONCE, seconds=AGAIN_IN_S)
        try:
            return in_words(asdict(probe(wanted, stop=self._ending)))
        finally:
            self._free.release()
