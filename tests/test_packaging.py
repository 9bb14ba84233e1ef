"""What is installed is whole: the page, the weights, every dependency pinned, no host named."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
import soundfile
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import claptrap
from tests.conftest import ROOT
from tests.peers.claps import recording
from tests.peers.receiver import Receiver
from tests.peers.service import Service, claptrap_environment

ASSETS = Path("src/claptrap/web/assets")
COMMIT = "0123456789ab"
LOCKS = {
    "requirements.lock": ("requirements-build.in",),
    "requirements-dev.lock": ("requirements-dev.in",),
    "requirements-node.lock": ("requirements-node.in",),
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


# -- what is written down ---------------------------------------------------------------------------------------------------


def requirements_in(name: str) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text("utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def pins(lock: str) -> dict[str, str]:
    """Return the version that a lock pins for each package."""
    text = (ROOT / lock).read_text("utf-8")
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", text, re.MULTILINE)
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_locks_name_no_host_and_hash_everything(lock: str) -> None:
    """Any index will do, and none can slip something else in."""
    text = (ROOT / lock).read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*--(index-url|extra-index-url|find-links|trusted-host)", text, re.MULTILINE)
    entries = re.split(r"\n(?=[A-Za-z0-9])", text.strip())
    pinned = [entry for entry in entries if "==" in entry.splitlines()[0]]
    assert 0 < len(pins(lock)) <= len(pinned)  # one package may have a version per Python
    assert all("--hash=sha256:" in entry for entry in pinned)


@pytest.mark.parametrize(("lock", "inputs"), LOCKS.items())
def test_locks_cover_what_is_asked_for(lock: str, inputs: tuple[str, ...]) -> None:
    """Whoever adds a dependency renews the locks: ``make lock``."""
    asked = [requirement for name in inputs for requirement in requirements_in(name)]
    if lock == "requirements.lock":
        asked += [Requirement(line) for line in PROJECT["dependencies"]]
    pinned = pins(lock)
    for requirement in asked:
        name = canonicalize_name(requirement.name)
        assert name in pinned, f"{name} is not in {lock}: make lock"
        assert requirement.specifier.contains(pinned[name], prereleases=True), f"{name} {pinned[name]}: make lock"


def test_locks_agree_with_each_other() -> None:
    """Tests run with the very versions that people get."""
    people, tests = pins("requirements.lock"), pins("requirements-dev.lock")
    assert {name: tests[name] for name in people.keys() & tests.keys()} == {
        name: people[name] for name in people.keys() & tests.keys()
    }


def test_the_npm_lock_names_no_host() -> None:
    """The page's few packages come from whatever registry npm uses."""
    assert "://" not in re.sub(
        r'"(url|funding)": "https://[^"]*"', "", (ROOT / "frontend/package-lock.json").read_text("utf-8")
    )


def test_the_project_says_what_it_is() -> None:
    """One version, one licence, the Pythons that are promised."""
    assert PROJECT["version"] == claptrap.__version__
    assert PROJECT["license"] == "MIT"
    assert "MIT License" in (ROOT / "LICENSE").read_text("utf-8")
    listed = {c.rpartition(" ")[2] for c in PROJECT["classifiers"] if re.fullmatch(r".* :: Python :: 3\.\d+", c)}
    assert listed == {"3.11", "3.12", "3.13"}
    supported = SpecifierSet(PROJECT["requires-python"])
    assert all(supported.contains(version) for version in listed)
    assert not supported.contains("3.10")


# -- what is built ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist of a clean copy of the checkout."""
    checkout, out = tmp_path_factory.mktemp("checkout"), tmp_path_factory.mktemp("built")
    copy_checkout(checkout)
    python(checkout, "-m", "hatchling", "build", "-d", str(out))
    return out


def copy_checkout(to: Path) -> None:
    """Copy what git would give, and the page as it was built here, so that building it again needs no network."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=False
    )
    if listing.returncode:
        pytest.skip("this is no git checkout")
    names = [os.fsdecode(name) for name in listing.stdout.split(b"\0") if name]
    if (ROOT / ASSETS / "index.html").exists():
        names += [str(path.relative_to(ROOT)) for path in (ROOT / ASSETS).rglob("*") if path.is_file()]
    for name in names:
        if (ROOT / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def python(folder: Path, *arguments: str) -> str:
    """Run this Python in ``folder``; return what it says."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=build_environment(),
        timeout=400,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return kept | {"CLAPTRAP_COMMIT": COMMIT}


