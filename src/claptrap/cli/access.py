"""``claptrap password`` and ``claptrap token``: who may come in, said at the machine itself; a running service follows."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from claptrap.cli.language import in_words, terminal_language
from claptrap.cli.serve import DEFAULT_DATA_DIR
from claptrap.core.errors import ClapTrapError
from claptrap.core.wording import say
from claptrap.service.access import Access

FAILED = 2
_data_dir: Callable[[Any], Any] = click.option(
    "--data-dir",
    default=DEFAULT_DATA_DIR,
    envvar="CLAPTRAP_DATA_DIR",
    show_envvar=True,
    type=click.Path(path_type=Path),
    help="Folder of the settings.",
)


@click.command()
@click.option("--stdin", "from_stdin", is_flag=True, help="Take the password from the first line of standard input.")
@click.option("--remove", is_flag=True, help="Do without a password again.")
@_data_dir
def password(from_stdin: bool, remove: bool, data_dir: Path) -> None:
    """Set or change the password; it needs not be known. Everybody must log in anew; tokens stay."""
    access = Access(data_dir)
    try:
        if remove:
            access.remove_password()
            _say("access.password_removed")
        else:
            access.set_password(sys.stdin.readline().rstrip("\r\n") if from_stdin else _asked_twice())
            _say("access.password_set")
    except ClapTrapError as error:
        _fail(in_words(error))


@click.group()
def token() -> None:
    """Tokens with which scripts come in (Authorization: Bearer …)."""


@token.command()
@click.argument("name")
@_data_dir
def create(name: str, data_dir: Path) -> None:
    """Make a token called NAME and print it, this once."""
    try:
        _, secret = Access(data_dir).create_token(name)
    except ClapTrapError as error:
        _fail(in_words(error))
    _say("access.token_shown_once", err=True)
    click.echo(secret)


@token.command(name="list")
@_data_dir
def list_tokens(data_dir: Path) -> None:
    """List the tokens: id, day of creation (UTC), name."""
    try:
        tokens = Access(data_dir).tokens()
    except ClapTrapError as error:
        _fail(in_words(error))
    if not tokens:
        _say("access.no_tokens", err=True)
    for one in tokens:
        click.echo(f"{one.id}  {datetime.fromtimestamp(one.created, UTC):%Y-%m-%d}  {one.name}")


@token.command()
@click.argument("token_id", metavar="ID_OR_NAME")
@_data_dir
def revoke(token_id: str, data_dir: Path) -> None:
    """Let a token be worth nothing from now on."""
    try:
        revoked = Access(data_dir).revoke_token(token_id)
    except ClapTrapError as error:
        _fail(in_words(error))
    _say("access.token_revoked", name=revoked.name)


def _asked_twice() -> str:
    first, again = (
        click.prompt(say(code, terminal_language()), hide_input=True, err=True)
        for code in ("access.ask_password", "access.ask_again")
    )
    if first != again:
        _fail(say("access.differ", terminal_language()))
    return str(first)


def _say(code: str, *, err: bool = False, **params: str) -> None:
    click.echo(say(code, terminal_language(), **params), err=err)


def _fail(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    sys.exit(FAILED)
