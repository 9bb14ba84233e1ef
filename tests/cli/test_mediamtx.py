"""``claptrap mediamtx`` and ``claptrap serve --mediamtx`` as a person runs them."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.test_detect import run
from tests.mediamtx.test_install import GOOD, PROGRAM_BYTES, serving
from tests.mediamtx.test_supervisor import is_alive, wait_for
from tests.models.test_models import server
from tests.peers.mediamtx import STAND_IN, lives, stand_in
from tests.peers.service import Service, claptrap_environment

from claptrap.mediamtx.program import PROGRAM

pytestmark = [
    pytest.mark.slow,  # each test starts the command, as a person does
    pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script with a first line"),
]
SUM = hashlib.sha256(GOOD).hexdigest()


def test_a_release_is_installed_from_a_mirror_if_its_sum_is_right(tmp_path: Path) -> None:
    """What the mirror gives is believed only by its sum: that of the release, or the one that is said."""
    with server(serving(GOOD)) as (url, _):
        there = {"CLAPTRAP_MEDIAMTX_URL": url, "CLAPTRAP_MEDIAMTX_DIR": str(tmp_path / "programs")}
        refused = run("mediamtx", "install", folder=tmp_path, **there)
        assert refused.returncode == 2
        assert "checksum differs" in refused.stderr
        nonsense = run("mediamtx", "install", "--sha256", "12", folder=tmp_path, **there)
        assert (nonsense.returncode, nonsense.stderr) == (2, "A SHA-256 has 64 digits from 0 to f.\n")
        done = run("mediamtx", "install", "--sha256", SUM, folder=tmp_path, **there)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "programs" / PROGRAM).read_bytes() == PROGRAM_BYTES


def test_a_release_is_installed_from_a_file(tmp_path: Path) -> None:
    """For a machine without network."""
    (tmp_path / "m.tar.gz").write_bytes(GOOD)
    ask = ("mediamtx", "install", "--archive", "m.tar.gz", "--sha256", SUM.upper())
    done = run(*ask, folder=tmp_path, CLAPTRAP_MEDIAMTX_DIR=str(tmp_path / "programs"), LC_ALL="fr_FR.UTF-8")
    assert (done.returncode, done.stdout) == (0, f"MediaMTX est installé : {tmp_path / 'programs' / PROGRAM}\n")


def test_it_is_run_and_ends_with_the_command(tmp_path: Path) -> None:
    """Its words come in our log; the configuration is made."""
    (tmp_path / "m").write_text(STAND_IN)
    (tmp_path / "m").chmod(0o755)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "mediamtx.yml").write_text("good")
    command = [sys.executable, "-m", "claptrap", "mediamtx", "run", "--mediamtx-binary", "m", "--data-dir", "data"]
    environment = claptrap_environment(os.environ)
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        lines = []
        while "listener opened" not in (line := process.stderr.readline()):
            assert line, lines
            lines.append(line)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not [pid for pid in lives(tmp_path / "data") if is_alive(pid)]


def test_without_the_program_it_says_how_to_get_it(tmp_path: Path) -> None:
    there = {"CLAPTRAP_MEDIAMTX_DIR": str(tmp_path / "none"), "PATH": str(tmp_path)}
    for command in (("mediamtx", "run"), ("serve", "--mediamtx", "--port", "0")):
        done = run(*command, "--data-dir", "data", folder=tmp_path, **there)
        assert done.returncode != 0
        assert "claptrap mediamtx install" in done.stderr


def test_the_service_runs_it_and_ends_it(tmp_path: Path) -> None:
    """And starts it again when it is killed."""
    data = tmp_path / "data"
    data.mkdir()
    program, _ = stand_in(data, "good")
    (data / "settings.json").write_text('{"version": 3, "sources": []}')  # while PortAudio begins, stderr leads nowhere
    with Service(data, CLAPTRAP_MEDIAMTX="1", CLAPTRAP_MEDIAMTX_BINARY=str(program)) as service:
        service.wait_for_line(r"(listener opened)")
        os.kill(lives(data)[0], signal.SIGKILL)
        wait_for(lambda: len(lives(data)) == 2)
        service.wait_for_line(r"MediaMTX (ended by itself)")
    assert not [pid for pid in lives(data) if is_alive(pid)]
