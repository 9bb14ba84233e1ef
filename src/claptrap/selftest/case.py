"""What a built-in test is, and how it says that something is not as it should be."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claptrap.core.errors import ClapTrapError

PATIENCE_S = 20.0
_LOOK_S = 0.02


class Failed(Exception):  # noqa: N818  # it is the outcome of a test, not an error of the program
    """Something is not as it should be.

    Args:
        about: what was looked at.
        wanted, found: in the words of a programmer.
    """

    def __init__(self, about: str, wanted: object, found: object) -> None:
        super().__init__(f"{about}: {wanted} expected, {found} found")
        self.params = {"about": about, "wanted": _short(wanted), "found": _short(found)}


class Skipped(Exception):  # noqa: N818  # likewise
    """The test means nothing on this machine."""


class ServiceStopping(Exception):  # noqa: N818  # likewise
    """The service ends; the outcome is no longer needed."""


@dataclass(frozen=True, slots=True)
class CaseContext:
    """What a test works on.

    Attributes:
        folder: an empty folder of its own, deleted afterwards.
        ending: set when the service ends.
    """

    folder: Path
    ending: threading.Event

    def wait_for(self, about: str, condition: Callable[[], Any]) -> None:
        """Wait until ``condition`` holds.

        Raises:
            Failed: not within ``PATIENCE_S``.
            ServiceStopping: the service ends.
        """
        until = time.monotonic() + PATIENCE_S
        while not condition():
            if self.ending.wait(_LOOK_S):
                raise ServiceStopping
            if time.monotonic() > until:
                raise Failed(about, f"within {PATIENCE_S:.0f} s", "nothing")


@dataclass(frozen=True, slots=True)
class Case:
    """A test: ``id`` is also the end of its title's code, ``selftest.ID``; ``area`` likewise."""

    area: str
    id: str
    run: Callable[[CaseContext], None]


def expect(about: str, found: object, wanted: object) -> None:
    """Raise ``Failed`` unless both are equal."""
    if found != wanted:
        raise Failed(about, wanted, found)


def code_of(call: Callable[[], object]) -> str:
    """Return the code of the expected failure that ``call`` ends in; empty where it ends in none."""
    try:
        call()
    except ClapTrapError as error:
        return error.code
    return ""


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 300 else f"{text[:299]}…"
