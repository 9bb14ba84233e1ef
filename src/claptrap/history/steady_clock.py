"""Whether the time of day may be believed when something is to be deleted for its age."""

from __future__ import annotations

import logging

from claptrap.core.clock import Clock

STEP_S = 60.0  # between two looks; less is a clock that is slewed, or a leap second
STEADY_S = 86_400.0  # how long the time of day must agree with the monotonic clock again after a step
GAP_S = 7 * 86_400.0  # since the newest detection at the first look: more may be a clock that is wrong
_log = logging.getLogger(__name__)


class SteadyClock:
    """Compares the time of day with the monotonic clock. Not thread-safe: one owner, which asks now and then.

    A clock that is wrong for half a minute would have everything deleted that is kept. So nothing is deleted while the two
    clocks disagree: after a step until the time of day is what it was, or has been steady for a day; the same at the first
    look, if the time of day is far from that of the newest detection.

    Args:
        clock: the machine's.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset = clock.unix() - clock.elapsed()  # of the time of day from the monotonic clock, as it is believed
        self._is_compared = False  # with what is kept
        self._doubted: float | None = None  # another one, since …
        self._doubted_at = 0.0  # … this moment of the monotonic clock

    def is_trusted(self, newest_at: float | None) -> bool:
        """Return whether what is too old by the time of day may be deleted.

        Args:
            newest_at: when the newest of what is kept was made, UTC Unix seconds; None where nothing is.
        """
        now = self._clock.elapsed()
        offset = self._clock.unix() - now
        if not self._is_compared:
            self._is_compared = True
            if newest_at is not None and not -STEP_S <= self._clock.unix() - newest_at <= GAP_S:
                self._offset = newest_at - now
        if abs(offset - self._offset) <= STEP_S:
            self._offset, self._doubted = offset, None  # a slow drift is followed
            return True
        if self._doubted is None or abs(offset - self._doubted) > STEP_S:
            _log.warning(
                "the time of day was set by %+.0f s: nothing is deleted for its age for a day", offset - self._offset
            )
            self._doubted, self._doubted_at = offset, now
        if now - self._doubted_at < STEADY_S:
            return False
        self._offset, self._doubted = offset, None
        return True
