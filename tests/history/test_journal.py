"""What is written down stays, comes back as it was, and never stands in the way of hearing."""

from __future__ import annotations

import json
import logging
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.peers.waiting import wait_until

from claptrap.core.clock import Clock, SystemClock
from claptrap.core.errors import InputError, ServiceError
from claptrap.core.events import Attempt, Event
from claptrap.core.outbox import Delivery, Outcome
from claptrap.history import database, detections
from claptrap.history.calendar import Calendar, calendar_of
from claptrap.history.deliveries import MAX_ATTEMPTS, DeliveryFilter
from claptrap.history.journal import REMEMBERED, Journal
from claptrap.history.query import Count, DeliveryState, DetectionFilter, StoredDetection
from claptrap.history.retention import RetentionThread

NOON = 1_700_000_000.0


def clap(sequence: int, source: str = "salon", *, at: float | None = None, score: float = 0.9) -> Event:
    timestamp = NOON + sequence if at is None else at
    return Event(
        source_id=source,
        source_name="Salon d'été 👏",
        kind="microphone",
        epoch="19a",
        sequence=sequence,
        onset_s=1.25 + sequence,
        decided_s=1.35 + sequence,
        timestamp=timestamp,
        score=score,
        claps=2,
        labels=(("Clapping", 0.8125), ("Hands", 0.5)),
        applause=sequence % 2 == 1,
    )


def delivery(event: Event, target: str = "salon.webhook", since: float = NOON) -> Delivery:
    return Delivery(f"{event.sequence}-{target}", event.id, target, event.source_id, {"é": [1, "x"]}, since)


WAITING = DeliveryState("salon.webhook", "waiting")


def attempt(told: Delivery, *, code: str = "", retry_in_s: float | None = None) -> Attempt:
    return Attempt(
        event_id=told.event_id,
        target_id=told.target_id,
        source_id=told.source_id,
        url="http://h/…",
        number=told.attempts + 1,
        at=NOON + 1,
        took_s=0.25,
        status=503 if code else 204,
        code=code,
        params={"status": 503} if code else {},
        retry_in_s=retry_in_s,
        delivery_id=told.id,
        excerpt="d'accord",
    )


@contextmanager
def opened(path: Path | None) -> Iterator[Journal]:
    journal = Journal(path, SystemClock())
    journal.open()
    try:
        yield journal
    finally:
        journal.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def ids(journal: Journal, wanted: DetectionFilter = DetectionFilter()) -> list[str]:  # noqa: B008  # frozen
    return [kept.event.id for kept in journal.events(wanted, 500).rows]


# -- detections


def test_an_event_comes_back_as_it_was_after_a_restart(file: Path) -> None:
    """Every field, to the last bit."""
    with opened(file) as journal:
        assert journal.add(clap(0), [])
        assert journal.add(clap(1), [])
    with opened(file) as journal:
        assert list(journal.events(DetectionFilter(), 10).rows) == [StoredDetection(clap(1)), StoredDetection(clap(0))]
        assert journal.event("salon:19a:1") == clap(1)
        assert journal.event("nobody:0:0") is None
        assert not journal.problems()


def test_a_known_event_changes_nothing(file: Path) -> None:
    """The first stays, and nobody is told twice."""
    with opened(file) as journal:
        assert journal.add(clap(0), [delivery(clap(0))])
        assert not journal.add(clap(0, score=0.1), [delivery(clap(0)), delivery(clap(0), "other")])
        assert list(journal.events(DetectionFilter(), 10).rows) == [StoredDetection(clap(0), None, (WAITING,))]
        assert (journal.waiting("salon.webhook"), journal.waiting("other")) == (1, 0)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (DetectionFilter(since=NOON + 8), [9, 8]),
        (DetectionFilter(before=NOON + 2), [1, 0]),
        (DetectionFilter(since=NOON + 3, before=NOON + 5), [4, 3]),
        (DetectionFilter(least_score=0.85), [9]),
        (DetectionFilter(most_score=0.05), [0]),
        (DetectionFilter(source_id="cellar"), [7]),
        (DetectionFilter(source_id="cellar", least_score=0.8), []),
        (DetectionFilter(kind="microphone", claps=2, epoch="19a", label="Hands", least_score=0.9), [9]),
        (DetectionFilter(kind="rtsp"), []),
        (DetectionFilter(claps=1), []),
        (DetectionFilter(label="Hand"), []),
        (DetectionFilter(epoch="19"), []),
        (DetectionFilter(applause=True, before=NOON + 4), [3, 1]),
        (DetectionFilter(applause=False, before=NOON + 3), [2, 0]),
        (DetectionFilter(least_latency_s=0.11), []),
        (DetectionFilter(most_latency_s=0.11, before=NOON + 1), [0]),
    ],
)
def test_questions(wanted: DetectionFilter, found: list[int]) -> None:
    """By time, score and source; newest first."""
    with opened(None) as journal:
        for i in range(10):
            journal.add(clap(i, "cellar" if i == 7 else "salon", score=i / 10 + 0.04), [])
        assert [kept.event.sequence for kept in journal.events(wanted, 500).rows] == found


