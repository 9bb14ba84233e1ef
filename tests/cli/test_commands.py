"""The command line as a whole: help, version, microphones, models."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.peers import sound
from tests.peers.command import run, start
from tests.peers.sound import SoundServer

from claptrap import __version__
from claptrap.cli.imports import UNUSED
from claptrap.cli.main import main

pytestmark = pytest.mark.slow  # each test starts the command, as a person does


def test_version(tmp_path: Path) -> None:
    """One line."""
    said = start("--version", folder=tmp_path).stdout  # in a checkout with the commit, in an archive without
    assert re.fullmatch(rf"claptrap, version {re.escape(__version__)}( \([0-9a-f]{{7,40}}(-dirty)?\))?\n", said)


def test_version_loads_little() -> None:
    """It is asked by scripts: half of its time went into the package's metadata."""
    slow = ("click", "importlib.metadata", "subprocess", "numpy", "claptrap.text.catalogue")
    code = f"import claptrap.__main__, sys; print([name for name in {slow} if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"


def test_serve_loads_no_library_that_it_does_not_use() -> None:
    """Engine.IO and HTTPX load what else is installed, for parts of them that we do not use; Apprise can load it later."""
    heavy = (*UNUSED, "rich", "pygments", "av", "cryptography", "zeroconf", "soundfile", "sounddevice", "segno", "apprise")
    heavy = (*heavy, "ai_edge_litert", "nats", "numpy.random", "prometheus_client", "claptrap.selftest.cases")
    code = "from claptrap.cli.main import main; import sys; main.get_command(None, 'serve')\n"
    code += f"print([name for name in {heavy} if name in sys.modules]); import requests"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"


MENTIONS: dict[tuple[str, ...], tuple[str, ...]] = {
    (): ("serve", "detect", "devices", "doctor", "mediamtx", "models", "settings", "password", "token"),
    ("serve",): ("--host", "--port", "--data-dir", "--log-level", "CLAPTRAP_PORT", "CLAPTRAP_DATA_DIR"),
    ("detect",): ("--json", "--threshold", "--delay", "--engine"),
    ("devices",): ("--json",),
    ("settings",): ("show", "check", "backup", "backups", "diff", "restore", "export", "import"),
    ("settings", "import"): ("--dry-run", "--mode", "--yes", "FILE"),
    ("mediamtx",): ("install", "run", "config", "paths"),
    ("mediamtx", "install"): ("--archive", "--sha256", "CLAPTRAP_MEDIAMTX_URL"),
    ("mediamtx", "run"): ("--mediamtx-binary", "--config", "--data-dir"),
    ("doctor",): ("--json", "--data-dir", "--port"),
    ("password",): ("--stdin", "--remove", "CLAPTRAP_DATA_DIR"),
    ("token",): ("create", "list", "revoke"),
    ("models",): ("list", "pull", "verify", "import"),
    ("models", "list"): (),
    ("models", "pull"): (),
    ("models", "verify"): (),
    ("models", "import"): ("FILE",),
}


