"""Settings survive crashes, damage and forbidden folders."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from claptrap.core.errors import SettingsError
from claptrap.settings import store as store_module
from claptrap.settings.backups import KEPT
from claptrap.settings.migrate import NEWEST
from claptrap.settings.schema import Settings
from claptrap.settings.store import Store
from claptrap.settings.validation import check

FRENCH, ENGLISH = Settings(language="fr"), Settings(language="en")


def codes(loaded: store_module.Loaded) -> list[str]:
    return [problem.code for problem in loaded.problems]


@pytest.mark.skipif(os.name != "posix", reason="no folders are written down elsewhere")
def test_settings_are_saved_where_a_file_system_cannot_write_folders_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a folder that a virtual machine shares: they are there all the same, and nobody is told that they are not."""
    fsync = os.fsync

    def of_files_only(handle: int) -> None:
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", of_files_only)
    store = Store(tmp_path)
    store.save(Settings(language="en"))
    assert store.load().settings.language == "en"


def test_a_new_folder_gives_the_defaults(tmp_path: Path) -> None:
    """A first start needs no file and reports no problem."""
    store = Store(tmp_path / "new" / "folder")
    store.open()
    assert store.load() == store_module.Loaded(Settings())
    store.close()


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """Saving and loading give the same settings, and leave no temporary file."""
    store = Store(tmp_path)
    store.save(ENGLISH)
    assert store.load().settings == ENGLISH
    assert [p.name for p in tmp_path.iterdir()] == ["settings.json"]


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"\xff\xfe\x00", b"[1, 2]", b'{"sources": 3}', b"[" * 100_000, b"1" * 5_000],
    ids=lambda damage: str(damage[:20]),
)
def test_a_damaged_file_is_set_aside_and_the_backup_used(tmp_path: Path, damage: bytes) -> None:
    """Nothing is lost: the damaged bytes are kept, the last good settings are back, and the person is told."""
    store = Store(tmp_path)
    store.save(ENGLISH)
    store.save(FRENCH)
    store.path.write_bytes(damage)
    loaded = store.load()
    assert loaded.settings == ENGLISH
    assert codes(loaded)[-1] == "settings.damaged"
    (aside,) = tmp_path.glob("settings-damaged-*.json")
    assert aside.read_bytes() == damage
    assert store.load() == store_module.Loaded(ENGLISH), "the backup is in the file's place from then on"


def test_damage_without_a_backup_gives_defaults_and_says_so(tmp_path: Path) -> None:
    """The person learns that their settings are gone, and where the remains are."""
    (tmp_path / "settings.json").write_text("{")
    assert codes(Store(tmp_path).load()) == ["settings.not_json", "settings.damaged_no_backup"]


def test_a_damaged_backup_is_passed_over(tmp_path: Path) -> None:
    """The newest *good* backup is used."""
    store = Store(tmp_path)
    for settings in (ENGLISH, FRENCH, FRENCH):
        store.save(settings)
    newest = max(store.backups.folder.iterdir())
    newest.write_text("torn")
    store.path.write_text("{")
    assert store.load().settings == ENGLISH


def test_what_a_person_kept_outlives_the_moves_of_a_slider(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.save(ENGLISH)
    names = [store.back_up() for _ in range(KEPT + 2)]
    for i in range(KEPT + 5):
        store.save(FRENCH if i % 2 else ENGLISH)
    kept = [backup.name for backup in store.backups.all() if backup.why == "asked"]
    assert kept == names[:1:-1]


def test_an_unwritable_folder_is_said_at_opening(tmp_path: Path) -> None:
    """A file where the folder should be (root may write anywhere else) is told before the first save."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError) as caught:
        Store(tmp_path / "file" / "data").open()
    assert caught.value.code == "settings.unwritable"


def test_a_second_process_is_refused_and_told_who_holds_the_folder(tmp_path: Path) -> None:
    """Two services on one folder would overwrite each other's settings."""
    store = Store(tmp_path)
    store.open()
    script = (
        "import sys; from pathlib import Path; from claptrap.settings.store import *\n"
        "from claptrap.text.catalogue import say\n"
        "try: Store(Path(sys.argv[1])).open()\n"
        "except SettingsError as e: print(e.code, e.params['holder'], e.params['since'][:2], say(e.code, 'en', **e.params))"
    )
    answer = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=True)
    code, holder, century, *words = answer.stdout.split()
    assert (code, holder, century) == ("settings.locked", str(os.getpid()), "20")
    assert f"process {os.getpid()}, since 20" in " ".join(words)
    store.close()
    store.open()
    store.close()


def test_the_file_is_readable_by_people(tmp_path: Path) -> None:
    """The document is indented JSON with accents as they are."""
    store = Store(tmp_path)
    store.save(Settings.model_validate({"sources": [{"id": "m", "kind": "microphone", "name": "Été"}]}))
    assert "Été" in store.path.read_text(encoding="utf-8")
    assert json.loads(store.path.read_text(encoding="utf-8"))["version"] == 3


def test_secrets_are_kept_in_the_file(tmp_path: Path) -> None:
    """What faces only see masked survives a restart."""
    camera = {"id": "cam", "kind": "rtsp", "name": "Cour", "input": {"url": "rtsp://adm:p%40ss@cam/x?token=T0P"}}
    settings = check({"sources": [camera]})
    store = Store(tmp_path)
    store.open()
    try:
        store.save(settings)
        assert store.load().settings == settings
    finally:
        store.close()
    assert store.path.stat().st_mode & 0o077 == 0, "others can read the secrets"


def test_settings_of_a_newer_version_are_left_alone(tmp_path: Path) -> None:
    """After a downgrade they are not taken for damaged: whoever goes forward again finds them as they were."""
    store = Store(tmp_path)
    store.save(ENGLISH)
    store.save(FRENCH)
    newer = json.dumps({"version": NEWEST + 1, "more": True}).encode()
    store.path.write_bytes(newer)
    with pytest.raises(SettingsError) as caught:
        store.load()
    assert (caught.value.code, caught.value.params) == ("settings.newer", {"version": NEWEST + 1, "known": NEWEST})
    assert store.path.read_bytes() == newer
    assert sorted(p.name for p in tmp_path.iterdir()) == ["backups", "settings.json"]


def test_a_file_that_cannot_be_read_is_never_replaced(tmp_path: Path) -> None:
    """Who could not read the settings must not write their defaults over them."""
    store = Store(tmp_path)
    store.path.mkdir()  # nobody can read that, not even root
    loaded = store.load()
    assert (loaded.settings, codes(loaded)) == (Settings(), ["settings.unreadable"])
    with pytest.raises(SettingsError) as caught:
        store.save(ENGLISH)
    assert caught.value.code == "settings.unreadable"
    assert store.path.is_dir()


def test_what_a_killed_save_left_is_cleared_at_the_next_start(tmp_path: Path) -> None:
    """Nothing piles up."""
    (tmp_path / ".settings-abc.tmp").write_text("half")
    store = Store(tmp_path)
    store.open()
    store.close()
    assert not list(tmp_path.glob(".settings-*"))
