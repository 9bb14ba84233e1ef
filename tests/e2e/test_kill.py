"""The service is killed (SIGKILL, as a system short of memory does): what was heard is told all the same, once."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.peers.receiver import Behaviour, Receiver, answer, dead_url
from tests.peers.service import Service, claptrap_environment

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CHILD = """
import sys
from pathlib import Path
from tests.web.conftest import clap
from claptrap.service import Application
service = Application(Path(sys.argv[1]))
service.start()
for i in range(int(sys.argv[2]), int(sys.argv[3])):
    service.events.record(clap(i))
    print(i, flush=True)
sys.stdin.read()
service.stop()
"""


def cut(head: bytes) -> Behaviour:
    """Begin an answer with ``head``, and hang up."""

    def behave(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(head)

    return behave


def slow(connection: socket.socket, ended: threading.Event) -> None:
    """Take a while."""
    ended.wait(0.05)
    answer(204)(connection, ended)


MOODS: dict[str, Behaviour] = {
    "well": answer(204),
    "slow": slow,
    "busy": answer(503, Retry_After="0"),
    "pressed": answer(429, Retry_After="0"),
    "cut in the head": cut(b"HTTP/1.1 20"),
    "cut in the body": cut(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha"),
    "redirected": answer(302, Location="http://127.0.0.1:1/"),
}
TAKEN = ("well", "slow", "cut in the body")


@contextmanager
def hearing(data: Path, first: int, last: int) -> Iterator[subprocess.Popen[str]]:
    """A process that serves ``data`` without a web side, and hears detections ``first`` to ``last``, then waits."""
    command = [sys.executable, "-c", CHILD, str(data), str(first), str(last)]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, cwd=ROOT, env=claptrap_environment(os.environ), **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def data_folder(folder: Path, **webhook: Any) -> Path:
    """Return a data folder with one source that is not heard, and its webhook."""
    folder.mkdir()
    source = {
        "id": "salon",
        "kind": "file",
        "name": "Salon",
        "enabled": False,
        "input": {"path": "none"},
        "webhook": {"max_age_s": 600.0, **webhook},
    }
    (folder / "settings.json").write_text(json.dumps({"version": 1, "sources": [source]}))
    return folder


def test_a_clap_for_a_receiver_that_was_down_is_told_once_after_a_kill(tmp_path: Path) -> None:
    """Receiver down, clap, kill -9, receiver up, restart: exactly one POST, under the clap's key; the page shows it."""
    url = dead_url()
    data = data_folder(tmp_path / "data", url=url)
    with hearing(data, 7, 8) as process:
        assert process.stdout
        assert process.stdout.readline() == "7\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait(10) == -signal.SIGKILL
    with Receiver(port=urlsplit(url).port or 0) as receiver:
        with Service(data) as service:
            (post,) = receiver.wait_for(1)
            assert post.headers["idempotency-key"] == post.json["event_id"] == "salon:e:7"
            wait_for_delivery(service, "taken")
            state = service.get("/api/state")
            assert [event["id"] for event in state["events"]] == ["salon:e:7"]
            assert state["attempts"][0]["ok"] is True
        with Service(data) as service:
            event_id = service.post("/api/sources/salon/webhook/test")["event_id"]
            assert receiver.wait_for(2)[1].json["event_id"] == event_id
        assert len(receiver.requests) == 2


def test_kills_in_the_middle_of_many_claps_and_a_receiver_that_often_fails(tmp_path: Path) -> None:
    """Every clap is taken by a receiver that drops repeats, but for those that were redirected, which are given up at once.

    At most the one under way at a kill is taken once more, under the same key. The receiver fails three times in ten: it is
    too busy, asks to come more slowly, cuts its answer off before or after it has said what it is, or sends elsewhere;
    and it is slow now and then.
    """
    chance, n, kills = random.Random(11), 300, 3
    moods = chance.choices(list(MOODS), [68, 2, 14, 12, 1, 2, 1], k=4 * n)
    with Receiver(*[MOODS[mood] for mood in moods]) as receiver:
        data = data_folder(tmp_path / "data", url=receiver.url, max_attempts=10, idempotent=True)
        first = 0
        for _ in range(kills):
            with hearing(data, first, first + n // (kills + 1)) as process:
                assert process.stdout
                first = int(process.stdout.readline()) + 1
                receiver.wait_for(len(receiver.requests) + chance.randrange(5, 60))
                process.send_signal(signal.SIGKILL)
                first = max([first, *(int(number) + 1 for number in process.stdout.read().split())])
        with hearing(data, first, n) as process:
            assert process.stdout
            assert [process.stdout.readline() for _ in range(first, n)][-1] == f"{n - 1}\n"
            wait_until_nothing_waits(data)
            requests = receiver.requests
        told = [(r.json["event_id"], mood) for r, mood in zip(requests, moods, strict=False)]
        taken = Counter(event_id for event_id, mood in told if mood in TAKEN)
        redirected = {event_id for event_id, mood in told if mood == "redirected"}
        assert set(taken) | redirected == {f"salon:e:{i}" for i in range(n)}
        assert given_up(data) <= redirected
        assert max(taken.values()) <= 2
        assert sum(taken.values()) <= n + kills
        assert all(r.headers["idempotency-key"] == r.json["event_id"] for r in requests)


def given_up(data: Path) -> set[str]:
    with closing(sqlite3.connect(data / "history.sqlite")) as journal:
        rows = journal.execute("SELECT event_id, code, params FROM deliveries WHERE state = 'given_up'").fetchall()
    assert all(
        (code, json.loads(params)) == ("delivery.redirected", {"status": 302, "where": "http://127.0.0.1:1"})
        for _, code, params in rows
    )
    return {event_id for event_id, _, _ in rows}


def wait_until_nothing_waits(data: Path) -> None:
    deadline = time.monotonic() + 120
    with closing(sqlite3.connect(data / "history.sqlite")) as journal:
        while journal.execute("SELECT count(*) FROM deliveries WHERE state = 'waiting'").fetchone()[0]:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def wait_for_delivery(service: Service, state: str) -> None:
    deadline = time.monotonic() + 20
    while not service.get(f"/api/deliveries?state={state}")["deliveries"]:
        assert time.monotonic() < deadline, service.log_text()
