"""Behind a reverse proxy: a real one in front of the real service, and what is believed of whom."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.peers.proxy import Proxy
from tests.web.conftest import WAIT_S, Served, serving
from tests.web.test_live import Page

from claptrap.core.errors import InputError
from claptrap.service import Application
from claptrap.service.throttle import FREE
from claptrap.web.asgi import Scope
from claptrap.web.proxies import Proxies

PASSWORD = "correct horse"
LOCAL = ["127.0.0.1", "::1/128"]


class Behind(Served):
    """A service as it is seen through a proxy."""

    def __init__(self, service: Application, proxy: Proxy, prefix: str) -> None:
        super().__init__(service, f"http://127.0.0.1:{proxy.port}")
        self.prefix = prefix

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        return super().ask(method, self.prefix + path, body, **headers)


@contextmanager
def behind(
    data_dir: Path, prefix: str, proxies: Proxies, *, allowed: tuple[str, ...] = (), **how: Any
) -> Iterator[tuple[Served, Behind]]:
    service = Application(data_dir)
    service.access.set_password(PASSWORD)
    with (
        serving(service, proxies=proxies, allowed_hosts=allowed) as served,
        Proxy(served.port, prefix, **how) as proxy,
    ):
        yield served, Behind(service, proxy, prefix)


def log_in(served: Served, password: str = PASSWORD, **headers: str) -> Any:
    return served.ask("POST", "/api/access/login", {"password": password}, **headers)


@pytest.fixture
def ready(quiet_models: Path, data_dir: Path) -> Path:
    assert not quiet_models.exists()
    return data_dir


HOW = {
    "that says its path": (Proxies(LOCAL), {"headers": {"X-Forwarded-Prefix": "/clap/trap", "X-Forwarded-Proto": "https"}}),
    "that does not say it": (Proxies(LOCAL, "/clap/trap/"), {"headers": {"X-Forwarded-Proto": "https"}}),
    "that leaves it on": (Proxies(LOCAL, "/clap/trap"), {"headers": {"X-Forwarded-Proto": "https"}, "strips": False}),
    "that keeps the name to itself": (
        Proxies(LOCAL, "/clap/trap"),
        {"headers": {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "home.example"}, "keeps_host": False},
    ),
}


@pytest.mark.parametrize("how", HOW)
def test_the_whole_works_under_the_sub_path_of_a_proxy(ready: Path, how: str) -> None:
    """The page, the login, REST, both transports of Socket.IO, and who is refused."""
    proxies, options = HOW[how]
    ours = {"Host": "home.example", "Origin": "https://home.example"}
    with behind(ready, "/clap/trap", proxies, allowed=("home.example",), **options) as (_, served):
        assert b'<base href="/clap/trap/">' in served.ask("GET", "/", **ours).body
        answer = log_in(served, **ours)
        attributes = answer.headers["set-cookie"].lower().split("; ")
        assert {"path=/clap/trap/", "secure", "httponly", "samesite=lax"} <= set(attributes)
        mine = {**ours, "Cookie": answer.headers["set-cookie"].partition(";")[0]}
        assert served.ask("POST", "/api/detection/stop", **mine).status == 200
        assert served.ask("POST", "/api/detection/stop", **mine | {"Origin": "https://evil.example"}).status == 403
        assert served.ask("GET", "/api/state", **ours).status == 401
        polling = "/socket.io/?EIO=4&transport=polling"
        assert served.ask("GET", polling, **ours).status == 401
        assert served.ask("GET", polling, **mine).status == 200
        assert served.ask("GET", polling, **mine | {"Origin": "https://evil.example"}).status == 403
        page = Page(served.url, mine, "clap/trap/socket.io")
        try:
            assert page.next("state")["running"] is False
            served.ask("POST", "/api/access/logout", **mine)
            assert page.gone.wait(WAIT_S)
        finally:
            page.close()
        if "X-Forwarded-Host" not in options["headers"]:
            assert served.ask("GET", "/healthz", Host="evil.example").status == 421


def test_home_assistant_shows_the_page_within_its_own(ready: Path) -> None:
    """Under whatever name people call it, and in a frame: it has asked for a login itself before anything comes through."""
    path = "/api/hassio_ingress/Zm9vYmFy"
    ours = {"Host": "homeassistant.local:8123", "Origin": "http://homeassistant.local:8123"}
    with behind(ready, path, Proxies(LOCAL), headers={"X-Ingress-Path": path}) as (direct, served):
        page = served.ask("GET", "/", **ours)
        assert page.status == 200
        assert page.headers["x-frame-options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
        assert f"path={path}/".lower() in log_in(served, **ours).headers["set-cookie"].lower()
        assert log_in(served, **ours | {"Origin": "http://evil.example"}).status == 403
        apart = direct.ask("GET", "/")
        assert apart.headers["x-frame-options"] == "DENY"
        assert direct.ask("GET", "/", Host="homeassistant.local:8123").status == 421


def test_who_is_logged_in_at_home_assistant_needs_no_other_login(ready: Path) -> None:
    """Only where its Supervisor asks, and says who; a foreign page cannot use that, nor somebody who writes the header."""
    path = "/api/hassio_ingress/Zm9vYmFy"
    ours = {"Host": "homeassistant.local:8123", "Origin": "http://homeassistant.local:8123"}
    said = {"X-Ingress-Path": path, "X-Remote-User-Id": "ab12"}
    with behind(ready, path, Proxies(LOCAL, single_sign_on=LOCAL[:1]), headers=said) as (direct, served):
        state = served.ask("GET", "/api/access", **ours).json
        assert (state["state"], state["ingress"]) == ("in", True)
        assert served.ask("POST", "/api/detection/stop", **ours).status == 200
        assert served.ask("POST", "/api/detection/stop", Host=ours["Host"]).status == 403
        assert served.ask("POST", "/api/detection/stop", **ours | {"Origin": "http://evil.example"}).status == 403
        page = Page(served.url, ours, f"{path[1:]}/socket.io")
        try:
            assert page.next("state")["running"] is False
        finally:
            page.close()
        assert direct.ask("GET", "/api/access").json["ingress"] is False
        assert direct.ask("GET", "/api/state", X_Remote_User_Id="ab12").status == 401
    with behind(ready, path, Proxies(LOCAL), headers=said) as (_, served):
        assert served.ask("GET", "/api/state", **ours).status == 401


def test_who_guesses_is_told_apart_behind_a_trusted_proxy_only(ready: Path) -> None:
    with behind(ready, "/x", Proxies(LOCAL)) as (_, served):
        for _ in range(FREE):
            assert log_in(served, "wrong guess", X_Forwarded_For="203.0.113.1").status == 403
        assert log_in(served, X_Forwarded_For="203.0.113.1").status == 429
        assert log_in(served, X_Forwarded_For="203.0.113.1, 203.0.113.2").status == 200  # the nearest one counts


# -- what is believed ------------------------------------------------------------------------------------------------------


def scope(peer: str, path: str = "/", kind: str = "http", **headers: str) -> Scope:
    listed = [(name.replace("_", "-").lower().encode(), value.encode()) for name, value in headers.items()]
    return {"type": kind, "client": (peer, 1), "scheme": "http", "path": path, "headers": listed}


FORGED = {
    "X_Forwarded_For": "203.0.113.1",
    "X_Forwarded_Proto": "https",
    "X_Forwarded_Host": "evil.example",
    "X_Forwarded_Prefix": "/evil",
    "X_Ingress_Path": "/evil",
    "X_Remote_User_Id": "evil",
    "Forwarded": "for=203.0.113.1",
    "Host": "localhost",
}


@pytest.mark.parametrize("trusted", [(), ("192.0.2.1",), ("10.0.0.0/8", "2001:db8::/32")])
def test_nobody_else_is_believed_or_even_heard(trusted: tuple[str, ...]) -> None:
    asked = Proxies(trusted).unwrap(scope("198.51.100.1", **FORGED))
    assert asked.is_ingress is False
    assert asked.scope["headers"] == [(b"host", b"localhost")]
    assert (asked.scope["scheme"], asked.scope["client"][0]) == ("http", "198.51.100.1")


def test_a_header_with_an_underscore_is_none_of_a_proxy_s() -> None:
    """WSGI takes it for one with dashes, and would put both together."""
    forged = {**scope("10.0.0.1"), "headers": [(b"x_forwarded_prefix", b"/evil"), (b"x-forwarded-prefix", b"/good")]}
    assert Proxies(["10.0.0.1"]).unwrap(forged).scope["headers"] == [(b"x-forwarded-prefix", b"/good")]
    assert Proxies().unwrap(forged).scope["headers"] == []


@pytest.mark.parametrize(
    ("said", "client"),
    [
        ("203.0.113.1", "203.0.113.1"),
        ("1.1.1.1, 203.0.113.1", "203.0.113.1"),
        ("1.1.1.1, 203.0.113.1, 10.0.0.2", "203.0.113.1"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("203.0.113.1, nonsense", "10.0.0.1"),
        ("", "10.0.0.1"),
    ],
)
def test_the_nearest_address_that_is_no_proxy_s_is_who_asked(said: str, client: str) -> None:
    asked = Proxies(["10.0.0.0/8"]).unwrap(scope("10.0.0.1", X_Forwarded_For=said))
    assert asked.scope["client"][0] == client


def test_what_a_trusted_proxy_says() -> None:
    proxies = Proxies(["10.0.0.1"])
    asked = proxies.unwrap(scope("10.0.0.1", kind="websocket", **FORGED))
    assert asked.is_ingress
    assert (asked.scope["scheme"], asked.scope["client"][0]) == ("wss", "203.0.113.1")
    left = [(b"host", b"evil.example"), (b"x-forwarded-prefix", b"/evil"), (b"x-ingress-path", b"/evil")]
    assert sorted(asked.scope["headers"]) == left
    for user in ("a, b", ""):
        doubtful = Proxies(["10.0.0.1"], single_sign_on=["10.0.0.1"]).unwrap(
            scope("10.0.0.1", **{**FORGED, "X_Remote_User_Id": user})
        )
        assert sorted(doubtful.scope["headers"]) == left
    odd = proxies.unwrap(scope("10.0.0.1", X_Forwarded_Proto="gopher", X_Forwarded_Prefix='//evil"><script>'))
    assert (odd.scope["scheme"], odd.scope["headers"]) == ("http", [])


@pytest.mark.parametrize(
    ("path", "below"),
    [
        *(("/clap/api", "/api"), ("/clap", "/"), ("/clap/", "/")),
        *(("/claptrap", "/claptrap"), ("/api", "/api"), ("/clap/clap", "/clap")),
    ],
)
def test_the_sub_path_is_taken_off_once_and_whole(path: str, below: str) -> None:
    assert Proxies((), "/clap").unwrap(scope("", path)).scope["path"] == below


@pytest.mark.parametrize("address", ["proxy.example", "", "10.0.0.0/99"])
def test_a_proxy_is_named_by_its_address(address: str) -> None:
    with pytest.raises(InputError) as caught:
        Proxies([address])
    assert caught.value.code == "proxy.bad_address"


@pytest.mark.parametrize("base", ["clap", "/a//b", '/"', "/é"])
def test_a_sub_path_is_a_plain_path(base: str) -> None:
    with pytest.raises(InputError) as caught:
        Proxies((), base)
    assert caught.value.code == "proxy.bad_path"
