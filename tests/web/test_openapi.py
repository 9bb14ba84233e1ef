"""The API's description says what there is, and what is said is what comes."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import jsonschema_rs
import pytest
from flask import Flask
from tests.web.conftest import Served, clap
from tests.web.test_live import EVENTS, page

from claptrap.core import events
from claptrap.core.events import Attempt, Clap, ClipKept, Event, Heard, Level, Levels, Problem, State, Status, Verdict
from claptrap.core.spec import Language
from claptrap.service import Application
from claptrap.text.catalogue import MESSAGES
from claptrap.web.api import ROUTES
from claptrap.web.app import create_app
from claptrap.web.asyncapi import CLIENT_EVENTS, SERVER_EVENTS, describe_news
from claptrap.web.openapi import describe_api
from claptrap.web.problems import status_of
from claptrap.web.wire import message

PAGES = ("/", "/micro")  # of the house: they are not the API's


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    return create_app(Application(tmp_path))


def test_every_route_is_described_and_nothing_else(app: Flask) -> None:
    """In both languages, with the parameters of its address; nothing is served beside the API but the page."""
    there = {
        (method, re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith(("/api", "/healthz", "/livez", "/metrics", "/mark"))
    }
    assert there == set(ROUTES)
    assert all(route.en and route.fr and route.en != route.fr for route in ROUTES.values())
    for route in ROUTES.values():
        wanted = set(inspect.signature(route.handler).parameters)
        assert set(re.findall(r"{(\w+)}", route.path)) <= wanted, route.path
        assert ("body" in wanted, "query" in wanted) == (route.body is not None, route.query is not None), route.path


@pytest.mark.slow
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_description_is_whole(language: Language) -> None:
    """Every reference leads somewhere, every schema is one, every name of an operation is its own."""
    for described in (describe_api(ROUTES.values(), language), describe_news(language)):
        for reference in references(described):
            place: Any = described
            for step in reference.removeprefix("#/").split("/"):
                place = place[step]
        for schema in described["components"]["schemas"].values():
            jsonschema_rs.meta.validate(schema)
    operations = [one for path in describe_api(ROUTES.values(), language)["paths"].values() for one in path.values()]
    assert len({one["operationId"] for one in operations}) == len(operations) == len(ROUTES)
    assert len({one["summary"] for one in operations}) == len(operations)


@pytest.mark.slow
def test_no_secret_has_an_example_or_a_default_but_nothing() -> None:
    schemas = describe_api(ROUTES.values(), "en")["components"]["schemas"]
    assert schemas["WebhookSettings"]["properties"]["signing_secret"]["default"] == ""
    assert schemas["RtspSettings"]["properties"]["password"]["default"] == ""


@pytest.mark.slow
@pytest.mark.changes_nothing
def test_descriptions_come_in_the_language_that_is_asked_for(served: Served) -> None:
    for path in ("/api/openapi.json", "/api/asyncapi.json"):
        french, english = (served.ask("GET", f"{path}?lang={language}") for language in ("fr", "en"))
        assert french.status == english.status == 200
        assert french.json != english.json
    assert served.ask("GET", "/api/openapi.json", Accept_Language="en").json == describe_api(ROUTES.values(), "en")


def test_each_code_has_a_sentence_and_a_status_of_its_own_kind() -> None:
    codes = {code for route in ROUTES.values() for code in route.codes}
    assert codes - MESSAGES["en"].keys() == set()
    assert {code: status_of(code) for code in codes if not 400 <= status_of(code) < 600 or status_of(code) == 500} == {}


# -- the page


class Seen(HTMLParser):
    """What a page holds and where it leads."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: set[str] = set()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name == "id":
                self.ids.add(value or "")
            if name in ("href", "src"):
                self.links.add(value or "")