def test_pages_give_everything_once_in_order_while_more_is_written() -> None:
    """Also where many have the very same time, and where a late one is older than what is there."""
    with opened(None) as journal:
        times = [NOON, NOON, NOON, NOON + 0.1, NOON - 5, NOON + 0.1, NOON + 7]
        for i, at in enumerate(times):
            journal.add(clap(i, at=at), [])
        seen: list[Event] = []
        cursor = None
        while True:
            page = journal.events(DetectionFilter(), 2, cursor)
            seen += [kept.event for kept in page.rows]
            journal.add(clap(100 + len(seen), at=NOON + 1000 + len(seen)), [])
            if page.cursor is None:
                break
            cursor = page.cursor
        assert [event.sequence for event in seen] == [6, 5, 3, 2, 1, 0, 4]


@pytest.mark.parametrize("cursor", ["", "x", "1", "1_2_3", "nan_1", "1_'; DROP TABLE events"])
def test_a_cursor_that_is_none_is_refused(cursor: str) -> None:
    """In words, not with a fault."""
    with opened(None) as journal, pytest.raises(InputError, match="cursor"):
        journal.events(DetectionFilter(), 2, cursor)


@pytest.fixture
def paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("paris")
def test_counts_per_hour_and_per_day_of_this_machine() -> None:
    """A day begins at midnight here, also on the two days of the year that do not have 24 hours."""
    moments = ["2026-03-28T23:59", "2026-03-29T00:00", "2026-03-29T03:30", "2026-03-29T23:59", "2026-03-30T00:00"]
    with opened(None) as journal:
        for i, moment in enumerate(moments):
            journal.add(clap(i, at=datetime.fromisoformat(moment).timestamp()), [])
        days = [
            (datetime.fromtimestamp(c.start).isoformat(), c.count)  # noqa: DTZ006  # local
            for c in journal.counts(DetectionFilter(), "day", Calendar())
        ]
        assert days == [("2026-03-28T00:00:00", 1), ("2026-03-29T00:00:00", 3), ("2026-03-30T00:00:00", 1)]
        hours = journal.counts(DetectionFilter(), "hour", Calendar())
        assert [c.count for c in hours] == [1, 1, 1, 1, 1]
        assert all(c.start % 3600 == 0 for c in hours)
        assert journal.counts(DetectionFilter(source_id="nobody"), "hour", Calendar()) == []


def test_counts_by_source_and_by_the_clocks_of_a_place() -> None:
    """New Year in Kathmandu (+05:45) is another moment than in UTC; each source has its own count."""
    with opened(None) as journal:
        moments = ["2025-12-31T18:14:59", "2025-12-31T18:15:00", "2025-12-31T23:59:59", "2026-01-01T00:00:00"]
        for i, moment in enumerate(moments):
            at = datetime.fromisoformat(f"{moment}+00:00").timestamp()
            journal.add(clap(i, "cellar" if i == 2 else "salon", at=at), [])
        new_year = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
        assert list(journal.counts(DetectionFilter(), "day", calendar_of("UTC"))) == [
            Count(new_year - 86_400, 3, {"salon": 2, "cellar": 1}),
            Count(new_year, 1, {"salon": 1}),
        ]
        kathmandu = [
            Count(new_year - 86_400 - 5.75 * 3600, 1, {"salon": 1}),
            Count(new_year - 5.75 * 3600, 3, {"salon": 2, "cellar": 1}),
        ]
        for name in ("Asia/Kathmandu", "+05:45", "+0545"):
            assert list(journal.counts(DetectionFilter(), "day", calendar_of(name))) == kathmandu
        hours = journal.counts(DetectionFilter(source_id="salon"), "hour", calendar_of("+05:45"))
        assert [(c.start - new_year, c.count) for c in hours] == [(-6.75 * 3600, 1), (-5.75 * 3600, 1), (-0.75 * 3600, 1)]


