"""A program that behaves like MediaMTX, or misbehaves, as its configuration file says; and its API."""

from __future__ import annotations

import json
import sys
import threading
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

STAND_IN = f"""#!{sys.executable}
import os, signal, subprocess, sys, time
mode = open(sys.argv[1]).read().split()[0]
with open("lives", "a") as lives: lives.write(f"{{os.getpid()}}\\n")
stamp = "2026/11/25 10:00:00 "
if mode == "crash" and len(open("lives").readlines()) < 3:
    print(stamp + "ERR something is wrong", flush=True); sys.exit(3)
if mode == "taken":
    print(stamp + "ERR listen tcp 127.0.0.1:8554: bind: address already in use", flush=True); sys.exit(1)
if mode == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if mode == "flood":
    for n in range(5000): print(stamp + f"INF line {{n}}")
if mode == "junk":
    sys.stdout.buffer.write(b"\\xff\\xfe\\x1b[31m" + b"x" * 20000 + b"\\n")
    sys.stdout.flush()
    print(stamp + "WAR [path cam] rtsp://user:hunter22@10.0.0.9/x is gone", flush=True)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open("child", "w") as file: file.write(str(child.pid))
print(stamp + "INF [RTSP] listener opened on 127.0.0.1:8554 (TCP)", flush=True)
if mode == "mute": os.close(1); os.close(2)
while True: time.sleep(60)
"""


def stand_in(folder: Path, mode: str) -> tuple[Path, Path]:
    """Write the program and its configuration; return both. It writes its process number into the file ``lives``."""
    program, config = folder / "mediamtx", folder / "mediamtx.yml"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    config.write_text(mode)
    return program, config


def lives(folder: Path) -> list[int]:
    """Return the process numbers under which it has been started."""
    path = folder / "lives"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


@contextmanager
def api(answers: Mapping[str, Any], login: str = "") -> Iterator[int]:
    """Serve JSON (or raw bytes) by path, 404 otherwise; 401 without ``login`` (USER:PASSWORD) by Basic; yield the port."""
    wanted = login and f"Basic {b64encode(login.encode()).decode()}"

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path.partition("?")[0])
            body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            is_let_in = not wanted or self.headers.get("Authorization") == wanted
            self.send_response(404 if answer is None else 200 if is_let_in else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield http.server_port
        finally:
            http.shutdown()
            thread.join()
