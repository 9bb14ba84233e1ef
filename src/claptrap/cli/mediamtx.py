"""``claptrap mediamtx``: install and run the RTSP server."""

from __future__ import annotations

import json
import platform
import re
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path

import click
from tqdm import tqdm

from claptrap.cli.defaults import DATA_DIR, in_data_dir
from claptrap.cli.language import exit_on_error
from claptrap.cli.logs import start_logging
from claptrap.cli.terminal import echo, echo_document, terminal_language
from claptrap.core.errors import InputError, ServiceError
from claptrap.core.paths import path_exists
from claptrap.mediamtx.config import NAME, ApiAddress, configuration, ensure_configuration, microphone_input
from claptrap.mediamtx.paths import list_paths
from claptrap.mediamtx.program import find_program, install, install_file
from claptrap.mediamtx.releases import archive, archive_url, programs_folder, release_for
from claptrap.mediamtx.supervisor import PROCESS_FILE, Supervisor
from claptrap.models.catalogue import ModelFile
from claptrap.text.catalogue import say

PAGE = "https://github.com/bluenviron/mediamtx/releases"
_SUM = re.compile(r"[0-9a-f]{64}")


@click.group()
def mediamtx() -> None:
    """Install and run the RTSP server MediaMTX."""


@mediamtx.command(name="install")
@click.option(
    "--archive",
    "archive_file",
    type=click.Path(path_type=Path, readable=False),
    help="Use this file instead of the network.",
)
@click.option("--sha256", help="SHA-256 of an archive that ClapTrap does not know.")
def install_program(archive_file: Path | None, sha256: str | None) -> None:
    """Download the release that ClapTrap knows, verify it, unpack it.

    A cut download is resumed. CLAPTRAP_MEDIAMTX_URL sets a mirror, CLAPTRAP_MEDIAMTX_DIR the program's folder.
    """
    with exit_on_error():
        release = _release(archive_file, sha256)
        if archive_file is not None:
            path = install_file(release, archive_file, programs_folder())
        else:
            with tqdm(unit="B", unit_scale=True, disable=not sys.stderr.isatty()) as bar:
                path = install(release, archive_url(release), programs_folder(), lambda done: _move(bar, done))
        echo(say("mediamtx.installed", terminal_language(), path=str(path)))


@mediamtx.command()
@click.option(
    "--mediamtx-binary",
    "binary",
    envvar="CLAPTRAP_MEDIAMTX_BINARY",
    show_envvar=True,
    type=click.Path(path_type=Path, readable=False),
    help="MediaMTX's program. Default: the one on the PATH, or the installed one.",
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, readable=False),
    help="Configuration file. Default: mediamtx.yml in the data folder.",
)
@click.option(
    "--data-dir", default=DATA_DIR, envvar="CLAPTRAP_DATA_DIR", show_envvar=True,
    type=click.Path(path_type=Path, readable=False),
    help="Folder where mediamtx.yml is created if missing.",
)  # fmt: skip
def run(binary: Path | None, config: Path | None, data_dir: Path) -> None:
    """Run MediaMTX and restart it when it ends. Ctrl-C stops it."""
    start_logging("info")
    ended = threading.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: ended.set())
    with exit_on_error():
        supervisor = prepared(binary, config, data_dir)
    supervisor.start()
    ended.wait()
    supervisor.stop()


@mediamtx.command(name="config")
def show_config() -> None:
    """Print a configuration for this machine."""
    echo_document(configuration(microphone_input()))


@mediamtx.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per line.")
@click.option(
    "--mediamtx-api",
    "api",
    envvar="CLAPTRAP_MEDIAMTX_API",
    show_envvar=True,
    metavar="URL",
    help="MediaMTX's API: http://USER:PASSWORD@HOST:9997. Default: as mediamtx.yml in the data folder says.",
)
@in_data_dir
def paths(as_json: bool, api: str | None, data_dir: Path) -> None:
    """List the streams of a running MediaMTX."""
    with exit_on_error():
        asked = ApiAddress.of_url(api) if api else ApiAddress.of_configuration(data_dir / NAME)
        for path in list_paths(asked):
            said = f"{'*' if path.ready else ' '} {path.url}"
            echo(json.dumps(asdict(path), ensure_ascii=False) if as_json else said)


def prepared(binary: Path | None, config: Path | None, data_dir: Path) -> Supervisor:
    """Return the supervisor of MediaMTX, to be started.

    Raises:
        ServiceError: ``mediamtx.absent``, ``mediamtx.not_executable``, ``mediamtx.unwritable``.
        InputError: ``mediamtx.config_missing``.
    """
    program = find_program(binary)
    if config is not None and not (path_exists(config) and config.is_file()):
        raise InputError("mediamtx.config_missing", path=str(config))
    used = (config or ensure_configuration(data_dir)).absolute()
    return Supervisor(program.absolute(), used, process_file=data_dir.absolute() / PROCESS_FILE)


def _release(archive_file: Path | None, sha256: str | None) -> ModelFile:
    if sha256 is not None and not _SUM.fullmatch(sha256.lower()):
        raise InputError("mediamtx.bad_sum")
    known = release_for()
    if sha256 is None:
        if known is None:
            machine = f"{platform.system()} {platform.machine()}"
            raise ServiceError("mediamtx.no_release", machine=machine, page=PAGE)
        return known
    name = archive_file.name if archive_file else (known.name if known else "mediamtx.tar.gz")
    return archive(name, known.url if known else PAGE, sha256.lower())


def _move(bar: tqdm[None], done: int) -> bool:
    bar.update(done - bar.n)
    return True
