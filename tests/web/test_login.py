"""Nobody in: every route and every event without and with a key, from other sites, and under other names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import pytest
from tests.web.conftest import WAIT_S, Answer, Served, clap, serving
from tests.web.test_live import page
from tests.web.test_security import upgrade
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from claptrap.core.spec import Language
from claptrap.service import Application
from claptrap.service.access import Access, LoginPolicy
from claptrap.service.throttle import FREE
from claptrap.text.catalogue import say
from claptrap.web.access import COOKIE, Authenticator
from claptrap.web.app import create_app
from claptrap.web.live import LivePublisher
from claptrap.web.page import ASSETS
from claptrap.web.proxies import Proxies
from claptrap.web.session_enforcer import POLICY_VIOLATION

PASSWORD = "correct horse"
OPEN = {
    "GET /": 200,
    "GET /micro": 200,
    "GET /home-assistant/blueprint.yaml": 200,  # by Home Assistant, which has no token
    "GET /<path:name>": 200,
    "GET /mark/<token>": 410,
    "POST /mark/<token>": 410,
    "GET /healthz": 200,
    "GET /livez": 200,
    "GET /api/access": 200,
    "POST /api/access/login": 415,
    "POST /api/access/logout": 200,
    "PUT /api/access/password": 415,
}  # what answers without a key, and how it answers to nothing


@pytest.fixture
def locked(data_dir: Path, quiet_models: Path) -> Iterator[Served]:
    """The service with a password."""
    assert not quiet_models.exists()
    service = Application(data_dir)
    service.access.set_password(PASSWORD)
    with serving(service) as running:
        yield running


def log_in(served: Served, password: str = PASSWORD, **headers: str) -> Answer:
    return served.ask("POST", "/api/access/login", {"password": password}, Origin=served.url, **headers)


def cookie_of(answer: Answer) -> str:
    """Return the cookie as a browser would send it."""
    assert answer.status == 200, answer.body
    return answer.headers["set-cookie"].partition(";")[0]


def routes() -> list[tuple[str, str]]:
    """Return method and rule of every route there is."""
    app = create_app(Application(Path("/nonexistent")))
    found = [(method, rule.rule) for rule in app.url_map.iter_rules() for method in rule.methods or ()]
    return sorted({(method, rule) for method, rule in found if method not in ("HEAD", "OPTIONS")})


def address(rule: str) -> str:
    """Return a path of a rule; a page's file where it is one."""
    return rule.replace("<path:name>", "icon.svg") if rule == "/<path:name>" else re.sub(r"<[^>]+>", "salon", rule)


# -- every route and every event -------------------------------------------------------------------------------------------


def test_every_route_is_closed_but_those_that_are_open(locked: Served) -> None:
    """A new route is closed unless it is written down above."""
    assert len(routes()) > 30
    for method, rule in routes():
        answer = locked.ask(method, address(rule))
        expected = OPEN.get(f"{method} {rule}")
        if rule == "/<path:name>" and not (ASSETS / "icon.svg").exists():
            expected = None
        assert answer.status == (expected or 401), f"{method} {rule}"
        if expected is None:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json["code"] == "access.login_needed"
    assert {f"{method} {rule}" for method, rule in routes()} >= set(OPEN)


@pytest.mark.parametrize(
    "path",
    ["/api/nothing", "/.built-from", "/index.html/../../pyproject.toml", "/api", "/API/state", "//api/state", "/api/state/"],
)
def test_what_does_not_exist_is_closed_too(locked: Served, path: str) -> None:
    assert locked.ask("GET", path).status == 401
    assert locked.ask("OPTIONS", path).status == 401


