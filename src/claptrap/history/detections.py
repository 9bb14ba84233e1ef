"""The table of detections."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict

from claptrap.core.events import Event
from claptrap.history.calendar import Calendar, Per
from claptrap.history.damage import DamagedRows, number
from claptrap.history.deliveries import delivery_states
from claptrap.history.query import (
    Count,
    DeliveryState,
    DetectionFilter,
    Mark,
    Page,
    StoredDetection,
    decode_cursor,
    encode_cursor,
)

QUARTER_S = 900  # the offsets of all time zones are multiples of it

_ADD = """
    INSERT INTO events (id, source_id, source_name, kind, epoch, sequence, onset_s, decided_s, timestamp, score, claps,
        labels, applause, heard_by, trigger, trigger_name, test)
    VALUES (:id, :source_id, :source_name, :kind, :epoch, :sequence, :onset_s, :decided_s, :timestamp, :score, :claps,
        :labels, :applause, :heard_by, :trigger, :trigger_name, :test)
    ON CONFLICT (id) DO NOTHING
"""


def add(db: sqlite3.Connection, event: Event) -> bool:
    """Write an event down; False if it is known."""
    lists = {"labels": json.dumps(event.labels), "heard_by": json.dumps(event.heard_by)}
    return db.execute(_ADD, {"id": event.id, **asdict(event), **lists}).rowcount > 0


def get(db: sqlite3.Connection, event_id: str, damage: DamagedRows) -> Event | None:
    """Return one event, or None."""
    found = find(db, event_id, damage)
    return found.event if found else None


def find(db: sqlite3.Connection, event_id: str, damage: DamagedRows) -> StoredDetection | None:
    """Return one event with its mark, or None."""
    row = db.execute("SELECT * FROM events WHERE id = ?", (event_id,)).fetchone()
    if row is None:
        return None
    states = delivery_states(db, [event_id])
    return damage.decoded("events", row, lambda found: _stored(found, states))


def mark(db: sqlite3.Connection, event_id: str, said: Mark | None) -> bool:
    """Write down what a person says of an event; False if there is none."""
    return db.execute("UPDATE events SET mark = ? WHERE id = ?", (said, event_id)).rowcount > 0


def count(db: sqlite3.Connection, wanted: DetectionFilter) -> int:
    """Return how many events fit."""
    where, values = wanted.where()
    return int(db.execute(f"SELECT count(*) FROM events WHERE {where}", values).fetchone()[0])


def page(
    db: sqlite3.Connection, wanted: DetectionFilter, limit: int, cursor: str | None, damage: DamagedRows
) -> Page[StoredDetection]:
    """Return ``limit`` events at most, newest first, after ``cursor``."""
    where, values = wanted.where()
    if cursor is not None:
        timestamp, row = decode_cursor(cursor, 2)
        where, values = f"{where} AND (timestamp, row) < (:c0, :c1)", {**values, "c0": timestamp, "c1": row}
    rows = db.execute(
        f"SELECT * FROM events WHERE {where} ORDER BY timestamp DESC, row DESC LIMIT :limit",
        {**values, "limit": limit + 1},
    ).fetchall()
    after = encode_cursor(rows[limit - 1]["timestamp"], rows[limit - 1]["row"]) if len(rows) > limit else None
    states = delivery_states(db, [row["id"] for row in rows[:limit]])
    return Page(damage.all_decoded("events", rows[:limit], lambda row: _stored(row, states)), after)


def counts(db: sqlite3.Connection, wanted: DetectionFilter, per: Per, calendar: Calendar) -> Sequence[Count]:
    """Return how many there were per hour or day of a calendar, oldest first, without the empty ones and without tests."""
    where, values = wanted.where()
    quarters = db.execute(
        f"SELECT CAST(timestamp / {QUARTER_S} AS INTEGER) * {QUARTER_S} AS quarter, source_id, count(*) AS n "
        f"FROM events WHERE {where} AND NOT test GROUP BY quarter, source_id ORDER BY quarter, source_id",
        values,
    )
    found: dict[float, dict[str, int]] = {}
    for row in quarters:
        sources = found.setdefault(calendar.start(row["quarter"], per), {})
        sources[row["source_id"]] = sources.get(row["source_id"], 0) + row["n"]
    return [Count(start, sum(sources.values()), sources) for start, sources in sorted(found.items())]


def delete(db: sqlite3.Connection, before: float, limit: int) -> int:
    """Delete the ``limit`` oldest events at most of those before a time; return how many."""
    some = "SELECT row FROM events WHERE timestamp < ? ORDER BY timestamp LIMIT ?"
    return db.execute(f"DELETE FROM events WHERE row IN ({some})", (before, limit)).rowcount


def delete_one(db: sqlite3.Connection, event_id: str) -> bool:
    """Delete an event, and its deliveries that are done; False if there is none."""
    db.execute("DELETE FROM deliveries WHERE event_id = ? AND state <> 'waiting'", (event_id,))
    return db.execute("DELETE FROM events WHERE id = ?", (event_id,)).rowcount > 0


def _stored(row: sqlite3.Row, states: Mapping[str, Sequence[DeliveryState]]) -> StoredDetection:
    fields = {name: row[name] for name in row.keys() if name not in ("row", "id", "mark")}  # noqa: SIM118  # a Row iterates its values
    for name in ("sequence", "onset_s", "decided_s", "timestamp", "score", "claps"):
        number(row[name])
    lists = {name: json.loads(row[name]) for name in ("labels", "heard_by")}
    event = Event.from_json({**fields, **lists, "applause": bool(row["applause"]), "test": bool(row["test"])})
    return StoredDetection(event, row["mark"], tuple(states.get(row["id"], ())))
