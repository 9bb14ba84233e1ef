"""Saving fails, or the process dies, at every step: the old document or the new one, never a third, never none."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from claptrap.core.errors import SettingsError
from claptrap.settings.backups import KEPT
from claptrap.settings.os_errors import read_error, write_error
from claptrap.settings.schema import Settings
from claptrap.settings.store import Store
from claptrap.text.catalogue import say

FRENCH, ENGLISH = Settings(language="fr"), Settings(language="en")
STEPS = ("open", "fdopen", "fsync", "mkdir", "link", "unlink", "replace")
"""What of ``os`` a save goes through, ``tempfile`` and ``pathlib`` included."""
MOST_CALLS = 60

KILLING = """
import json, os, signal, sys
from pathlib import Path
from claptrap.settings.schema import Settings
from claptrap.settings.store import Store

STEPS, MOST_CALLS = json.loads(sys.argv[2]), int(sys.argv[3])
OLD, NEW = Settings(language="fr"), Settings(language="en")

class Half:
    '''A file of which only the half has been written when the process dies.'''
    def __init__(self, file): self.file = file
    def __enter__(self): return self
    def __exit__(self, *_): self.file.close()
    def write(self, text):
        self.file.write(text[: len(text) // 2])
        self.file.flush()
        os.kill(os.getpid(), signal.SIGKILL)

def die_at(n, when):
    calls = 0
    def wrapped(name):
        real = getattr(os, name)
        def call(*args, **kwargs):
            nonlocal calls
            calls += 1
            mine = calls == n
            if mine and when == "before": os.kill(os.getpid(), signal.SIGKILL)
            answer = real(*args, **kwargs)
            if mine and when == "after": os.kill(os.getpid(), signal.SIGKILL)
            if mine and when == "half" and name == "fdopen": return Half(answer)
            return answer
        return call
    for name in STEPS: setattr(os, name, wrapped(name))

found = []
for when in ("before", "after", "half"):
    for n in range(1, MOST_CALLS):
        folder = Path(sys.argv[1]) / f"{when}-{n}"
        store = Store(folder)
        store.open(); store.save(NEW); store.save(OLD); store.close()
        child = os.fork()
        if child == 0:
            store = Store(folder)
            store.open()
            die_at(n, when)
            store.save(NEW)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        loaded = Store(folder).load()
        again = Store(folder)
        again.open(); again.save(NEW); clean = not list(folder.glob(".settings-*")); again.close()
        killed = os.WIFSIGNALED(status)
        assert killed or os.WEXITSTATUS(status) == 0
        found.append([when, n, killed, loaded.settings.language, len(loaded.problems), clean])
        if when == "half" and killed or when != "half" and not killed: break
print(json.dumps(found))
"""
FULL = """
import json, os, resource, sys
from pathlib import Path
from claptrap.core.errors import SettingsError
from claptrap.settings.schema import Settings
from claptrap.settings.store import Store

store = Store(Path(sys.argv[1]))
store.save(Settings(language="fr"))
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
for act in (lambda: store.save(Settings(language="en")), store.open):
    try: act()
    except SettingsError as error: print(error.code)
print(store.load().settings.language, len(store.load().problems), *[p.name for p in Path(sys.argv[1]).glob(".settings*")])
"""


def failing(monkeypatch: pytest.MonkeyPatch, at: int) -> Callable[[], int]:
    """Let the ``at``-th call of any step find the disk full; return a counter of calls."""
    calls = 0

    def wrapped(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == at:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*arguments, **options)

        return call

    for name in STEPS:
        monkeypatch.setattr(os, name, wrapped(name))
    return lambda: calls


def test_a_full_disk_at_any_step_leaves_the_old_or_the_new_document(tmp_path: Path) -> None:
    """No debris, no problem at the next start, and saving works again as soon as there is room."""
    (tmp_path / "before").mkdir()
    for i in range(KEPT + 1):  # so that the oldest backup has to go
        Store(tmp_path / "before").save(FRENCH if i % 2 == 0 else ENGLISH)
    for at in range(1, MOST_CALLS):
        folder = tmp_path / str(at)
        shutil.copytree(tmp_path / "before", folder)
        store = Store(folder)
        refused = None
        with pytest.MonkeyPatch.context() as patch:
            calls = failing(patch, at)
            try:
                store.save(ENGLISH)
            except SettingsError as error:
                refused = error
        loaded = Store(folder).load()
        assert not loaded.problems
        assert loaded.settings in ((FRENCH, ENGLISH) if refused else (ENGLISH,))
        assert refused is None or refused.code == "settings.disk_full"
        assert not list(folder.glob(".settings-*"))
        store.save(ENGLISH)
        assert Store(folder).load().settings == ENGLISH
        if calls() < at:  # the save has fewer steps: all have failed once
            assert at > len(STEPS)
            return
    pytest.fail("a save never came to its end")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a system that can fork")
@pytest.mark.slow
def test_a_process_that_is_killed_at_any_step_leaves_the_old_or_the_new_document(tmp_path: Path) -> None:
    """Before each call, after it, and in the middle of writing; the next start finds a folder that is free and in order."""
    arguments = [str(tmp_path), json.dumps(STEPS), str(MOST_CALLS)]
    done = subprocess.run([sys.executable, "-c", KILLING, *arguments], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    killed = [row for row in found if row[2]]
    assert {when for when, *_ in killed} == {"before", "after", "half"}
    assert len(killed) > 2 * len(STEPS)
    assert {language for *_, language, _, _ in killed} == {"fr", "en"}, "some die before the new document, some after"
    assert not [row for row in found if row[4] or not row[5]], "problems, or remains"
    assert {row[3] for row in killed if row[0] == "half"} == {"fr"}


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_write_that_the_system_cuts_short_is_a_full_disk(tmp_path: Path) -> None:
    """Said at saving, and at opening before anybody saves."""
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["settings.disk_full", "settings.disk_full", "fr", "0"]


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be a user who owns nothing, for the file system."""
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def public() -> Iterator[Path]:
    """A folder of root's that others may enter; pytest's own are closed to them."""
    if sys.platform == "win32" or os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_folder_of_somebody_else_is_said_at_opening(public: Path) -> None:
    """With whose it is, and who we are."""
    with as_nobody(), pytest.raises(SettingsError) as caught:
        Store(public).open()
    assert (caught.value.code, caught.value.params["owner"]) == ("settings.wrong_owner", "root")
    assert "chown" in say(caught.value.code, "en", **caught.value.params)


def test_a_file_of_somebody_else_is_said_and_never_replaced(public: Path) -> None:
    """As after a start with sudo: the folder is ours, the settings in it are root's."""
    Store(public).save(ENGLISH)
    os.chown(public, 65_534, 65_534)
    before = (public / "settings.json").read_bytes()
    with as_nobody():
        store = Store(public)
        store.open()
        loaded = store.load()
        with pytest.raises(SettingsError) as caught:
            store.save(FRENCH)
        store.close()
    assert loaded.settings == Settings()
    assert [problem.code for problem in loaded.problems] == ["settings.wrong_owner"]
    assert caught.value.code == "settings.wrong_owner"
    assert (public / "settings.json").read_bytes() == before


def test_a_folder_of_backups_that_is_somebody_else_s_is_said_at_opening(public: Path) -> None:
    """Else the first save would be the first to know."""
    store = Store(public)
    store.save(ENGLISH)
    store.save(FRENCH)
    os.chown(public, 65_534, 65_534)
    with as_nobody():
        try:
            with pytest.raises(SettingsError) as caught:
                store.open()
        finally:
            store.close()
    assert (caught.value.code, caught.value.params["path"]) == ("settings.wrong_owner", str(public / "backups"))


def test_a_folder_that_may_not_be_written_is_said_at_opening(public: Path) -> None:
    """Ours, but closed."""
    os.chown(public, 65_534, 65_534)
    public.chmod(0o555)
    with as_nobody(), pytest.raises(SettingsError) as caught:
        Store(public).open()
    assert caught.value.code == "settings.unwritable"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "settings.disk_full"),
        (errno.EDQUOT, "settings.disk_full"),
        (errno.EROFS, "settings.read_only"),
        (errno.EIO, "settings.unwritable"),
        (errno.EACCES, "settings.unwritable"),
    ],
)
def test_each_reason_has_its_sentence(tmp_path: Path, number: int, code: str) -> None:
    """What to do differs."""
    error = OSError(number, os.strerror(number))
    assert write_error(tmp_path, error).code == code
    assert read_error(tmp_path, error).code == "settings.unreadable"
