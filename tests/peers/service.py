"""The real service in a process of its own, as a person starts it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

START_S = 30.0


def claptrap_environment(base: Mapping[str, str]) -> dict[str, str]:
    """Return ``base`` without ClapTrap's own variables, and with English messages."""
    kept = {name: value for name, value in base.items() if not name.startswith("CLAPTRAP_") or name == "CLAPTRAP_MODELS_DIR"}
    return kept | {"LC_ALL": "C.UTF-8", "PYTHONUNBUFFERED": "1", "CLAPTRAP_NO_DOWNLOAD": "1"}


class Service:
    """``claptrap serve`` on a free port; ends with the ``with`` block.

    Args:
        data_dir: its settings.
        python: whose ClapTrap; this one's unless said.
        folder: where it is started.
        environment, variables: added to this process's environment.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        python: Path | str = sys.executable,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        **variables: str,
    ) -> None:
        command = [str(python), "-m", "claptrap", "serve", "--port", "0", "--data-dir", str(data_dir)]
        self._process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=claptrap_environment(os.environ) | dict(environment or {}) | variables,
        )
        self._lines: list[str] = []
        self._grown = threading.Condition()
        self._reader = threading.Thread(target=self._read, name="test:service-log")
        self._reader.start()
        self.url = self.wait_for_line(r"(https?://[\d.:\[\]]+)/?\s").rstrip("/")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGTERM)
        self._reader.join()
        if self._process.stdout:
            self._process.stdout.close()

    def end(self, sign: signal.Signals) -> int:
        """Send ``sign`` and return the exit status; kill after 10 s."""
        if self._process.poll() is None:
            self._process.send_signal(sign)
        try:
            return self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise

    def wait_for_line(self, pattern: str, timeout_s: float = START_S) -> str:
        """Return the first group of the first line of output that matches, waiting for it."""

        def found() -> str | None:
            return next((m[1] for line in self._lines if (m := re.search(pattern, line))), None)

        with self._grown:
            ready = self._grown.wait_for(lambda: found() or self._process.poll() is not None, timeout_s)
            match = found()
            assert ready, f"no line like {pattern!r} in:\n{self.log_text()}"
            assert match, f"it ended without a line like {pattern!r}:\n{self.log_text()}"
            return match

    def log_text(self) -> str:
        """Return all output so far."""
        return "".join(self._lines)

    def get(self, path: str) -> Any:
        """Return the JSON answer of a GET."""
        status, body = self.raw("GET", path)
        assert status == 200, body
        return json.loads(body)

    def post(self, path: str) -> Any:
        """Return the JSON answer of a POST without a body."""
        status, body = self.raw("POST", path)
        assert status in (200, 202, 204), body
        return json.loads(body) if body else None

    def patch(self, change: Mapping[str, Any]) -> Any:
        """Change settings; return the new ones."""
        status, body = self.raw("PATCH", "/api/settings", change)
        assert status == 200, body
        return json.loads(body)

    def raw(self, method: str, path: str, body: object = None, timeout_s: float = 15.0) -> tuple[int, bytes]:
        """Return status and body of any request."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            self.url + path, data=data, method=method, headers={"Content-Type": "application/json", "Origin": self.url}
        )
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def wait_for_status(self, source: str, state: str, timeout_s: float = 15.0) -> dict[str, Any]:
        """Return a source's status once it is in ``state``, asking again until then."""
        deadline = time.monotonic() + timeout_s
        while True:
            status: dict[str, Any] = self.get("/api/state")["statuses"][source]
            if status["state"] == state:
                return status
            assert time.monotonic() < deadline, status

    @property
    def pid(self) -> int:
        """The process's."""
        return self._process.pid

    def threads_and_descriptors(self) -> tuple[int, int]:
        """Return how many threads and open descriptors the process has (Linux)."""
        process = Path("/proc") / str(self._process.pid)
        return len(list((process / "task").iterdir())), len(list((process / "fd").iterdir()))

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._grown:
                self._lines.append(line)
                self._grown.notify_all()
        with self._grown:
            self._grown.notify_all()
