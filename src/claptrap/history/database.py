"""The SQLite file: opened with care, brought to the newest form, or said to be unfit.

Write-ahead log, ``synchronous=NORMAL``: what was committed outlives the process whatever ends it (the system has it),
nothing short of a broken disk corrupts it, and a clap does not wait for the disk before it is sent. Only a power cut can
take the newest half-minute with it (https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from claptrap.core.errors import ServiceError

BUSY_S = 5.0  # how long another program that reads the file may hold us up
_PAGES = 500  # given back in one go, so that a clap never waits for long

VERSIONS = (
    # 1: detections, deliveries, attempts
    """
    CREATE TABLE events (
        row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source_id TEXT NOT NULL, source_name TEXT NOT NULL,
        kind TEXT NOT NULL, epoch TEXT NOT NULL, sequence INTEGER NOT NULL, onset_s REAL NOT NULL, decided_s REAL NOT NULL,
        timestamp REAL NOT NULL, score REAL NOT NULL, claps INTEGER NOT NULL, labels TEXT NOT NULL, applause INTEGER NOT NULL
    );
    CREATE INDEX events_by_time ON events (timestamp, row);
    CREATE INDEX events_by_source ON events (source_id, timestamp, row);
    CREATE TABLE deliveries (
        row INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, event_id TEXT NOT NULL, target_id TEXT NOT NULL,
        source_id TEXT NOT NULL, body TEXT NOT NULL, since REAL NOT NULL, attempts INTEGER NOT NULL, tries INTEGER NOT NULL,
        turn INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('waiting', 'taken', 'given_up')), code TEXT NOT NULL, params TEXT NOT NULL,
        UNIQUE (event_id, target_id)
    );
    CREATE INDEX deliveries_waiting ON deliveries (target_id, turn) WHERE state = 'waiting';
    CREATE INDEX deliveries_by_turn ON deliveries (turn);
    CREATE INDEX deliveries_by_age ON deliveries (since);
    CREATE TABLE attempts (
        row INTEGER PRIMARY KEY, delivery_id TEXT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
        number INTEGER NOT NULL, event_id TEXT NOT NULL, target_id TEXT NOT NULL, source_id TEXT NOT NULL, url TEXT NOT NULL,
        at REAL NOT NULL,
        took_s REAL NOT NULL, status INTEGER NOT NULL, code TEXT NOT NULL, params TEXT NOT NULL, retry_in_s REAL,
        excerpt TEXT NOT NULL, UNIQUE (delivery_id, number)
    );
    """,
    # 2: what a person says of a detection
    "ALTER TABLE events ADD COLUMN mark TEXT CHECK (mark IN ('clap', 'not_clap'));",
    # 3: how long each step of an attempt took
    "ALTER TABLE attempts ADD COLUMN steps TEXT NOT NULL DEFAULT '{}';",
    # 4: how a delivery that was given up ended: too late, or with an unknown outcome
    "ALTER TABLE deliveries ADD COLUMN outcome TEXT CHECK (outcome IN ('late', 'unknown'));",
    # 5: whether a delivery is being sent
    "ALTER TABLE deliveries ADD COLUMN under_way INTEGER NOT NULL DEFAULT 0;",
    # 6: which sources' detections were merged into one
    "ALTER TABLE events ADD COLUMN heard_by TEXT NOT NULL DEFAULT '[]';",
    # 7: which sound or rhythm a detection is
    """
    ALTER TABLE events ADD COLUMN trigger TEXT NOT NULL DEFAULT '';
    ALTER TABLE events ADD COLUMN trigger_name TEXT NOT NULL DEFAULT '';
    """,
    # 8: whether a detection is of claps that were put into the sound
    "ALTER TABLE events ADD COLUMN test INTEGER NOT NULL DEFAULT 0;",
)


def open_memory() -> sqlite3.Connection:
    """Return a journal that ends with the process."""
    connection = _connect(":memory:")
    _migrate(connection)
    return connection


def open_file(path: Path) -> sqlite3.Connection:
    """Return the journal in ``path``, of the newest form; made if absent.

    Raises:
        ServiceError: ``history.newer``, written by a newer ClapTrap, left untouched; ``history.damaged``, no database or a
            broken one; ``history.unwritable``.
    """
    try:
        path.touch(mode=0o600)
        connection = _connect(str(path))
    except OSError as error:
        raise ServiceError("history.unwritable", path=str(path), reason=error.strerror or str(error)) from error
    except sqlite3.Error as error:
        raise _unfit(error, path) from error
    try:
        _make_fit(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise _unfit(error, path) from error
    except ServiceError:
        connection.close()
        raise
    return connection


def open_reader(path: Path) -> sqlite3.Connection | None:
    """Return one more connection to the journal in ``path``, which is open already, to read; None if it cannot be had."""
    try:
        connection = _connect(str(path))
        connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error:
        return None
    return connection


def set_aside(path: Path) -> Path:
    """Move a damaged database out of the way, with the log that belongs to it; return where to.

    Raises:
        ServiceError: ``history.unwritable``.
    """
    aside = path.with_name(f"history-damaged-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S.%fZ')}.sqlite")
    try:
        path.rename(aside)
        log = Path(f"{path}-wal")
        if log.exists():
            log.rename(f"{aside}-wal")
        Path(f"{path}-shm").unlink(missing_ok=True)
    except OSError as error:
        raise ServiceError("history.unwritable", path=str(path), reason=error.strerror or str(error)) from error
    return aside


def copy(source: sqlite3.Connection, target: sqlite3.Connection, events: str, moving: str) -> None:
    """Copy the events that a query gives, and the deliveries whose ids a query gives with all their attempts."""
    heard = source.execute(events).fetchall()
    _insert(target, "events", "IGNORE", heard)
    target.executemany("UPDATE events SET mark = ? WHERE id = ?", [(row["mark"], row["id"]) for row in heard])
    queued = f"SELECT * FROM deliveries WHERE id IN ({moving}) ORDER BY row"
    _insert(target, "deliveries", "REPLACE", source.execute(queued).fetchall())
    attempts = f"SELECT * FROM attempts WHERE delivery_id IN ({moving}) ORDER BY row"
    _insert(target, "attempts", "REPLACE", source.execute(attempts).fetchall())


def give_room_back(db: sqlite3.Connection) -> bool:
    """Give the system some of the pages back that are free, if the file can; return whether there are more.

    A script, for of a statement that has no columns Python takes the first step only, which gives one page back.
    """
    before = _free_pages(db)
    db.executescript(f"PRAGMA incremental_vacuum({_PAGES})")
    return 0 < _free_pages(db) < before


def empty_log(db: sqlite3.Connection) -> None:
    """Shrink the file itself, and let nothing that was deleted stand in its log."""
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _connect(name: str) -> sqlite3.Connection:
    """Open; transactions are begun and ended by hand, and the owner of the connection keeps threads apart."""
    connection = sqlite3.connect(name, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _make_fit(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(VERSIONS):
        raise ServiceError("history.newer", path=str(path), version=version, known=len(VERSIONS))
    if connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise ServiceError("history.damaged", path=path.name)
    if version == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # what is deleted gives its room back
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is gone
    _migrate(connection)


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the form up to date, one version after another, each whole or not at all."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, statements in enumerate(VERSIONS[version:], version + 1):
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {statements} PRAGMA user_version = {number}; COMMIT;")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.rollback()
            raise


def _unfit(error: sqlite3.Error, path: Path) -> ServiceError:
    """Distinguish a broken database from one that is only unavailable now."""
    if type(error) is sqlite3.DatabaseError:  # "malformed" and "not a database"; all that is less grave is a kind of it
        return ServiceError("history.damaged", path=path.name)
    return ServiceError("history.unwritable", path=str(path), reason=str(error))


def _insert(target: sqlite3.Connection, table: str, if_known: str, rows: Sequence[sqlite3.Row]) -> None:
    if rows:
        names = [name for name in rows[0].keys() if name != "row"]  # noqa: SIM118  # a Row iterates its values
        places = ", ".join("?" * len(names))
        statement = f"INSERT OR {if_known} INTO {table} ({', '.join(names)}) VALUES ({places})"
        target.executemany(statement, [[row[name] for name in names] for row in rows])


def _free_pages(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA freelist_count").fetchone()[0])