def test_every_command_explains_itself(tmp_path: Path) -> None:
    """Help works everywhere, says something, and names what there is; as a process and, what is as good, in this one."""
    asked = {(*command, flag): words for command, words in MENTIONS.items() for flag in ("-h", "--help")}
    faults = []
    for arguments, words in asked.items():
        done = CliRunner().invoke(main, arguments, prog_name="claptrap", terminal_width=100)
        missing = [word for word in words if word not in done.stdout]
        if (done.exit_code, done.stderr) != (0, "") or missing or not is_help(done.stdout):
            faults.append((arguments, done.exit_code, missing, done.output))
    assert faults == []
    done = start("-h", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert is_help(done.stdout)


def is_help(text: str) -> bool:
    return text.startswith("Usage: claptrap ") and len(text.splitlines()) > 4


def test_an_unknown_command_is_told(tmp_path: Path) -> None:
    """In one line, with status 2."""
    done = run("listen", folder=tmp_path)
    assert done.returncode == 2
    assert "No such command 'listen'" in done.stderr


def test_models_are_listed_as_absent_and_verified_as_such(tmp_path: Path) -> None:
    """A fresh machine has none, and says where they would be."""
    listed = run("models", "list", folder=tmp_path)
    assert listed.returncode == 0
    assert str(tmp_path / "no-models") in listed.stdout
    assert "absent" in listed.stdout
    assert run("models", "verify", folder=tmp_path).returncode == 2


def test_a_wrong_file_is_not_imported_as_a_model(tmp_path: Path) -> None:
    """Only the very file that is expected."""
    (tmp_path / "yamnet.tflite").write_bytes(b"something else")
    done = run("models", "import", "yamnet.tflite", folder=tmp_path)
    assert done.returncode == 2
    assert "not the expected model file" in done.stderr
    assert not (tmp_path / "no-models" / "yamnet.tflite").exists()


def test_a_model_is_imported_and_then_there(tmp_path: Path, shared: Path) -> None:
    """From a file that a person got elsewhere."""
    done = run("models", "import", str(shared / "models" / "yamnet.tflite"), folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert run("models", "verify", folder=tmp_path).stdout == "yamnet.tflite: ok\n"


def test_pulling_replaces_a_wrong_file(tmp_path: Path, shared: Path) -> None:
    """It says what was wrong, and gets the file again as that sentence asks for."""
    (tmp_path / "no-models").mkdir()
    (tmp_path / "no-models" / "yamnet.tflite").write_bytes(b"something else")
    handler = partial(SimpleHTTPRequestHandler, directory=str(shared / "models"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/yamnet.tflite"
            done = start("models", "pull", folder=tmp_path, CLAPTRAP_YAMNET_URL=url)
        finally:
            server.shutdown()
            thread.join()
    assert done.returncode == 0, done.stderr
    assert "not the expected model file" in done.stderr
    assert run("models", "verify", folder=tmp_path).stdout == "yamnet.tflite: ok\n"


@pytest.mark.xdist_group("sound")
@pytest.mark.skipif(bool(sound.missing()), reason=sound.missing() or "-")
def test_microphones_are_listed(tmp_path: Path) -> None:
    """For people, the default marked; for scripts, one object a line."""
    with SoundServer() as server:
        said = start("devices", folder=tmp_path, **server.environment)
        as_json = start("devices", "--json", folder=tmp_path, **server.environment)
    assert said.returncode == as_json.returncode == 0
    lines = said.stdout.splitlines()
    assert [line for line in lines if line.startswith("* default")]
    assert [line for line in lines if line.startswith("  kitchen")]
    devices = {d["name"]: d for d in map(json.loads, as_json.stdout.splitlines())}
    assert devices["default"]["default"] is True
    assert devices["kitchen"]["default"] is False
    assert set(devices["kitchen"]) >= {"name", "host_api", "channels", "rate_hz", "default"}


def test_without_portaudio_devices_says_what_to_do(tmp_path: Path) -> None:
    """Status 1, one sentence, no traceback."""
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    done = start("devices", folder=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert "libportaudio2" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_machine_without_a_microphone_says_so_in_the_terminal_s_language(tmp_path: Path) -> None:
    """That is no failure: nothing is listed."""
    (tmp_path / "sounddevice.py").write_text(
        "_initialized = False\n_exit_handler = _initialize = lambda: None\n"
        "query_hostapis = query_devices = lambda: []\nclass default:\n    device = (-1, -1)\n"
    )
    for language, said in (("fr_FR.UTF-8", "Aucun microphone"), ("C.UTF-8", "No microphone was found.")):
        done = start("devices", folder=tmp_path, PYTHONPATH=str(tmp_path), LC_ALL=language)
        assert (done.returncode, done.stdout) == (0, "")
        assert done.stderr.startswith(said)
