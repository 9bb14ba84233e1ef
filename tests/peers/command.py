"""``claptrap`` as a person or a script runs it: in this process, which costs nothing to start, or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from claptrap.cli.main import main
from tests.peers.service import claptrap_environment

PATIENT_S = 120


def clean(folder: Path) -> dict[str, str]:
    """Return this environment in English, without YAMNet, and without ClapTrap's variables."""
    return claptrap_environment(os.environ) | {"CLAPTRAP_MODELS_DIR": str(folder / "no-models"), "COLUMNS": "100"}


def run(*arguments: str, folder: Path, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``claptrap`` in ``folder`` and this process, without YAMNet unless the environment names its folder.

    ``typed`` is on its standard input.
    """
    unset = dict.fromkeys(name for name in os.environ if name.startswith("CLAPTRAP_"))
    with chdir(folder):
        done = CliRunner().invoke(main, arguments, typed, prog_name="claptrap", env=unset | clean(folder) | environment)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


def start(*arguments: str, folder: Path, given: bytes | None = None, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run ``claptrap`` in ``folder`` and a process of its own: for what only that has, as descriptors and libraries.

    ``given`` is on its standard input; ``options`` are ``stdout`` and ``stderr`` as for ``subprocess``, pipes unless given,
    and variables of its environment.
    """
    pipes = {name: options.pop(name, subprocess.PIPE) for name in ("stdout", "stderr")}
    command = [sys.executable, "-m", "claptrap", *arguments]
    done = subprocess.run(
        command, input=given, cwd=folder, env=clean(folder) | options, timeout=PATIENT_S, check=False, **pipes
    )
    said, complained = ((written or b"").decode() for written in (done.stdout, done.stderr))
    return subprocess.CompletedProcess(arguments, done.returncode, said, complained)
