"""Machines for which there is no LiteRT hear claps all the same, and say that sounds cannot be named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tests.conftest import ROOT

PROGRAM = """
import json, sys
sys.modules["ai_edge_litert"] = None  # as where they are not installed
from pathlib import Path
from claptrap.detect.yamnet import load_yamnet
from claptrap.core.errors import ModelError
from claptrap.doctor.examination import examine_models
from claptrap.service import Application
try:
    load_yamnet(Path("yamnet.tflite"))
except ModelError as error:
    refused = error.code
application = Application(Path(sys.argv[1]), yamnet_url="http://127.0.0.1:1/")
application.start()
state = application.model.progress()
application.stop()
print(json.dumps([refused, state, [found.to_json() for found in examine_models(Path("models"))]]))
"""


@pytest.mark.parametrize(
    ("system", "machine", "has_it"),
    [
        ("linux", "x86_64", True),
        ("linux", "aarch64", True),
        ("darwin", "arm64", True),
        ("linux", "armv7l", False),
        ("linux", "armv6l", False),
        ("linux", "i686", False),
        ("darwin", "x86_64", False),
    ],
)
def test_litert_is_asked_for_only_where_it_exists(system: str, machine: str, has_it: bool) -> None:
    """Elsewhere the installation would fail for want of a wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (litert,) = [Requirement(line) for line in project["dependencies"] if line.startswith("ai-edge-litert")]
    assert litert.marker is not None
    environment = {"sys_platform": system, "platform_machine": machine}
    assert litert.marker.evaluate(environment) == has_it
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    (pinned,) = [line.rstrip(" \\") for line in lock.splitlines() if line.startswith("ai-edge-litert")]
    marker = Requirement(pinned).marker
    assert marker is not None
    assert marker.evaluate(environment) == has_it


@pytest.mark.slow
def test_without_it_the_service_hears_and_says_that_sounds_have_no_names(tmp_path: Path) -> None:
    """Nothing is downloaded that could not be used; the page and the doctor say why."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ},
    )
    assert done.returncode == 0, done.stderr
    refused, state, findings = json.loads(done.stdout)
    assert refused == state["code"] == findings[0]["code"] == "model.no_runtime"
    assert state["message_fr"].startswith("Les sons ne peuvent pas être nommés sur cette machine")
    assert [found["grade"] for found in findings] == ["ok"]
