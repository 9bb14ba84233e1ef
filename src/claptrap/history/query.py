"""What people ask the journal for, page by page, and what they get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from claptrap.core.errors import InputError
from claptrap.core.events import Attempt

MOST_ROWS = 500
Row = TypeVar("Row")
State = Literal["waiting", "taken", "given_up"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which detections: all that fit every value given.

    Attributes:
        since, before: UTC Unix seconds, the first included, the last not.
        source_id: heard there.
        least_score, most_score: both included.
    """

    since: float | None = None
    before: float | None = None
    source_id: str | None = None
    least_score: float | None = None
    most_score: float | None = None

    def where(self) -> tuple[str, dict[str, float | str]]:
        """Return the condition in SQL, and the values it names."""
        values = {
            name: value
            for name, value in (
                ("since", self.since),
                ("before", self.before),
                ("source_id", self.source_id),
                ("least_score", self.least_score),
                ("most_score", self.most_score),
            )
            if value is not None
        }
        return " AND ".join(["1", *(_CONDITIONS[name] for name in values)]), values


_CONDITIONS = {
    "since": "timestamp >= :since",
    "before": "timestamp < :before",
    "source_id": "source_id = :source_id",
    "least_score": "score >= :least_score",
    "most_score": "score <= :most_score",
}


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, newest first; ``cursor`` asks for those after them, None if there are none."""

    rows: Sequence[Row]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many detections there were in an hour or a day; ``start`` is its first moment in UTC Unix seconds."""

    start: float
    count: int


@dataclass(frozen=True, slots=True)
class Told:
    """How one delivery stands, and every attempt at it.

    Attributes:
        id, event_id, target_id, source_id: what, to whom, on behalf of which source.
        since: UTC Unix seconds when it was made, or last asked to be sent again.
        state: still waiting, taken by the receiver, or given up.
        code, params: why it was given up, or why it waits on; empty otherwise.
        attempts: oldest first.
    """

    id: str
    event_id: str
    target_id: str
    source_id: str
    since: float
    state: State
    code: str
    params: Mapping[str, Any]
    attempts: Sequence[Attempt]


def written(*place: float) -> str:
    """Return a cursor: the place of a page's last row in the order."""
    return "_".join(repr(value) for value in place)


def read(cursor: str, n: int) -> tuple[float, ...]:
    """Return the ``n`` values of a cursor.

    Raises:
        InputError: ``api.bad_parameter``.
    """
    try:
        place = tuple(float(part) for part in cursor.split("_"))
    except ValueError as error:
        raise InputError("api.bad_parameter", name="cursor") from error
    if len(place) != n or any(value != value for value in place):  # noqa: PLR0124  # NaN is the one that differs from itself
        raise InputError("api.bad_parameter", name="cursor")
    return place