def page_or_skip(names: set[str], index: str) -> None:
    """Skip where the page could not be built, unless it must."""
    if index not in names and os.environ.get("CLAPTRAP_REQUIRE_PAGE") != "1":
        pytest.skip("the page could not be built here (no Node, or no npm registry)")
    assert index in names


@pytest.mark.slow
def test_a_wheel_has_page_and_weights_and_nothing_else(built: Path) -> None:
    """Who installs it needs neither Node nor a network."""
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = {name for name in wheel.namelist() if not name.endswith("/")}
    assert "claptrap/py.typed" in names
    assert any(re.fullmatch(r"claptrap/detect/weights/.+\.npz", name) for name in names)
    assert {"claptrap/text/fr.json", "claptrap/text/en.json"} <= names
    assert {name.split("/")[0] for name in names} <= {"claptrap", f"claptrap-{claptrap.__version__}.dist-info"}
    assert not [name for name in names if "node_modules" in name or "__pycache__" in name]
    page_or_skip(names, "claptrap/web/assets/index.html")
    assert [name for name in names if re.fullmatch(r"claptrap/web/assets/.+\.js", name)]
    assert [name for name in names if re.fullmatch(r"claptrap/web/assets/.+\.css", name)]


@pytest.mark.slow
def test_an_sdist_can_be_built_from(built: Path) -> None:
    """It has the page's sources and the hook, and the page as it was built."""
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"pyproject.toml", "hatch_build.py", "LICENSE", "README.md", "README.fr.md", "frontend/build.mjs"} <= names
    assert {"src/claptrap/text/fr.json", "src/claptrap/text/en.json"} <= names
    assert "src/claptrap/commit.txt" in names  # a wheel that is built from it still knows
    assert not [name for name in names if "node_modules" in name]
    page_or_skip(names, str(ASSETS / "index.html"))


@pytest.mark.slow
def test_an_installed_package_works_without_node_and_without_its_checkout(built: Path, tmp_path: Path) -> None:
    """In an environment of its own, from an empty folder, with nothing but Python on the path."""
    home = tmp_path / "env"
    venv.create(home, with_pip=False, symlinks=True)
    clean = home / "bin" / "python"
    wheel = next(built.glob("*.whl"))
    install = ["-m", "pip", "--python", str(clean), "install", "--no-deps", "--no-index", "--quiet", str(wheel)]
    python(tmp_path, *install)
    # What it depends on is lent by this environment: a path, whose own .pth files (the checkout) are not followed.
    site = next((home / "lib").glob("python3*/site-packages"))
    lent = subprocess.run(
        [sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    (site / "lent.pth").write_text(lent.stdout)
    (tmp_path / "empty").mkdir()

    def run(*arguments: str) -> str:
        environment = claptrap_environment(build_environment()) | {"PATH": str(home / "bin")}
        done = subprocess.run(
            list(arguments),
            cwd=tmp_path / "empty",
            capture_output=True,
            text=True,
            check=False,
            env=environment,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run(str(home / "bin" / "claptrap"), "--version") == f"claptrap, version {claptrap.__version__} ({COMMIT})\n"
    program = """
import claptrap, sys
from importlib.resources import files
from claptrap.detect.clapnet import load_clapnet
assert claptrap.__file__.startswith(sys.prefix), claptrap.__file__
load_clapnet()
print((files("claptrap.web") / "assets" / "index.html").is_file())
"""
    has_page = run(str(clean), "-c", program).strip()
    with Receiver() as receiver:
        data = clapping(tmp_path, receiver.url)
        with Service(data, python=clean, folder=tmp_path / "empty") as service:
            posts = receiver.wait_for(2)
            status, _ = service.raw("GET", "/")
    assert [post.json["event"] for post in posts] == ["clap", "clap"]
    assert len({post.headers["idempotency-key"] for post in posts}) == 2
    assert (status == 200) == (has_page == "True")
    page_or_skip({"page"} if has_page == "True" else set(), "page")


def clapping(folder: Path, url: str) -> Path:
    """Return a data folder whose only source is a recording of two claps, told to ``url``."""
    soundfile.write(folder / "claps.wav", recording(2, 16_000)[0], 16_000)
    source = {
        "id": "salon", "kind": "file", "name": "Salon", "input": {"path": str(folder / "claps.wav")},
        "webhooks": [{"id": "webhook", "url": url}],
    }  # fmt: skip
    (folder / "data").mkdir()
    (folder / "data" / "settings.json").write_text(json.dumps({"version": 3, "sources": [source]}))
    return folder / "data"
