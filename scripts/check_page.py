"""Checks the types of the page's sources (part of ``make lint``).

Without Node or the npm registry it says so and goes on, as the build of the page does: wrong types break no installation.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from hatch_build import FRONTEND, Node, system_node, wheel_node

PATIENCE_S = 300
TYPESCRIPT = FRONTEND / "node_modules" / "typescript"


def main() -> int:
    """Return 1 where the types are wrong."""
    node = system_node() or wheel_node()
    if node is None:
        sys.stderr.write("The page's types are not checked: there is no Node with npm.\n")
        return 0
    if not TYPESCRIPT.exists() and (reason := _fetch(node)):
        sys.stderr.write(f"The page's types are not checked: npm could not fetch TypeScript ({reason}).\n")
        return 0
    command = (*node.node, str(TYPESCRIPT / "bin" / "tsc"), "--noEmit", "--project", str(FRONTEND))
    return subprocess.run(command, check=False, timeout=PATIENCE_S).returncode  # noqa: S603  # our own command, no shell


def _fetch(node: Node) -> str:
    """Fetch what the page's sources and their check need; return why that failed, or nothing."""
    command = (*node.npm, "ci", "--no-audit", "--no-fund", "--loglevel=error")
    try:
        done = subprocess.run(  # noqa: S603  # our own command, no shell
            command, cwd=FRONTEND, check=False, capture_output=True, text=True, timeout=PATIENCE_S
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return "" if TYPESCRIPT.exists() else done.stderr.strip().partition("\n")[0] or "no reason given"


if __name__ == "__main__":
    sys.exit(main())
