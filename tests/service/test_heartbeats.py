"""Heartbeats: called while all is well, and only then, by the same sender as webhooks."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.peers.receiver import Receiver, answer, dead_url
from tests.peers.waiting import wait_until

from claptrap.core.events import Problem
from claptrap.delivery.webhook import WebhookSender
from claptrap.service import Application
from claptrap.service.heartbeats import LOOK_AGAIN_S, Heartbeat, is_well
from claptrap.settings.watch import HeartbeatSettings


def test_a_heartbeat_is_called_only_while_all_is_well() -> None:
    """A refusal, or none to answer, is a problem until it is taken again; between calls is the time that was chosen."""
    well, changed, secret = threading.Event(), [], "t0ken-4711"
    with Receiver(answer(404), then=answer(200)) as receiver, closing(WebhookSender()) as sender:
        settings = HeartbeatSettings(id="hc", url=f"{receiver.url}/{secret}", every_s=60.0)
        beat = Heartbeat(settings, sender, well.is_set, lambda: changed.append(1))
        assert beat.beat() == LOOK_AGAIN_S
        assert not receiver.requests
        well.set()
        assert beat.beat() == 60.0
        refused = beat.problem
        assert beat.beat() == 60.0
        assert (beat.problem, len(changed)) == (None, 2)
        assert [(one.method, one.path.endswith(secret), one.body) for one in receiver.requests] == [("GET", True, b"")] * 2
        assert refused is not None
        assert (refused.code, refused.params["status"], secret in str(refused)) == ("heartbeat.status", 404, False)
        silent = Heartbeat(HeartbeatSettings(id="gone", url=dead_url()), sender, well.is_set, changed.clear)
        silent.beat()
    assert silent.problem is not None
    assert silent.problem.code == "heartbeat.unreached"
    assert is_well([Problem(silent.problem.code)])  # else it could never come back
    assert not is_well([Problem("journal.unwritable")])


def test_the_service_calls_what_the_settings_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the moment that they say so, under another address at once, and no more once it is off."""
    monkeypatch.setenv("CLAPTRAP_MODELS_DIR", str(tmp_path / "models"))
    service = Application(tmp_path)
    service.start()
    try:
        service.settings.apply({"sources": [{"id": "microphone", "enabled": False}]})
        with Receiver(then=answer(200)) as receiver:
            for path in ("/one", "/two"):
                service.settings.apply({"heartbeats": [{"id": "hc", "url": receiver.url + path}]})
                wait_until(lambda path=path: any(one.path.endswith(path) for one in receiver.requests))
            service.settings.apply({"heartbeats": [{"id": "hc", "enabled": False}]})
            assert not service.problems.found()
    finally:
        service.stop()
