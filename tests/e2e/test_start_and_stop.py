"""The service as a person starts it: announced, answering, stopped cleanly, and clear about what is wrong."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.peers.command import run
from tests.peers.service import Service, claptrap_environment
from tests.peers.waiting import wait_until

from claptrap.settings.migrate import NEWEST
from claptrap.web.server import WSGI_THREADS

pytestmark = pytest.mark.slow


def test_a_first_start_opens_the_page_and_a_signal_ends_it(tmp_path: Path) -> None:
    """A fresh folder is enough; SIGTERM ends the service within 5 s with status 0 and leaves the settings as they were."""
    with Service(tmp_path / "data") as service:
        assert service.get("/healthz")["ok"] is True
        assert service.get("/api/state")["running"] is True
        service.patch({"sources": [{"id": "microphone", "name": "Salon"}]})
        before = (tmp_path / "data" / "settings.json").read_bytes()
        began = time.monotonic()
        assert service.end(signal.SIGTERM) == 0
        assert time.monotonic() - began < 5
    assert (tmp_path / "data" / "settings.json").read_bytes() == before
    with Service(tmp_path / "data") as service:
        assert service.get("/api/settings")["sources"][0]["name"] == "Salon"
        assert service.end(signal.SIGINT) == 0


def test_a_camera_that_is_being_tried_does_not_delay_the_end(tmp_path: Path) -> None:
    """One that accepts and never answers would be waited for 10 s; whoever ends the service waits for nobody."""
    with Service(tmp_path) as service, socket.create_server(("127.0.0.1", 0)) as mute, ThreadPoolExecutor(1) as person:
        body = {"input": {"url": f"rtsp://127.0.0.1:{mute.getsockname()[1]}/x"}}
        person.submit(service.raw, "POST", "/api/probe/rtsp", body)
        tried, _ = mute.accept()
        with tried:
            began = time.monotonic()
            assert service.end(signal.SIGTERM) == 0
            assert time.monotonic() - began < 5


def test_a_taken_port_is_said_in_words(tmp_path: Path) -> None:
    """The person learns which port is taken and what to do, at once."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        answer = run_serve("--port", str(port), "--data-dir", str(tmp_path))
    assert answer.returncode == 1
    assert f"Port {port}" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_second_service_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    """Two services would overwrite each other's settings."""
    with Service(tmp_path) as service:
        answer = run_serve("--port", "0", "--data-dir", str(tmp_path))
    assert answer.returncode == 1
    assert f"Another ClapTrap (process {service.pid}, since 20" in answer.stderr


def test_after_a_downgrade_it_does_not_start_and_changes_nothing(tmp_path: Path) -> None:
    """It says what to do; with its defaults it would hear and tell what nobody chose."""
    newer = f'{{"version": {NEWEST + 1}, "sources": []}}'
    (tmp_path / "settings.json").write_text(newer)
    answer = run_serve("--port", "0", "--data-dir", str(tmp_path))
    assert answer.returncode == 1
    assert "written by a newer ClapTrap" in answer.stderr
    assert "claptrap settings restore" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert (tmp_path / "settings.json").read_text() == newer


def test_the_network_is_not_let_in_without_a_password(tmp_path: Path) -> None:
    """The service runs and says in its terminal how to choose one; until then whoever asks is told to."""
    with Service(tmp_path, CLAPTRAP_HOST="0.0.0.0") as service:
        code = service.wait_for_line(r"set-up key: ([A-Z0-9-]{14})$")
        assert json.loads(service.raw("GET", "/api/state")[1])["code"] == "access.setup_needed"
        assert service.raw("GET", "/healthz")[0] == 200
        assert service.raw("PUT", "/api/access/password", {"password": "correct horse", "code": code})[0] == 200
    with Service(tmp_path, CLAPTRAP_HOST="0.0.0.0") as service:
        assert json.loads(service.raw("GET", "/api/state")[1])["code"] == "access.login_needed"
        assert "set-up key" not in service.log_text()
    with Service(tmp_path, CLAPTRAP_HOST="0.0.0.0", CLAPTRAP_NO_AUTH="1") as service:
        assert service.raw("GET", "/api/state")[0] == 200


