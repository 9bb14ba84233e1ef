"""``claptrap token``: what lets scripts in, made and revoked at the machine itself; a running service follows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from claptrap.cli.defaults import in_data_dir
from claptrap.cli.language import exit_on_error
from claptrap.cli.terminal import echo, terminal_language
from claptrap.service.access import Access
from claptrap.text.catalogue import say


@click.group()
def token() -> None:
    """Manage API tokens for scripts (Authorization: Bearer …)."""


@token.command()
@click.argument("name")
@in_data_dir
def create(name: str, data_dir: Path) -> None:
    """Create a token called NAME and print it, once."""
    with exit_on_error():
        _, secret = Access(data_dir).create_token(name)
        echo(say("access.token_shown_once", terminal_language()), err=True)
        echo(secret)


@token.command(name="list")
@in_data_dir
def list_tokens(data_dir: Path) -> None:
    """List the tokens: id, creation date (UTC), name."""
    with exit_on_error():
        tokens = Access(data_dir).tokens()
        if not tokens:
            echo(say("access.no_tokens", terminal_language()), err=True)
        for one in tokens:
            echo(f"{one.id}  {datetime.fromtimestamp(one.created, UTC):%Y-%m-%d}  {one.name}")


@token.command()
@click.argument("token_id", metavar="ID_OR_NAME")
@in_data_dir
def revoke(token_id: str, data_dir: Path) -> None:
    """Revoke a token."""
    with exit_on_error():
        revoked = Access(data_dir).revoke_token(token_id)
        echo(say("access.token_revoked", terminal_language(), name=revoked.name))
