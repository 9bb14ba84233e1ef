"""What hearing leaves out while the machine is too slow: names of sounds first, then the late look at doubtful ones.

Pure: time is an argument. Sound is lost only after 5 s of it wait, which is later than all of this.
"""

from __future__ import annotations

from enum import IntEnum

UNNAMED_S, EARLY_ONLY_S = 1.0, 2.0  # of sound that waits; where nothing is undecided half a second does for good reason
LASTING_S = 0.5  # so long before it counts: a network that held sound back delivers it at once
CALM_S = 0.8
RECOVERY_S = 30.0  # without much waiting before one more thing is done again, so that it does not go to and fro


class Shedding(IntEnum):
    """What is left out."""

    NOTHING = 0
    NAMES = 1
    LATE_LOOK = 2


class Overload:
    """Decides what to leave out.

    Attributes:
        shedding: what is left out now.
    """

    def __init__(self) -> None:
        self.shedding = Shedding.NOTHING
        self._slow_since: float | None = None
        self._slow_at = 0.0  # when more than a little waited last

    def update(self, behind_s: float, now_s: float) -> bool:
        """Take note that the sound processed at ``now_s`` waited ``behind_s``; return whether ``shedding`` has changed."""
        before = self.shedding
        limit_s = UNNAMED_S if before is Shedding.NOTHING else EARLY_ONLY_S
        if behind_s >= limit_s:
            self._slow_since = now_s if self._slow_since is None else self._slow_since
        else:
            self._slow_since = None
        if behind_s >= CALM_S:
            self._slow_at = now_s
        if self._slow_since is not None and now_s - self._slow_since >= LASTING_S and before < Shedding.LATE_LOOK:
            self.shedding, self._slow_since = Shedding(before + 1), None
        elif before and now_s - self._slow_at >= RECOVERY_S:
            self.shedding, self._slow_at = Shedding(before - 1), now_s
        return self.shedding is not before