def test_a_password_and_a_token_are_set_in_the_terminal_beside_a_running_service(tmp_path: Path) -> None:
    """From the next request on."""

    def claptrap(*arguments: str, said: str = "") -> subprocess.CompletedProcess[str]:
        return run(*arguments, "--data-dir", str(tmp_path), folder=tmp_path, typed=said)

    with Service(tmp_path) as service:
        assert service.raw("GET", "/api/state")[0] == 200
        short = claptrap("password", "--stdin", said="short\n")
        assert (short.returncode, short.stderr) == (2, "The password needs at least 8 characters.\n")
        assert claptrap("password", "--stdin", said="correct horse\n").returncode == 0
        assert service.raw("GET", "/api/state")[0] == 401
        made = claptrap("token", "create", "script")
        token = made.stdout.strip()
        assert token not in made.stderr
        request = urllib.request.Request(f"{service.url}/api/state", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=15) as answer:
            assert answer.status == 200
        listed = claptrap("token", "list")
        assert listed.stdout.rstrip().endswith("  script")
        assert token not in listed.stdout
        assert claptrap("token", "revoke", "script").returncode == 0
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request, timeout=15)
        assert claptrap("token", "revoke", "script").stderr == "There is no token “script”.\n"
        assert claptrap("password", "--remove").returncode == 0
        assert service.raw("GET", "/api/state")[0] == 200
    (tmp_path / "access.json").write_text("{")
    damaged = run_serve("--port", "0", "--data-dir", str(tmp_path))
    assert damaged.returncode == 1
    assert "claptrap password" in damaged.stderr


def test_a_folder_that_cannot_be_written_is_shown_and_the_page_opens(tmp_path: Path) -> None:
    """No permission to write is a problem on the page, not a dead service."""
    (tmp_path / "file").write_text("")
    with Service(tmp_path / "file" / "data") as service:
        problems = [p["code"] for p in service.get("/api/state")["problems"]]
        assert problems == ["settings.unwritable", "history.unwritable"]
        with urllib.request.urlopen(service.url, timeout=5) as page:
            assert page.status == 200


def test_without_portaudio_everything_but_the_microphone_works(tmp_path: Path) -> None:
    """A machine that lacks the microphone library says so in words; the page, the API and the log have the reason."""
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    with Service(tmp_path / "data", PYTHONPATH=str(blocked)) as service:
        status = service.wait_for_status("microphone", "failed")
        assert status["code"] == "source.no_portaudio"
        assert "libportaudio2" in status["message_fr"]
        assert "libportaudio2" in service.log_text()


@pytest.mark.skipif(not Path("/proc").exists(), reason="counts open descriptors through /proc")
def test_starting_and_stopping_detection_leaks_nothing(tmp_path: Path) -> None:
    """Twenty stops and starts leave threads and descriptors as they were, and change no setting."""
    with Service(tmp_path) as service:
        service.post("/api/detection/stop")
        with ThreadPoolExecutor(4 * WSGI_THREADS) as crowd:  # the web's own threads are made as they are needed, then kept
            list(crowd.map(lambda _: service.raw("GET", "/api/devices"), range(4 * WSGI_THREADS)))
        before = service.threads_and_descriptors()
        for _ in range(20):
            service.post("/api/detection/start")
            service.post("/api/detection/stop")
        most = before[0] + 1, before[1] + 3
        wait_until(lambda: all(now <= bound for now, bound in zip(service.threads_and_descriptors(), most, strict=True)))


def run_serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "claptrap", "serve", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env=claptrap_environment(os.environ | {"LANG": "C"}),
    )


def test_json_of_the_api_is_json(tmp_path: Path) -> None:
    """An unknown route answers a problem document, not a page."""
    with Service(tmp_path) as service:
        status, body = service.raw("GET", "/api/nothing")
    assert status == 404
    assert json.loads(body)["code"] == "api.not_found"
