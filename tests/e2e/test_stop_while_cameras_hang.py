"""The end of the service is prompt, wherever its cameras hang."""

from __future__ import annotations

import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.peers.hanging import PoliteCamera, full_port
from tests.peers.rtsp_server import RtspServer, make_certificate, why_missing
from tests.peers.service import Service

from claptrap.service.probes import MAX_CAMERAS

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("cameras"),
    pytest.mark.skipif(sys.platform != "linux", reason="a port that hangs in connect is made in Linux's way"),
    pytest.mark.skipif(bool(why_missing()), reason=f"GStreamer's RTSP server is missing: {why_missing()}"),
]

WAIT_S = 30.0
HANGING_RESOLVER = """
import socket, threading
truly = socket.getaddrinfo
def getaddrinfo(host, *rest, **named):
    if host == "hangs.invalid":
        threading.Event().wait()
    return truly(host, *rest, **named)
socket.getaddrinfo = getaddrinfo
"""


def test_cameras_that_hang_anywhere_do_not_delay_the_end(tmp_path: Path) -> None:
    """In the look-up of a name, in connect, in FFmpeg's opening and reading, plain and under TLS; a webhook hangs too."""
    (tmp_path / "sitecustomize.py").write_text(HANGING_RESOLVER)
    with (
        RtspServer(make_certificate(tmp_path)) as frozen,
        PoliteCamera() as polite,
        full_port() as full,
        socket.create_server(("127.0.0.1", 0)) as mute,
        ThreadPoolExecutor(MAX_CAMERAS) as people,
        Service(tmp_path / "data", PYTHONPATH=str(tmp_path)) as service,
    ):
        urls = {
            "name": "rtsp://hangs.invalid/x",
            "name-tls": "rtsps://hangs.invalid/x",
            "connect": f"rtsp://127.0.0.1:{full}/x",
            "connect-tls": f"rtsps://127.0.0.1:{full}/x",
            "opening": f"{polite.url}/a",
            "opening-too": f"{polite.url}/b",
            "reading": f"{frozen.url}/l16",
            "reading-tls": f"{frozen.tls_url}/l16",
        }
        service.patch({"sources": [camera(source_id, url) for source_id, url in urls.items()]})
        service.patch(
            {"sources": [{"id": "reading", "webhooks": [{"id": "w", "url": f"http://127.0.0.1:{port_of(mute)}/"}]}]}
        )
        service.wait_for_status("reading", "live", WAIT_S)
        service.wait_for_status("reading-tls", "live", WAIT_S)
        n = polite.n_left_waiting
        for _ in range(MAX_CAMERAS):
            people.submit(service.raw, "POST", "/api/probe/rtsp", {"input": {"url": f"{polite.url}/tried"}})
        polite.wait_for_questions(n + MAX_CAMERAS, WAIT_S)
        service.post("/api/sources/reading/webhook/test")
        with mute.accept()[0]:
            frozen.freeze()
            began = time.monotonic()
            assert service.end(signal.SIGTERM) == 0
            assert time.monotonic() - began < 8  # 3 s on an idle machine; what hangs here does so for 10 s, or for ever


def port_of(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])


def camera(source_id: str, url: str) -> dict[str, object]:
    return {"id": source_id, "kind": "rtsp", "name": source_id, "input": {"url": url, "verify_tls": False}}
