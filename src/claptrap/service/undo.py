"""The room of what was changed last, each change to be taken back alone."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import Any

from claptrap.core.clock import Clock
from claptrap.core.errors import InputError
from claptrap.settings.backups import Why
from claptrap.settings.changes import Change, changes
from claptrap.settings.schema import Settings
from claptrap.settings.undo import undone

KEPT = 20
TOGETHER_S = 5.0  # so long somebody who draws at a slider, or types, makes one change


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


@dataclass(frozen=True, slots=True)
class _AppliedChange:
    """A step, with all that is needed to take it back."""

    step: Step
    monotonic_s: float
    before: Settings = field(repr=False)
    after: Settings = field(repr=False)


class UndoHistory:
    """The newest changes of one running service, whoever made them; older ones are in the backups.

    Args:
        clock: the machine's.
        unchanged: keeps others from changing the settings.
        current: gives those in force.
        revision: gives theirs.
        follow: puts others in force; it comes back to ``note``.
    """

    def __init__(
        self,
        clock: Clock,
        unchanged: Callable[[None], AbstractContextManager[None]],
        current: Callable[[], Settings],
        revision: Callable[[], str],
        follow: Callable[[object, Why], None],
    ) -> None:
        self._clock = clock
        self._unchanged = unchanged
        self._current = current
        self._revision = revision
        self._follow = follow
        self._taken: deque[_AppliedChange] = deque(maxlen=KEPT)

    def steps(self) -> list[dict[str, Any]]:
        """Return what can be taken back as JSON data, newest first."""
        with self._unchanged(None):
            return [asdict(taken.step) for taken in reversed(self._taken)]

    def note(self, before: Settings, after: Settings, why: Why) -> None:
        """Remember a change that has just come in force; nobody changes settings meanwhile.

        What goes on with the newest, the same paths a moment later, is one change with it.
        """
        now_s = self._clock.monotonic()
        if self._taken and self._goes_on(self._taken[-1], before, after, why, now_s):
            before = self._taken.pop().before
        if before != after:
            step = Step(secrets.token_hex(6), self._clock.unix(), why, self._revision(), tuple(changes(before, after)))
            self._taken.append(_AppliedChange(step, now_s, before, after))

    def undo(self, step_id: str) -> dict[str, Any]:
        """Make what a change touched what it was before; return the step that this is, which can be taken back in its turn.

        Raises:
            InputError: ``settings.unknown_step``, or ``settings.changed_since``.
            SettingsFaults, SettingsError: as ``Application.change``. Nothing has changed in any of these cases.
        """
        with self._unchanged(None):
            taken = next((one for one in self._taken if one.step.id == step_id), None)
            if taken is None:
                raise InputError("settings.unknown_step")
            self._follow(undone(taken.before, taken.after, self._current()), "undo")
            if taken in self._taken:  # not if the new step has pushed it out
                self._taken.remove(taken)
            return asdict(self._taken[-1].step)

    def _goes_on(self, newest: _AppliedChange, before: Settings, after: Settings, why: Why, now_s: float) -> bool:
        if (newest.step.why, why) != ("change", "change") or now_s - newest.monotonic_s > TOGETHER_S:
            return False
        return [change.path for change in newest.step.changes] == [change.path for change in changes(before, after)]
