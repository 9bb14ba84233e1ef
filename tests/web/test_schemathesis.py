"""Asked all that its description allows, and much that it does not, the service never fails: it answers as described."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.peers.receiver import Receiver
from tests.web.conftest import Served, clap

from claptrap.audio.clip import Clip
from claptrap.detect.embedding import NET_HIDDEN, POINTS, Embedding
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.web.api import ROUTES
from claptrap.web.openapi import describe_api

N_EXAMPLES = int(os.environ.get("CLAPTRAP_TEST_EXAMPLES", "6"))  # an operation; the same ones each time: 200 to search
FEW = 3
SLOW = ("/api/support-bundle", "/api/devices", "/api/probe/microphone")  # each takes a second or more, and asks little
HEARD = {  # what must have succeeded at least once, lest all be refused and nothing shown
    *("GET /api/state", "GET /api/settings", "PATCH /api/settings", "GET /api/settings/export", "POST /api/settings/export"),
    *("GET /api/settings/steps", "POST /api/settings/steps/{step_id}/undo", "GET /api/notify", "POST /api/webhooks/preview"),
    *("GET /api/sources", "POST /api/sources", "GET /api/sources/{source_id}", "DELETE /api/sources/{source_id}"),
    *("GET /api/history", "GET /api/history/counts", "GET /api/history/export", "GET /api/history/{event_id}"),
    *("PATCH /api/history/{event_id}", "GET /api/history/{event_id}/clip", "DELETE /api/history"),
    *("GET /api/deliveries", "GET /api/clips", "DELETE /api/clips", "GET /api/access", "GET /api/access/tokens"),
    *("GET /api/openapi.json", "GET /api/docs", "GET /metrics", "GET /healthz", "GET /livez"),
}
ALL = list(HealthCheck)


def no_fault(_: object, response: schemathesis.Response, case: schemathesis.Case) -> None:
    """Refuse an answer from 500 up, but for a 503 whose reason the route is described with: something is not there."""
    if response.status_code >= 500:
        route = ROUTES[case.operation.method.upper(), case.operation.path]
        assert response.status_code == 503, response.text
        assert response.json().get("code") in route.codes, response.text


CHECKS = [
    no_fault,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
pytestmark = pytest.mark.slow


def known(served: Served) -> dict[str, list[str]]:
    """Make something of every kind, and return what leads to it in a path, beside what leads nowhere."""
    events = [replace(clap(i), timestamp=time.time()) for i in range(2)]  # not so old that it is forgotten meanwhile
    for event in events:
        served.service.events.record(event)
    served.service.clips.offer(Clip(events[0].id, events[0].timestamp, np.zeros(8000, np.float32)))
    candidate = KeptCandidate(
        *("salon", "e", 0, time.time(), 0.9, 0.9, True, ()),
        Embedding(np.ones((POINTS, NET_HIDDEN), np.float32), None),
        refusal=None,
        was_calibrating=True,
    )
    served.service.learning.calibrations.begin("salon", "claps")
    served.service.learning.offer(candidate)
    learnt = served.service.learning.mark("salon", candidate.id, "clap")["learning"]
    served.service.settings.apply({"public_url": served.url})
    assert served.ask("PATCH", "/api/settings", {"language": "en"}).status == 200
    assert served.ask("PATCH", "/api/sources/salon", {"sounds": [{"id": "dog", "labels": ["Dog"]}]}).status == 200
    backup = served.ask("POST", "/api/settings/backups").json["name"]
    link = served.service.mark_links.link(events[0].id, "not_clap")
    deliveries = served.ask("GET", "/api/deliveries").json["deliveries"]
    return {
        "source_id": ["salon", "nobody"],
        "webhook_id": ["webhook", "none"],
        "notify_id": ["phone", "none"],
        "heartbeat_id": ["watch", "none"],
        "candidate_id": [candidate.id, "none"],
        "example_id": [learnt["examples"][0]["id"], "none"],
        "n": ["1", "x"],
        "trigger_id": ["dog", "none"],
        "event_id": [events[0].id, events[1].id, "salon:e:9", "../../x"],
        "delivery_id": [deliveries[0]["id"], "none"],
        "token_id": [served.ask("POST", "/api/access/tokens", {"name": "script"}).json["id"], "none"],
        "step_id": [served.ask("GET", "/api/settings/steps").json["steps"][0]["id"], "none"],
        "name": [backup, "../settings.json"],
        "token": [link.rpartition("/")[2], "none"],
    }


def described(values: dict[str, list[str]]) -> dict[str, Any]:
    """Return the description, with these values in paths."""
    document = describe_api(ROUTES.values(), "en")
    for operations in document["paths"].values():
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter.get("in") == "path":
                    parameter["schema"] = {"enum": values[parameter["name"]]}
    return document


@pytest.mark.timeout(300)  # some 15 s on an idle machine
def test_the_service_answers_as_described(served: Served) -> None:
    """All in one test, for it is one service that must bear it all, one after the other; what deletes comes last."""
    with Receiver() as receiver:
        webhook = {"id": "webhook", "url": receiver.url}
        assert served.ask("PATCH", "/api/sources/salon", {"webhooks": [webhook]}).status == 200
        phone = {"id": "phone", "url": receiver.url.replace("http://", "json://")}
        assert served.ask("PATCH", "/api/settings", {"notify": [phone]}).status == 200
        ask_everything(served)


def last(operation: Any) -> tuple[bool, bool, int]:
    """Order operations: those that delete late, and the password, after which nobody is let in, at the very end."""
    return operation.path == "/api/access/password", operation.method == "delete", -len(operation.path)


def ask_everything(served: Served) -> None:
    done: dict[str, set[int]] = {}
    operations = [found.ok() for found in schemathesis.openapi.from_dict(described(known(served))).get_all_operations()]
    for operation in sorted(operations, key=last):
        n_examples = FEW if operation.path in SLOW else N_EXAMPLES
        statuses = done.setdefault(f"{operation.method.upper()} {operation.path}", set())
        modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)

        @settings(max_examples=n_examples, deadline=None, derandomize=True, database=None, suppress_health_check=ALL)
        @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in modes)))
        def ask(case: schemathesis.Case) -> None:
            statuses.add(case.call_and_validate(base_url=served.url, checks=CHECKS, timeout=60).status_code)  # noqa: B023  # called at once

        ask()
    assert {name for name, statuses in done.items() if any(status < 300 for status in statuses)} >= HEARD
