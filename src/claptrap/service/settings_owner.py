"""The one owner of the settings: the file, the document in force, its revision, the lock, and those that act on a change."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from claptrap.core.errors import ClapTrapError, InputError, SettingsError
from claptrap.settings.backups import Why
from claptrap.settings.dump import SettingsDump
from claptrap.settings.merge import merge
from claptrap.settings.revision import Revisions, without_revision
from claptrap.settings.schema import Settings
from claptrap.settings.store import Store
from claptrap.settings.validation import check

Check = Callable[[Settings, Settings], None]
"""Refuses the first settings in place of the second by raising ``SettingsFaults``."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, repr=False)
class SettingsState:
    """The settings as they are in force between two changes.

    Attributes:
        dump: the document.
        revision: a word that changes with anything in it, secrets included.
        serial: how many changes there were since the start.
    """

    dump: SettingsDump
    revision: str
    serial: int

    @property
    def settings(self) -> Settings:
        """The document as models."""
        return self.dump.settings

    def shown(self) -> dict[str, Any]:
        """Return JSON data for a face: secrets masked, with ``revision`` and ``serial`` beside the settings."""
        return {**self.dump.masked, "revision": self.revision, "serial": self.serial}


Observer = Callable[[SettingsState, SettingsState, Why], None]
"""Called with the state before a change, the state after it, and how it came; no other change happens meanwhile."""


class SettingsOwner:
    """The settings of one data folder. Thread-safe.

    Args:
        store: the folder's.
        checks: what is asked of new settings beyond ``settings.validation``.
    """

    def __init__(self, store: Store, checks: Sequence[Check] = ()) -> None:
        self.store = store
        self._checks = checks
        self._revisions = Revisions()
        self._lock = threading.RLock()
        self._observers: list[Observer] = []
        self._folder_problem: SettingsError | None = None
        self._load_problems: tuple[ClapTrapError, ...] = ()
        self._state = self._state_of(SettingsDump.of(Settings()), 0)

    # -- life -----------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Take the data folder and load the settings; what can be lived with is in ``problems``.

        Raises:
            SettingsError: ``settings.locked``, when another process serves this folder; ``settings.newer``, when a newer
                ClapTrap wrote its settings: they would be lost.
        """
        self._open_store()
        loaded = self.store.load()
        self._load_problems = loaded.problems
        self._state = self._state_of(SettingsDump.of(loaded.settings), 0)
        for problem in self.problems():
            _log.warning("%s", problem)

    def reopen(self) -> None:
        """Take the folder that could not be written at the start, if it can be by now; harmless when it could be."""
        with self._lock:  # else what is just being saved could be taken for what a crash left
            if self._folder_problem is None:
                return
            try:
                self._open_store()
            except SettingsError as error:
                self._folder_problem = error
            if self._folder_problem is None:
                _log.info("settings: %s can be written again", self.store.path)

    def close(self) -> None:
        """Let the folder go."""
        self.store.close()

    def problems(self) -> list[ClapTrapError]:
        """Return what is wrong with the folder, and what was wrong with the file when it was loaded."""
        return [*filter(None, (self._folder_problem,)), *self._load_problems]

    # -- what is in force -----------------------------------------------------------------------------------------------

    @property
    def state(self) -> SettingsState:
        """The settings in force, with their dumps and revision."""
        return self._state

    @property
    def current(self) -> Settings:
        """The settings in force."""
        return self._state.settings

    @property
    def is_unread(self) -> bool:
        """Whether the file could not be read: what it says is not known then, and the defaults are in force."""
        return self.store.is_unread

    def revision(self, source_id: str = "") -> str:
        """Return which state the settings are in, or those of one source.

        Raises:
            InputError: ``api.unknown_source``.
        """
        state = self._state
        return self._revisions.of_entry(entry_of(state.dump.whole, source_id)) if source_id else state.revision

    # -- changing it ----------------------------------------------------------------------------------------------------

    def observe(self, observer: Observer) -> None:
        """Have ``observer`` called after each change, in the thread that changes."""
        self._observers.append(observer)

    @contextmanager
    def locked(self, revisions: Collection[str] | None = None, source_id: str = "") -> Iterator[SettingsState]:
        """Keep others from changing the settings inside the block.

        Args:
            revisions: any of which they must be in (``If-Match``); None if that does not matter.
            source_id: whose settings; empty for all.

        Raises:
            InputError: ``settings.stale``: they have been changed since; or ``api.unknown_source``.
        """
        with self._lock:
            if revisions is not None and self.revision(source_id) not in revisions:
                raise InputError("settings.stale")
            yield self._state

    def apply(self, patch: Mapping[str, Any], revisions: Collection[str] | None = None) -> SettingsState:
        """Merge ``patch`` into the settings and ``replace`` them by the result.

        Args:
            patch: any part of the document; what it is shown with beside the settings is ignored.
            revisions: as in ``locked``.

        Raises:
            InputError: ``settings.stale``.
            SettingsFaults, SettingsError: as ``replace``.
        """
        with self.locked(revisions) as state:
            return self.replace(merge(state.dump, without_revision(patch)))

    def replace(self, document: object, why: Why = "change") -> SettingsState:
        """Check a whole document, save it, put it in force and call the observers; return the new state.

        This is the only way in which settings change. A document that says the same changes nothing.

        Raises:
            SettingsFaults: with every fault; nothing has changed then.
            SettingsError: ``settings.unwritable`` and its kind; nothing has changed then.
        """
        with self._lock:
            before = self._state
            wanted = check(before.dump.with_models(document), before.settings.templates())
            for is_refused in self._checks:
                is_refused(wanted, before.settings)
            if wanted != before.settings:
                self.store.save(wanted, why)
                self._state = self._state_of(SettingsDump.of(wanted, before.dump), before.serial + 1)
                for observer in self._observers:
                    observer(before, self._state, why)
            return self._state

    def _state_of(self, dump: SettingsDump, serial: int) -> SettingsState:
        return SettingsState(dump, self._revisions.of(dump.whole), serial)

    def _open_store(self) -> None:
        try:
            self.store.open()
        except SettingsError as error:
            if error.code == "settings.locked":
                raise
            self._folder_problem = error
        else:
            self._folder_problem = None


def entry_of(document: Mapping[str, Any], source_id: str) -> dict[str, Any]:
    """Return the entry of a source in a document.

    Raises:
        InputError: ``api.unknown_source``.
    """
    found: dict[str, Any] | None = next((entry for entry in document["sources"] if entry["id"] == source_id), None)
    if found is None:
        raise InputError("api.unknown_source", source=source_id)
    return found
