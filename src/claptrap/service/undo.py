"""The newest changes of the settings, each of which can be undone alone."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from claptrap.core.clock import Clock
from claptrap.core.errors import InputError
from claptrap.service.settings_owner import SettingsOwner, SettingsState
from claptrap.settings.backups import Why
from claptrap.settings.changes import Change, changes_between
from claptrap.settings.undo import undone

MAX_STEPS = 20
TOGETHER_S = 5.0  # moves of a slider, or keys typed, within this time are one change


@dataclass(frozen=True, slots=True)
class Step:
    """One change that came in force.

    Attributes:
        id: its name, as long as it can be taken back.
        at: when, in UTC Unix seconds.
        why: how it came: ``change``, ``restore``, ``import`` or ``undo``.
        revision: of the settings that it led to.
        changes: what it did, path by path, secrets masked.
    """

    id: str
    at: float
    why: Why
    revision: str
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, repr=False)
class _AppliedChange:
    """A step, with all that is needed to undo it."""

    step: Step
    monotonic_s: float
    before: SettingsState
    after: SettingsState


class UndoHistory:
    """The newest ``MAX_STEPS`` changes since the start, from any client; older ones are in the backups.

    Args:
        settings: the owner of what is in force; ``record`` observes it.
        clock: the machine's.
    """

    def __init__(self, settings: SettingsOwner, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._applied: deque[_AppliedChange] = deque(maxlen=MAX_STEPS)

    def steps(self) -> list[dict[str, Any]]:
        """Return what can be undone as JSON data, newest first."""
        with self._settings.locked():
            return [asdict(one.step) for one in reversed(self._applied)]

    def record(self, before: SettingsState, after: SettingsState, why: Why) -> None:
        """Remember a change that has just come in force.

        What goes on with the newest, the same paths a moment later, is one change with it.
        """
        now_s = self._clock.monotonic()
        found = tuple(changes_between(before.dump, after.dump))
        if self._applied and _goes_on(self._applied[-1], found, why, now_s):
            before = self._applied.pop().before
            found = tuple(changes_between(before.dump, after.dump))
        if before.settings != after.settings:
            step = Step(secrets.token_hex(6), self._clock.unix(), why, after.revision, found)
            self._applied.append(_AppliedChange(step, now_s, before, after))

    def undo(self, step_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Make what a change touched what it was before.

        Returns:
            The step that this is, which can be undone in its turn, and the settings as they are shown.

        Raises:
            InputError: ``settings.unknown_step``, or ``settings.changed_since``.
            SettingsFaults, SettingsError: as ``SettingsOwner.replace``. Nothing has changed in any of these cases.
        """
        with self._settings.locked() as state:
            applied = next((one for one in self._applied if one.step.id == step_id), None)
            if applied is None:
                raise InputError("settings.unknown_step")
            before, after = applied.before.dump.whole, applied.after.dump.whole
            undo = self._settings.replace(undone(before, after, state.dump.whole), "undo")
            if applied in self._applied:  # not if the new step has pushed it out
                self._applied.remove(applied)
            return asdict(self._applied[-1].step), undo.shown()


def _goes_on(newest: _AppliedChange, found: Sequence[Change], why: Why, now_s: float) -> bool:
    """Return whether a change goes on with the newest one."""
    if (newest.step.why, why) != ("change", "change") or now_s - newest.monotonic_s > TOGETHER_S:
        return False
    return [change.path for change in newest.step.changes] == [change.path for change in found]
