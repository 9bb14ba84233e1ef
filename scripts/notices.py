"""Writes NOTICES.md: what ClapTrap is made of, and under which licences: ``make notices``. A test holds it against locks."""

from __future__ import annotations

import json
import re
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "NOTICES.md"
# Locked for other systems or other Pythons than the one that writes this, so that their own words cannot be read here.
ELSEWHERE = {"backports-strenum": "MIT", "colorama": "BSD-3-Clause"}
BUILDS = ("esbuild",)  # builds the page, and is not in it
HEAD = """# Notices

ClapTrap is under the [MIT licence](LICENSE). It uses these packages, which keep their own; none of their code is in this
repository. The page contains those that are named last.

Not shipped, fetched by the person who wants it: YAMNet (`yamnet.tflite`, Google, Apache-2.0).

| package | licence |
|---|---|
"""


def locked(lock: str) -> list[str]:
    """Return the names in a lock, in order."""
    text = (ROOT / lock).read_text("utf-8")
    return sorted({name.lower() for name in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)})


def licence(name: str) -> str:
    """Return the licence that an installed package declares.

    Raises:
        SystemExit: it declares none, or is not installed and not in ``ELSEWHERE``.
    """
    try:
        told = metadata(name)
    except PackageNotFoundError:
        if name not in ELSEWHERE:
            raise SystemExit(f"{name} is locked for another system; add its licence to ELSEWHERE in {__file__}") from None
        return ELSEWHERE[name]
    classified = [c.rpartition(" :: ")[2] for c in told.get_all("Classifier", []) if c.startswith("License :: ")]
    free_text = (told.get("License") or "").strip()
    found = told.get("License-Expression") or " and ".join(classified) or free_text.partition("\n")[0]
    if not found:
        raise SystemExit(f"{name} does not say its licence")
    return str(found)


def page_packages() -> dict[str, str]:
    """Return what the page is made of, by the lock of npm: packages that are in it, with their licences."""
    packages = json.loads((ROOT / "frontend" / "package-lock.json").read_text("utf-8"))["packages"]
    wanted = json.loads((ROOT / "frontend" / "package.json").read_text("utf-8"))["dependencies"]
    return {name: packages[f"node_modules/{name}"]["license"] for name in wanted if name not in BUILDS}


def main() -> None:
    """Write."""
    rows = [(name, licence(name)) for name in locked("requirements.lock")]
    rows += [(f"{name} (npm)", text) for name, text in sorted(page_packages().items())]
    OUT.write_text(HEAD + "".join(f"| {name} | {text} |\n" for name, text in rows), "utf-8")


if __name__ == "__main__":
    main()
