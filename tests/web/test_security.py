"""Who may talk to the service: names, origins, headers."""

from __future__ import annotations

import errno
import json
import socket
from pathlib import Path

import pytest
from tests.web.conftest import Served, exchange, serving

from claptrap.core.errors import ServiceError
from claptrap.service import Application
from claptrap.web.security import host_name, same_origin
from claptrap.web.server import listen

UPGRADE = (
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.mark.changes_nothing
@pytest.mark.parametrize("path", ["/", "/api/state", "/healthz", "/socket.io/?EIO=4&transport=polling", "/nothing"])
def test_a_foreign_name_is_misdirected(served: Served, path: str) -> None:
    """DNS rebinding: a site whose name resolves to this machine gets nothing, wherever it asks."""
    answer = served.ask("GET", path, Host=f"evil.example:{served.port}")
    assert (answer.status, answer.json["code"]) == (421, "api.foreign_host")


HOST = b"Host: 127.0.0.1\r\nConnection: close\r\n"


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        (b"GET /api/state HTTP/1.1\r\n" + HOST + b"Cookie: a=\xff\r\n\r\n", 200, None),
        (b"GET /api/access HTTP/1.1\r\n" + HOST + b"Cookie: \xff\xfe=\x80; a=\xc3(\r\n\r\n", 200, None),
        (b"GET /" + 256 * b"a" + b" HTTP/1.1\r\n" + HOST + b"\r\n", 404, "api.not_found"),
        (b"GET /" + 300 * b"%C3%A9" + b".js HTTP/1.1\r\n" + HOST + b"\r\n", 404, "api.not_found"),
        (b"GET /" + 9_000 * b"a" + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, "api.too_large"),
        (b"GET /?" + 9_000 * b"a" + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414, "api.too_large"),
        (b"GET /" + 60_000 * b"a" + b" HTTP/1.1\r\n" + HOST + b"\r\n", 4, None),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + 15_000 * b"a" + b"\r\nY: " + 15_000 * b"a" + b"\r\n\r\n", 4, None),
        (b"\x1b]0;owned\x07\r\n\r\n", 400, "api.bad_request"),
        (b"GET /socket.io/ HTTP/1.1\r\nHost: 127.0.0.1\r\n" + UPGRADE.replace("13", "1").encode() + b"\r\n", 400, None),
        (
            b"GET /socket.io/?" + 9_000 * b"a" + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + UPGRADE.encode() + b"\r\n",
            414,
            "api.too_large",
        ),
    ],
)
def test_whatever_a_stranger_sends_is_answered_with_our_headers(
    served: Served, request_: bytes, status: int, code: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    """Cookies that are no UTF-8, paths longer than a file's name: they were answered 500 by the server beneath, bare."""
    head, _, body = exchange(served.port, request_).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d" % status), head  # 4: by the guard, or by HTTP's parser where it came in parts
    assert b"content-security-policy: default-src 'none'" in head.lower()
    assert b"x-content-type-options: nosniff" in head.lower()
    if code:
        assert json.loads(body)["code"] == code
    assert not [record for record in caplog.records if record.exc_info]


def test_a_failure_is_answered_with_our_headers(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it is, the guard itself included; it is logged once, and nothing of it is told."""
    monkeypatch.setattr("claptrap.web.security.Guard._rejection", lambda *_: 1 / 0)
    answer = served.ask("GET", "/api/state")
    assert (answer.status, answer.json["code"]) == (500, "api.internal")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert b"division" not in answer.body


@pytest.mark.changes_nothing
@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "[::1]", "192.168.1.10", socket.gethostname()])
def test_own_names_and_addresses_are_answered(served: Served, host: str) -> None:
    assert served.ask("GET", "/healthz", Host=f"{host}:{served.port}").status == 200


@pytest.mark.changes_nothing
@pytest.mark.parametrize("host", ["", "[", "localhost.evil.example", "127.0.0.1.evil.example", "evil@localhost.example"])
def test_malformed_and_deceiving_names_are_refused(served: Served, host: str) -> None:
    assert served.ask("GET", "/healthz", Host=host).status == 421


@pytest.mark.changes_nothing
@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:1", "http://localhost", "file://", "http://[", ""]
)
def test_nothing_is_changed_for_another_site(served: Served, origin: str) -> None:
    answer = served.ask("POST", "/api/detection/stop?lang=en", Origin=origin)
    assert (answer.status, answer.json["code"]) == (403, "api.forbidden_origin")
    assert served.service.detection.running


@pytest.mark.changes_nothing
def test_a_foreign_page_can_link_to_what_the_api_answers_but_not_embed_it(served: Served) -> None:
    """An image of it opens ports, looks for microphones and makes support bundles, as often as the page likes."""
    for site in ("cross-site", "same-site"):
        embedded = served.ask("GET", "/api/vban/streams", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors")
        assert (embedded.status, embedded.json["code"]) == (403, "api.forbidden_origin")
        assert served.ask("GET", "/api/state", Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate").status == 200
    assert served.ask("GET", "/api/state", Sec_Fetch_Site="same-origin", Sec_Fetch_Mode="cors").status == 200


def test_our_own_page_and_scripts_may_change_things(served: Served) -> None:
    assert served.ask("POST", "/api/detection/stop", Origin=served.url).status == 200
    assert served.ask("POST", "/api/detection/start").status == 200


@pytest.mark.changes_nothing
def test_socket_io_is_for_our_own_page_on_both_transports(served: Served) -> None:
    polling = "/socket.io/?EIO=4&transport=polling"
    assert served.ask("GET", polling, Origin="http://evil.example").status == 403
    assert served.ask("GET", polling, Origin=served.url).status == 200
    assert upgrade(served, f"127.0.0.1:{served.port}", "http://evil.example").startswith(b"HTTP/1.1 403")
    assert upgrade(served, "evil.example", "http://evil.example").startswith(b"HTTP/1.1 421")


def test_a_proxy_may_show_the_page_under_names_that_were_given(data_dir: Path, quiet_models: Path) -> None:
    assert not quiet_models.exists()
    with serving(Application(data_dir), allowed_hosts=["Clap.Example"]) as served:
        proxied = {"Host": "clap.example", "Origin": "https://clap.example"}
        assert served.ask("POST", "/api/detection/stop", **proxied).status == 200
        assert served.ask("GET", "/healthz", Host="other.example").status == 421


@pytest.mark.changes_nothing
def test_every_answer_forbids_what_the_page_does_not_need(served: Served) -> None:
    for path in ("/", "/api/state", "/nothing", "/socket.io/?EIO=4&transport=polling"):
        headers = served.ask("GET", path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://a", "a", True),
        ("http://a:80", "a", True),
        ("https://a", "a:443", True),
        ("https://a", "a", True),
        ("http://A:8", "a:8", True),
        ("http://a:8", "a:9", False),
        ("http://a", "b", False),
        ("null", "null", False),
        ("http://a:x", "a", False),
        ("ftp://a", "a", False),
    ],
)
def test_same_place(origin: str, host: str, same: bool) -> None:
    assert same_origin(origin, host) is same


def test_host_name_of_a_header() -> None:
    assert [host_name(h) for h in ("A.b:1", "[::1]:5", "a.", "", "[")] == ["a.b", "::1", "a", "", ""]


def test_what_forbids_to_listen_is_said_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal("no.such.host.invalid", 0) == "service.address_unknown"
    assert refusal("192.0.2.1", 0) == "service.address_unknown"
    with listen("127.0.0.1", 0) as taken:
        assert refusal("127.0.0.1", taken.getsockname()[1]) == "service.port_taken"

    def forbid(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", forbid)  # root may listen on any port, so the refusal is made
    assert refusal("127.0.0.1", 80) == "service.port_forbidden"


def refusal(host: str, port: int) -> str:
    with pytest.raises(ServiceError) as caught:
        listen(host, port)
    return caught.value.code


def upgrade(served: Served, host: str, origin: str) -> bytes:
    """Return the head of the answer to a WebSocket handshake."""
    request = f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {host}\r\nOrigin: {origin}\r\n{UPGRADE}\r\n"
    return exchange(served.port, request.encode())
