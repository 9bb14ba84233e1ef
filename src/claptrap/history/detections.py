"""The table of detections."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Literal

from claptrap.core.events import Event
from claptrap.history.query import Count, Page, Wanted, read, written

HOUR_S = 3600
Per = Literal["hour", "day"]

_ADD = """
    INSERT INTO events (id, source_id, source_name, kind, epoch, sequence, onset_s, decided_s, timestamp, score, claps,
        labels, applause)
    VALUES (:id, :source_id, :source_name, :kind, :epoch, :sequence, :onset_s, :decided_s, :timestamp, :score, :claps,
        :labels, :applause)
    ON CONFLICT (id) DO NOTHING
"""


def add(db: sqlite3.Connection, event: Event) -> bool:
    """Write an event down; False if it is known."""
    return db.execute(_ADD, {"id": event.id, **asdict(event), "labels": json.dumps(event.labels)}).rowcount > 0


def get(db: sqlite3.Connection, event_id: str) -> Event | None:
    """Return one event, or None."""
    row = db.execute("SELECT * FROM events WHERE id = ?", (event_id,)).fetchone()
    return _event(row) if row else None


def page(db: sqlite3.Connection, wanted: Wanted, limit: int, cursor: str | None) -> Page[Event]:
    """Return ``limit`` events at most, newest first, after ``cursor``."""
    where, values = wanted.where()
    if cursor is not None:
        timestamp, row = read(cursor, 2)
        where, values = f"{where} AND (timestamp, row) < (:c0, :c1)", {**values, "c0": timestamp, "c1": row}
    rows = db.execute(
        f"SELECT * FROM events WHERE {where} ORDER BY timestamp DESC, row DESC LIMIT :limit",
        {**values, "limit": limit + 1},
    ).fetchall()
    after = written(rows[limit - 1]["timestamp"], rows[limit - 1]["row"]) if len(rows) > limit else None
    return Page([_event(row) for row in rows[:limit]], after)


def counts(db: sqlite3.Connection, wanted: Wanted, per: Per) -> Sequence[Count]:
    """Return how many there were per hour of UTC or per day of this machine, oldest first, without the empty ones."""
    where, values = wanted.where()
    group = (
        f"CAST(timestamp / {HOUR_S} AS INTEGER) * {HOUR_S}"
        if per == "hour"
        else "strftime('%Y-%m-%d', timestamp, 'unixepoch', 'localtime')"
    )
    rows = db.execute(
        f"SELECT {group} AS start, count(*) AS n FROM events WHERE {where} GROUP BY start ORDER BY start",
        values,
    )
    return [Count(_start(row["start"]), row["n"]) for row in rows]


def delete(db: sqlite3.Connection, before: float, limit: int) -> int:
    """Delete the ``limit`` oldest events at most of those before a time; return how many."""
    some = "SELECT row FROM events WHERE timestamp < ? ORDER BY timestamp LIMIT ?"
    return db.execute(f"DELETE FROM events WHERE row IN ({some})", (before, limit)).rowcount


def _start(start: int | str) -> float:
    """Return the first moment of an hour or, by the clocks of this machine, of a day."""
    return float(start) if isinstance(start, int) else datetime.fromisoformat(start).astimezone().timestamp()


def _event(row: sqlite3.Row) -> Event:
    fields = {name: row[name] for name in row.keys() if name not in ("row", "id")}  # noqa: SIM118  # a Row iterates its values
    return Event.from_json({**fields, "labels": json.loads(row["labels"]), "applause": bool(row["applause"])})
