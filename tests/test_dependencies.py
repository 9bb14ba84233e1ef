"""What is installed is what was reviewed: offline, on every run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest

from tests.conftest import ROOT

LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-node.lock")
PIN = re.compile(r"^([a-z0-9-]+)==([^\s;]+)( ; [^\\]+)?( \\)?$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def direct() -> set[str]:
    """Return the packages that ClapTrap asks for itself, the optional ones too."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(one for extra in project.get("optional-dependencies", {}).values() for one in extra),
    ]
    return {match[0].lower().replace("_", "-") for one in wanted if (match := re.match(r"[\w-]+", one))}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_is_pinned_with_its_hashes_and_no_index_is_named(name: str) -> None:
    package, n_hashes = "", 0
    lines = (ROOT / name).read_text("utf-8").splitlines()
    for line in lines:
        if found := PIN.match(line):
            assert not package or n_hashes, f"{package} has no hash"
            package, n_hashes = found[1], 0
        elif HASH.match(line):
            n_hashes += 1
        else:
            assert line.startswith("    #") or not line, f"{name}: {line}"
    assert package
    assert n_hashes


def test_what_is_asked_for_is_pinned() -> None:
    pinned = {found[1] for line in (ROOT / LOCKS[0]).read_text("utf-8").splitlines() if (found := PIN.match(line))}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert len(project["dependencies"]) > 20
    assert {re.match(r"[\w-]+", one)[0].lower() for one in project["dependencies"]} <= pinned  # type: ignore[index]  # each has a name


@pytest.mark.parametrize("page", ["docs/security.md", "docs/fr/security.md"])
def test_every_package_that_is_asked_for_was_reviewed(page: str) -> None:
    """A new one fails until its row says what it is for, and what it reads."""
    table = (ROOT / page).read_text("utf-8").rpartition("|---|---|---|\n")[2]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    assert all(len(row) == 3 and all(row) for row in rows)
    assert {row[0] for row in rows} == direct()


def test_every_package_of_the_page_is_pinned_with_its_hash() -> None:
    lock = json.loads((ROOT / "frontend/package-lock.json").read_text("utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert len(packages) > 5
    for name, one in packages.items():
        assert one["version"], name
        assert one["integrity"].startswith("sha512-"), name


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("sh") is None, reason="needs a POSIX shell")
def test_the_audit_says_what_it_could_not_ask() -> None:
    """Where its tool cannot be had: no failure, and no silence either."""
    offline = {**os.environ, "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        ["sh", "scripts/audit", sys.executable], cwd=ROOT, capture_output=True, text=True, check=False, env=offline
    )
    assert done.returncode == 0
    assert "No network" in done.stdout
