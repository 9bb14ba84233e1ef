"""``claptrap settings``: exit codes, both languages, JSON, with the service stopped and running."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from click.testing import CliRunner, Result

from claptrap.cli.env_overrides import option_of, overrides_of
from claptrap.cli.serve import serve
from claptrap.cli.settings import settings as command
from claptrap.settings.backups import Why
from claptrap.settings.migrate import NEWEST
from claptrap.settings.store import Store
from claptrap.settings.validation import check

CAMERA = {
    "id": "cam",
    "kind": "rtsp",
    "name": "Cour",
    "input": {"url": "rtsp://cam/live", "username": "adm", "password": "hunter2"},
}
ONE = check({"sources": [CAMERA]})
TWO = check({"sources": [{**CAMERA, "threshold": 0.8, "input": {**CAMERA["input"], "password": "other-one"}}]})

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs ``claptrap settings`` on the data folder ``tmp_path``; ``lang`` is the terminal's."""
    for name in [name for name in os.environ if name.startswith("CLAPTRAP_")]:
        monkeypatch.delenv(name)

    def run(*arguments: str, lang: str = "C.UTF-8", typed: str = "") -> Result:
        monkeypatch.setenv("LC_ALL", lang)
        done = CliRunner().invoke(command, [*arguments, "--data-dir", str(tmp_path)], input=typed)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done

    return run


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A folder in which ``TWO`` is in force, and ``ONE`` was before."""
    store = Store(tmp_path)
    store.save(ONE)
    store.save(TWO)
    return store


def test_settings_are_shown_without_secrets_and_with_what_the_environment_decides(
    run: Run, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable that nobody knows is suspected of a typing error."""
    monkeypatch.setenv("CLAPTRAP_PORT", "1234")
    monkeypatch.setenv("CLAPTRAP_LOGLEVEL", "debug")
    monkeypatch.setenv("CLAPTRAP_PASSWORD_X", "hunter3")
    said = run("show")
    assert said.exit_code == 0
    assert "sources.cam.threshold = 0.8" in said.stdout
    assert 'sources.cam.input.password = "********"' in said.stdout
    assert "CLAPTRAP_PORT is set: --port = 1234" in said.stdout
    assert "CLAPTRAP_LOGLEVEL is unknown. Did you mean CLAPTRAP_LOG_LEVEL?" in said.stdout
    shown = json.loads(run("show", "--json").stdout)
    assert shown["path"] == str(store.path)
    assert shown["settings"] == TWO.model_dump(mode="json")
    assert {"variable": "CLAPTRAP_PORT", "option": "--port", "value": "1234", "near": ""} in shown["environment"]
    assert not [secret for secret in ("hunter3", "other-one") if secret in said.stdout + json.dumps(shown)]


def test_a_folder_without_settings_shows_the_defaults(run: Run) -> None:
    """In the terminal's language."""
    assert "n'existe pas encore" in run("show", lang="fr_FR.UTF-8").stdout


def test_settings_that_are_not_there_yet_are_no_fault(run: Run, tmp_path: Path) -> None:
    """But a file that is named must be there."""
    told = run("check")
    assert told.exit_code == 0
    assert "does not exist yet" in told.stdout
    assert run("check", str(tmp_path / "settings.json")).exit_code == 1


def test_a_check_tells_every_fault_and_its_exit_status(run: Run, store: Store, tmp_path: Path) -> None:
    """0 valid, 1 unreadable, 2 not valid."""
    assert store.path.exists()
    fine = run("check")
    assert (fine.exit_code, "is valid: 1 source(s)" in fine.stdout) == (0, True)
    assert json.loads(run("check", "--json").stdout)["valid"] is True
    other = tmp_path / "other.json"
    other.write_text('{"language": "de", "history": {"keep_days": 0}}')
    bad = run("check", str(other), lang="fr_FR.UTF-8")
    assert bad.exit_code == 2
    assert "  history.keep_days: La valeur doit être au moins 1." in bad.stderr
    assert "  language: " in bad.stderr
    told = run("check", str(other), "--json")
    assert told.exit_code == 2
    assert {fault["path"] for fault in json.loads(told.stdout)["faults"]} == {"language", "history.keep_days"}
    other.write_text("{")
    assert run("check", str(other)).exit_code == 2
    assert json.loads(run("check", str(other), "--json").stdout)["code"] == "settings.not_json"
    for ask in ("check", "import"):
        for path in (tmp_path / "none.json", tmp_path, other / "none.json"):
            absent = run(ask, str(path))
            assert (absent.exit_code, absent.stderr) == (1, f"{path}: no such file. Check its name.\n")


def test_backups_are_kept_listed_compared_and_put_back(run: Run, store: Store) -> None:
    """The change is shown first; its secrets are never."""
    kept = run("backup")
    assert kept.exit_code == 0
    listed = json.loads(run("backups", "--json").stdout)
    assert [(one["name"] == kept.stdout.strip(), one["why"]) for one in listed] == [(True, "asked"), (False, "change")]
    assert "avant un changement" in run("backups", lang="fr_FR.UTF-8").stdout
    name = listed[1]["name"]
    compared = run("diff", name)
    assert compared.stdout.splitlines() == [
        "~ sources.cam.threshold: 0.8 → 0.5",
        '~ sources.cam.input.password: "********" → "********"',
    ]
    assert len(json.loads(run("diff", name, "--json").stdout)) == 2
    refused = run("restore", name, typed="n\n")
    assert (refused.exit_code, store.load().settings) == (1, TWO)
    done = run("restore", name, typed="y\n")
    assert (done.exit_code, store.load().settings) == (0, ONE)
    assert store.backups.all()[0].why == "restore"
    assert run("restore", "settings-none.json", "--yes").exit_code == 2
    assert run("diff", name).stdout == "Nothing would change.\n"


