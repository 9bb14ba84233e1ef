"""Shared by all tests: no thread is left behind, and where the recordings are."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from itertools import groupby
from pathlib import Path

import pytest
from argon2 import PasswordHasher

ROOT = Path(__file__).parent.parent
# Hundreds of tests start a Python, which would compile all that it imports each time if it might not keep it.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that drive a browser over the run: at once they fight for the processor, while most others wait."""
    files = [list(tests) for _, tests in groupby(items, key=lambda item: item.path)]
    kinds: tuple[list[list[pytest.Item]], list[list[pytest.Item]]] = ([], [])
    for tests in files:
        kinds[tests[0].path.name.startswith(("test_page", "test_micro"))].append(tests)
    placed = [((place + 0.5) / len(kind), tests) for kind in kinds for place, tests in enumerate(kind)]
    items[:] = [item for _, tests in sorted(placed, key=lambda found: found[0]) for item in tests]


@pytest.fixture(autouse=True)
def no_thread_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail any test after which a thread of ClapTrap's lives on (after python-zeroconf's ``verify_threads_ended``)."""
    if request.node.get_closest_marker("changes_nothing"):  # the service that it asks may start some, and goes on
        yield
        return
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + 3
    before |= {thread for thread in threading.enumerate() if thread.name.startswith("session:")}  # tests.web.browser's
    for thread in set(threading.enumerate()) - before:
        is_a_peer_s = thread.name.startswith("asyncio-waitpid") or thread.name.endswith("(process_request_thread)")
        if not thread.daemon or ":" in thread.name or is_a_peer_s:  # a browser, or a server of the test's, that is ending
            thread.join(max(0, deadline - time.monotonic()))
    pools = ("asyncio_", "ThreadPoolExecutor", "tqdm_monitor")  # libraries' own, which outlive what began them by design
    left = [t.name for t in set(threading.enumerate()) - before if not t.name.startswith(pools)]
    assert not left, f"threads left behind: {left}"


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords at the least cost: the product's is 64 MB and a third of a second of a core, each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "claptrap.service.access.PasswordHasher", partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
        )
        yield


@pytest.fixture(scope="session", autouse=True)
def one_browser() -> Iterator[None]:
    """End the browser that tests have shared, where one has been started."""
    yield
    if (used := sys.modules.get("tests.web.browser")) is not None:
        used.shared.close()


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recordings and models that is not part of the project; the test skips where it is absent."""
    folder = Path(os.environ.get("CLAPTRAP_SHARED", ROOT.parent / "shared"))
    if not (folder / "audio" / "onsets.csv").exists():
        pytest.skip(
            "the recordings are not part of the project; set CLAPTRAP_SHARED to a folder that has audio/ and models/"
        )
    return folder


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """Have every descriptor below 1,024 taken, as a thousand sources take them."""
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(2048, before[0]), before[1]))
    taken = [os.open(os.devnull, os.O_RDONLY)]
    while taken[-1] < 1024:
        taken.append(os.dup(taken[0]))
    try:
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
