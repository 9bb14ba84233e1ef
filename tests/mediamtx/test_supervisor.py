"""A program that behaves is kept, one that misbehaves is started again, and none outlives us."""

from __future__ import annotations

import json
import logging
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.peers.mediamtx import lives, stand_in
from tests.peers.waiting import wait_until

from claptrap.core.backoff import Backoff
from claptrap.mediamtx import supervisor as supervisor_module
from claptrap.mediamtx.process_file import ProcessFile, start_time
from claptrap.mediamtx.supervisor import ProgramState, Supervisor

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the stand-in is a script with a first line")


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and waits to be seen off does not (Linux tells)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    if sys.platform != "linux":
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def supervised(folder: Path, mode: str) -> Iterator[Supervisor]:
    program, config = stand_in(folder, mode)
    supervisor = Supervisor(program, config, backoff=Backoff(0.01, 0.02, random.Random(0)))
    supervisor.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()
    assert supervisor.status.state is ProgramState.IDLE
    assert not [pid for pid in lives(folder) if is_alive(pid)]


@pytest.mark.parametrize("mode", ["good", "stubborn", "mute"])
@pytest.mark.slow
def test_it_ends_with_us_and_with_what_it_started(tmp_path: Path, mode: str, caplog: pytest.LogCaptureFixture) -> None:
    """Also where it does not want to, or has closed its output: its ffmpeg would go on recording."""
    caplog.set_level(logging.INFO)
    with supervised(tmp_path, mode) as supervisor:
        wait_until(lambda: "listener opened" in caplog.text)
        assert supervisor.status.state is ProgramState.RUNNING
        child = int((tmp_path / "child").read_text())
        assert is_alive(child)
    assert "MediaMTX: [RTSP] listener opened on 127.0.0.1:8554 (TCP)" in caplog.messages
    wait_until(lambda: not is_alive(child))
    assert len(lives(tmp_path)) == 1


