"""``claptrap mediamtx`` and ``claptrap serve --mediamtx`` as a person runs them."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.mediamtx.test_install import GOOD, PROGRAM_BYTES, serving
from tests.mediamtx.test_supervisor import is_alive
from tests.models.test_models import server
from tests.peers.command import run, start
from tests.peers.mediamtx import STAND_IN, lives, stand_in
from tests.peers.ports import free_port
from tests.peers.service import Service, claptrap_environment
from tests.peers.waiting import wait_until

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
        done = start(*command, "--data-dir", "data", folder=tmp_path, **there)
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
        wait_until(lambda: len(lives(data)) == 2)
        service.wait_for_line(r"MediaMTX (ended by itself)")
    assert not [pid for pid in lives(data) if is_alive(pid)]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal")
def test_it_ends_with_a_claptrap_that_is_killed(tmp_path: Path) -> None:
    """``kill -9``: it lived on, and the next ClapTrap could not start its own."""
    (tmp_path / "data").mkdir()
    stand_in(tmp_path / "data", "good")
    command = [sys.executable, "-m", "claptrap", "mediamtx", "run", "--mediamtx-binary", "data/mediamtx"]
    command += ["--data-dir", "data"]
    environment = claptrap_environment(os.environ)
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=subprocess.DEVNULL) as process:
        wait_until((tmp_path / "data" / "child").exists)
        process.kill()
    wait_until(lambda: not [pid for pid in lives(tmp_path / "data") if is_alive(pid)])
    os.kill(int((tmp_path / "data" / "child").read_text()), signal.SIGKILL)  # MediaMTX ends its own


def test_naming_the_program_means_to_run_it_and_what_stops_it_is_a_problem(tmp_path: Path) -> None:
    """``--mediamtx-binary`` alone was ignored; a port in use was in the log only."""
    data = tmp_path / "data"
    data.mkdir()
    program, _ = stand_in(data, "taken")
    (data / "settings.json").write_text('{"version": 3, "sources": []}')
    with Service(data, CLAPTRAP_MEDIAMTX_BINARY=str(program)) as service:

        def reasons() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = json.loads(service.raw("GET", "/healthz")[1])["reasons"]
            return found

        wait_until(lambda: [reason["code"] for reason in reasons()] == ["mediamtx.port_taken"])
        assert "8554" in reasons()[0]["message_fr"]
        assert b'code="mediamtx.port_taken"' in service.raw("GET", "/metrics")[1]


def test_a_source_that_waits_for_it_says_what_is_missing(tmp_path: Path) -> None:
    """Ffmpeg is not installed: the source said that the camera did not answer, and should be restarted."""
    data = tmp_path / "data"
    data.mkdir()
    rtsp_port = free_port()
    config = f"good\nrtspAddress: 127.0.0.1:{rtsp_port}\npaths:\n  mic:\n    runOnDemand: ffmpeg -i x\n"
    program, _ = stand_in(data, config)
    source = {"id": "mic", "kind": "rtsp", "name": "Mic", "input": {"url": f"rtsp://127.0.0.1:{rtsp_port}/mic"}}
    (data / "settings.json").write_text(json.dumps({"version": 3, "sources": [source]}))
    with Service(data, CLAPTRAP_MEDIAMTX_BINARY=str(program), PATH=str(tmp_path)) as service:
        wait_until(lambda: service.get("/api/state")["statuses"]["mic"]["code"] == "mediamtx.no_ffmpeg")
        assert "ffmpeg" in service.get("/api/state")["statuses"]["mic"]["message_fr"]


def test_no_log_line_is_lost_while_the_sound_library_begins() -> None:
    """PortAudio's binding points descriptor 2 to nowhere for that time, in which MediaMTX says its version."""
    program = (
        "import logging, os; from claptrap.cli.logs import start_logging; start_logging('info');"
        "os.dup2(os.open(os.devnull, os.O_WRONLY), 2); logging.getLogger('x').info('its first line')"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert "its first line" in done.stderr
