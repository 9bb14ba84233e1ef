"""The real Home Assistant core on loopback, set up over its own API as its page would do."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import httpx
from websockets.sync.client import connect

from tests.peers.ports import free_port

COMMAND = shlex.split(os.environ.get("CLAPTRAP_TEST_HOME_ASSISTANT", ""))
WHY_MISSING = "a minute, and Home Assistant, which needs Python 3.13: make test-home-assistant installs and runs it"
START_S, WAIT_S = 300.0, 180.0  # it installs what integrations need, also while it runs
_CLIENT = "http://claptrap.example/"
_TIDINGS = re.compile(r"^[\d-]+ [\d:.]+ (WARNING|ERROR|CRITICAL) \(")


class HomeAssistant:
    """A core in a process of its own, with one user and an access token.

    Args:
        folder: its configuration and data.
        configuration: lines of ``configuration.yaml``, beside those that it needs here.
    """

    def __init__(self, folder: Path, configuration: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        folder.mkdir()
        own = f"http: {{server_host: 127.0.0.1, server_port: {self.port}}}\napi:\nonboarding:\nconfig:\nwebhook:\n"
        own += "blueprint:\nautomation: !include automations.yaml\n"
        (folder / "automations.yaml").write_text("[]\n")
        (folder / "configuration.yaml").write_text(own + configuration, "utf-8")
        self._process: subprocess.Popen[bytes] | None = None
        self._web = httpx.Client(base_url=self.url, timeout=WAIT_S)
        self._refresh_token = ""

    def __enter__(self) -> Self:
        self.start()
        code = self._web.post(
            "/api/onboarding/users",
            json={"client_id": _CLIENT, "name": "T", "username": "t", "password": "secret", "language": "en"},
        ).raise_for_status()
        self._refresh_token = self._token(grant_type="authorization_code", code=code.json()["auth_code"])["refresh_token"]
        self._renew()
        self._wait_until_started()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._web.close()

    def start(self) -> None:
        """Start it, and wait until it has started its integrations."""
        command = [*COMMAND, "--config", str(self._folder), "--log-no-color"]
        with (self._folder / "output.log").open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_S
        while not self._answers():
            assert self._process.poll() is None, self.log()[-3000:]
            assert time.monotonic() < deadline, self.log()[-3000:]
            time.sleep(0.1)
        if self._refresh_token:
            self._renew()
            self._wait_until_started()

    def stop(self) -> None:
        """End it as a system does."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(WAIT_S)
            self._process = None

    def get(self, path: str) -> Any:
        """Ask its REST API."""
        return self._web.get(path).raise_for_status().json()

    def post(self, path: str, body: Any = None) -> Any:
        """Tell its REST API."""
        return self._web.post(path, json=body or {}).raise_for_status().json()

    def call(self, action: str, **data: Any) -> None:
        """Perform an action, as ``light.toggle``."""
        self.post(f"/api/services/{action.replace('.', '/')}", data)

    def state(self, entity_id: str) -> dict[str, Any]:
        """Return an entity's state object; empty where there is none."""
        answer = self._web.get(f"/api/states/{entity_id}")
        return answer.json() if answer.status_code == 200 else {}

    def ask(self, kind: str, **more: Any) -> Any:
        """Ask over its WebSocket API; return the result."""
        token = self._web.headers["Authorization"].removeprefix("Bearer ")
        with connect(f"{self.url.replace('http', 'ws')}/api/websocket", max_size=None, close_timeout=1) as socket:
            socket.recv(WAIT_S)
            socket.send(json.dumps({"type": "auth", "access_token": token}))
            assert json.loads(socket.recv(WAIT_S))["type"] == "auth_ok"
            socket.send(json.dumps({"id": 1, "type": kind, **more}))
            answer = json.loads(socket.recv(WAIT_S))
        assert answer["success"], answer
        return answer["result"]

    def add_mqtt(self, port: int) -> None:
        """Add the integration MQTT by its dialog."""
        given = {"broker": "127.0.0.1", "port": port}
        step = self.post("/api/config/config_entries/flow", {"handler": "mqtt", "show_advanced_options": False})
        while step["type"] == "form" and not step["errors"]:
            step = self.post(f"/api/config/config_entries/flow/{step['flow_id']}", _filled(step["data_schema"]) | given)
        assert step["type"] == "create_entry", step

    def wait_for(self, condition: Callable[[], Any], what: object = "") -> Any:
        """Wait until ``condition`` gives something true; return it."""
        deadline = time.monotonic() + WAIT_S
        while not (found := condition()):
            assert time.monotonic() < deadline, (what() if callable(what) else what, self.complaints())
            time.sleep(0.05)
        return found

    def log(self) -> str:
        """Return all that it has logged."""
        files = ("output.log",)
        return "".join(
            (self._folder / name).read_text("utf-8", "replace") for name in files if (self._folder / name).exists()
        )

    def complaints(self, but: Iterable[str] = ()) -> list[str]:
        """Return its warnings and errors, without those in which a pattern of ``but`` is found."""
        lines = [line for line in self.log().splitlines() if _TIDINGS.match(line)]
        return [line for line in lines if not any(re.search(pattern, line) for pattern in but)]

    def _answers(self) -> bool:
        try:
            return self._web.get("/api/onboarding").status_code in (200, 404)
        except httpx.TransportError:
            return False

    def _wait_until_started(self) -> None:
        """Wait until it has started: before that, no trigger of an automation is attached."""
        self.wait_for(lambda: self.get("/api/config")["state"] == "RUNNING")

    def _token(self, **given: str) -> Any:
        return self._web.post("/auth/token", data={"client_id": _CLIENT, **given}).raise_for_status().json()

    def _renew(self) -> None:
        token = self._token(grant_type="refresh_token", refresh_token=self._refresh_token)["access_token"]
        self._web.headers["Authorization"] = f"Bearer {token}"


def _filled(form: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a form of a dialog has in the fields that it needs, where a person has changed nothing."""
    return {field["name"]: _untouched(field) for field in form if field.get("required")}


def _untouched(field: Mapping[str, Any]) -> Any:
    if "schema" in field:
        return _filled(field["schema"])
    choices = field.get("selector", {}).get("select", {}).get("options", [False])
    return field.get("default", choices[0])