@pytest.mark.slow
def test_every_route_lets_a_key_in_but_not_for_another_site_nor_under_another_name(locked: Served) -> None:
    _, token = locked.service.access.create_token("script")
    bearer = {"Authorization": f"Bearer {token}"}
    cookie = cookie_of(log_in(locked))
    for method, rule in sorted(routes(), key=lambda route: "logout" in route[1]):  # at last what logs out
        path = address(rule)
        refused = (401, 403, 421)
        assert locked.ask(method, path, **bearer).status not in refused, f"{method} {rule}"
        assert locked.ask(method, path, Cookie=cookie, Origin=locked.url).status not in refused, f"{method} {rule}"
        assert locked.ask(method, path, Host="evil.example", **bearer).status == 421
        if method != "GET":
            foreign = locked.ask(method, path, Cookie=cookie, Origin="http://evil.example")
            assert (foreign.status, foreign.json["code"]) == (403, "api.forbidden_origin"), f"{method} {rule}"


def test_a_cookie_alone_changes_nothing_unless_our_page_sent_it(locked: Served) -> None:
    """Cross-site request forgery: a browser that does not say where from is no proof."""
    cookie = cookie_of(log_in(locked))
    assert locked.ask("POST", "/api/detection/stop", Cookie=cookie).status == 403
    assert locked.ask("POST", "/api/detection/stop", Cookie=cookie, Sec_Fetch_Site="cross-site").status == 403
    assert locked.ask("POST", "/api/detection/stop", Cookie=cookie, Sec_Fetch_Site="same-site").status == 403
    assert locked.service.detection.running
    assert locked.ask("GET", "/api/state", Cookie=cookie).status == 200
    assert locked.ask("POST", "/api/detection/stop", Cookie=cookie, Sec_Fetch_Site="same-origin").status == 200
    assert locked.ask("POST", "/api/detection/start", Cookie=f"a=b; {cookie}; c=d", Origin=locked.url).status == 200


def test_socket_io_needs_a_key_on_both_transports(locked: Served) -> None:
    polling = "/socket.io/?EIO=4&transport=polling"
    cookie = cookie_of(log_in(locked))
    _, token = locked.service.access.create_token("script")
    assert locked.ask("GET", polling).status == 401
    assert locked.ask("GET", polling, Cookie=f"{COOKIE}=wrong").status == 401
    assert locked.ask("GET", polling, Cookie=cookie).status == 200
    assert locked.ask("GET", polling, Authorization=f"Bearer {token}").status == 200
    host = f"127.0.0.1:{locked.port}"
    assert upgrade(locked, host, locked.url).startswith(b"HTTP/1.1 401")


def test_no_event_of_socket_io_is_taken_without_a_key(locked: Served) -> None:
    """Even by who knows the name of a connection that somebody with a key has opened."""
    live = LivePublisher(locked.service)
    events = set(live._io.handlers["/"]) - {"connect", "disconnect"}
    assert events >= {"micro_open", "micro_sound", "micro_close"}
    _, token = locked.service.access.create_token("script")
    bearer = {"Authorization": f"Bearer {token}"}
    opened = locked.ask("GET", "/socket.io/?EIO=4&transport=polling", **bearer)
    sid = re.search(rb'"sid":"([^"]+)"', opened.body)
    assert sid
    path = f"/socket.io/?EIO=4&transport=polling&sid={sid[1].decode()}"
    assert locked.ask("POST", path, b"40").status == 401
    assert locked.ask("POST", path, b"40", **bearer).status == 200
    for event in events:
        said = f'42["{event}",{{}}]'.encode()
        assert locked.ask("POST", path, said).status == 401
        assert locked.ask("POST", path, said, Origin="http://evil.example", **bearer).status == 403
        assert locked.ask("POST", path, said, Host="evil.example", **bearer).status == 421
        assert locked.ask("POST", path, said, **bearer).status == 200
    assert locked.ask("GET", path).status == 401


# -- logging in and out ----------------------------------------------------------------------------------------------------


