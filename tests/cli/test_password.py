"""``claptrap password`` and ``claptrap token`` in this process: what is asked, and what is said in each language."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from claptrap.cli.password import password
from claptrap.cli.token import token
from claptrap.service.access import Access

HERE = "127.0.0.1"


def ask(tmp_path: Path, *arguments: str, typed: str = "", language: str = "C.UTF-8") -> Result:
    runner = CliRunner(env={"LC_ALL": language})
    command = password if arguments[0] == "password" else token
    return runner.invoke(command, [*arguments[1:], "--data-dir", str(tmp_path)], input=typed)


@pytest.mark.parametrize(
    ("language", "question", "said"),
    [
        ("C.UTF-8", "New password", "The password is set"),
        ("fr_FR.UTF-8", "Nouveau mot de passe", "Le mot de passe est choisi"),
    ],
)
def test_a_password_is_typed_twice_and_not_shown(tmp_path: Path, language: str, question: str, said: str) -> None:
    done = ask(tmp_path, "password", typed="correct horse\ncorrect horse\n", language=language)
    assert done.exit_code == 0
    assert question in done.stderr
    assert done.stdout.startswith(said)
    assert "correct horse" not in done.output
    assert Access(tmp_path).log_in("correct horse", HERE)


def test_two_that_differ_and_one_too_short_change_nothing(tmp_path: Path) -> None:
    ask(tmp_path, "password", typed="correct horse\ncorrect horse\n")
    differ = ask(tmp_path, "password", typed="battery staple\nbattery stable\n")
    assert (differ.exit_code, "passwords differ" in differ.stderr) == (2, True)
    short = ask(tmp_path, "password", typed="short\nshort\n", language="fr")
    assert (short.exit_code, "au moins 8 caractères" in short.stderr) == (2, True)
    empty = ask(tmp_path, "password", "--stdin")
    assert empty.exit_code == 2
    assert Access(tmp_path).log_in("correct horse", HERE)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = ask(tmp_path / "file" / "data", "token", "create", "script")
    assert (done.exit_code, "cannot be written" in done.stderr) == (2, True)
    assert done.stdout == ""


@pytest.mark.parametrize("language", ["C.UTF-8", "fr_FR.UTF-8"])
def test_nobody_types_a_password_that_cannot_be_kept(tmp_path: Path, language: str) -> None:
    """What is wrong with the folder, or the file in it, is said before anything is asked."""
    (tmp_path / "file").write_text("")
    refused = ask(tmp_path / "file" / "data", "password", typed="correct horse\ncorrect horse\n", language=language)
    (tmp_path / "access.json").write_text("{")
    damaged = ask(tmp_path, "password", typed="correct horse\ncorrect horse\n", language=language)
    for done in (refused, damaged):
        assert done.exit_code == 2
        assert len(done.stderr.splitlines()) == 1
        assert "access.json" in done.stderr
    assert (tmp_path / "access.json").read_text() == "{"


def test_whoever_changes_their_mind_has_changed_nothing(tmp_path: Path) -> None:
    """Nor left anything that looks like a password."""
    assert ask(tmp_path, "password", typed="").exit_code == 1
    assert not Access(tmp_path).has_password
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == []


def test_an_empty_list_of_tokens_is_said_and_prints_nothing(tmp_path: Path) -> None:
    done = ask(tmp_path, "token", "list", language="fr")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "Il n'y a aucun jeton.\n")
