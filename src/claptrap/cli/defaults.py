"""Where things are unless said otherwise."""

from __future__ import annotations

from pathlib import Path

import click
import platformdirs

HOST = "127.0.0.1"
PORT = 16045
DATA_DIR = platformdirs.user_data_path("claptrap", appauthor=False)
in_data_dir = click.option(
    "--data-dir",
    default=DATA_DIR,
    envvar="CLAPTRAP_DATA_DIR",
    show_envvar=True,
    type=click.Path(path_type=Path, readable=False),
    help="Folder of the settings and the history.",
)
"""The option ``--data-dir``, the same everywhere."""
