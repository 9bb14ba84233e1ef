"""A receiver of webhooks on this machine, for the tests alone."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

MOST_BODY_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class ReceivedPost:
    """What came: the JSON body, and the headers by their names in small letters."""

    body: Any
    headers: dict[str, str]


class Receiver:
    """Answers each POST with the next of ``statuses``, the last one for ever; ends with the ``with`` block."""

    def __init__(self, *statuses: int) -> None:
        self.posts: list[ReceivedPost] = []
        left = list(statuses or (204,))
        lock = threading.Lock()
        posts = self.posts

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:  # http.server's own name
                length = min(int(self.headers.get("Content-Length", 0)), MOST_BODY_BYTES)
                body = json.loads(self.rfile.read(length))
                with lock:
                    status = left.pop(0) if len(left) > 1 else left[0]
                    posts.append(ReceivedPost(body, {name.lower(): value for name, value in self.headers.items()}))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing: the log is the service's."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="selftest:receiver")
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
