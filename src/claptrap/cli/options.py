"""Options that several commands have."""

from __future__ import annotations

import click

from claptrap.cli.logs import LEVELS

may_not_download = click.option(
    "--no-download",
    is_flag=True,
    envvar="CLAPTRAP_NO_DOWNLOAD",
    show_envvar=True,
    help="Do not download YAMNet (4 MB, once).",
)
with_log_level = click.option(
    "--log-level",
    default="info",
    envvar="CLAPTRAP_LOG_LEVEL",
    show_default=True,
    show_envvar=True,
    type=click.Choice(LEVELS, case_sensitive=False),
)
