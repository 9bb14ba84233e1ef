"""What the environment says instead of the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping

import click

from claptrap.settings.environment import Override, overrides


def option_of(command: click.Command) -> dict[str, str]:
    """Return the option that each variable of a command stands for."""
    return {
        str(parameter.envvar): max(parameter.opts, key=len)
        for parameter in command.params
        if isinstance(parameter, click.Option) and parameter.envvar
    }


def overrides_of(command: click.Command, environment: Mapping[str, str] = os.environ) -> tuple[Override, ...]:
    """Return the variables that are set and decide for ``command``, or mean to."""
    return overrides(environment, option_of(command))
