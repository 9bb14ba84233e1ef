"""Rows that cannot be read: each is left out, counted, and logged once."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from claptrap.core.errors import ServiceError

MAX_NOTED = 10_000  # rows; beyond these no more are counted
_log = logging.getLogger(__name__)
Decoded = TypeVar("Decoded")


class DamagedRows:
    """Counts the rows of one journal that could not be decoded. Used under the journal's locks."""

    def __init__(self) -> None:
        self._noted: set[tuple[str, int]] = set()

    def decoded(self, table: str, row: sqlite3.Row, decode: Callable[[sqlite3.Row], Decoded]) -> Decoded | None:
        """Return what ``decode`` makes of a row; None, and the row is counted, where it cannot."""
        try:
            return decode(row)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            place = (table, int(row["row"]))
            if place not in self._noted and len(self._noted) < MAX_NOTED:
                self._noted.add(place)
                _log.error("history: row %d of %s cannot be read and is left out: %s", place[1], table, error)
            return None

    def all_decoded(
        self, table: str, rows: Iterable[sqlite3.Row], decode: Callable[[sqlite3.Row], Decoded]
    ) -> list[Decoded]:
        """Return what ``decode`` makes of the rows that it can read."""
        made = (self.decoded(table, row, decode) for row in rows)
        return [one for one in made if one is not None]

    def problem(self) -> ServiceError | None:
        """Return that rows are damaged, if any are."""
        return ServiceError("history.damaged_rows", count=len(self._noted)) if self._noted else None


def json_object(text: Any) -> dict[str, Any]:
    """Return a JSON object.

    Raises:
        ValueError, TypeError: it is none.
    """
    data = json.loads(text)
    if not isinstance(data, dict):
        raise TypeError("no object")
    return data


def number(value: Any) -> float:
    """Return a number as it is.

    Raises:
        TypeError: it is none; SQLite keeps texts in columns of numbers.
    """
    if not isinstance(value, int | float):
        raise TypeError(f"no number: {value!r:.40}")
    return value
