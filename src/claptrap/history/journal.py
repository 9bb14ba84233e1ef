"""The journal of one data folder: detections, deliveries that wait, and how deliveries went.

Where the file cannot be had (a full disk, a folder without permission, a newer ClapTrap's file) the journal goes on in
memory, with the newest ``MAX_IN_MEMORY`` at most, reports it, and moves to the file as soon as that can be written again;
hearing and delivery go on.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from claptrap.core.clock import Clock
from claptrap.core.errors import ClapTrapError, ServiceError
from claptrap.core.events import Attempt, Event
from claptrap.core.outbox import Delivery, Outcome
from claptrap.history import database, deliveries, detections
from claptrap.history.calendar import Calendar, Per
from claptrap.history.damage import DamagedRows
from claptrap.history.deliveries import DeliveryFilter
from claptrap.history.query import Count, DeliveryRecord, DetectionFilter, Mark, Page, StoredDetection
from claptrap.history.report import SourceReport, report
from claptrap.history.steady_clock import SteadyClock

REMEMBERED = 200  # the newest, which move into memory with all that waits
MAX_IN_MEMORY = 10_000  # detections, and deliveries that are done
DAY_S = 86_400.0
_CHUNK = 500  # rows deleted in one go, so that a clap never waits for long
_FOR_EVER = float("inf")
_ALL_EVENTS = "SELECT * FROM events ORDER BY row"
_ALL = "SELECT id FROM deliveries"
_NEWEST_EVENTS = f"SELECT * FROM (SELECT * FROM events ORDER BY row DESC LIMIT {REMEMBERED}) ORDER BY row"
_WAITING = "SELECT id FROM deliveries WHERE state = 'waiting'"
_MOVING = f"{_WAITING} UNION SELECT delivery_id FROM (SELECT * FROM attempts ORDER BY row DESC LIMIT {REMEMBERED})"
_log = logging.getLogger(__name__)
Result = TypeVar("Result")


class Journal:
    """Safe from any thread; an ``Outbox``. ``open`` before anything else.

    Args:
        path: the file; None for memory alone.
        clock: the machine's.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._keep_s = _FOR_EVER
        self._lock = threading.RLock()
        self._db: sqlite3.Connection
        self._reader: sqlite3.Connection | None = None  # the file once more, for queries
        self._reading = threading.Lock()
        self._in_memory = False
        self._file_identity = (0, 0)
        self._maintained_row = 0  # the newest that was there at the last ``maintain``
        self._trouble: ClapTrapError | None = None
        self._mended: ClapTrapError | None = None
        self._damage = DamagedRows()
        self._steady = SteadyClock(clock)

    # -- life -----------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Open the file; where that cannot be, go on in memory, and have ``problems`` say why. Never raises."""
        with self._lock:
            self._db, self._in_memory = database.open_memory(), True
            if self._path is not None:
                self._move_to_file()
                if self._trouble is not None:
                    _log.error("history: %s", self._trouble)

    def close(self) -> None:
        """End."""
        with self._lock:
            if self._in_memory and (lost := len(deliveries.all_waiting(self._db, (), self._damage))):
                _log.warning("history: %d deliveries that still waited end with this process", lost)
            self._read_from(None)
            self._db.close()

    def set_retention(self, days: float) -> None:
        """Forget, from the next ``maintain`` on, what is older."""
        self._keep_s = days * DAY_S

    def maintain(self) -> None:
        """Move back to the file if it can be written again, and forget what is too old. To be called now and then.

        A file that was deleted, or replaced, by hand would take all that follows along with it at the
        end: what waits, and what was heard since the last time, moves to its place. What was deleted is not brought back.
        """
        with self._lock:
            if not self._in_memory and self._path is not None and _is_gone(self._path, self._file_identity):
                since = f"SELECT * FROM events WHERE row > {self._maintained_row} ORDER BY row"
                self._move_to_memory(sqlite3.OperationalError("the file was removed"), since, _WAITING)
            if self._in_memory and self._path is not None:
                self._move_to_file()
                if self._in_memory:
                    self._do(_forget_oldest, writes=True)
            self._maintained_row = self._do(_newest_row)
        if self._keep_s < _FOR_EVER and not self._in_memory and self._steady.is_trusted(self._newest_at()):
            with suppress(ServiceError):  # said already
                deleted = self.delete(self._clock.unix() - self._keep_s)
                if deleted:
                    _log.info(
                        "history: %d detections were older than %.0f days, and are deleted", deleted, self._keep_s / DAY_S
                    )

    def problems(self) -> Sequence[ClapTrapError]:
        """Return what is wrong with the file, or was when it was opened."""
        return [problem for problem in (self._mended, self._trouble, self._damage.problem()) if problem is not None]

    # -- what was heard -------------------------------------------------------------------------------------------------

    def event(self, event_id: str) -> Event | None:
        """Return one detection."""
        return self._do(lambda db: detections.get(db, event_id, self._damage))

    def detection(self, event_id: str) -> StoredDetection | None:
        """Return one detection with its mark."""
        return self._read(lambda db: detections.find(db, event_id, self._damage))

    def mark(self, event_id: str, said: Mark | None) -> bool:
        """Keep what a person says of a detection, None to take it back; False if there is no such detection."""
        return self._do(lambda db: detections.mark(db, event_id, said), writes=True)

    def number(self, wanted: DetectionFilter) -> int:
        """Return how many detections fit."""
        return self._read(lambda db: detections.count(db, wanted))

    def events(self, wanted: DetectionFilter, limit: int, cursor: str | None = None) -> Page[StoredDetection]:
        """Return ``limit`` detections at most, newest first.

        Raises:
            InputError: ``api.bad_parameter``, a cursor that is none.
        """
        return self._read(lambda db: detections.page(db, wanted, limit, cursor, self._damage))

    def newest(self, source_id: str) -> StoredDetection | None:
        """Return the newest detection of a source that is no test."""
        return next(iter(self.events(DetectionFilter(source_id=source_id, test=False), 1).rows), None)

    def counts(self, wanted: DetectionFilter, per: Per, calendar: Calendar) -> Sequence[Count]:
        """Return how many there were per hour or day of a calendar, oldest first, without the empty ones."""
        return self._read(lambda db: detections.counts(db, wanted, per, calendar))

    def report(self, since: float, until: float) -> dict[str, SourceReport]:
        """Return what happened from ``since`` until before ``until`` (UTC Unix seconds), by source id."""
        return self._read(lambda db: report(db, since, until))

    def delete(self, before: float = _FOR_EVER) -> int:
        """Delete detections before a time, and the deliveries that were done before it; return how many detections.

        What still waits is sent all the same, and deleted the next time.

        Raises:
            ServiceError: what keeps the file from being written; the detections in it are still there then.
        """
        deleted, is_any_gone = 0, False
        for delete in (detections.delete, deliveries.delete):
            n = _CHUNK
            while n == _CHUNK:
                n = self._do(lambda db, delete=delete: delete(db, before, _CHUNK), writes=True)  # type: ignore[misc]  # mypy cannot type a default of a lambda
                deleted += n if delete is detections.delete else 0
                is_any_gone = is_any_gone or n > 0
                if self._trouble is not None:
                    raise self._trouble
        if is_any_gone:
            while self._do(database.give_room_back):
                pass
            self._read_from(None)  # a query under way would keep the log from being emptied
            self._do(database.empty_log)
            self._look_into_file()
        return deleted

    def delete_event(self, event_id: str) -> bool:
        """Delete one detection and its deliveries that are done; False if there is none. Raises as ``delete``."""
        is_deleted = self._do(lambda db: detections.delete_one(db, event_id), writes=True)
        if self._trouble is not None:
            raise self._trouble
        return is_deleted

    # -- the outbox -----------------------------------------------------------------------------------------------------

    def add(self, event: Event, queued: Sequence[Delivery]) -> bool:
        """Store an event and its deliveries, both or neither; return False if it is known."""

        def add(db: sqlite3.Connection) -> bool:
            if not detections.add(db, event):
                return False
            deliveries.enqueue(db, queued)
            return True

        return self._do(add, writes=True)

    def enqueue(self, queued: Sequence[Delivery]) -> None:
        """Let deliveries wait; those that are done wait again."""
        self._do(lambda db: deliveries.enqueue(db, queued), writes=True)

    def head(self, target_id: str) -> Delivery | None:
        """Return what has waited longest for a receiver."""
        return self._do(lambda db: deliveries.head(db, target_id, self._damage))

    def waiting(self, target_id: str) -> int:
        """Return how many wait for a receiver."""
        return self._do(lambda db: deliveries.waiting(db, target_id))

    def begin(self, delivery: Delivery) -> None:
        """Note that a delivery is about to be sent."""
        self._do(lambda db: deliveries.begin(db, delivery.id), writes=True)

    def record_attempt(self, attempt: Attempt, *, counts: bool = True, outcome: Outcome | None = None) -> None:
        """Write an attempt down, and what it makes of its delivery."""
        self._do(lambda db: deliveries.record_attempt(db, attempt, counts=counts, outcome=outcome), writes=True)

    def orphans(self, target_ids: Collection[str]) -> Sequence[Delivery]:
        """Return all that waits for other receivers."""
        return self._do(lambda db: deliveries.all_waiting(db, target_ids, self._damage))

    # -- how deliveries went -------------------------------------------------------------------------------------------

    def delivery(self, delivery_id: str) -> Delivery | None:
        """Return one delivery, whatever its state."""
        return self._do(lambda db: deliveries.get(db, delivery_id, self._damage))

    def deliveries(self, which: DeliveryFilter, limit: int, cursor: str | None = None) -> Page[DeliveryRecord]:
        """Return ``limit`` deliveries at most with their newest attempts, those last asked for first.

        Raises:
            InputError: ``api.bad_parameter``, a cursor that is none.
        """
        return self._read(lambda db: deliveries.page(db, which, limit, cursor, self._damage))

    def attempts(self, limit: int) -> Sequence[Attempt]:
        """Return the newest attempts, newest first."""
        return self._read(lambda db: deliveries.newest_attempts(db, limit, self._damage))

    # -- inside ---------------------------------------------------------------------------------------------------------

    def _newest_at(self) -> float | None:
        """Return the time of the newest detection in UTC Unix seconds; None without any."""
        query = "SELECT max(timestamp) FROM events WHERE typeof(timestamp) IN ('integer', 'real')"
        newest: float | None = self._do(lambda db: db.execute(query).fetchone()[0])
        return newest

    def _read(self, work: Callable[[sqlite3.Connection], Result]) -> Result:
        """Do ``work``, which only reads and may take seconds in a large file; hearing and delivery do not wait for it."""
        with self._reading:
            if self._reader is not None:
                with suppress(sqlite3.DatabaseError):  # ``_do`` finds out what is wrong
                    return work(self._reader)
        return self._do(work)

    def _read_from(self, reader: sqlite3.Connection | None) -> None:
        """Use another connection for queries from now on; None for the one of all others."""
        with self._reading:
            if self._reader is not None:
                self._reader.close()
            self._reader = reader

    def _look_into_file(self) -> None:
        """Open a connection of its own for queries, where there is a file."""
        with self._lock:
            if self._path is not None and not self._in_memory:
                self._read_from(database.open_reader(self._path))

    def _do(self, work: Callable[[sqlite3.Connection], Result], *, writes: bool = False) -> Result:
        """Do ``work``, in one transaction if it writes; where the file fails, do it in memory from then on."""
        with self._lock:
            try:
                return _transaction(self._db, work) if writes else work(self._db)
            except sqlite3.DatabaseError as error:
                if self._in_memory or isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
                    raise
                self._move_to_memory(error)
                return _transaction(self._db, work) if writes else work(self._db)

    def _move_to_memory(self, error: sqlite3.Error, events: str = _NEWEST_EVENTS, moving: str = _MOVING) -> None:
        memory = database.open_memory()
        try:
            _transaction(memory, lambda db: database.copy(self._db, db, events, moving))
        except sqlite3.Error as failure:
            _log.error("history: what waits to be sent could not be read from the file: %s", failure)
        self._read_from(None)
        self._db.close()
        self._db, self._in_memory = memory, True
        self._trouble = ServiceError("history.unwritable", path=str(self._path), reason=str(error))
        _log.error("history: %s", self._trouble)

    def _move_to_file(self) -> None:
        """Take what is in memory to the file and go on there; where that fails nothing has changed but ``_trouble``."""
        assert self._path is not None  # noqa: S101  # for the type checker: called with a file only
        try:
            file = self._open_file(self._path)
        except ServiceError as error:
            self._trouble = error
            return
        try:
            _transaction(file, lambda db: database.copy(self._db, db, _ALL_EVENTS, _ALL))
            self._file_identity = _identity(self._path)
        except (sqlite3.Error, OSError) as error:
            file.close()
            self._trouble = ServiceError("history.unwritable", path=str(self._path), reason=str(error))
            return
        self._db.close()
        self._db, self._in_memory, self._maintained_row = file, False, _newest_row(file)
        self._look_into_file()
        if self._trouble is not None:
            _log.info("history: %s can be written again", self._path)
        self._trouble = None

    def _open_file(self, path: Path) -> sqlite3.Connection:
        """Open the file; set a damaged one aside first."""
        try:
            return database.open_file(path)
        except ServiceError as error:
            if error.code != "history.damaged":
                raise
        aside = database.set_aside(path)
        self._mended = ServiceError("history.set_aside", aside=aside.name)
        return database.open_file(path)


def _newest_row(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(row), 0) FROM events").fetchone()[0])


def _is_gone(path: Path, identity: tuple[int, int]) -> bool:
    """Return whether there is no file at ``path`` any more, or another; False where that is unknown."""
    try:
        return _identity(path) != identity
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _identity(path: Path) -> tuple[int, int]:
    found = path.stat()
    return found.st_dev, found.st_ino


def _transaction(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], Result]) -> Result:
    db.execute("BEGIN IMMEDIATE")
    try:
        result = work(db)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # some failures have ended it already
            db.execute("ROLLBACK")
        raise
    return result


def _forget_oldest(db: sqlite3.Connection) -> None:
    """Bound what memory holds while the file cannot be written; what waits is bounded by the dispatcher."""
    for table, done in (("events", "1"), ("deliveries", "state <> 'waiting'")):
        kept = f"SELECT row FROM {table} ORDER BY row DESC LIMIT {MAX_IN_MEMORY}"
        db.execute(f"DELETE FROM {table} WHERE {done} AND row NOT IN ({kept})")