def test_a_session_begins_and_ends_and_its_old_cookie_is_worth_nothing(locked: Served) -> None:
    assert locked.ask("GET", "/api/access").json == {
        "state": "login",
        "has_password": True,
        "can_change": True,
        "ingress": False,
    }
    answer = log_in(locked)
    attributes = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    assert "secure" not in attributes  # this was plain HTTP: such a cookie would never come back
    assert answer.headers["cache-control"] == "no-store"
    cookie = cookie_of(answer)
    assert locked.ask("GET", "/api/access", Cookie=cookie).json["state"] == "in"
    with page(locked, Cookie=cookie, Origin=locked.url) as told:
        told.next("state")
        left = locked.ask("POST", "/api/access/logout", Cookie=cookie, Origin=locked.url)
        assert left.json["state"] == "login"
        assert f"{COOKIE}=;" in left.headers["set-cookie"]
        assert told.gone.wait(WAIT_S)
    assert locked.ask("GET", "/api/state", Cookie=cookie).status == 401
    assert locked.ask("GET", "/socket.io/?EIO=4&transport=polling", Cookie=cookie).status == 401


def test_another_password_ends_the_other_sessions_and_cuts_their_connections(locked: Served) -> None:
    mine, other = cookie_of(log_in(locked)), cookie_of(log_in(locked))
    change = {"password": "battery staple", "current": "wrong"}
    with page(locked, Cookie=other, Origin=locked.url) as told:
        told.next("state")
        refused = locked.ask("PUT", "/api/access/password", change, Cookie=mine, Origin=locked.url)
        assert (refused.status, refused.json["code"]) == (403, "access.wrong_password")
        changed = locked.ask("PUT", "/api/access/password", change | {"current": PASSWORD}, Cookie=mine, Origin=locked.url)
        assert told.gone.wait(WAIT_S)
    assert locked.ask("GET", "/api/state", Cookie=other).status == 401
    assert locked.ask("GET", "/api/state", Cookie=mine).status == 401
    assert locked.ask("GET", "/api/state", Cookie=cookie_of(changed)).status == 200
    assert log_in(locked).status == 403
    assert log_in(locked, "battery staple").status == 200


def test_a_password_set_elsewhere_shuts_out_who_was_there_without_one(served: Served) -> None:
    """On loopback all is open until ``claptrap password``, another process, sets one; then nobody is there any more."""
    assert served.ask("GET", "/api/access").json == {
        "state": "open",
        "has_password": False,
        "can_change": True,
        "ingress": False,
    }
    with page(served) as told:
        told.next("state")
        Access(served.service.access.path.parent).set_password(PASSWORD)
        assert told.gone.wait(WAIT_S)
    assert served.ask("GET", "/api/state").status == 401


def test_the_first_password_is_set_from_the_page_of_this_machine_without_a_code(served: Served) -> None:
    chosen = served.ask("PUT", "/api/access/password", {"password": PASSWORD}, Origin=served.url)
    assert served.ask("GET", "/api/state").status == 401
    assert served.ask("GET", "/api/state", Cookie=cookie_of(chosen)).status == 200


def test_guessing_is_slowed_and_says_for_how_long(locked: Served) -> None:
    for _ in range(FREE):
        assert log_in(locked, "wrong guess").status == 403
    slowed = log_in(locked)  # the right one is not looked at either
    assert (slowed.status, slowed.json["code"]) == (429, "access.too_often")
    assert int(slowed.headers["retry-after"]) == slowed.json["params"]["seconds"] >= 1
    forged = log_in(locked, X_Forwarded_For="203.0.113.9")  # whoever it pretends to be
    assert forged.status == 429
    locked.service.access._throttle.succeed("127.0.0.1")
    assert log_in(locked).status == 200


# -- tokens ----------------------------------------------------------------------------------------------------------------


