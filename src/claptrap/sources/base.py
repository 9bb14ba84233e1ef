"""What a source is, and whom it talks to."""

from __future__ import annotations

import threading
from typing import Protocol

from claptrap.audio.frame import Frame
from claptrap.sources.pacing import Pacing


class Sink(Protocol):
    """What a running source talks to, always from the thread that called ``run``."""

    @property
    def stop(self) -> threading.Event:
        """Set when the source shall return; a source never waits longer than 0.5 s without looking."""

    @property
    def pacing(self) -> Pacing:
        """How much sound to gather before each ``frame``."""

    def live(self, rate_hz: int, channels: int) -> None:
        """Sound flows from now on, in a new epoch. Told before the first frame.

        Told again where what follows does not continue what came before: another format, a sender that was restarted.
        """

    def frame(self, frame: Frame) -> None:
        """Sound has come. What this raises ends the source's ``run``."""

    def waiting(self, code: str, **params: str | float) -> None:
        """No sound flows, for the reason ``code`` (a key of ``text.catalogue``), but the source goes on listening.

        The epoch ends; ``live`` is told when sound flows again. Only for a source that need not reopen anything: any other
        raises, and is tried again.
        """


class Source(Protocol):
    """One source of sound. It does not know how to retry; its runner does."""

    def run(self, sink: Sink) -> None:
        """Give sound to ``sink`` until the sound ends or ``sink.stop`` is set; then release everything and return.

        May be called again afterwards.

        Raises:
            SourceError: the source failed; ``retryable`` says whether trying again can help.
            InputError: what the person asked for cannot be heard (a file that is missing).
        """
