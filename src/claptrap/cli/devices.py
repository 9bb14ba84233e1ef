"""``claptrap devices``: list microphones."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

import click

from claptrap.cli.language import error_message
from claptrap.cli.terminal import echo, terminal_language
from claptrap.core.errors import ClapTrapError
from claptrap.sources.alsa import busy_errors
from claptrap.sources.microphone import Device, list_devices
from claptrap.text.catalogue import say


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
def devices(as_json: bool) -> None:
    """List the microphones of this machine; * marks the default.

    Microphones in use by a program are listed after the others, with the program.
    """
    try:
        found = list_devices()
    except ClapTrapError as error:
        echo(error_message(error), err=True)
        sys.exit(1)
    for device in found:
        echo(json.dumps(asdict(device), ensure_ascii=False) if as_json else _line(device))
    for taken in busy_errors():
        echo(error_message(taken), err=True)
    if not found:
        echo(say("source.no_device", terminal_language()), err=True)


def _line(device: Device) -> str:
    mark = "*" if device.default else " "
    return f"{mark} {device.name}  ({device.host_api}, {device.channels} ch, {device.rate_hz} Hz){device.usb or ''}"
