"""What grows with clients, changes and sources has a bound: after a thousand no more is kept than after a hundred."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

import pytest

from claptrap.core.clock import Clock
from claptrap.core.errors import AccessError, ServiceError
from claptrap.core.events import Clap, Level, Levels, SourceStatus, State
from claptrap.service import Application
from claptrap.service.access import MAX_SESSIONS, Access
from claptrap.service.undo import MAX_STEPS
from claptrap.settings.store import Store

MANY, MORE = 100, 1000
SLACK = 2_000  # objects: caches of the interpreter and of pydantic


class Watch(Clock):
    """A clock that goes on by itself, a minute at each look."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def monotonic(self) -> float:
        self.now += 60.0
        return self.now

    unix = monotonic


def grown(step: Callable[[int], object]) -> int:
    """Return how many more objects live after a thousand steps than after a hundred."""
    for n in range(MANY):
        step(n)
    gc.collect()
    before = len(gc.get_objects())
    for n in range(MANY, MORE):
        step(n)
    gc.collect()
    return len(gc.get_objects()) - before


def test_logins_of_a_crowd_and_their_failures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions, addresses that failed and addresses that did not."""
    monkeypatch.setattr("claptrap.service.access_file.sync_folder", lambda _: None)
    access = Access(tmp_path, Watch())
    access.set_password("correct horse")

    def come(n: int) -> None:
        address = f"10.{n // 250}.{n % 250}.1"
        if n % 10 == 0:
            access.log_in("correct horse", address)
        else:
            with pytest.raises(AccessError):
                access.log_in("wrong", address)

    assert grown(come) < SLACK
    assert len(access._file.read().sessions) == MAX_SESSIONS


@pytest.mark.slow
def test_changes_of_the_settings_and_sources_that_come_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that can be undone, revisions, counts and levels of each source."""
    monkeypatch.setattr(Store, "save", lambda *_: None)  # the disk is another matter, and slow
    app = Application(tmp_path, clock=Watch())
    app.journal.open()

    def come_and_go(n: int) -> None:
        source_id = app.sources.add({"kind": "browser", "name": f"Phone {n}"})["id"]
        app.status.offer(SourceStatus(source_id, State.LIVE))
        app.status.offer(Levels((Level(source_id, -20.0, -30.0),)))
        app.status.offer(Clap(source_id, 1.0, 1.1, 1.7e9, 0.9))
        app.sources.remove(source_id)

    assert grown(come_and_go) < SLACK
    assert len(app.undo.steps()) == MAX_STEPS
    assert app.counts._sources == {}
    app.journal.close()


@pytest.mark.slow
def test_pages_that_open_and_close_and_cameras_that_are_tried(tmp_path: Path) -> None:
    app = Application(tmp_path)

    def look(_: int) -> None:
        with app.hub.subscribe() as news:
            app.problems.publish()
            app.detection.show([f"source-{id(news)}"])
        with pytest.raises(ServiceError):
            app.probes.run("camera", no_answer)

    assert grown(look) < SLACK
    assert app.probes._awaited == set()


def no_answer() -> None:
    raise ServiceError("service.ending", retryable=True)
