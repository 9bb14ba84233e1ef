"""What cannot be run here is at least whole: the files to deploy name what exists, and ask what ClapTrap understands."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

import claptrap
from claptrap.cli.defaults import PORT
from claptrap.cli.logs import LEVELS
from claptrap.cli.node import node as node_command
from claptrap.cli.serve import serve
from claptrap.settings.environment import OTHERS
from tests.conftest import ROOT
from tests.peers.service import Service

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
UNIT = (ROOT / "packaging/systemd/claptrap.service").read_text("utf-8")
SERVE = serve


def environment_names() -> set[str]:
    """Return every variable that ClapTrap reads."""
    options = {str(option.envvar) for option in SERVE.params if isinstance(option, click.Option) and option.envvar}
    return options | {*OTHERS}


def assert_understood(command: list[str]) -> None:
    """``claptrap serve …`` as written there is one that ClapTrap takes."""
    assert command[0] == "serve"
    SERVE.make_context("serve", command[1:])  # raises on an option that does not exist


def sources() -> list[str]:
    """Return what the image is made of."""
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    return [source for line in copied for source in line.split()]


def test_the_image_is_made_of_files_that_exist() -> None:
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")]
    assert {"src", "frontend", "hatch_build.py", "requirements.lock"} <= set(sources())
    for source in sources():
        assert (ROOT / source).exists(), source
        assert source in kept, f"{source} is not let through by .dockerignore"


def test_the_add_on_is_whole() -> None:
    """It is put together from this checkout, and asks of ClapTrap what it understands."""
    made = subprocess.run(["sh", "scripts/make-addon"], cwd=ROOT, check=True, capture_output=True, text=True)
    folder = ROOT / made.stdout.strip()
    config = yaml.safe_load((folder / "config.yaml").read_text("utf-8"))
    assert config["version"] == claptrap.__version__
    assert config["ingress_port"] == PORT
    assert set(config["environment"]) <= environment_names()
    assert (folder / "translations/fr.yaml").is_file()
    for source in sources():
        assert (folder / source).exists(), source
    assert not list(folder.rglob("node_modules"))
    dockerfile = (folder / "Dockerfile").read_text("utf-8")
    (entry,) = re.findall(r"^ENTRYPOINT (\[.+\])$", dockerfile, re.MULTILINE)  # Home Assistant's /data belongs to root
    assert re.match(r"chown -R claptrap:claptrap /data && exec setpriv --reuid=claptrap ", yaml.safe_load(entry)[2])
    assert len(re.findall(r"^CMD", dockerfile, re.MULTILINE)) == 1
    assert (folder / "icon.png").read_bytes().startswith(b"\x89PNG")


ADD_ON = ROOT / "packaging/home-assistant/claptrap"
DEFAULTS = {"startup": "application", "boot": "auto", "init": True, "apparmor": True, "panel_icon": "mdi:puzzle",
            "ingress_port": 8099, "stage": "stable", "panel_admin": True, "backup": "hot", "timeout": 10}  # fmt: skip


def test_the_add_on_keeps_the_rules_of_the_supervisor_and_the_community_s_linter() -> None:
    """No default is repeated, nothing obsolete is there, every option and port has a name in both languages."""
    config = yaml.safe_load((ADD_ON / "config.yaml").read_text("utf-8"))
    assert not [key for key, value in DEFAULTS.items() if config.get(key) == value]
    assert not {"watchdog", "webui", "advanced", "codenotary", "ports_description"} & set(config)
    assert {one["type"] for one in config["map"]} == {"media", "share"}
    assert set(config["options"]) <= set(config["schema"])
    assert f"log_level: list({'|'.join(LEVELS)})" in (ADD_ON / "config.yaml").read_text("utf-8")
    for language in ("en", "fr"):
        words = yaml.safe_load((ADD_ON / f"translations/{language}.yaml").read_text("utf-8"))
        assert set(words["configuration"]) == set(config["schema"])
        assert set(words["network"]) == set(config["ports"])
        assert all(one["name"] and one["description"] for one in words["configuration"].values())


@pytest.mark.skipif(shutil.which("apparmor_parser") is None, reason="apparmor_parser is missing: sudo apt install apparmor")
def test_apparmor_accepts_the_add_on_s_profile() -> None:
    profile = ADD_ON / "apparmor.txt"
    assert len(re.findall(r"^profile \S+", profile.read_text("utf-8"), re.MULTILINE)) == 1
    command = ["apparmor_parser", "--skip-kernel-load", "--skip-cache", "--stdout", str(profile)]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def test_the_repository_of_the_add_on_names_its_images() -> None:
    made = subprocess.run(
        ["sh", "scripts/make-addon-repository", "Owner/ClapTrap"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    folder = ROOT / made.stdout.strip()
    assert set(yaml.safe_load((folder / "repository.yaml").read_text("utf-8"))) == {"name", "maintainer", "url"}
    config = yaml.safe_load((folder / "claptrap/config.yaml").read_text("utf-8"))
    assert config["image"] == "ghcr.io/owner/claptrap-add-on-{arch}"
    workflow = (ROOT / ".github/workflows/add-on.yml").read_text("utf-8")
    assert all(f"arch: {arch}\n" in workflow for arch in config["arch"])
    assert "-add-on-$ARCH" in workflow


def test_the_image_starts_claptrap_as_nobody_in_particular() -> None:
    (user,) = re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE)  # a number: Kubernetes cannot tell who a name is
    assert f"--uid {user} " in DOCKERFILE
    assert DOCKERFILE.index(f"USER {user}") < DOCKERFILE.index("ENTRYPOINT")
    (arguments,) = re.findall(r"^CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    assert_understood(yaml.safe_load(arguments))
    settings = re.findall(r"\b(CLAPTRAP_\w+)=", DOCKERFILE.split("FROM")[-1])
    assert set(settings) <= environment_names()


@pytest.mark.slow
def test_the_health_check_tells_a_service_that_is_well_from_none(tmp_path: Path) -> None:
    (check,) = re.findall(r"HEALTHCHECK .*\\\n\s+CMD (\[.+\])$", DOCKERFILE, re.MULTILINE)
    command = [sys.executable, *yaml.safe_load(check)[1:]]
    assert command[1] == "-m"
    with Service(tmp_path, CLAPTRAP_TLS="1") as service:
        elsewhere = {**os.environ, "CLAPTRAP_HOST": "0.0.0.0", "CLAPTRAP_PORT": service.url.rpartition(":")[2]}
        assert subprocess.run(command, check=False, env=elsewhere).returncode == 0
    gone = subprocess.run(command, check=False, env=elsewhere, capture_output=True, text=True)
    assert (gone.returncode, gone.stderr) == (1, "")


def test_compose_of_a_cluster_starts_nodes_that_claptrap_knows() -> None:
    services = yaml.safe_load((ROOT / "compose.cluster.yaml").read_text("utf-8"))["services"]
    assert set(services) == {"claptrap", *(f"{kind}-{i}" for kind in ("node", "nats") for i in (1, 2, 3))}
    for name, service in services.items():
        assert set(service.get("environment", ())) <= environment_names()
        if name.startswith("node"):
            node_command.make_parser(click.Context(node_command)).parse_args(service["command"][1:])


def test_compose_mounts_files_that_exist() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
    assert set(compose["services"]["claptrap"]["environment"]) <= environment_names()
    assert set(compose["services"]) == {"claptrap", "mosquitto", "mediamtx"}
    mounts = [volume for service in compose["services"].values() for volume in service.get("volumes", ())]
    files = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert len(files) == 2
    assert all((ROOT / name).is_file() for name in files)
    named = {mount.split(":")[0] for mount in mounts if not mount.startswith("./")}
    assert named == set(compose["volumes"])
    published = [str(port) for service in compose["services"].values() for port in service.get("ports", ())]
    assert [port for port in published if not port.startswith("127.0.0.1:")] == ["6980:6980/udp"]  # VBAN only listens


def test_the_command_of_the_service_sees_what_the_service_sees() -> None:
    """Its folders, its options, its user."""
    command = (ROOT / "packaging/systemd/claptrap").read_text("utf-8")
    named = dict(re.findall(r"\b(CLAPTRAP_\w+)=([\w/]+)", UNIT))
    told = {"CLAPTRAP_PROGRAM": named.pop("CLAPTRAP_PROGRAM")}
    assert dict(re.findall(r"--setenv=(CLAPTRAP_\w+)=([\w/]+)", command)) == named
    assert told == {"CLAPTRAP_PROGRAM": "sudo"}
    assert 'CLAPTRAP_PROGRAM="sudo claptrap"' in command
    for line in ("User=claptrap", "SupplementaryGroups=audio", "EnvironmentFile=-/etc/default/claptrap"):
        assert line in UNIT
        assert line.lower().removeprefix("user=") in command.lower()


def test_the_unit_starts_claptrap() -> None:
    (start,) = re.findall(r"^ExecStart=(.+)$", UNIT, re.MULTILINE)
    program, *arguments = shlex.split(start)
    assert program == "/opt/claptrap/bin/claptrap"
    assert_understood(arguments)
    assert set(re.findall(r"\b(CLAPTRAP_\w+)=", UNIT)) <= environment_names()
    assert "User=claptrap" in UNIT


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing")
@pytest.mark.parametrize("name", ["claptrap.service", "claptrap-node.service"])
def test_systemd_accepts_the_unit(tmp_path: Path, name: str) -> None:
    """With a program that exists here: systemd looks for it."""
    unit = tmp_path / name
    text = (ROOT / "packaging/systemd" / name).read_text("utf-8")
    unit.write_text(text.replace("/opt/claptrap/bin/claptrap", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False, timeout=60)
    complaints = [line for line in done.stderr.splitlines() if name in line]
    assert (done.returncode, complaints) == (0, []), done.stderr


def test_the_workflow_runs_what_runs_here() -> None:
    """The same script as everywhere, on the Pythons that are promised."""
    workflow: dict[str, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text("utf-8"))
    linux = workflow["jobs"]["linux"]
    assert linux["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13"]
    assert [step["run"] for step in linux["steps"] if "run" in step][-1] == ".ci/run"
    assert {job.get("timeout-minutes", 360) <= 25 for job in workflow["jobs"].values()} == {True}
    for step in (step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step):
        for name in re.findall(r"[\w./-]+\.(?:lock|py|sh)\b|scripts/[\w-]+|\.ci/run", step):
            assert (ROOT / name).exists(), name
