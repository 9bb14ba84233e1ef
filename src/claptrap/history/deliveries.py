"""The tables of deliveries and of attempts at them: the outbox, and what became of it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields

from claptrap.core.events import Attempt
from claptrap.core.outbox import Delivery, Outcome
from claptrap.history.damage import DamagedRows, json_object, number
from claptrap.history.query import DeliveryRecord, DeliveryState, Page, State, decode_cursor, encode_cursor

MAX_ATTEMPTS = 100  # that are returned for one delivery: a receiver that is away for a week is tried 10,000 times
_COLUMNS = ", ".join(field.name for field in fields(Delivery))
_ATTEMPT = ", ".join(field.name for field in fields(Attempt))
_COLUMN = {"state": "coalesce(outcome, state)"}  # what a filter's value is compared with, where it is not its own column
_LAST_TURN = "(SELECT coalesce(max(turn), 0) + 1 FROM deliveries)"
_ENQUEUE = f"""
    INSERT INTO deliveries ({_COLUMNS}, turn, state, code, params)
    VALUES ({", ".join(f":{field.name}" for field in fields(Delivery))}, {_LAST_TURN}, 'waiting', '', '{{}}')
    ON CONFLICT (event_id, target_id) DO UPDATE
    SET since = excluded.since, body = excluded.body, tries = 0, under_way = 0, turn = excluded.turn, state = 'waiting',
        outcome = NULL, code = '', params = '{{}}'
    WHERE state <> 'waiting'
"""
_RECORD = f"""
    INSERT INTO attempts ({_ATTEMPT})
    VALUES ({", ".join(f":{field.name}" for field in fields(Attempt))})
    ON CONFLICT (delivery_id, number) DO NOTHING
"""
_OUTCOME = """
    UPDATE deliveries
    SET attempts = max(attempts, :number), tries = tries + :counts, under_way = 0, state = :state, outcome = :outcome,
        code = :code, params = :params
    WHERE id = :delivery_id
"""
_SET_ASIDE = "UPDATE deliveries SET state = 'given_up', code = 'history.damaged_delivery', params = '{}' WHERE row = ?"


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries: all that fit every value given."""

    state: State | None = None
    source_id: str | None = None
    target_id: str | None = None
    event_id: str | None = None


def enqueue(db: sqlite3.Connection, deliveries: Sequence[Delivery]) -> None:
    """Let deliveries wait, each behind all others; those of an event and receiver that are known wait again."""
    db.executemany(_ENQUEUE, [{**asdict(d), "body": json.dumps(d.body, ensure_ascii=False)} for d in deliveries])


def head(db: sqlite3.Connection, target_id: str, damage: DamagedRows) -> Delivery | None:
    """Return what has waited longest for a receiver. What cannot be read is set aside, lest it hold up the rest."""
    query = f"SELECT row, {_COLUMNS} FROM deliveries WHERE state = 'waiting' AND target_id = ? ORDER BY turn LIMIT 1"
    while (row := db.execute(query, (target_id,)).fetchone()) is not None:
        if (delivery := damage.decoded("deliveries", row, _delivery)) is not None:
            return delivery
        db.execute(_SET_ASIDE, (row["row"],))
    return None


def waiting(db: sqlite3.Connection, target_id: str) -> int:
    """Return how many wait for a receiver."""
    query = "SELECT count(*) FROM deliveries WHERE state = 'waiting' AND target_id = ?"
    return int(db.execute(query, (target_id,)).fetchone()[0])


def all_waiting(db: sqlite3.Connection, but_for: Collection[str], damage: DamagedRows) -> Sequence[Delivery]:
    """Return all that waits, in order, but for some receivers. What cannot be read is set aside."""
    query = f"SELECT row, {_COLUMNS} FROM deliveries WHERE state = 'waiting' ORDER BY turn"
    found = []
    for row in db.execute(query).fetchall():
        if row["target_id"] in but_for:
            continue
        if (delivery := damage.decoded("deliveries", row, _delivery)) is None:
            db.execute(_SET_ASIDE, (row["row"],))
        else:
            found.append(delivery)
    return found


def begin(db: sqlite3.Connection, delivery_id: str) -> None:
    """Note that a delivery is about to be sent."""
    db.execute("UPDATE deliveries SET under_way = 1 WHERE id = ?", (delivery_id,))


