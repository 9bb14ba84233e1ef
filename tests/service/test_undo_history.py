"""The newest changes: which are one, and how many are kept."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from claptrap.core.errors import InputError
from claptrap.service.undo import KEPT, TOGETHER_S, UndoHistory
from claptrap.settings.backups import Why
from claptrap.settings.schema import Settings
from claptrap.settings.validation import check


class House:
    """Settings that change, and a room that is told so, as in the service; its clock stands still until it is put on."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.settings = Settings()
        self.room = UndoHistory(self, self.unchanged, lambda: self.settings, lambda: "revision", self.follow)
        self._lock = threading.RLock()

    def monotonic(self) -> float:
        return self.now_s

    def unix(self) -> float:
        return self.now_s

    @contextmanager
    def unchanged(self, _: None) -> Iterator[None]:
        with self._lock:
            yield

    def follow(self, document: object, why: Why = "change") -> None:
        before, self.settings = self.settings, check(document)
        self.room.note(before, self.settings, why)

    def put(self, why: Why = "change", **change: Any) -> None:
        self.follow({**self.settings.whole(), **change}, why)

    def keep(self, days: int, why: Why = "change") -> None:
        self.put(why, history={"keep_days": days})

    def seen(self) -> list[tuple[Any, Any]]:
        return [(change["old"], change["new"]) for step in self.room.steps() for change in step["changes"]]


def test_what_goes_on_is_one_change_until_there_is_a_pause() -> None:
    """As from a slider that is drawn; one that ends where it began is none, and another between them ends it."""
    house = House()
    for days in (100, 50, 30):
        house.keep(days)
        house.now_s += TOGETHER_S
    house.now_s += 1.0
    house.keep(20)
    assert house.seen() == [(30, 20), (365, 30)]
    house.keep(30)
    assert house.seen() == [(365, 30)]
    house.now_s += TOGETHER_S + 1.0
    house.keep(40)
    house.put(language="en")
    house.keep(50)
    assert house.seen() == [(40, 50), ("fr", "en"), (30, 40), (365, 30)]


def test_a_restore_and_an_undoing_are_changes_of_their_own() -> None:
    house = House()
    house.keep(100)
    house.keep(50, "restore")
    house.keep(30)
    assert house.seen() == [(50, 30), (100, 50), (365, 100)]
    undone = house.room.undo(house.room.steps()[0]["id"])
    assert (undone["why"], undone["changes"][0]["new"]) == ("undo", 50)
    house.keep(20)
    assert house.seen() == [(50, 20), (30, 50), (100, 50), (365, 100)]
    with pytest.raises(InputError) as refused:
        house.room.undo(undone["id"])
    assert refused.value.code == "settings.changed_since"


def test_the_oldest_are_forgotten() -> None:
    """Also where it is the oldest that is undone: its undoing takes its place."""
    house = House()
    house.put(language="en")
    for port in range(1, KEPT):
        house.put(mqtt={"port": port})
        house.now_s += TOGETHER_S + 1.0
    assert len(house.seen()) == KEPT
    language = house.room.steps()[-1]["id"]
    house.room.undo(language)
    assert (len(house.seen()), house.seen()[0], house.settings.language) == (KEPT, ("en", "fr"), "fr")
    with pytest.raises(InputError) as refused:
        house.room.undo(language)
    assert refused.value.code == "settings.unknown_step"
