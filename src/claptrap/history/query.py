"""What people ask the journal for, page by page, and what they get."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Generic, Literal, TypeVar

from claptrap.core.errors import InputError
from claptrap.core.events import Attempt, Event

MOST_ROWS = 500
Row = TypeVar("Row")
State = Literal["waiting", "taken", "given_up", "late", "unknown"]
Mark = Literal["clap", "not_clap"]


@dataclass(frozen=True, slots=True)
class DetectionFilter:
    """Which detections: all that fit every value given.

    Attributes:
        since, before: UTC Unix seconds, the first included, the last not.
        source_id: heard there.
        least_score, most_score: both included.
        mark: what a person said of it; "none" without a mark.
        kind: of the source.
        claps: so many.
        applause: whether it is applause.
        label: a sound that was named, as YAMNet writes it.
        labels: any of these sounds was named.
        epoch: in that uninterrupted stream.
        test: whether it is of claps that were put into the sound.
        least_latency_s, most_latency_s: from the onset to the decision, in seconds of sound; both included.
    """

    since: float | None = None
    before: float | None = None
    source_id: str | None = None
    least_score: float | None = None
    most_score: float | None = None
    mark: Mark | Literal["none"] | None = None
    kind: str | None = None
    claps: int | None = None
    applause: bool | None = None
    label: str | None = None
    labels: tuple[str, ...] | None = None
    epoch: str | None = None
    test: bool | None = None
    least_latency_s: float | None = None
    most_latency_s: float | None = None

    def where(self) -> tuple[str, dict[str, float | str]]:
        """Return the condition in SQL, and the values it names."""
        values = {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}
        if self.labels is not None:
            values["labels"] = json.dumps(self.labels)
        return " AND ".join(["1", *(_CONDITIONS[name] for name in values)]), values


_CONDITIONS = {
    "since": "timestamp >= :since",
    "before": "timestamp < :before",
    "source_id": "source_id = :source_id",
    "least_score": "score >= :least_score",
    "most_score": "score <= :most_score",
    "mark": "coalesce(mark, 'none') = :mark",
    "kind": "kind = :kind",
    "claps": "claps = :claps",
    "applause": "applause = :applause",
    "label": "CASE WHEN json_valid(labels) THEN"  # a damaged row must not cost all others
    " EXISTS (SELECT 1 FROM json_each(labels) WHERE json_extract(json_each.value, '$[0]') = :label) ELSE 0 END",
    "labels": "CASE WHEN json_valid(labels) THEN EXISTS (SELECT 1 FROM json_each(labels)"
    " WHERE json_extract(json_each.value, '$[0]') IN (SELECT value FROM json_each(:labels))) ELSE 0 END",
    "epoch": "epoch = :epoch",
    "test": "test = :test",
    "least_latency_s": "decided_s - onset_s >= :least_latency_s",
    "most_latency_s": "decided_s - onset_s <= :most_latency_s",
}


@dataclass(frozen=True, slots=True)
class DeliveryState:
    """How one delivery of a detection stands.

    Attributes:
        target_id: its receiver: ``SOURCE.WEBHOOK``, ``notify:ID`` or ``mqtt``.
        state: as in ``DeliveryRecord``.
    """

    target_id: str
    state: State


@dataclass(frozen=True, slots=True)
class StoredDetection:
    """A detection as it is stored, with a person's mark if it has one, and how each of its deliveries stands."""

    event: Event
    mark: Mark | None = None
    deliveries: tuple[DeliveryState, ...] = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, newest first; ``cursor`` asks for those after them, None if there are none."""

    rows: Sequence[Row]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many detections there were in an hour or a day.

    Attributes:
        start: its first moment in UTC Unix seconds.
        count: in all.
        sources: by source, those that had any.
    """

    start: float
    count: int
    sources: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """How one delivery stands, and the newest attempts at it.

    Attributes:
        id, event_id, target_id, source_id: the delivery, its event, its receiver, and the source of the event.
        since: UTC Unix seconds when it was made, or last asked to be sent again.
        state: still waiting, taken by the receiver, given up, too late, or unknown: the receiver may have acted.
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


def encode_cursor(*place: float) -> str:
    """Return a cursor: the place of a page's last row in the order."""
    return "_".join(repr(value) for value in place)


def decode_cursor(cursor: str, n: int) -> tuple[float, ...]:
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
