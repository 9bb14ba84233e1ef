"""NumPy's libraries of linear algebra get no helper threads from the program: they wait in a busy loop."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

COUNT = """
import claptrap.cli.main, os, numpy
a = numpy.ones((256, 256)) @ numpy.ones((256, 256))
print(len(os.listdir("/proc/self/task")))
"""

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc")


def threads(**environment: str) -> int:
    """Return how many threads the program has after a product of matrices."""
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    command = [sys.executable, "-c", COUNT]
    return int(subprocess.run(command, env=clean | environment, capture_output=True, text=True, check=True).stdout)


def test_only_the_thread_that_asks_multiplies() -> None:
    """None beside it."""
    assert threads() == 1


@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two cores: on one there are no helpers anyway")
def test_who_wants_helpers_has_them() -> None:
    """What is set outside is left alone; and it is what the other test would see without our care."""
    assert threads(OPENBLAS_NUM_THREADS="2") == 2
