"""Checks the page's sources (part of ``make lint``): its types, and whether ``wire.ts`` fits the API's description.

``python scripts/check_page.py --write`` writes ``wire.ts`` instead (``make wire``). Without Node or the npm registry the
check says so and goes on, as the build of the page does: wrong types break no installation.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from hatch_build import FRONTEND, Node, system_node, wheel_node
from scripts import wire

TIMEOUT_S = 300
TYPESCRIPT = FRONTEND / "node_modules" / "typescript"


def main(arguments: list[str]) -> int:
    """Return 1 where the types are wrong, ``wire.ts`` is out of date, or it was to be written and could not be."""
    is_writing = arguments == ["--write"]
    node = system_node() or wheel_node()
    if node is None:
        sys.stderr.write("The page is not checked: there is no Node with npm.\n")
        return int(is_writing)
    if not (TYPESCRIPT.exists() and wire.GENERATOR.exists()) and (reason := _fetch(node)):
        sys.stderr.write(f"The page is not checked: npm could not fetch TypeScript ({reason}).\n")
        return int(is_writing)
    made = wire.typescript(node)
    if is_writing:
        wire.WIRE.write_text(made, "utf-8")
        return 0
    if made != wire.WIRE.read_text("utf-8"):
        sys.stderr.write("frontend/src/wire.ts is not what the API's description makes: run `make wire`.\n")
        return 1
    command = (*node.node, str(TYPESCRIPT / "bin" / "tsc"), "--noEmit", "--project", str(FRONTEND))
    return subprocess.run(command, check=False, timeout=TIMEOUT_S).returncode  # noqa: S603  # our own command, no shell


def _fetch(node: Node) -> str:
    """Fetch what the page's sources and their check need; return why that failed, or nothing."""
    command = (*node.npm, "ci", "--no-audit", "--no-fund", "--loglevel=error")
    try:
        done = subprocess.run(  # noqa: S603  # our own command, no shell
            command, cwd=FRONTEND, check=False, capture_output=True, text=True, timeout=TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if TYPESCRIPT.exists() else done.stderr.strip().partition("\n")[0] or "no reason given"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
