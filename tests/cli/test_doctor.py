"""``claptrap doctor`` as a person or a script runs it."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.peers.command import run, start
from tests.peers.ports import free_port
from tests.peers.receiver import dead_url
from tests.peers.service import Service, claptrap_environment

pytestmark = pytest.mark.slow  # each test starts the command, as a person does

FILE = {"id": "a", "kind": "file", "name": "A", "enabled": False, "input": {"path": "a.wav"}}


def data_dir(tmp_path: Path, *sources: dict[str, Any]) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps({"version": 3, "sources": list(sources or (FILE,))}))
    return folder


def examined(tmp_path: Path, folder: Path, port: int, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    how = start if environment else run
    done = how("doctor", "--json", "--data-dir", str(folder), "--port", str(port), folder=tmp_path, **environment)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.stderr == ""
    return done.returncode, {line["check"]: line for line in lines}


def test_a_machine_in_order_and_one_that_is_not(tmp_path: Path) -> None:
    """Status 0 and 1; the settings and the folder stay as they were."""
    folder = data_dir(tmp_path)
    before = sorted(folder.iterdir())
    status, found = examined(tmp_path, folder, free_port())
    assert status == 0, found
    assert found["service"]["code"] == "doctor.not_running"
    assert found["model"]["grade"] == "warning"
    assert sorted(folder.iterdir()) == before
    (folder / "settings.json").write_text("{")
    status, found = examined(tmp_path, folder, free_port())
    assert (status, found["settings"]["code"]) == (1, "settings.not_json")


def test_it_speaks_french_to_a_french_terminal(tmp_path: Path) -> None:
    """With its grades."""
    folder = data_dir(tmp_path)
    done = run("doctor", "--data-dir", str(folder), "--port", str(free_port()), folder=tmp_path, LC_ALL="fr_FR.UTF-8")
    assert "bien       Les réglages sont valables. Sources : 1. Webhooks en service : 0." in done.stdout.splitlines()


def test_what_it_tells_to_type_can_be_typed(tmp_path: Path) -> None:
    """In a checkout ``claptrap`` is no command: its whole path is; in JSON, for other eyes, it is the plain name."""
    folder, here = data_dir(tmp_path), shlex.join([sys.executable, "-m", "claptrap"])
    done = start("doctor", "--data-dir", str(folder), "--port", str(free_port()), folder=tmp_path)
    assert f"; {here} serve starts one." in done.stdout
    assert f": {here} models pull." in done.stdout
    assert ": claptrap models pull." in examined(tmp_path, folder, free_port())[1]["model"]["message_en"]


def test_while_the_service_runs_its_port_and_folder_are_its_own(tmp_path: Path) -> None:
    """Not taken by another program."""
    folder = data_dir(tmp_path)
    with Service(folder) as service:
        status, found = examined(tmp_path, folder, int(service.url.rpartition(":")[2]))
    assert status == 0, found
    assert found["service"]["params"] == {"pid": str(service.pid)}
    assert found["port"]["code"] == "doctor.port_ours"


@pytest.mark.skipif(os.name != "posix", reason="processes end by signals on POSIX only")
def test_where_a_library_kills_the_process_the_doctor_says_so(tmp_path: Path) -> None:
    """Even NumPy: the command itself loads none of them before it knows."""
    (tmp_path / "numpy.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGILL)\n")
    status, found = examined(tmp_path, data_dir(tmp_path), free_port(), PYTHONPATH=str(tmp_path))
    assert status == 1
    assert found["libraries"]["code"] == "doctor.illegal_instruction"
    assert found["libraries"]["params"] == {"library": "NumPy"}


REMEDIES = {  # what is wrong, and words of what to do about it
    "doctor.port_taken_by": ("--port", "--port"),
    "model.wrong_size": ("claptrap models pull", "claptrap models pull"),
    "source.no_portaudio": ("apt install libportaudio2", "apt install libportaudio2"),
    "delivery.refused": ("is the receiver running", "le destinataire est-il démarré"),
    "delivery.unresolved": ("Check its spelling", "Vérifiez son orthographe"),
    "rtsp.timeout": ("restart the camera", "redémarrez la caméra"),
    "settings.disk_full": ("Make room", "Faites de la place"),
    "settings.read_only": ("Mount it for writing", "Montez-le en écriture"),
    "doctor.disk_full": ("Make room", "Faites de la place"),
    "doctor.disk_low": ("Make room", "Faites de la place"),
}


def assert_told(lines: list[dict[str, Any]], wrong: set[tuple[str, str, str]]) -> None:
    """Assert that these are all that is wrong (check, grade, code), and that each says what to do in both languages."""
    found = [line for line in lines if line["grade"] != "ok" and line["check"] not in ("clock", "python", "vban-buffer")]
    assert {(line["check"], line["grade"], line["code"]) for line in found} == wrong
    for line in found:
        english, french = REMEDIES[line["code"]]
        assert english in line["message_en"]
        assert french in line["message_fr"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a port")
def test_where_everything_is_wrong_each_line_says_what_to_do(tmp_path: Path) -> None:
    """Ports that others have, a foreign model file, no PortAudio, receivers and a camera that are not there."""
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    (tmp_path / "no-models").mkdir()
    (tmp_path / "no-models" / "yamnet.tflite").write_bytes(b"something else")
    with (
        socket.create_server(("127.0.0.1", 0)) as page,
        socket.create_server(("127.0.0.1", 0)) as mute,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as vban,
    ):
        vban.bind(("", 0))
        webhooks = [{"id": "a", "url": dead_url()}, {"id": "b", "url": "http://nowhere.invalid/hook"}]
        stream = {"host": "10.0.0.1", "stream": "Mic", "port": vban.getsockname()[1]}
        folder = data_dir(
            tmp_path,
            {"id": "m", "kind": "microphone", "name": "Salon", "webhooks": webhooks},
            {"id": "c", "kind": "rtsp", "name": "Cour", "input": {"url": f"rtsp://127.0.0.1:{mute.getsockname()[1]}/x"}},
            {"id": "v", "kind": "vban", "name": "Bureau", "input": stream},
        )
        port = str(page.getsockname()[1])
        done = start(
            "doctor", "--json", "--data-dir", str(folder), "--port", port, folder=tmp_path, PYTHONPATH=str(tmp_path)
        )
    assert (done.returncode, done.stderr) == (1, "")
    assert_told(
        [json.loads(line) for line in done.stdout.splitlines()],
        {
            ("model", "fault", "model.wrong_size"),
            ("port", "fault", "doctor.port_taken_by"),
            ("portaudio", "fault", "source.no_portaudio"),
            ("webhook", "fault", "delivery.refused"),
            ("webhook", "fault", "delivery.unresolved"),
            ("rtsp", "fault", "rtsp.timeout"),
            ("vban", "fault", "doctor.port_taken_by"),
        },
    )


MOUNT = ["unshare", "--mount", "sh", "-ec"]


def may_mount() -> bool:
    """Return whether a disk of a test's own can be had (as root on Linux)."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*MOUNT, "mount -t tmpfs none /mnt"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(
    not may_mount(),
    reason="needs a disk of its own, which only root may mount",
)
@pytest.mark.parametrize(
    ("size", "then", "status", "wrong"),
    [
        (
            "1m",
            "head -c 2m /dev/zero > full || true",
            1,
            {("data", "fault", "settings.disk_full"), ("disk", "fault", "doctor.disk_full")},
        ),
        ("200m", "true", 0, {("disk", "warning", "doctor.disk_low")}),
        ("1g", "mount -o remount,ro .", 1, {("data", "fault", "settings.read_only")}),
    ],
)
def test_a_disk_that_is_full_or_nearly_or_read_only(
    tmp_path: Path, size: str, then: str, status: int, wrong: set[tuple[str, str, str]]
) -> None:
    """A real one, of so many bytes."""
    folder, disk = data_dir(tmp_path), tmp_path / "disk"
    disk.mkdir()
    prepare = f'mount -t tmpfs -o size={size} none {disk}; cd {disk}; cp {folder}/settings.json .; {then}; cd /; exec "$@"'
    command = [*MOUNT, prepare, "-", sys.executable, "-m", "claptrap", "doctor", "--json", "--data-dir", str(disk)]
    environment = claptrap_environment(os.environ) | {"CLAPTRAP_PORT": str(free_port()), "ALSA_CONFIG_PATH": "/dev/null"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == status, done.stderr
    assert_told([line for line in lines if line["check"] in ("data", "disk")], wrong)


def test_a_bundle_is_written_beside_the_report(tmp_path: Path) -> None:
    """With the log file that is there, and without what is secret in either; a place that cannot be written is told."""
    source = {**FILE, "webhooks": [{"id": "w", "enabled": False, "url": "https://hooks.example.org/hook-4f9a8c7b6d5e"}]}
    folder = data_dir(tmp_path, source)
    (folder / "claptrap.log").write_text("posted to https://hooks.example.org/hook-4f9a8c7b6d5e\n")
    ask = ("doctor", "--data-dir", str(folder), "--port", str(free_port()), "--bundle")
    done = run(*ask, "help.zip", folder=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "help.zip" in done.stderr
    with zipfile.ZipFile(tmp_path / "help.zip") as file:
        files = {name: file.read(name).decode() for name in file.namelist()}
    assert files["log.txt"] == "posted to https://name-1/…\n"
    assert "settings.json" in files
    assert not [name for name, text in files.items() if "4f9a8c7b6d5e" in text or "example.org" in text]
    refused = run(*ask, "no/such/folder/help.zip", folder=tmp_path)
    assert refused.returncode == 1
    assert "cannot be written" in refused.stderr


@pytest.mark.skipif(not may_mount(), reason="needs to be root, who becomes one like all others")
@pytest.mark.parametrize("command", ["serve", "doctor", "settings check", "settings show", "settings backups", "token list"])
def test_a_folder_of_another_user_is_said_to_be_so(tmp_path: Path, command: str) -> None:
    """As after a start with sudo: in words and with its remedy, not as a wrong option, whatever is asked for."""
    folder = data_dir(tmp_path)
    os.chown(folder, 65534, 65534)
    folder.chmod(0o700)
    powerless = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    done = subprocess.run(
        [*powerless, sys.executable, "-m", "claptrap", *command.split(), "--data-dir", str(folder)],
        env=claptrap_environment(os.environ) | {"CLAPTRAP_PORT": str(free_port())},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    said = done.stdout + done.stderr
    assert done.returncode in (1, 2), said
    assert f"{folder} belongs to nobody" in said
    assert "sudo chown -R root" in said
    assert "Usage" not in said
    assert "Traceback" not in said
