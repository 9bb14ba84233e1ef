"""The real server on a free port of loopback, in this process, so that a test can also look at the service behind it."""

from __future__ import annotations

import json
import socket
import threading
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from tests.peers.waiting import wait_until
from tests.web.browser import browsing

from claptrap.core.events import Event
from claptrap.service import Application
from claptrap.web.listen_address import ListenAddress
from claptrap.web.server import Server, listen

WAIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server answered; header names in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Served:
    """A running service with its web side."""

    def __init__(self, service: Application, url: str) -> None:
        self.service = service
        self.url = url
        self.port = int(url.rpartition(":")[2])

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask as a script would: no Origin unless given. Header names are written with ``_`` for ``-``."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=WAIT_S)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, content, {"Content-Type": "application/json", **given} if content else given)
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()


@contextmanager
def serving(service: Application, port: int = 0, **options: Any) -> Iterator[Served]:
    """Run ``service`` behind the real server until the block ends, on any free port unless said."""
    ready = threading.Event()
    urls: list[str] = []

    def announce(address: ListenAddress) -> None:
        urls.append(address.url)
        ready.set()

    with listen("127.0.0.1", port) as listener:
        server = Server(service, listener, announce, **options)
        thread = threading.Thread(target=server.run, name="test:server")
        service.start()
        thread.start()
        try:
            assert ready.wait(WAIT_S)
            yield Served(service, urls[0])
        finally:
            server.stop()
            thread.join()
            service.stop()


@pytest.fixture
def quiet_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of models: nothing on this machine changes what the test sees."""
    monkeypatch.setenv("CLAPTRAP_MODELS_DIR", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data folder whose only source plays a recording of a tone over and over."""
    return make_data_dir(tmp_path)


@pytest.fixture(scope="module")
def shared_served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The same, for all tests of a file that are marked with ``changes_nothing``."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLAPTRAP_MODELS_DIR", str(folder / "models"))
        with serving(Application(make_data_dir(folder))) as running:
            wait_until(lambda: running.ask("GET", "/api/sources/salon").json["status"]["state"] == "live")
            yield running


@pytest.fixture
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    """The service with one source that gives sound: the test's own, unless it is marked with ``changes_nothing``."""
    if request.node.get_closest_marker("changes_nothing"):
        yield request.getfixturevalue("shared_served")
        return
    assert not request.getfixturevalue("quiet_models").exists()
    with serving(Application(request.getfixturevalue("data_dir"))) as running:
        yield running


@pytest.fixture
def page(served: Served) -> Iterator[Page]:
    """The page of ``served``, opened in a browser."""
    with browsing(served.url) as opened:
        yield opened


def make_data_dir(parent: Path) -> Path:
    """Make the folder ``data`` in ``parent``, whose only source plays a recording of a tone over and over."""
    folder = parent / "data"
    folder.mkdir()
    recording = parent / "tone.wav"
    write_tone(recording)
    source = {"id": "salon", "kind": "file", "name": "Salon", "input": {"path": str(recording), "loop": True}}
    (folder / "settings.json").write_text(json.dumps({"version": 1, "language": "fr", "sources": [source]}))
    return folder


def write_tone(path: Path) -> None:
    """Write 2 s of a 440 Hz tone at −12 dBFS."""
    tone = 0.25 * np.sin(2 * np.pi * 440 * np.arange(32_000) / 16_000)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes((tone * 32_767).astype("<i2").tobytes())


def clap(sequence: int, source_id: str = "salon") -> Event:
    """Return a detection as the worker gives it."""
    return Event(
        source_id=source_id,
        source_name="Salon",
        kind="file",
        epoch="e",
        sequence=sequence,
        onset_s=1.0 + sequence,
        decided_s=1.1 + sequence,
        timestamp=1_700_000_000.0 + sequence,
        score=0.9,
        labels=(("Clapping", 0.8),),
    )


def exchange(port: int, request: bytes) -> bytes:
    """Send raw bytes and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=WAIT_S) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65_536):
            received += chunk
        return received
