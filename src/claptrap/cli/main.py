"""``claptrap``: the commands and what they share."""

from __future__ import annotations

import click

from claptrap import __version__
from claptrap.cli.detect import detect
from claptrap.cli.devices import devices
from claptrap.cli.models import models
from claptrap.cli.serve import serve


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="claptrap")
def main() -> None:
    """Hear hand claps, and tell the world."""


main.add_command(serve)
main.add_command(detect)
main.add_command(devices)
main.add_command(models)
