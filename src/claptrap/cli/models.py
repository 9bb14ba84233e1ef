"""``claptrap models``: list, pull, verify and import model files."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click
from tqdm import tqdm

from claptrap.cli.language import error_message, exit_on_error
from claptrap.cli.terminal import FAILED, echo
from claptrap.core.errors import ClapTrapError, ModelError
from claptrap.models.catalogue import CATALOGUE, YAMNET, download_url, models_folder
from claptrap.models.download import download
from claptrap.models.model_store import bring, find


@click.group()
def models() -> None:
    """Manage the model files that are not included."""


@models.command(name="list")
def list_models() -> None:
    """List the models, their folder, and whether they are present."""
    echo(str(models_folder()))
    for model in CATALOGUE:
        try:
            state = "present" if find(model, models_folder()) else "absent"
        except ClapTrapError as error:
            state = error_message(error)
        echo(f"  {model.name}  {model.title}, {model.size / 1e6:.1f} MB, {model.licence}: {state}")


@models.command()
def pull() -> None:
    """Download YAMNet. A cut download is resumed, a wrong file replaced."""
    with exit_on_error():
        if not _is_there():
            with tqdm(total=YAMNET.size, unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar:
                download(YAMNET, download_url(YAMNET), models_folder(), _moving(bar))
        echo(str(models_folder() / YAMNET.name))


@models.command()
def verify() -> None:
    """Check size and SHA-256 of the model files. Exit status 2 if one is wrong or absent."""
    with exit_on_error():
        for model in CATALOGUE:
            found = find(model, models_folder())
            echo(f"{model.name}: {'ok' if found else 'absent'}")
            if not found:
                sys.exit(FAILED)


@models.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, readable=False))
def import_model(file: Path) -> None:
    """Import YAMNet from FILE, after verifying it."""
    with exit_on_error():
        echo(str(bring(YAMNET, file, models_folder())))


def _is_there() -> bool:
    """Return whether YAMNet's file is there and right; say so where it is wrong."""
    try:
        return find(YAMNET, models_folder()) is not None
    except ModelError as error:
        echo(error_message(error), err=True)
        return False


def _moving(bar: tqdm[None]) -> Callable[[int], bool]:
    def progress(done: int) -> bool:
        bar.update(done - bar.n)
        return True

    return progress