@pytest.mark.parametrize("name", ["", "Europe", "Mars/Olympus", "../../etc/passwd", "+25:00", "+02:70", "\0"])
def test_a_time_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="tz"):
        calendar_of(name)


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    """In Paris clocks go back from 3:00 to 2:00 on 25 October 2026: 2:30 is there twice, an hour apart."""
    paris = calendar_of("Europe/Paris")
    first = datetime.fromisoformat("2026-10-25T00:30:00+00:00").timestamp()
    assert [paris.start(first + 3600 * i, "hour") - first for i in range(3)] == [-1800, 1800, 5400]
    assert len({paris.start(first + 3600 * i, "day") for i in range(3)}) == 1


def test_a_mark_is_kept_and_can_be_asked_for(file: Path) -> None:
    """Also where the file breaks, and when it is there again; a repeat of the event does not take it away."""
    with opened(file) as journal:
        for i in range(3):
            journal.add(clap(i), [])
        assert journal.mark(clap(0).id, "clap")
        assert journal.mark(clap(1).id, "not_clap")
        assert not journal.mark("nobody:0:0", "clap")
        journal.add(clap(0), [])
    with opened(file) as journal:
        assert [ids(journal, DetectionFilter(mark=mark)) for mark in ("clap", "not_clap", "none")] == [
            [clap(0).id],
            [clap(1).id],
            [clap(2).id],
        ]
        assert journal.number(DetectionFilter(mark="clap")) == 1
        assert journal.mark(clap(0).id, None)
        assert journal.detection(clap(0).id) == StoredDetection(clap(0))
        journal._move_to_memory(sqlite3.OperationalError("disk I/O error"))
        assert journal.detection(clap(1).id) == StoredDetection(clap(1), "not_clap")
        assert journal.mark(clap(2).id, "clap")
        journal.maintain()
        assert not journal.problems()
        assert journal.detection(clap(2).id) == StoredDetection(clap(2), "clap")


def test_a_report_counts_marks_latencies_and_what_became_of_deliveries(file: Path) -> None:
    """Of the span that is asked for only, and no tests."""
    with opened(file) as journal:
        for i in range(20):
            told = delivery(clap(i), since=NOON + i)
            journal.add(replace(clap(i), decided_s=clap(i).onset_s + 0.1 + i / 100), [told])
            if i % 4 == 0:
                journal.record_attempt(attempt(told))
            else:
                failed = replace(attempt(told), code="delivery.refused", retry_in_s=None)
                outcome: Outcome | None = (None, "late", "unknown")[i % 4 - 1]
                journal.record_attempt(failed, outcome=outcome)
        journal.mark(clap(3).id, "not_clap")
        journal.mark(clap(19).id, "clap")
        whole = journal.report(NOON, NOON + 20)["salon"]
        assert (whole.detections, whole.claps, whole.not_claps) == (20, 1, 1)
        assert (whole.delivered, whole.late, whole.refused, whole.unclear) == (5, 5, 5, 5)
        assert (whole.latency_p50_s, whole.latency_p95_s) == (pytest.approx(0.2), pytest.approx(0.29))
        assert journal.report(NOON, NOON + 10)["salon"].detections == 10
        assert journal.report(NOON - 10, NOON) == {}


