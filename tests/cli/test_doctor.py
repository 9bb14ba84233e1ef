"""``claptrap doctor`` as a person or a script runs it."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.cli.test_detect import run
from tests.peers.service import Service
from tests.sources.test_knock import free_port

pytestmark = pytest.mark.slow  # each test starts the command, as a person does

FILE = {"id": "a", "kind": "file", "name": "A", "enabled": False, "input": {"path": "a.wav"}}


def data_dir(tmp_path: Path, *sources: dict[str, Any]) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps({"version": 2, "sources": list(sources or (FILE,))}))
    return folder


def examined(tmp_path: Path, folder: Path, port: int, **environment: str) -> tuple[int, dict[str, dict[str, Any]]]:
    done = run("doctor", "--json", "--data-dir", str(folder), "--port", str(port), folder=tmp_path, **environment)
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
    assert "bien       Les réglages sont valides : 1 source(s), 0 webhook(s) en service." in done.stdout.splitlines()


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
