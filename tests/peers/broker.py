"""A real mosquitto on loopback, and somebody who watches it as Home Assistant would."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.peers.ports import free_port

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
WAIT_S = 30.0


class Broker:
    """mosquitto on a port of its own; it can be killed and started again, and keeps what is retained.

    Args:
        folder: for its configuration and database.
        password: of the user ``claptrap``; empty to let everybody in.
        certificate: (authority, certificate, key) PEM files to speak TLS with.
        options: more lines of its configuration.
        acl: lines of an access list; none to allow everything.
    """

    def __init__(
        self,
        folder: Path,
        password: str = "",
        certificate: tuple[Path, Path, Path] | None = None,
        options: Sequence[str] = (),
        acl: Sequence[str] = (),
    ) -> None:
        self.port = free_port()
        self._file = folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "user root", "persistence true", f"persistence_location {folder}/"]
        if password:
            users = folder / "users"
            users.touch(mode=0o600)
            tool = shutil.which("mosquitto_passwd", path="/usr/bin:/usr/sbin") or "mosquitto_passwd"
            subprocess.run([tool, "-b", str(users), "claptrap", password], check=True, capture_output=True)
            lines += ["allow_anonymous false", f"password_file {users}"]
        else:
            lines += ["allow_anonymous true"]
        if certificate is not None:
            lines += [f"{name} {path}" for name, path in zip(("cafile", "certfile", "keyfile"), certificate, strict=True)]
        if acl:
            (folder / "acl").write_text("\n".join([*acl, ""]))
            (folder / "acl").chmod(0o600)
            lines += [f"acl_file {folder / 'acl'}"]
        self._file.write_text("\n".join([*lines, *options, ""]))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait until it listens."""
        assert MOSQUITTO
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self._process = subprocess.Popen([MOSQUITTO, "-c", str(self._file)], **quiet)
        deadline = time.monotonic() + WAIT_S
        while not self._listens():
            assert time.monotonic() < deadline
            assert self._process.poll() is None
            time.sleep(0.02)

    def _listens(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except ConnectionRefusedError:
            return False
        return True

    def stop(self) -> None:
        """End it as a system does: what is retained is written down."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(WAIT_S)
            self._process = None


class Watcher:
    """A client that remembers everything it is told below all topics, and can publish."""

    def __init__(self, port: int, *, is_version_5: bool = False) -> None:
        self.retained: dict[str, bytes] = {}
        self.events: list[tuple[str, bytes]] = []
        self.heard: list[tuple[str, bytes]] = []  # everything, in order
        self.expiries: list[int | None] = []  # of the events, in seconds
        self._grown = threading.Condition()
        self._ready = threading.Event()
        # A session that lasts: what is published while this client is away for a moment is kept for it.
        version = {"protocol": paho.MQTTv5} if is_version_5 else {"clean_session": False}
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="watcher", **version)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._take
        self._client.reconnect_delay_set(1, 1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._ready.wait(WAIT_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish, and wait until the broker has it."""
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(WAIT_S)

    def wait_for(self, condition: Callable[[], object]) -> None:
        """Wait until what was told satisfies ``condition``."""
        with self._grown:
            assert self._grown.wait_for(condition, WAIT_S), (sorted(self.retained.items()), self.events)

    def _take(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        with self._grown:
            self.heard.append((message.topic, message.payload))
            if message.topic.endswith("/event"):
                self.events.append((message.topic, message.payload))
                self.expiries.append(getattr(message.properties, "MessageExpiryInterval", None))
            else:
                self.retained[message.topic] = message.payload  # empty where it was taken back
            self._grown.notify_all()