@pytest.mark.parametrize("lang", ["C.UTF-8", "fr_FR.UTF-8"])
def test_the_list_says_of_each_backup_before_what_it_was_kept(run: Run, store: Store, lang: str) -> None:
    """In words, whatever the page can do: an undo, too."""
    for why in get_args(Why):
        store.backups.add(store.path, why)
    said = run("backups", lang=lang).stdout
    assert "terminal." not in said
    assert ("before an undo" in said) is (lang == "C.UTF-8")


@pytest.mark.parametrize("present", [json.dumps({"version": NEWEST + 1}), "{"])
def test_what_a_newer_claptrap_wrote_or_damage_is_kept_for_ever_when_a_backup_takes_its_place(
    run: Run, store: Store, tmp_path: Path, present: str
) -> None:
    """A downgrade ends with settings that work, and loses nothing."""
    store.path.write_text(present)
    name = store.backups.all()[0].name
    done = run("restore", name, "--yes")
    assert done.exit_code == 0, done.stderr
    assert store.load().settings == ONE
    (aside,) = tmp_path.glob("settings-replaced-*.json")
    assert aside.read_text() == present


def test_while_the_service_has_the_folder_only_reading_and_backups_work(run: Run, store: Store, tmp_path: Path) -> None:
    """Restoring and importing say who has it, and where to do it instead."""
    name = store.backups.all()[0].name
    file = tmp_path / "in.json"
    file.write_text('{"language": "en"}')
    store.open()
    try:
        for arguments in (("restore", name, "--yes"), ("import", str(file), "--yes")):
            refused = run(*arguments)
            assert refused.exit_code == 1
            assert f"process {os.getpid()}" in refused.stderr
            assert "/api/settings" in refused.stderr
        for arguments in (
            ("show",),
            ("check",),
            ("backup",),
            ("backups",),
            ("diff", name),
            ("import", str(file), "--dry-run"),
        ):
            assert run(*arguments).exit_code == 0
    finally:
        store.close()
    assert store.load().settings == TWO


def test_an_export_comes_back(run: Run, store: Store, tmp_path: Path) -> None:
    """Without secrets on the same machine, with them anywhere; a file with secrets is for its owner's eyes."""
    file = tmp_path / "out.json"
    assert "other-one" not in run("export").stdout
    assert json.loads(run("export").stdout)["version"] == NEWEST
    warned = run("export", str(file), "--secrets", lang="fr_FR.UTF-8")
    assert (warned.exit_code, "mots de passe" in warned.stderr) == (0, True)
    assert "other-one" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    store.save(ONE)
    assert run("import", str(file), "--yes").exit_code == 0
    assert store.load().settings == TWO
    assert store.backups.all()[0].why == "import"
    assert run("export", str(tmp_path / "none" / "x.json")).exit_code == 1


def test_the_original_s_settings_are_imported_after_a_look(run: Run, store: Store, tmp_path: Path) -> None:
    """What is not taken is said in the terminal's language; nothing changes until it is told to."""
    file = tmp_path / "original.json"
    original: dict[str, Any] = {"global": {"threshold": "0.4", "debug": 1}, "microphone": {"audio_source": "USB Mic"}}
    file.write_text(json.dumps(original))
    looked = run("import", str(file), "--dry-run", lang="fr_FR.UTF-8")
    assert looked.exit_code == 0
    assert "+ sources.microphone: " in looked.stdout
    assert "non importé  global.debug: ClapTrap n'en a pas besoin" in looked.stdout
    assert store.load().settings == TWO
    assert json.loads(run("import", str(file), "--dry-run", "--json").stdout)["format"] == "original"
    assert run("import", str(file), typed="y\n").exit_code == 0
    assert [source.id for source in store.load().settings.sources] == ["cam", "microphone"]


@pytest.mark.parametrize("text", ["[]", "{", '{"colour": 1}', '{"language": "de"}', f'{{"version": {NEWEST + 1}}}'])
def test_what_cannot_be_imported_changes_nothing(run: Run, store: Store, tmp_path: Path, text: str) -> None:
    """With status 2, in words or as JSON."""
    file = tmp_path / "in.json"
    file.write_text(text)
    refused = run("import", str(file), "--yes")
    assert (refused.exit_code, refused.stderr != "") == (2, True)
    as_json = run("import", str(file), "--yes", "--json")
    assert (as_json.exit_code, json.loads(as_json.stdout)["valid"]) == (2, False)
    assert store.load().settings == TWO


def test_every_option_of_serve_that_has_a_variable_is_known_by_it() -> None:
    """As click knows them; a set but empty variable decides nothing."""
    assert option_of(serve)["CLAPTRAP_DATA_DIR"] == "--data-dir"
    assert all(isinstance(p, click.Option) for p in serve.params)
    found = overrides_of(serve, {"CLAPTRAP_HOST": "0.0.0.0", "CLAPTRAP_PORT": "", "CLAPTRAP_MODELS_DIR": "/m", "HOME": "/"})
    assert [(one.variable, one.option, one.near) for one in found] == [
        ("CLAPTRAP_HOST", "--host", ""),
        ("CLAPTRAP_MODELS_DIR", "", ""),
    ]