def test_a_token_is_shown_once_lets_a_script_in_and_is_revoked(locked: Served) -> None:
    mine = {"Cookie": cookie_of(log_in(locked)), "Origin": locked.url}
    made = locked.ask("POST", "/api/access/tokens", {"name": "Prometheus"}, **mine)
    assert made.status == 201
    token = made.json.pop("token")
    listed = locked.ask("GET", "/api/access/tokens", **mine)
    assert token not in listed.body.decode()
    assert [one["name"] for one in listed.json] == ["Prometheus"]
    bearer = {"Authorization": f"bearer  {token}"}
    assert locked.ask("GET", "/metrics").status == 401
    assert b"claptrap_healthy" in locked.ask("GET", "/metrics", **bearer).body
    assert locked.ask("POST", "/api/detection/stop", **bearer).status == 200
    assert locked.ask("GET", "/metrics", Authorization=f"Basic {token}").status == 401
    with page(locked, Authorization=f"Bearer {token}") as told:
        told.next("state")
        assert locked.ask("DELETE", f"/api/access/tokens/{made.json['id']}", **mine).status == 200
        assert told.gone.wait(WAIT_S)
    assert locked.ask("GET", "/metrics", **bearer).status == 401


# -- connections that stay -------------------------------------------------------------------------------------------------


def test_a_connection_is_cut_whatever_its_other_end_does(locked: Served) -> None:
    """One that answers nothing and goes on talking, as a browser would when it is only asked to go."""
    made, token = locked.service.access.create_token("script")
    url = f"ws://127.0.0.1:{locked.port}/socket.io/?EIO=4&transport=websocket"
    with connect(url, additional_headers={"Authorization": f"Bearer {token}"}) as stubborn:
        stubborn.send("40")
        while not str(stubborn.recv(WAIT_S)).startswith('42["state"'):
            pass
        locked.service.access.revoke_token(made.id)
        with pytest.raises(ConnectionClosed) as caught:
            _listen(stubborn)
        assert caught.value.rcvd
        assert caught.value.rcvd.code == POLICY_VIOLATION


def _listen(connection: ClientConnection) -> NoReturn:
    while True:
        connection.recv(WAIT_S)


def test_news_that_a_poll_waits_for_is_not_given_to_who_has_logged_out(locked: Served) -> None:
    mine = {"Cookie": cookie_of(log_in(locked)), "Origin": locked.url}
    path = "/socket.io/?EIO=4&transport=polling"
    sid = re.search(rb'"sid":"([^"]+)"', locked.ask("GET", path, **mine).body)
    assert sid
    path += f"&sid={sid[1].decode()}"
    assert locked.ask("POST", path, b"40", **mine).status == 200
    seen = b""
    while b'"state"' not in seen:
        seen += locked.ask("GET", path, **mine).body
    with ThreadPoolExecutor(1) as waiting:
        answer = waiting.submit(locked.ask, "GET", path, **mine)
        assert locked.ask("POST", "/api/access/logout", **mine).status == 200
        locked.service.events.record(clap(0))
        assert answer.result().status in (401, 200)
        assert b"salon:e:0" not in answer.result().body


# -- where others can ask --------------------------------------------------------------------------------------------------


@pytest.fixture
def exposed(data_dir: Path, quiet_models: Path) -> Iterator[Served]:
    """The service where others can ask (here through a proxy), without a password yet."""
    assert not quiet_models.exists()
    with serving(Application(data_dir), proxies=Proxies(["127.0.0.1"])) as running:
        yield running


def test_where_others_can_ask_nothing_happens_before_a_password_is_set_by_the_code(exposed: Served) -> None:
    answer = exposed.ask("GET", "/api/state")
    assert (answer.status, answer.json["code"]) == (401, "access.setup_needed")
    assert exposed.ask("GET", "/api/access").json["state"] == "setup"
    assert exposed.ask("GET", "/healthz").status == 200
    code = exposed.service.access.setup_code
    wrong = exposed.ask("PUT", "/api/access/password", {"password": PASSWORD})
    assert (wrong.status, wrong.json["code"]) == (403, "access.wrong_code")
    chosen = exposed.ask("PUT", "/api/access/password", {"password": PASSWORD, "code": code})
    assert exposed.ask("GET", "/api/state", Cookie=cookie_of(chosen)).status == 200
    assert exposed.ask("PUT", "/api/access/password", {"password": "battery staple", "code": code}).status == 403


