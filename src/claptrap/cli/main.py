"""``claptrap``: the commands and what they share."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from claptrap.cli import COMMANDS
from claptrap.cli.imports import without_unused_libraries
from claptrap.cli.terminal import FAILED, echo, terminal_language
from claptrap.core.build import version_line

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG)


class _Commands(click.Group):
    """Loads a command when it is asked for: ``doctor`` must start where the libraries of the others kill the process."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        command = _translated(self)
        try:
            return click.Command.main(command, *args, **kwargs)
        except OSError as error:
            if error.errno not in _NO_ROOM or error.filename is not None:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python writes what is left when it ends
            from claptrap.text.catalogue import say  # noqa: PLC0415  # --version does without

            echo(say("terminal.output_failed", terminal_language(), reason=error.strerror or str(error)), err=True)
            sys.exit(FAILED)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        with _said_in_the_terminal_s_language():
            return super().make_context(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        with _said_in_the_terminal_s_language():  # the other commands' calls, too
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's own signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002  # likewise
        if cmd_name not in COMMANDS:
            return None
        with without_unused_libraries():
            module = importlib.import_module(f"claptrap.cli.{cmd_name}")
        command = getattr(module, cmd_name)
        assert isinstance(command, click.Command)  # noqa: S101  # COMMANDS says so
        return _translated(command)


def _translated(command: click.Command) -> click.Command:
    """Return ``command`` with its help in the terminal's language."""
    if terminal_language() != "fr":
        return command
    from claptrap.cli.help import in_french  # noqa: PLC0415  # the others do without the catalogue

    return in_french(command)


@contextmanager
def _said_in_the_terminal_s_language() -> Iterator[None]:
    """Have what is wrong with a call said in the terminal's language."""
    if terminal_language() != "fr":
        yield
        return
    from claptrap.cli.help import wrong_calls_in_french  # noqa: PLC0415  # as above

    with wrong_calls_in_french():
        yield


def _say_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(version_line())
        context.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_say_version, help="Show the version.")
def main() -> None:
    """Hear hand claps and call webhooks."""