def insert(db: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    places = ", ".join(f":{name}" for name in row)
    db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", row)  # noqa: S608  # names of ours


def test_a_history_of_the_first_version_is_brought_up_to_date(file: Path) -> None:
    """What it has stays, unmarked, and can be marked."""
    told = delivery(clap(0))
    with closing(sqlite3.connect(file)) as db:
        db.executescript(f"{database.VERSIONS[0]} PRAGMA user_version = 1;")
        first = {
            name: value
            for name, value in asdict(clap(0)).items()
            if name not in ("heard_by", "trigger", "trigger_name", "test")
        }
        insert(db, "events", {**first, "id": clap(0).id, "labels": json.dumps(clap(0).labels)})
        plain = {name: value for name, value in asdict(told).items() if name != "under_way"}
        row = {**plain, "body": json.dumps(told.body), "turn": 1, "state": "waiting", "code": "", "params": "{}"}
        insert(db, "deliveries", row)
        db.commit()
    with opened(file) as journal:
        assert not journal.problems()
        assert journal.detection(clap(0).id) == StoredDetection(clap(0), None, (WAITING,))
        assert journal.head("salon.webhook") == told
        assert journal.mark(clap(0).id, "clap")
    with opened(file) as journal:
        assert journal.detection(clap(0).id) == StoredDetection(clap(0), "clap", (WAITING,))


def test_deletion_by_age_and_of_everything(file: Path) -> None:
    """What is deleted is not in the files any more; what still waits to be told is kept until it is."""
    with opened(file) as journal:
        for i in range(1200):
            journal.add(clap(i), [delivery(clap(i), since=NOON + i)] if i % 2 else [])
        journal.record_attempt(attempt(delivery(clap(1))))
        assert journal.delete(before=NOON + 1100) == 1100
        assert len(ids(journal)) == 100
        assert journal.delivery("1-salon.webhook") is None
        assert journal.attempts(10) == []
        assert journal.waiting("salon.webhook") == 599
        assert journal.delete() == 100
        assert ids(journal) == []
        files = b"".join(part.read_bytes() for part in file.parent.glob("history.sqlite*"))
        assert b"Clapping" not in files


def test_of_very_many_attempts_the_newest_are_told(file: Path) -> None:
    with opened(file) as journal:
        told = delivery(clap(0))
        journal.add(clap(0), [told])
        for made in range(MAX_ATTEMPTS + 20):
            journal.record_attempt(attempt(replace(told, attempts=made), code="delivery.status", retry_in_s=60.0))
        (row,) = journal.deliveries(DeliveryFilter(), 10).rows
        assert [one.number for one in row.attempts] == list(range(21, MAX_ATTEMPTS + 21))


def test_who_looks_keeps_nobody_who_hears_waiting(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A year of detections takes seconds to count on a small machine."""
    looking, go_on = threading.Event(), threading.Event()

    def slowly(db: sqlite3.Connection, *_: object) -> list[Count]:
        looking.set()
        assert go_on.wait(30.0)
        return [Count(NOON, db.execute("SELECT count(*) FROM events").fetchone()[0], {})]

    monkeypatch.setattr(detections, "counts", slowly)
    found: list[Count] = []
    with opened(file) as journal:
        looks = threading.Thread(target=lambda: found.extend(journal.counts(DetectionFilter(), "day", Calendar())))
        looks.start()
        try:
            assert looking.wait(30.0)
            assert journal.add(clap(0), [delivery(clap(0))])
            assert journal.head("salon.webhook") is not None
        finally:
            go_on.set()
            looks.join()
    assert [count.count for count in found] == [1]


def test_what_is_deleted_gives_its_room_back(file: Path) -> None:
    with opened(file) as journal:
        for i in range(3000):
            journal.add(clap(i), [])
        assert journal.delete(before=NOON + 2990) == 2990
        assert file.stat().st_size < 100_000  # 17 bytes a detection would be more
        assert len(ids(journal)) == 10


def test_a_delivery_that_is_deleted_after_its_detection_leaves_nothing_behind(file: Path) -> None:
    """What waited is told first and deleted the next time; then not one of its bytes is left, in the log neither."""
    with opened(file) as journal:
        told = replace(delivery(clap(0)), body={"source_name": "a very private place"})
        journal.add(clap(0), [told])
        assert journal.delete() == 1
        journal.record_attempt(attempt(told))
        assert journal.delete() == 0
        assert journal.deliveries(DeliveryFilter(), 10).rows == []
        left = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert b"a very private place" not in left


def test_what_is_too_old_goes_by_itself(file: Path) -> None:
    """The keeper's thread forgets what is older than was asked for."""
    with opened(file) as journal:
        journal.add(clap(0, at=time.time() - 3 * 86_400), [])
        journal.add(clap(1, at=time.time() - 1 * 86_400), [])
        journal.set_retention(days=2)
        retention = RetentionThread(journal.maintain, every_s=0.01)
        retention.start()
        wait_until(lambda: ids(journal) == ["salon:19a:1"])
        retention.stop()


# -- the outbox


def test_deliveries_wait_in_order_until_they_are_done() -> None:
    """The head stays the head while it is tried; each receiver has its own queue."""
    with opened(None) as journal:
        for i in range(3):
            journal.add(clap(i), [delivery(clap(i)), delivery(clap(i), "b")])
        first = journal.head("salon.webhook")
        assert first == delivery(clap(0))
        journal.record_attempt(attempt(first, code="delivery.status", retry_in_s=1.0))
        again = journal.head("salon.webhook")
        assert again is not None
        assert (again.id, again.attempts, again.tries) == (first.id, 1, 1)
        journal.record_attempt(attempt(again))
        second = journal.head("salon.webhook")
        assert second is not None
        assert second.event_id == "salon:19a:1"
        journal.record_attempt(attempt(second, code="delivery.status"))
        assert (journal.waiting("salon.webhook"), journal.waiting("b")) == (1, 3)
        assert [d.target_id for d in journal.orphans(["b"])] == ["salon.webhook"]
        states = {d.event_id: d for d in journal.deliveries(DeliveryFilter(target_id="salon.webhook"), 10).rows}
        assert [(d.state, d.code) for d in states.values()] == [
            ("waiting", ""),
            ("given_up", "delivery.status"),
            ("taken", ""),
        ]
        assert [(a.number, a.ok) for a in states["salon:19a:0"].attempts] == [(1, False), (2, True)]
        assert states["salon:19a:0"].attempts[0] == attempt(first, code="delivery.status", retry_in_s=1.0)


def test_what_is_sent_again_waits_behind_the_others_and_counts_on() -> None:
    """Sent again by hand: a new age and new tries, but the attempts go on counting; what waits already is left alone."""
    with opened(None) as journal:
        journal.add(clap(0), [delivery(clap(0))])
        journal.record_attempt(attempt(delivery(clap(0)), code="delivery.status"))
        journal.add(clap(1), [delivery(clap(1))])
        journal.enqueue([delivery(clap(0), since=NOON + 99), delivery(clap(1), since=NOON + 99)])
        assert [(d.event_id, d.since, d.attempts, d.tries) for d in journal.orphans([])] == [
            ("salon:19a:1", NOON, 0, 0),
            ("salon:19a:0", NOON + 99, 1, 0),
        ]


def test_pages_of_deliveries() -> None:
    """Each once, those last asked for first."""
    with opened(None) as journal:
        for i in range(5):
            journal.add(clap(i), [delivery(clap(i))])
        first = journal.deliveries(DeliveryFilter(state="waiting"), 3)
        rest = journal.deliveries(DeliveryFilter(state="waiting"), 3, first.cursor)
        assert [d.event_id[-1] for d in (*first.rows, *rest.rows)] == ["4", "3", "2", "1", "0"]
        assert rest.cursor is None
        assert [d.event_id for d in journal.deliveries(DeliveryFilter(event_id="salon:19a:2"), 3).rows] == ["salon:19a:2"]
        assert journal.deliveries(DeliveryFilter(state="taken"), 3).rows == []


# -- files in trouble


def test_a_damaged_file_is_set_aside_and_said(file: Path) -> None:
    """No database at all: it is kept for who wants to look, and a new one is begun."""
    file.write_bytes(b"this is no database, but it may be somebody's" * 200)
    with opened(file) as journal:
        (problem,) = journal.problems()
        assert problem.code == "history.set_aside"
        aside = file.parent / str(problem.params["aside"])
        assert aside.read_bytes().startswith(b"this is no database")
        journal.add(clap(0), [])
    with opened(file) as journal:
        assert ids(journal) == ["salon:19a:0"]
        assert not journal.problems()


def test_a_file_that_is_broken_inside_is_set_aside(file: Path) -> None:
    """A page in the middle was overwritten, as a failing disk does."""
    with opened(file) as journal:
        for i in range(500):
            journal.add(clap(i), [])
    with file.open("r+b") as f:
        f.seek(4096 * 6)
        f.write(os.urandom(4096 * 4))
    with opened(file) as journal:
        assert [p.code for p in journal.problems()] == ["history.set_aside"]
        assert journal.add(clap(0), [])


def test_a_newer_file_is_left_alone_and_said(file: Path) -> None:
    """After a downgrade: not one byte of it changes, and the history is kept in memory."""
    with closing(sqlite3.connect(file)) as db:
        db.execute("PRAGMA user_version = 99")
        db.execute("CREATE TABLE of_the_future (x)")
    before = file.read_bytes()
    with opened(file) as journal:
        (problem,) = journal.problems()
        assert (problem.code, problem.params["version"]) == ("history.newer", 99)
        assert journal.add(clap(0), [delivery(clap(0))])
        journal.maintain()
        assert ids(journal) == ["salon:19a:0"]
        assert journal.head("salon.webhook") == delivery(clap(0))
    assert file.read_bytes() == before


def test_a_folder_that_takes_no_file_is_said_and_nothing_else_changes(tmp_path: Path) -> None:
    """Neither hearing nor telling notices; once the folder takes it, everything is written down."""
    (tmp_path / "data").write_text("a file where the folder should be")
    with opened(tmp_path / "data" / "history.sqlite") as journal:
        assert [p.code for p in journal.problems()] == ["history.unwritable"]
        journal.add(clap(0), [delivery(clap(0))])
        journal.record_attempt(attempt(delivery(clap(0)), code="delivery.status", retry_in_s=1.0))
        with pytest.raises(ServiceError, match=r"history\.unwritable"):
            journal.delete()
        journal.add(clap(1), [delivery(clap(1))])
        (tmp_path / "data").unlink()
        (tmp_path / "data").mkdir()
        journal.maintain()
        assert not journal.problems()
    with opened(tmp_path / "data" / "history.sqlite") as journal:
        assert ids(journal) == ["salon:19a:1"]
        head = journal.head("salon.webhook")
        assert head is not None
        assert (head.event_id, head.attempts) == ("salon:19a:0", 1)


def test_a_file_that_cannot_be_had_for_months_fills_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are kept, and all that still waits."""
    monkeypatch.setattr("claptrap.history.journal.MAX_IN_MEMORY", 10)
    (tmp_path / "data").write_text("a file where the folder should be")
    with opened(tmp_path / "data" / "history.sqlite") as journal:
        for i in range(30):
            journal.add(clap(i), [delivery(clap(i))])
            if i:
                journal.record_attempt(attempt(delivery(clap(i))))
        journal.maintain()
        assert ids(journal) == [f"salon:19a:{i}" for i in range(29, 19, -1)]
        assert len(journal.deliveries(DeliveryFilter(), 100).rows) == 11
        assert journal.head("salon.webhook") == delivery(clap(0))


def test_a_full_disk_is_said_and_everything_goes_on_from_memory(file: Path) -> None:
    """SQLite itself says that the disk is full, in the middle of the work: nothing that waits is lost or told twice."""
    with opened(file) as journal:
        for i in range(300):
            journal.add(clap(i), [delivery(clap(i))])
        taken = delivery(clap(0))
        journal.record_attempt(attempt(taken))
        pages = journal._db.execute("PRAGMA page_count").fetchone()[0]
        journal._db.execute(f"PRAGMA max_page_count = {pages}").fetchone()
        n = 300
        while not journal.problems():
            assert journal.add(clap(n), [delivery(clap(n))])
            n += 1
            assert n < 2000
        (problem,) = journal.problems()
        assert "full" in str(problem)
        assert not journal.add(clap(n - 1), [delivery(clap(n - 1))])
        assert journal.waiting("salon.webhook") == n - 1
        assert journal.head("salon.webhook") == delivery(clap(1))
        assert len(ids(journal)) == REMEMBERED + 1
        journal.record_attempt(attempt(delivery(clap(1))))
        journal.maintain()  # the disk has room again: the new connection has no bound
        assert not journal.problems()
    with opened(file) as journal:
        assert len(ids(journal, DetectionFilter(before=NOON + 300))) == 300
        assert journal.event(clap(n - 1).id) == clap(n - 1)
        assert journal.waiting("salon.webhook") == n - 2
        assert [d.event_id for d in journal.deliveries(DeliveryFilter(state="taken"), 10).rows] == [
            "salon:19a:1",
            "salon:19a:0",
        ]


@pytest.mark.skipif(os.name != "posix", reason="a file that is open cannot be taken away elsewhere")
@pytest.mark.parametrize("in_its_place", [False, True])
def test_a_file_that_somebody_takes_away_takes_nothing_that_follows_along(file: Path, in_its_place: bool) -> None:
    """A person deletes the history by hand, or puts an older one back, while the service runs: it goes on in that place.

    What is told is told; what was deleted is not brought back.
    """
    older = file.with_name("older.sqlite")
    with opened(older) as journal:
        journal.add(clap(9), [])
    with opened(file) as journal:
        journal.add(clap(0), [delivery(clap(0))])
        journal.maintain()
        assert not journal.problems()
        for left in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
            left.unlink(missing_ok=True)
        if in_its_place:
            older.rename(file)
        journal.add(clap(1), [])
        journal.maintain()
        journal.add(clap(2), [])
        assert not journal.problems()
        assert journal.waiting("salon.webhook") == 1
    with opened(file) as journal:
        kept = ["salon:19a:2", "salon:19a:1"]
        assert ids(journal) == (["salon:19a:9", *kept] if in_its_place else kept)
        assert journal.waiting("salon.webhook") == 1


def test_a_form_that_cannot_be_brought_up_to_date_stays_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration is whole or not at all; one that succeeds keeps what was there."""
    with opened(file) as journal:
        journal.add(clap(0), [])
        journal.add(clap(1), [])
    broken = (*database.VERSIONS, "ALTER TABLE events ADD COLUMN half TEXT; CREATE UNIQUE INDEX one ON events (kind);")
    monkeypatch.setattr(database, "VERSIONS", broken)
    with opened(file) as journal:
        assert [p.code for p in journal.problems()] == ["history.unwritable"]
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == len(broken) - 1
        assert "half" not in [column[1] for column in db.execute("PRAGMA table_info(events)")]
    good = (*broken[:-1], "ALTER TABLE attempts ADD COLUMN note TEXT;")
    monkeypatch.setattr(database, "VERSIONS", good)
    with opened(file) as journal:
        assert ids(journal) == ["salon:19a:1", "salon:19a:0"]
        assert journal._db.execute("PRAGMA user_version").fetchone()[0] == len(good)


def test_many_threads_write_and_read_at_once(file: Path) -> None:
    """Events, attempts and questions from all sides: all is there, once."""
    with opened(file) as journal:

        def hear(room: str) -> None:
            for i in range(50):
                journal.add(clap(i, room), [delivery(clap(i, room), room)])
                head = journal.head(room)
                assert head is not None
                journal.record_attempt(attempt(head))
                journal.events(DetectionFilter(source_id=room), 10)

        rooms = [f"room-{i}" for i in range(4)]
        threads = [threading.Thread(target=hear, args=(room,)) for room in rooms]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ids(journal)) == 200
        assert all(journal.waiting(room) == 0 for room in rooms)


# -- kill -9

WRITER = """
import sys
from pathlib import Path
from tests.history.test_journal import attempt, clap, delivery
from claptrap.core.clock import SystemClock
from claptrap.history.journal import Journal
journal = Journal(Path(sys.argv[1]), SystemClock())
journal.open()
for i in range(int(sys.argv[2]), 1_000_000):
    journal.add(clap(i), [delivery(clap(i)), delivery(clap(i), "b")])
    print("told", i, flush=True)
    if i % 3 == 0:
        journal.record_attempt(attempt(delivery(clap(i))))
        print("tried", i, flush=True)
"""


@pytest.mark.parametrize("seed", range(4))
def test_a_kill_in_the_middle_of_writing_loses_nothing_that_was_acknowledged(file: Path, seed: int) -> None:
    """SIGKILL at any moment, twice over: what the writer said is there, whole, and the file is sound."""
    chance, told, tried = random.Random(seed), set[int](), set[int]()
    for _ in range(2):
        n_lines = chance.randrange(20, 400)
        child = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file), str(max(told, default=-1) + 2)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert child.stdout
        with child, child.stdout:
            lines = [child.stdout.readline() for _ in range(n_lines)]
            child.send_signal(signal.SIGKILL)
            lines += child.stdout.readlines()
        assert child.returncode == -signal.SIGKILL
        for what, number in (line.split() for line in lines if line.endswith("\n")):
            (told if what == "told" else tried).add(int(number))
    with closing(sqlite3.connect(file)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        kept = {row[0] for row in db.execute("SELECT sequence FROM events")}
        assert told <= kept
        assert len(kept - told) <= 2  # at most one each time was written and not yet said
        per_event = {row[0] for row in db.execute("SELECT count(*) FROM deliveries GROUP BY event_id")}
        assert per_event == {2}
        assert db.execute("SELECT count(DISTINCT event_id) FROM deliveries").fetchone()[0] == len(kept)
        taken = {
            int(row[0].rsplit(":", 1)[1]) for row in db.execute("SELECT event_id FROM deliveries WHERE state = 'taken'")
        }
        assert tried <= taken
    with opened(file) as journal:
        assert not journal.problems()
        assert journal.waiting("b") == len(kept)


@pytest.mark.parametrize(
    ("table", "column", "content"),
    [
        ("events", "labels", '[["Cl'),
        ("events", "labels", "3"),
        ("events", "timestamp", "noon"),
        ("events", "claps", b"\xff"),
        ("deliveries", "body", "{"),
        ("deliveries", "body", "[]"),
        ("deliveries", "since", "once"),
        ("deliveries", "params", "{"),
        ("attempts", "params", "null"),
        ("attempts", "steps", '{"name'),
        ("attempts", "at", "then"),
    ],
)
def test_a_damaged_row_costs_that_row(file: Path, table: str, column: str, content: object) -> None:
    """Everything else can be read, searched and counted; how many are damaged is told, once."""
    with opened(file) as journal:
        for i in range(3):
            journal.add(clap(i), [delivery(clap(i))])
            journal.record_attempt(attempt(delivery(clap(i)), code="delivery.refused", retry_in_s=1.0))
    with closing(sqlite3.connect(file)) as db:
        db.execute(f"UPDATE {table} SET {column} = ? WHERE row = 2", (content,))  # noqa: S608  # names of ours
        db.commit()
    with opened(file) as journal:
        found = {
            "events": ids(journal),
            "deliveries": [d.event_id for d in journal.deliveries(DeliveryFilter(), 10).rows],
            "attempts": [a.event_id for a in journal.attempts(10)],
        }
        clean = [clap(2).id, clap(1).id, clap(0).id]
        assert found.pop(table) in (clean, [clap(2).id, clap(0).id])  # a body is not in the list of deliveries
        assert all(ids == clean for ids in found.values())
        ids(journal, DetectionFilter(label="Clapping"))
        assert not journal._in_memory
        for expected in [0, 2] if (table, column) in {("deliveries", "body"), ("deliveries", "since")} else [0, 1, 2]:
            head = journal.head("salon.webhook")
            assert head is not None
            assert head.event_id == clap(expected).id
            journal.record_attempt(attempt(head))
        assert journal.head("salon.webhook") is None
        assert journal.waiting("salon.webhook") == 0
        (problem,) = journal.problems()
        assert (problem.code, problem.params) == ("history.damaged_rows", {"count": 1})


class Wrong(Clock):
    """A clock that can be set."""

    def __init__(self) -> None:
        self.ran_s, self.set_by_s = 1_000.0, 0.0

    def monotonic(self) -> float:
        return self.ran_s

    def unix(self) -> float:
        return NOON + self.ran_s + self.set_by_s


def test_a_clock_that_is_wrong_for_a_while_deletes_nothing(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Set two years ahead for half a minute, or for hours; once it has been steady for a day it is believed."""
    caplog.set_level(logging.INFO)
    clock, day_s, year_s = Wrong(), 86_400.0, 365 * 86_400.0
    journal = Journal(file, clock)
    journal.open()
    try:
        journal.set_retention(days=365)
        for i in range(5):
            journal.add(clap(i, at=clock.unix() - i), [])
        journal.maintain()
        for back_after_s in (30.0, 6 * 3600.0):
            clock.set_by_s = 2 * year_s
            journal.maintain()
            clock.ran_s += back_after_s
            journal.maintain()
            clock.set_by_s = 0.0
            journal.maintain()
            assert len(ids(journal)) == 5
        assert "was set by" in caplog.text
        clock.set_by_s = -2 * year_s  # the clock of a board without a battery, before the network has set it
        journal.maintain()
        clock.set_by_s, clock.ran_s = 0.0, clock.ran_s + 60.0
        journal.maintain()
        assert len(ids(journal)) == 5
        clock.ran_s += 366 * day_s  # time that does pass
        journal.maintain()
        assert ids(journal) == []
        assert "5 detections were older than 365 days" in caplog.text
        journal.add(clap(9, at=clock.unix()), [])
        clock.set_by_s = 2 * year_s
        journal.maintain()
        clock.ran_s += day_s + 1
        journal.maintain()
        assert ids(journal) == []
    finally:
        journal.close()


def test_a_clock_that_is_set_before_the_first_look_deletes_nothing(file: Path) -> None:
    """By less than a week, so that only the step shows."""
    clock = Wrong()
    journal = Journal(file, clock)
    journal.open()
    journal.set_retention(days=2)
    journal.add(clap(0, at=clock.unix()), [])
    clock.set_by_s = 3 * 86_400.0
    journal.maintain()
    assert len(ids(journal)) == 1
    journal.close()


def test_a_clock_that_is_wrong_at_the_start_deletes_nothing_for_a_day(file: Path) -> None:
    """Far from the newest detection it is in doubt; within a week of it, it is believed at once."""
    clock = Wrong()
    with opened(file) as journal:
        journal.add(clap(0, at=NOON), [])
        journal.add(clap(1, at=NOON + 3 * 86_400), [])
    for set_by_s, kept in ((2 * 365 * 86_400.0, 2), (6 * 86_400.0, 1)):
        clock.set_by_s = set_by_s
        journal = Journal(file, clock)
        journal.open()
        journal.set_retention(days=5)
        journal.maintain()
        assert len(ids(journal)) == kept
        journal.close()
