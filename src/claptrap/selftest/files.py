"""Neither a crash, a torn file, a missing right nor a second ClapTrap loses a setting."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from claptrap.selftest.case import Case, CaseContext, code_of, expect
from claptrap.service import Application
from claptrap.settings.schema import Settings
from claptrap.settings.store import Store
from claptrap.settings.validation import check

AREA = "files"


def _named(name: str) -> Settings:
    """Return settings with one source, which is off."""
    source = {"id": "a", "kind": "file", "name": name, "enabled": False, "input": {"path": "a.wav"}}
    return check({"version": 3, "sources": [source]})


FIRST, SECOND = _named("First"), _named("Second")


def _saved(folder: Path, *versions: Settings) -> Store:
    """Save some versions one after the other; return the store, open."""
    store = Store(folder)
    store.open()
    for settings in versions:
        store.save(settings)
    return store


def _round_trip(bench: CaseContext) -> None:
    store = _saved(bench.folder, FIRST, SECOND)
    try:
        expect("what is read", store.load().settings, SECOND)
        left = [path.name for path in bench.folder.iterdir() if path.suffix == ".tmp"]
        expect("temporary files that are left", left, [])
    finally:
        store.close()


def _permissions(bench: CaseContext) -> None:
    blocked = bench.folder / "a file, where the folder should be"
    blocked.write_text("")
    expect("opening a folder that cannot be made", code_of(Store(blocked / "data").open), "settings.unwritable")
    if os.name != "posix" or sys.platform == "cygwin" or os.geteuid() == 0:
        return  # root may write anywhere: what follows would prove nothing
    folder = bench.folder / "read-only"
    store = _saved(folder, FIRST)
    folder.chmod(0o500)
    try:
        expect("saving into a read-only folder", code_of(lambda: store.save(SECOND)), "settings.unwritable")
        expect("what is read afterwards", store.load().settings, FIRST)
    finally:
        folder.chmod(0o700)
        store.close()


def _corruption(bench: CaseContext) -> None:
    store = _saved(bench.folder, FIRST, SECOND)
    torn = b'{"version": 3, "sources": [{"id"'
    try:
        store.path.write_bytes(torn)
        loaded = store.load()
        expect("the source's name after the file was torn", loaded.settings.sources[0].name, "First")
        expect("whether a problem is shown", bool(loaded.problems), True)
        aside = [path.read_bytes() for path in bench.folder.glob("settings-damaged-*.json")]
        expect("the torn file, set aside", aside, [torn])
    finally:
        store.close()


def _lock(bench: CaseContext) -> None:
    store = _saved(bench.folder, FIRST)
    try:
        expect("opening the folder a second time", code_of(Store(bench.folder).open), "settings.locked")
    finally:
        store.close()
    again = Store(bench.folder)
    again.open()
    again.close()


def _preservation(bench: CaseContext) -> None:
    _saved(bench.folder, FIRST, SECOND).close()
    before = (bench.folder / "settings.json").read_bytes()
    service = Application(bench.folder)
    service.start()
    service.stop_detection()
    service.start_detection()
    service.stop()
    expect("the file after start and stop", json.loads((bench.folder / "settings.json").read_bytes()), json.loads(before))
    expect("its bytes", (bench.folder / "settings.json").read_bytes() == before, True)


def _refusal(bench: CaseContext) -> None:
    _saved(bench.folder, FIRST).close()
    before = (bench.folder / "settings.json").read_bytes()
    service = Application(bench.folder)
    service.start()
    try:
        bad = {"sources": [{"id": "a", "name": "Third", "threshold": 9}]}
        expect("a change with a fault in it", code_of(lambda: service.settings.apply(bad)), "settings.invalid_document")
        expect("whether the file is as before", (bench.folder / "settings.json").read_bytes() == before, True)
    finally:
        service.stop()


def _backup(bench: CaseContext) -> None:
    store = _saved(bench.folder, FIRST, SECOND)
    try:
        others = [path for path in bench.folder.rglob("*.json") if path != store.path]
        names = {json.loads(path.read_bytes())["sources"][0]["name"] for path in others}
        expect("whether the previous settings are in a backup", "First" in names, True)
    finally:
        store.close()


CASES = (
    Case(AREA, "round_trip", _round_trip),
    Case(AREA, "permissions", _permissions),
    Case(AREA, "corruption", _corruption),
    Case(AREA, "lock", _lock),
    Case(AREA, "backup", _backup),
    Case(AREA, "refusal", _refusal),
    Case(AREA, "preservation", _preservation),
)
