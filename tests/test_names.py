"""One name for one thing: a stranger who searches for a class finds the one."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

SOURCES = Path(__file__).parents[1] / "src"


def test_a_class_name_stands_once() -> None:
    """Private classes too."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                found[node.name].append(f"{path.relative_to(SOURCES)}:{node.lineno}")
    assert found
    assert {name: places for name, places in found.items() if len(places) > 1} == {}
