"""When an hour and a day begin, by the clocks of a place."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from claptrap.core.errors import InputError

HOUR_S = 3600
Per = Literal["hour", "day"]
_OFFSET = re.compile(r"([+-])(\d\d):?([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Calendar:
    """The clocks of a place; those of this machine where ``zone`` is None."""

    zone: tzinfo | None = None

    def local(self, at: float) -> datetime:
        """Return what the clocks show at a moment (UTC Unix seconds)."""
        return datetime.fromtimestamp(at, UTC).astimezone(self.zone)

    def start(self, at: float, per: Per) -> float:
        """Return the first moment of the hour or day in which a moment is; both in UTC Unix seconds.

        An hour begins when the minutes are 0, also where clocks are moved; a day at midnight, or with the first moment that
        there is after it.
        """
        local = self.local(at)
        if per == "hour":
            offset = local.utcoffset() or timedelta()
            past = (at + offset.total_seconds()) % HOUR_S
            return at - past
        midnight = datetime(local.year, local.month, local.day, tzinfo=self.zone)  # None is this machine's
        return midnight.timestamp()


def calendar_of(name: str | None) -> Calendar:
    """Return the calendar of a time zone.

    Args:
        name: as "Europe/Paris" or "UTC" (IANA), an offset as "+02:00", or None for this machine's.

    Raises:
        InputError: ``api.bad_parameter``.
    """
    if name is None:
        return Calendar()
    if (offset := _OFFSET.fullmatch(name)) is not None:
        minutes = int(offset[2]) * 60 + int(offset[3])
        if minutes >= 24 * 60:
            raise InputError("api.bad_parameter", name="tz")
        return Calendar(timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes)))
    try:
        return Calendar(ZoneInfo(name))
    except (KeyError, ValueError, OSError) as error:  # unknown; no name at all; a folder of names
        raise InputError("api.bad_parameter", name="tz") from error
