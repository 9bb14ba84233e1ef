"""Detections as a file, row by row: CSV for a spreadsheet, JSON Lines for a program."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Literal

from claptrap.core.errors import InputError
from claptrap.history.calendar import Calendar
from claptrap.history.journal import Journal
from claptrap.history.query import MOST_ROWS, DetectionFilter, StoredDetection

MAX_EXPORTED = 200_000  # of a page of rows at a time: memory stays flat, but a thread of the web is busy
Format = Literal["csv", "jsonl"]
TYPES: dict[Format, str] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl; charset=utf-8"}
COLUMNS = (
    *("id", "time", "timestamp", "source_id", "source_name", "kind", "epoch", "sequence", "onset_s", "decided_s"),
    *("latency_s", "score", "claps", "applause", "mark", "labels", "test"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export_lines(journal: Journal, wanted: DetectionFilter, form: Format, calendar: Calendar) -> Iterator[str]:
    """Return the lines of a file, newest detection first; they are read while they are sent.

    Raises:
        InputError: ``history.too_many``, before the first line.
    """
    found = journal.number(wanted)
    if found > MAX_EXPORTED:
        raise InputError("history.too_many", found=found, most=MAX_EXPORTED)
    write = _csv if form == "csv" else _jsonl
    return _in_blocks(write(_row(kept, calendar) for kept in _all(journal, wanted)))


def _in_blocks(lines: Iterable[str]) -> Iterator[str]:
    """Join lines: each part that is handed to the web costs more than a line."""
    left = iter(lines)
    while block := "".join(islice(left, MOST_ROWS)):
        yield block


def _all(journal: Journal, wanted: DetectionFilter) -> Iterator[StoredDetection]:
    cursor: str | None = None
    while True:
        page = journal.events(wanted, MOST_ROWS, cursor)
        yield from page.rows
        if page.cursor is None:
            return
        cursor = page.cursor


def _row(kept: StoredDetection, calendar: Calendar) -> dict[str, Any]:
    event = kept.event
    time = calendar.local(event.timestamp).isoformat(timespec="milliseconds")
    more = {"time": time, "latency_s": event.decided_s - event.onset_s, "mark": kept.mark}
    values = {**event.to_json(), **more}
    return {name: values[name] for name in COLUMNS}


def _jsonl(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield json.dumps(row, ensure_ascii=False) + "\n"


def _csv(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    line, taken = _lines()
    line(COLUMNS)
    yield taken()
    for row in rows:
        labels = "; ".join(f"{name} {score:.3f}" for name, score in row["labels"])
        line([_plain(value) for value in {**row, "labels": labels, "mark": row["mark"] or ""}.values()])
        yield taken()


def _lines() -> tuple[Callable[[Iterable[Any]], Any], Callable[[], str]]:
    """Return what writes a line, and what takes away what was written."""
    buffer = io.StringIO(newline="")

    def taken() -> str:
        text = buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
        return text

    return csv.writer(buffer).writerow, taken


def _plain(value: Any) -> Any:  # whatever a cell may hold
    """Return a cell that no spreadsheet takes for a formula (OWASP, "CSV Injection"): names are typed by people."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