def record_attempt(db: sqlite3.Connection, attempt: Attempt, *, counts: bool = True, outcome: Outcome | None = None) -> None:
    """Write an attempt down, and what it makes of its delivery."""
    state = "taken" if attempt.ok else "given_up" if attempt.retry_in_s is None else "waiting"
    plain = asdict(attempt)
    values = {**plain, "params": json.dumps(plain["params"]), "steps": json.dumps(plain["steps"])}
    db.execute(_RECORD, values)
    db.execute(_OUTCOME, {**values, "state": state, "outcome": outcome, "counts": int(counts)})


def newest_attempts(db: sqlite3.Connection, limit: int, damage: DamagedRows) -> Sequence[Attempt]:
    """Return the newest attempts, newest first."""
    query = f"SELECT row, {_ATTEMPT} FROM attempts ORDER BY row DESC LIMIT ?"
    return damage.all_decoded("attempts", db.execute(query, (limit,)), _attempt)


def get(db: sqlite3.Connection, delivery_id: str, damage: DamagedRows) -> Delivery | None:
    """Return one delivery, whatever its state, or None."""
    row = db.execute(f"SELECT row, {_COLUMNS} FROM deliveries WHERE id = ?", (delivery_id,)).fetchone()
    return damage.decoded("deliveries", row, _delivery) if row else None


def page(
    db: sqlite3.Connection, which: DeliveryFilter, limit: int, cursor: str | None, damage: DamagedRows
) -> Page[DeliveryRecord]:
    """Return ``limit`` deliveries at most, those last asked for first, after ``cursor``; of each the newest attempts."""
    values: dict[str, str | float] = {name: value for name, value in asdict(which).items() if value is not None}
    where = " AND ".join(["1", *(f"{_COLUMN.get(name, name)} = :{name}" for name in values)])
    if cursor is not None:
        where, values = f"{where} AND turn < :c0", {**values, "c0": decode_cursor(cursor, 1)[0]}
    rows = db.execute(
        f"SELECT * FROM deliveries WHERE {where} ORDER BY turn DESC LIMIT :limit",
        {**values, "limit": limit + 1},
    ).fetchall()
    after = encode_cursor(rows[limit - 1]["turn"]) if len(rows) > limit else None
    return Page(damage.all_decoded("deliveries", rows[:limit], lambda row: _record(db, row, damage)), after)


def delivery_states(db: sqlite3.Connection, event_ids: Sequence[str]) -> dict[str, list[DeliveryState]]:
    """Return how the deliveries of some events stand, by receiver; events without any are left out."""
    query = (
        "SELECT event_id, target_id, coalesce(outcome, state) AS state FROM deliveries"
        " WHERE event_id IN (SELECT value FROM json_each(?)) ORDER BY target_id"
    )
    found: dict[str, list[DeliveryState]] = {}
    for row in db.execute(query, (json.dumps(event_ids),)):
        found.setdefault(row["event_id"], []).append(DeliveryState(row["target_id"], row["state"]))
    return found


def delete(db: sqlite3.Connection, before: float, limit: int) -> int:
    """Delete the ``limit`` oldest deliveries at most of those done before a time, and their attempts; return how many."""
    some = "SELECT row FROM deliveries WHERE since < ? AND state <> 'waiting' ORDER BY since LIMIT ?"
    return db.execute(f"DELETE FROM deliveries WHERE row IN ({some})", (before, limit)).rowcount


def _record(db: sqlite3.Connection, row: sqlite3.Row, damage: DamagedRows) -> DeliveryRecord:
    query = f"SELECT row, {_ATTEMPT} FROM attempts WHERE delivery_id = ? ORDER BY number DESC LIMIT {MAX_ATTEMPTS}"
    attempts = damage.all_decoded("attempts", db.execute(query, (row["id"],)), _attempt)[::-1]
    plain = {name: row[name] for name in ("id", "event_id", "target_id", "source_id", "code")}
    state: State = row["outcome"] or row["state"]
    return DeliveryRecord(
        **plain, since=number(row["since"]), state=state, params=json_object(row["params"]), attempts=attempts
    )


def _delivery(row: sqlite3.Row) -> Delivery:
    plain = {name: row[name] for name in row.keys() if name != "row"}  # noqa: SIM118  # a Row iterates its values
    for name in ("since", "attempts", "tries"):
        number(row[name])
    return Delivery(**{**plain, "body": json_object(row["body"]), "under_way": bool(row["under_way"])})


def _attempt(row: sqlite3.Row) -> Attempt:
    plain = {name: row[name] for name in row.keys() if name != "row"}  # noqa: SIM118  # a Row iterates its values
    for name in ("number", "at", "took_s", "status"):
        number(row[name])
    return Attempt(**{**plain, "params": json_object(row["params"]), "steps": json_object(row["steps"])})
