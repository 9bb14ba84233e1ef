"""The newest changes: which are one, and how many are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claptrap.core.errors import InputError
from claptrap.service.settings_owner import SettingsOwner
from claptrap.service.undo import MAX_STEPS, TOGETHER_S, UndoHistory
from claptrap.settings.backups import Why
from claptrap.settings.store import Store


class Changing:
    """Settings that change, and the history of it, as in the service; its clock stands still until it is put on."""

    def __init__(self, folder: Path) -> None:
        self.now_s = 0.0
        self.owner = SettingsOwner(Store(folder))
        self.history = UndoHistory(self.owner, self)
        self.owner.observe(self.history.record)

    def monotonic(self) -> float:
        return self.now_s

    def unix(self) -> float:
        return self.now_s

    def put(self, why: Why = "change", **change: Any) -> None:
        self.owner.replace({**self.owner.state.dump.whole, **change}, why)

    def keep(self, days: int, why: Why = "change") -> None:
        self.put(why, history={"keep_days": days})

    def seen(self) -> list[tuple[Any, Any]]:
        return [(change["old"], change["new"]) for step in self.history.steps() for change in step["changes"]]


def test_what_goes_on_is_one_change_until_there_is_a_pause(tmp_path: Path) -> None:
    """As from a slider that is drawn; one that ends where it began is none, and another between them ends it."""
    settings = Changing(tmp_path)
    for days in (100, 50, 30):
        settings.keep(days)
        settings.now_s += TOGETHER_S
    settings.now_s += 1.0
    settings.keep(20)
    assert settings.seen() == [(30, 20), (365, 30)]
    settings.keep(30)
    assert settings.seen() == [(365, 30)]
    settings.now_s += TOGETHER_S + 1.0
    settings.keep(40)
    settings.put(language="en")
    settings.keep(50)
    assert settings.seen() == [(40, 50), ("fr", "en"), (30, 40), (365, 30)]


def test_a_restore_and_an_undoing_are_changes_of_their_own(tmp_path: Path) -> None:
    settings = Changing(tmp_path)
    settings.keep(100)
    settings.keep(50, "restore")
    settings.keep(30)
    assert settings.seen() == [(50, 30), (100, 50), (365, 100)]
    undone = settings.history.undo(settings.history.steps()[0]["id"])[0]
    assert (undone["why"], undone["changes"][0]["new"]) == ("undo", 50)
    settings.keep(20)
    assert settings.seen() == [(50, 20), (30, 50), (100, 50), (365, 100)]
    with pytest.raises(InputError) as refused:
        settings.history.undo(undone["id"])
    assert refused.value.code == "settings.changed_since"


def test_the_oldest_are_forgotten(tmp_path: Path) -> None:
    """Also where it is the oldest that is undone: its undoing takes its place."""
    settings = Changing(tmp_path)
    settings.put(language="en")
    for port in range(1, MAX_STEPS):
        settings.put(mqtt={"port": port})
        settings.now_s += TOGETHER_S + 1.0
    assert len(settings.seen()) == MAX_STEPS
    language = settings.history.steps()[-1]["id"]
    settings.history.undo(language)
    assert (len(settings.seen()), settings.seen()[0], settings.owner.current.language) == (MAX_STEPS, ("en", "fr"), "fr")
    with pytest.raises(InputError) as refused:
        settings.history.undo(language)
    assert refused.value.code == "settings.unknown_step"