def test_no_auth_is_no_login_at_all(data_dir: Path, quiet_models: Path) -> None:
    assert not quiet_models.exists()
    service = Application(data_dir)
    service.access.set_password(PASSWORD)
    with serving(service, no_auth=True) as served:
        assert served.ask("GET", "/api/state").status == 200
        assert served.ask("GET", "/api/access").json == {
            "state": "open",
            "has_password": True,
            "can_change": False,
            "ingress": False,
        }
        for method, path, body in (
            ("POST", "/api/access/tokens", {"name": "x"}),
            ("PUT", "/api/access/password", {"password": "something"}),
        ):
            answer = served.ask(method, path, body)
            assert (answer.status, answer.json["code"]) == (409, "access.switched_off")
        assert served.ask("POST", "/api/detection/stop", Origin="http://evil.example").status == 403


# -- in both languages -----------------------------------------------------------------------------------------------------


def _put(served: Served, language: Language, **body: Any) -> Answer:
    return served.ask("PUT", f"/api/access/password?lang={language}", body)


def _bearer(served: Served) -> dict[str, str]:
    _, token = served.service.access.create_token(f"token {len(served.service.access.tokens())}")
    return {"Authorization": f"Bearer {token}"}


def _name(served: Served, language: Language, name: str) -> Answer:
    return served.ask("POST", f"/api/access/tokens?lang={language}", {"name": name}, **_bearer(served))


def _revoke(served: Served, language: Language) -> Answer:
    return served.ask("DELETE", f"/api/access/tokens/nobody?lang={language}", **_bearer(served))


def _guess(served: Served, language: Language, password: Any) -> Answer:
    return served.ask("POST", f"/api/access/login?lang={language}", {"password": password})


def _guess_often(served: Served, language: Language) -> Answer:
    for _ in range(FREE):
        _guess(served, language, "wrong guess")
    return _guess(served, language, "wrong guess")


def _damaged(served: Served, language: Language) -> Answer:
    served.service.access.path.write_text("{")
    return _guess(served, language, PASSWORD)


REFUSALS: dict[str, tuple[int, Callable[[Served, Language], Answer]]] = {
    "access.login_needed": (401, lambda served, language: served.ask("GET", f"/api/state?lang={language}")),
    "access.wrong_password": (403, lambda served, language: _guess(served, language, "wrong guess")),
    "access.too_short": (422, lambda served, language: _put(served, language, password="x", current=PASSWORD)),
    "access.too_long": (422, lambda served, language: _put(served, language, password="x" * 2000, current=PASSWORD)),
    "access.not_a_text": (400, lambda served, language: _guess(served, language, ["x"])),
    "access.bad_token_name": (422, lambda served, language: _name(served, language, "")),
    "access.name_taken": (409, lambda served, language: _name(served, language, "token 0")),
    "access.unknown_token": (404, _revoke),
    "access.too_often": (429, _guess_often),
    "access.damaged": (503, _damaged),
}  # in this order: the last ones leave their marks


@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_refusal_is_a_problem_in_both_languages(locked: Served, language: Language) -> None:
    for code, (status, provoke) in REFUSALS.items():
        answer = provoke(locked, language)
        assert (answer.status, answer.json["code"]) == (status, code)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json["message"] == say(code, language, **answer.json["params"])
        assert answer.json["message"] != say(code, "en" if language == "fr" else "fr", **answer.json["params"])


def test_what_stands_for_no_key_and_no_password_are_told_apart(tmp_path: Path) -> None:
    access = Access(tmp_path)
    access.login_policy = LoginPolicy.ALWAYS
    door = Authenticator(access, ASSETS)
    assert door.rejection() == "access.setup_needed"
    access.set_password(PASSWORD)
    assert door.rejection() == "access.login_needed"
