"""``claptrap``: the commands and what they share."""

from __future__ import annotations

import click

from claptrap.cli.access import password, token
from claptrap.cli.detect import detect
from claptrap.cli.devices import devices
from claptrap.cli.models import models
from claptrap.cli.serve import serve
from claptrap.core.build import version_and_commit


def _say_version(context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        click.echo(f"claptrap, version {version_and_commit()}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_say_version, help="Say which build this is."
)
def main() -> None:
    """Hear hand claps, and tell the world."""


main.add_command(serve)
main.add_command(detect)
main.add_command(devices)
main.add_command(models)
main.add_command(password)
main.add_command(token)