def test_it_is_started_again_when_it_fails(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """As often as need be, saying why each time."""
    caplog.set_level(logging.INFO)
    with supervised(tmp_path, "crash") as supervisor:
        wait_until(lambda: "listener opened" in caplog.text)
        assert supervisor.status.starts == 3
        assert supervisor.status.code == "mediamtx.ended"
        assert supervisor.status.params == {"status": 3, "line": "something is wrong"}
        assert [problem.code for problem in supervisor.problems()] == ["mediamtx.ended"]
    assert caplog.messages.count("MediaMTX: something is wrong") == 2


def test_one_that_is_killed_is_started_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Without leaving what it had started behind."""
    caplog.set_level(logging.INFO)
    with supervised(tmp_path, "good"):
        wait_until(lambda: "listener opened" in caplog.text)
        child = int((tmp_path / "child").read_text())
        os.kill(lives(tmp_path)[0], 9)
        wait_until(lambda: not is_alive(child))
        wait_until(lambda: len(lives(tmp_path)) == 2)


def test_a_port_that_is_taken_is_said_in_words(tmp_path: Path) -> None:
    """With the port, and the file in which to choose another."""
    with supervised(tmp_path, "taken") as supervisor:
        wait_until(lambda: supervisor.status.code == "mediamtx.port_taken" and supervisor.status.starts > 1)
        assert supervisor.status.params == {"port": 8554, "config": str(tmp_path / "mediamtx.yml")}


def test_a_program_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    """And tried again: it may be on its way."""
    (tmp_path / "mediamtx.yml").write_text("")
    supervisor = Supervisor(tmp_path / "none", tmp_path / "mediamtx.yml", backoff=Backoff(0.01, 0.02, random.Random(0)))
    supervisor.start()
    try:
        wait_until(lambda: supervisor.status.code == "mediamtx.cannot_start")
        stand_in(tmp_path, "good")
        (tmp_path / "mediamtx").rename(tmp_path / "none")
        wait_until(lambda: supervisor.status.state is ProgramState.RUNNING)
    finally:
        supervisor.stop()
    wait_until(lambda: not [pid for pid in lives(tmp_path) if is_alive(pid)])


@pytest.mark.parametrize("mode", ["flood", "junk"])
def test_what_it_says_is_bounded_and_scrubbed(tmp_path: Path, mode: str, caplog: pytest.LogCaptureFixture) -> None:
    """A flood is counted, a line is cut, a password is taken out."""
    caplog.set_level(logging.INFO)
    with supervised(tmp_path, mode):
        wait_until((tmp_path / "child").exists)
        if mode == "junk":
            wait_until(lambda: any("is gone" in message for message in caplog.messages))
    lines = [message for message in caplog.messages if message.startswith("MediaMTX: ")]
    assert len(lines) < 1000
    assert max(map(len, lines)) < 2100
    assert "hunter22" not in caplog.text
    assert "\x1b" not in caplog.text


def test_stopping_what_never_started_is_harmless(tmp_path: Path) -> None:
    Supervisor(tmp_path / "none", tmp_path / "none.yml").stop()


def test_a_failure_is_a_problem_until_it_runs_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own last words; those who show it are told when it changes."""
    monkeypatch.setattr(supervisor_module, "WELL_S", 0.1)
    program, config = stand_in(tmp_path, "crash")
    supervisor = Supervisor(program, config, backoff=Backoff(0.01, 0.02, random.Random(0)))
    seen: list[list[str]] = []

    def note() -> None:
        seen.append([f"{problem.code} {problem.params['line']}" for problem in supervisor.problems()])

    supervisor.on_change = note
    supervisor.start()
    try:
        wait_until(lambda: len(lives(tmp_path)) == 3 and seen[-1] == [])
    finally:
        supervisor.stop()
    assert ["mediamtx.ended something is wrong"] in seen


def test_ffmpeg_that_is_missing_is_said_before_it_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """MediaMTX says so when somebody listens, and the source only that nothing came."""
    monkeypatch.setenv("PATH", str(tmp_path))
    program, config = stand_in(tmp_path, "good\npaths:\n  mic:\n    runOnDemand: ffmpeg -i x\n")
    supervisor = Supervisor(program, config)
    supervisor.start()
    try:
        wait_until(lambda: lives(tmp_path))
        assert [problem.code for problem in supervisor.problems()] == ["mediamtx.no_ffmpeg"]
    finally:
        supervisor.stop()


SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_what_outlived_its_claptrap_is_ended_by_the_next(tmp_path: Path) -> None:
    """Where no kernel does it: known by number and start time, and left alone while its own ClapTrap runs."""
    file = ProcessFile(tmp_path / "process.json")
    with subprocess.Popen(SLEEPER, start_new_session=True) as left, subprocess.Popen(SLEEPER) as owner:
        known = {"process": left.pid, "started": start_time(left.pid), "owner": owner.pid, "owned": start_time(owner.pid)}
        assert known["started"]
        (tmp_path / "process.json").write_text(json.dumps(known))
        assert file.end_leftover() is None
        owner.kill()
        owner.wait()
        (tmp_path / "process.json").write_text(json.dumps({**known, "started": "another time"}))
        assert file.end_leftover() is None
        assert left.poll() is None
        (tmp_path / "process.json").write_text(json.dumps(known))
        reaper = threading.Thread(target=left.wait)  # the system's part, where the parent is gone
        reaper.start()
        assert file.end_leftover() == left.pid
        reaper.join()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"process": "x"}', "null"])
def test_a_process_file_that_is_none_is_passed_over(tmp_path: Path, content: str) -> None:
    """Whatever a crash left of it."""
    (tmp_path / "process.json").write_text(content)
    assert ProcessFile(tmp_path / "process.json").end_leftover() is None
    assert ProcessFile(tmp_path / "none").end_leftover() is None
