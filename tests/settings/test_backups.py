"""Documents of before: named, listed, compared."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from claptrap.core.errors import InputError, SettingsError
from claptrap.settings.backups import DAYS, HOURS, RECENT, Backups
from claptrap.settings.changes import Change, changes
from claptrap.settings.migrate import NEWEST
from claptrap.settings.schema import Settings
from claptrap.settings.store import Store
from claptrap.settings.validation import check

FRENCH, ENGLISH = Settings(language="fr"), Settings(language="en")


def test_backups_say_when_before_what_and_whether_they_are_good(tmp_path: Path) -> None:
    """Newest first; what a person put there by hand is looked into like the others."""
    store = Store(tmp_path)
    began = datetime.now(UTC).timestamp()
    store.save(ENGLISH)
    store.save(FRENCH)
    store.save(ENGLISH, "restore")
    assert store.back_up() is not None
    (store.backups.folder / "settings-mine.json").write_text(f'{{"version": {NEWEST + 1}}}')
    by_hand, asked, restore, change = store.backups.all()
    assert [b.why for b in (by_hand, asked, restore, change)] == ["asked", "asked", "restore", "change"]
    assert by_hand.fault is not None
    assert by_hand.fault.code == "settings.newer"
    assert not any(b.fault for b in (asked, restore, change))
    assert began - 1 <= change.at <= restore.at <= asked.at <= datetime.now(UTC).timestamp() + 1
    assert change.size == (store.backups.folder / change.name).stat().st_size > 50
    assert [store.backups.read(b.name).language for b in (asked, restore, change)] == ["en", "fr", "en"]


@pytest.mark.skipif(os.name != "posix", reason="POSIX's rights of folders")
def test_nobody_else_reads_the_secrets_of_before(tmp_path: Path) -> None:
    """A document that was put in its place by hand, open to all, is kept as the very file that it was."""
    store = Store(tmp_path)
    store.path.write_text('{"language": "en"}')
    store.path.chmod(0o644)
    store.save(FRENCH)
    assert store.backups.folder.stat().st_mode & 0o077 == 0
    assert store.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["../settings.json", "settings-none.json", "", "/etc/passwd", "settings-*.json"])
def test_only_what_is_listed_is_read(tmp_path: Path, name: str) -> None:
    """A name is no path."""
    store = Store(tmp_path)
    store.save(ENGLISH)
    store.save(FRENCH)
    with pytest.raises(InputError) as caught:
        store.backups.read(name)
    assert caught.value.code == "settings.unknown_backup"


def test_a_clock_that_was_set_back_makes_no_new_backup_the_oldest(tmp_path: Path) -> None:
    """A machine without a clock of its own starts in the past; the newest document must not be the first to be forgotten."""
    future = datetime.now(UTC) + timedelta(days=400)
    backups = Backups(tmp_path / "backups")
    backups.folder.mkdir()
    for i in range(RECENT):
        name = (future + timedelta(seconds=i)).strftime("settings-%Y%m%dT%H%M%S.%fZ.json")
        (backups.folder / name).write_text("{}")
    document = tmp_path / "settings.json"
    document.write_text('{"language": "en"}')
    kept = [backups.add(document, "change") for _ in range(3)]
    names = [backup.name for backup in backups.all()]
    assert names[:3] == kept[::-1]
    assert len(names) == RECENT + 1, "the newest, and the first of the hour"


def test_backups_are_thinned_out_by_the_hour_and_the_day(tmp_path: Path) -> None:
    """A minute of fiddling pushes out neither this morning nor last week."""
    backups = Backups(tmp_path / "backups")
    backups.folder.mkdir()
    now = datetime.now(UTC).replace(hour=12, minute=30, second=0, microsecond=0)
    ago = [timedelta(days=d, hours=h, minutes=m) for d in range(40) for h in range(2) for m in (0, 10, 20)]
    names = [(now - one).strftime("settings-%Y%m%dT%H%M%S.%fZ.json") for one in ago]
    for name in names:
        (backups.folder / name).write_text("{}")
    document = tmp_path / "settings.json"
    document.write_text("{}")
    newest = backups.add(document, "change")
    left = [path.name for path in sorted(backups.folder.iterdir(), reverse=True)]
    assert left[0] == newest
    assert left[1:RECENT] == sorted(names, reverse=True)[: RECENT - 1]
    for day in range(1, DAYS):
        first = (now - timedelta(days=day, hours=1, minutes=20)).strftime("settings-%Y%m%dT%H%M%S.%fZ.json")
        assert first in left, "how a day began"
    assert len(left) <= RECENT + HOURS + DAYS


def test_where_a_file_cannot_have_two_names_it_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on FAT, and on some network drives."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(95, "Operation not supported")

    store = Store(tmp_path)
    store.save(ENGLISH)
    monkeypatch.setattr(os, "link", refuse)
    store.save(FRENCH)
    (backup,) = store.backups.all()
    assert store.backups.read(backup.name) == ENGLISH


def test_a_backup_that_is_not_valid_says_why(tmp_path: Path) -> None:
    """With all faults, as for any document."""
    store = Store(tmp_path)
    store.backups.folder.mkdir(parents=True)
    (store.backups.folder / "settings-bad.json").write_text('{"language": "de", "colour": 1}')
    (backup,) = store.backups.all()
    assert backup.fault is not None
    assert backup.fault.code == "settings.invalid_document"
    with pytest.raises(SettingsError):
        store.backups.read(backup.name)


def camera(password: str, **more: object) -> dict[str, object]:
    return {
        "id": "cam",
        "kind": "rtsp",
        "name": "C",
        "input": {"url": "rtsp://c/1", "username": "u", "password": password},
        **more,
    }


def test_differences_are_told_path_by_path_and_secrets_only_as_different() -> None:
    """Entries are known by their ids, wherever they stand."""
    mic, file = (
        {"id": "mic", "kind": "microphone", "name": "Salon"},
        {"id": "file", "kind": "file", "name": "F", "input": {"path": "a"}},
    )
    old = check({"sources": [mic, file, camera("one")]})
    new = check({"language": "en", "sources": [camera("two"), {**mic, "threshold": 0.7}]})
    found = {change.path: change for change in changes(old, new)}
    assert found["language"] == Change("language", "changed", "fr", "en")
    assert found["sources.mic.threshold"] == Change("sources.mic.threshold", "changed", 0.5, 0.7)
    assert found["sources.file"].kind == "removed"
    assert found["sources.file"].old["input"]["path"] == "a"
    assert found["sources"] == Change("sources", "reordered", ["mic", "cam"], ["cam", "mic"])
    secret = found["sources.cam.input.password"]
    assert (secret.kind, secret.old, secret.new) == ("changed", "********", "********")
    assert len(found) == 5
    assert changes(old, old) == []
    assert [(c.path, c.kind) for c in changes(new, old) if c.path == "sources.file"] == [("sources.file", "added")]


@pytest.mark.parametrize("can_link", [True, False])
def test_two_that_are_added_in_the_same_moment_are_both_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, can_link: bool
) -> None:
    """The service saves while ``claptrap settings backup`` runs: neither is written over the other."""
    document = tmp_path / "settings.json"
    backups = Backups(tmp_path / "backups")
    document.write_text("1")
    first = backups.add(document, "asked")
    stamps = iter([first.removeprefix("settings-").removesuffix("-asked.json"), backups._stamp()])
    monkeypatch.setattr(backups, "_stamp", lambda: next(stamps))
    if not can_link:
        monkeypatch.setattr("os.link", unable)
    document.unlink()
    document.write_text("2")
    second = backups.add(document, "asked")
    assert [(backups.folder / name).read_text() for name in (first, second)] == ["1", "2"]


def unable(path: Path, other: Path) -> None:
    """A file system without second names."""
    raise PermissionError(path, other)
