"""``claptrap password``: sets it at the machine itself; a running service follows."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from claptrap.cli.defaults import in_data_dir
from claptrap.cli.language import error_message
from claptrap.cli.terminal import FAILED, echo, terminal_language
from claptrap.core.errors import ClapTrapError
from claptrap.service.access import Access
from claptrap.text.catalogue import say


@click.command()
@click.option("--stdin", "from_stdin", is_flag=True, help="Read the password from the first line of standard input.")
@click.option("--remove", is_flag=True, help="Remove the password.")
@in_data_dir
def password(from_stdin: bool, remove: bool, data_dir: Path) -> None:
    """Set or change the password; the old one is not needed. Everyone must log in again; tokens stay valid."""
    access = Access(data_dir)
    try:
        if remove:
            access.remove_password()
        else:
            access.check_changeable()
            access.set_password(sys.stdin.readline().rstrip("\r\n") if from_stdin else _asked_twice())
    except ClapTrapError as error:
        echo(error_message(error), err=True)
        sys.exit(FAILED)
    echo(say("access.password_removed" if remove else "access.password_set", terminal_language()))


def _asked_twice() -> str:
    first, again = (
        click.prompt(say(code, terminal_language()), hide_input=True, err=True)
        for code in ("access.ask_password", "access.ask_again")
    )
    if first != again:
        echo(say("access.differ", terminal_language()), err=True)
        sys.exit(FAILED)
    return str(first)
