"""The service with VBAN sources: added, edited, explained and removed while others go on; nothing stays open."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.peers.ports import free_port
from tests.peers.vban import Sender, packets, sine

from claptrap.core.events import SourceStatus, State
from claptrap.runtime.hub import Subscription
from claptrap.service import Application

HOST = "127.0.0.1"
pytestmark = pytest.mark.slow  # patience of five seconds, as in real life


def vban(source: str, stream: str, port: int, **more: Any) -> dict[str, Any]:
    """Return the settings of a source."""
    return {"id": source, "kind": "vban", "name": source, "input": {"host": HOST, "stream": stream, "port": port}, **more}


class Watch:
    """Remembers what is told of sources, and waits for more."""

    def __init__(self, news: Subscription) -> None:
        self._news = news
        self._told: list[SourceStatus] = []

    def wait_for(self, source: str, condition: Callable[[SourceStatus], bool]) -> SourceStatus:
        """Return the first status of ``source`` that is as it should be; what was told before it is forgotten."""
        while True:
            mine = [status for status in self._told if status.source_id == source]
            if found := next((status for status in mine if condition(status)), None):
                self._told = [s for s in self._told if s.source_id != source or mine.index(s) > mine.index(found)]
                return found
            item = self._news.get(15.0)
            assert item is not None, mine
            if isinstance(item, SourceStatus):
                self._told.append(item)


def counted(service: Application) -> tuple[int, dict[str, int]]:
    """Return how many datagrams have come, and how many packets each stream has brought."""
    streams, (port,) = service.inputs.vban.stream_counts(), service.inputs.vban.port_counts()
    return port.datagrams, {stream.stream: stream.counts["packets"] for stream in streams}


def test_vban_sources_come_and_go(tmp_path: Path) -> None:
    """Two streams of one port live at once; one is renamed away and told so, the other does not notice."""
    port = free_port()
    service = Application(tmp_path)
    service.start()
    watch = Watch(service.hub.subscribe(1_000))
    try:
        service.settings.apply(
            {"sources": [{"id": "microphone", "enabled": False}, vban("a", "A", port), vban("b", "B", port)]}
        )
        for source in ("a", "b"):
            watch.wait_for(source, lambda status: status.state is State.RETRYING and status.code == "vban.nothing")
        with Sender(port) as sender:
            sender.send(packets(sine()[:12_800], name=b"A") + packets(sine()[:12_800], name=b"B"))
            for source in ("a", "b"):
                live = watch.wait_for(source, lambda status: status.state is State.LIVE)
                assert (live.rate_hz, live.channels, live.code) == (48_000, 1, "")
            service.settings.apply({"sources": [{"id": "a", "input": {"stream": "a"}}]})
            absent = watch.wait_for("a", lambda status: status.code.startswith("vban."))
            assert (absent.state, absent.code, absent.params["seen"]) == (State.RETRYING, "vban.wrong_name", "“A”")
            sender.send(packets(sine()[:12_800], name=b"a"))
            watch.wait_for("a", lambda status: status.state is State.LIVE and not status.code)
            seen = {stream.stream: (stream.rate_hz, stream.wanted) for stream in service.inputs.vban.discovered()}
            assert seen == {"A": (48_000, False), "B": (48_000, True), "a": (48_000, True)}
            deadline = time.monotonic() + 15.0  # the port's thread and the sources' may still be reading what was sent
            while (found := counted(service)) != (300, {"a": 100, "B": 100}):
                assert time.monotonic() < deadline, found
                time.sleep(0.02)
    finally:
        service.stop()
    assert not any(thread.name.startswith(("vban:", "capture:")) for thread in threading.enumerate())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as again:
        again.bind((HOST, port))