@pytest.mark.changes_nothing
@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.slow
def test_the_page_is_read_offline_and_without_a_script(served: Served, language: str) -> None:
    """Nothing of it is forbidden by our own policy, nothing comes from elsewhere, every link leads to something."""
    answer = served.ask("GET", f"/api/docs?lang={language}")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "style-src 'self'" in answer.headers["content-security-policy"]
    seen = Seen(answer.body.decode())
    assert not seen.tags & {"script", "style", "img", "iframe"}
    assert not [name for name in seen.attributes if name == "style" or name.startswith("on")]
    for link in seen.links:
        if link.startswith("#"):
            assert link[1:] in seen.ids, link
        elif not link.startswith("?"):
            assert served.ask("GET", urljoin("/api/docs", link)).status == 200
    assert {f"form-{name}" for name in ("Detection", "ProblemDocument", "SettingsPart")} <= seen.ids
    for _, path in ROUTES:
        assert path in answer.body.decode()
    assert len(answer.body) < 350_000


# -- Socket.IO


NEWS: tuple[Status | Event, ...] = (
    replace(clap(0), applause=True),
    events.SourceStatus("salon", State.RETRYING, "source.silent", {"seconds": 3}, 2, 1.5, 1e9, 48_000, 2, 7),
    Levels((Level("salon", -3.0, -20.5), Level("hall", -120.0, -120.0))),
    Heard("salon", 1e9, (("Clapping", 0.8),)),
    Verdict("salon", 1e9, 0.4, 0.5, accepted=False, labels=(("Clapping", 0.8),)),
    events.Picture("salon", 1e9, b"columns"),
    Attempt("salon:e:0", "salon.webhook", "salon", "http://h/…", 1, 1e9, 0.2, 503, "delivery.status", {"status": 503}, 2.0),
    ClipKept("salon:e:0"),
    events.ModelProgress("yamnet", 5, 10, "model.offline", {"reason": "x"}, 3.0),
    events.DetectionRunning(running=True),
    events.ProblemsChanged((Problem("history.unwritable", {"path": "p", "reason": "r"}),)),
    events.BrokerLink("waiting"),
    events.LearningChanged("kitchen"),
)


def validator(event: str) -> Any:
    """Return what holds data of an event against its description."""
    described = describe_news("en")
    schema = {**described["components"]["messages"][event]["payload"], "components": described["components"]}
    return jsonschema_rs.validator_for(schema)


@pytest.mark.parametrize("news", NEWS, ids=lambda news: type(news).__name__)
def test_what_is_told_has_the_form_that_is_described(news: Status | Event) -> None:
    told = message(news)
    assert told is not None
    event, data = told
    found = json.loads(json.dumps(data))
    validator(event).validate(found)
    broken = [*found, {"nonsense": 1}] if isinstance(found, list) else {**found, "nonsense": 1}
    assert not validator(event).is_valid(broken)


def test_every_kind_of_news_is_described() -> None:
    """Those that the page is told, and those that it says; some are for the service alone, ``settings`` are tested live."""
    kinds = {type(news) for news in NEWS} | {Clap, events.SheddingChanged, events.SettingsChanged, events.TaughtWindow}
    assert kinds == {Event, *Status.__args__}
    assert {*EVENTS, "micro_end"} == set(SERVER_EVENTS)
    assert set(CLIENT_EVENTS) == {"watch", "micro_open", "micro_sound", "micro_close"}


@pytest.mark.slow
def test_what_really_comes_has_the_form_that_is_described(served: Served) -> None:
    """The state, levels, a source's state, a detection and new settings, as a page receives them."""
    served.service.events.record(clap(0))
    with page(served) as told:
        validator("state").validate(told.next("state"))
        validator("level").validate(told.next("level"))
        served.service.events.record(clap(1))
        validator("clap").validate(told.next("clap"))
        assert served.ask("PATCH", "/api/settings", {"sources": [{"id": "salon", "threshold": 0.7}]}).status == 200
        validator("settings").validate(told.next("settings"))
        assert served.ask("POST", "/api/detection/stop").status == 200
        validator("detection_status").validate(told.next("detection_status"))
        assert served.ask("POST", "/api/detection/start").status == 200
        validator("source").validate(told.next("source"))


def references(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        for key, value in document.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(document, list):
        for one in document:
            yield from references(one)
