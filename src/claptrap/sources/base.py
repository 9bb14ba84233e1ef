"""The contract between a source of sound and its runner."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from claptrap.audio.frame import Frame
from claptrap.sources.pacing import Pacing


class StopSignal(threading.Event):
    """An event that also wakes a thread that waits for something else."""

    def __init__(self) -> None:
        super().__init__()
        self._wakers: list[Callable[[], object]] = []

    def set(self) -> None:
        super().set()
        for wake in tuple(self._wakers):
            wake()

    @contextmanager
    def waking(self, wake: Callable[[], object]) -> Iterator[None]:
        """Call ``wake``, in the thread that sets the event, until the block ends; not where it is set already."""
        self._wakers.append(wake)
        try:
            yield
        finally:
            self._wakers.remove(wake)


class Sink(Protocol):
    """What a running source talks to: from one thread at a time, and from none once ``run`` has returned."""

    @property
    def stop(self) -> StopSignal:
        """Set when the source shall return; a source checks it at least every 0.5 s."""

    @property
    def pacing(self) -> Pacing:
        """How much sound to gather before each ``frame``."""

    def live(self, rate_hz: int, channels: int) -> None:
        """Begin a new epoch: sound follows, at ``rate_hz`` with ``channels`` channels. To be called before the first frame.

        To be called again where the sound does not continue what came before: another format, a sender that was restarted.

        Raises:
            SourceError: the runner has given this source up; ``run`` must let it through.
        """

    def frame(self, frame: Frame) -> None:
        """Pass sound on.

        Raises:
            SourceError: the epoch cannot be heard any more (``source.deaf``); ``run`` must let it through.
            RuntimeError: ``live`` was not called before.
        """

    def waiting(self, code: str, **params: str | float) -> None:
        """End the epoch: no sound flows, for the reason ``code`` (a key of ``text.catalogue``), but it keeps listening.

        ``live`` is called when sound flows again. Only for a source that need not reopen anything: any other raises, and is
        tried again.
        """


class Source(Protocol):
    """One source of sound. It does not know how to retry; its runner does."""

    def run(self, sink: Sink) -> None:
        """Pass sound to ``sink`` until the sound ends or ``sink.stop`` is set; then release everything and return.

        May be called again afterwards. What ``sink.live`` and ``sink.frame`` raise passes through.

        Raises:
            SourceError: the source failed; ``retryable`` says whether trying again can help.
            InputError: what the person asked for cannot be heard (a file that is missing).
        """
