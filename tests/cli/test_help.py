"""``--help`` is in one language: the terminal's."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from claptrap.cli import COMMANDS
from claptrap.cli.main import main
from claptrap.text.catalogue import HELP_IN_FRENCH


def texts(command: click.Command) -> Iterator[str]:
    yield inspect.cleandoc(command.help or "")
    yield from (option.help for option in command.params if isinstance(option, click.Option) and option.help)
    if isinstance(command, click.Group):
        for below in command.commands.values():
            yield from texts(below)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_text_has_its_french(name: str) -> None:
    """A new option, or a text that was changed, without its translation fails here."""
    command = getattr(importlib.import_module(f"claptrap.cli.{name}"), name)
    assert [text for text in texts(command) if text not in HELP_IN_FRENCH] == []


@pytest.mark.parametrize("arguments", [("--help",), ("detect", "--help"), ("settings", "import", "-h")])
def test_help_does_not_mix_languages(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    english = CliRunner().invoke(main, arguments).output
    assert english.startswith("Usage: ")
    assert "Show this message and exit." in english
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    french = CliRunner().invoke(main, arguments).output
    assert french.startswith("Utilisation : ")
    assert "Afficher cette aide." in french
    assert not any(word in french for word in ("Usage", "Show", " the ", "[default", "env var"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("detect", "--treshold", "1", "x"), "L'option '--treshold' n'existe pas. Vouliez-vous dire '--threshold' ?"),
        (
            ("detect", "--threshold", "2", "x"),
            "Valeur refusée pour '--threshold' : 2.0 n'est pas dans l'intervalle 0<=x<=1.",
        ),
        (("detect", "--engine", "no", "x"), "'no' n'est aucun de 'auto', 'embedded', 'yamnet'."),
        (("detect", "--jobs", "x", "y"), "'x' n'est pas un nombre entier."),
        (("detect", "--claps"), "L'option '--claps' demande une valeur."),
        (("detect",), "Il manque l'argument 'FILE…'."),
        (("settings", "show", "x"), "Argument en trop (x)"),
        (("settings", "shwo"), "La commande 'shwo' n'existe pas."),
        (("sreve",), "La commande 'sreve' n'existe pas."),
    ],
)
def test_what_is_wrong_with_a_call_is_said_in_french(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 2
    assert said in done.output
    assert not any(word in done.output for word in ("Error", "Try", "Usage", "Invalid", "Missing"))
