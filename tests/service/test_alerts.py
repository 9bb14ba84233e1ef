"""Alerts: each problem once, and its end; none while starting, none for what flaps, none of a receiver to itself."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.delivery.test_freshness import SetClock

from claptrap.core.errors import DeliveryError
from claptrap.core.events import DetectionRunning, Problem, SourceStatus, State
from claptrap.delivery.notify import message
from claptrap.service.alerts import CALM_S, LASTS_S, MIN_GAP_S, STARTING_S, Alert, AlertService, AlertTracker
from claptrap.service.problems import ProblemList
from claptrap.service.settings_owner import SettingsOwner
from claptrap.service.unheard import UnheardSources
from claptrap.settings.store import Store

FULL, OPEN = Problem("journal.unwritable", {"path": "/data"}), Problem("delivery.open", {"url": "http://a/…", "source": "S"})


def said(tracker: AlertTracker, problems: list[Problem], since: float, until: float) -> list[tuple[float, Alert]]:
    """Look every half-minute, as the service does; return what was said, and when."""
    times = [since + 30.0 * i for i in range(int((until - since) / 30) + 1)]
    return [(at, alert) for at in times if (alert := tracker.check(problems, at)) is not None]


def test_a_problem_is_said_once_and_once_more_when_it_is_over() -> None:
    """Not while everything starts; its end names how long it lasted; two that come together are one alert."""
    tracker = AlertTracker(0.0)
    begun = said(tracker, [FULL, OPEN], 0.0, 7200.0)
    assert begun == [(STARTING_S + LASTS_S, Alert((FULL, OPEN)))]
    ended = said(tracker, [OPEN], 7230.0, 20_000.0)
    assert ended == [(7230.0 + CALM_S, Alert(ended=((FULL, round((7230.0 - STARTING_S) / 60)),)))]
    assert said(tracker, [Problem(FULL.code, {**FULL.params, "count": 3}), OPEN], 20_030.0, 21_000.0)[0][1].begun[
        0
    ].params == {
        "path": "/data",
        "count": 3,
    }


def test_what_flaps_is_one_problem() -> None:
    """An hour of 30 s on, 60 s off, is said once; so is what comes back for a moment again and again later."""
    tracker, told = AlertTracker(-STARTING_S), []
    for at in range(0, 3600, 30):
        told += [alert for alert in (tracker.check([OPEN] if at % 90 == 0 else [], float(at)),) if alert is not None]
    assert told == [Alert((OPEN,))]
    tracker, told = AlertTracker(-STARTING_S), []
    for at in range(0, 36_000, 30):
        alert = tracker.check([OPEN] if at % 600 < 300 else [], float(at))
        told += [at] if alert else []
    assert len(told) <= 12
    assert min(later - sooner for sooner, later in pairwise(told)) >= MIN_GAP_S


class Sent:
    """A dispatcher that only keeps what it is given."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, dict[str, Any]]] = []

    def send(self, target_id: str, body: dict[str, Any]) -> None:
        self.bodies.append((target_id, body))


@pytest.fixture
def settings(tmp_path: Path) -> SettingsOwner:
    """Settings with a source and two notification services, one of which wants alerts."""
    owner = SettingsOwner(Store(tmp_path))
    owner.open()
    phones = [
        {"id": "a", "url": "json://a", "alerts": True},
        {"id": "b", "url": "json://b"},
        {"id": "c", "url": "xml://c", "alerts": True},
    ]
    owner.apply({"language": "en", "notify": phones, "alerts": {"unheard_after_s": 60.0}})
    return owner


def test_receivers_that_ask_are_sent_all_but_what_is_wrong_with_themselves(settings: SettingsOwner) -> None:
    """A source that is not heard is a problem; a person who closed the page of a phone, or a stop, is none."""
    clock, sent = SetClock(), Sent()
    unheard = UnheardSources(settings, clock)
    problems = ProblemList(None)  # type: ignore[arg-type]  # nothing is published here
    broken = Problem("delivery.open", {"url": "json://…", "source": "a"})
    problems.add(unheard.problems)
    service = AlertService(problems, sent, settings, clock)  # type: ignore[arg-type]  # it only sends
    for code in ("browser.closed", ""):
        unheard.add(SourceStatus("microphone", State.RETRYING if code else State.LIVE, code))
        clock.advance(1000.0)
        service.check()
        assert not problems.found()
    unheard.add(SourceStatus("microphone", State.LIVE, "source.zeros"))
    clock.advance(61.0)
    assert [problem.code for problem in problems.found()] == ["source.unheard"]
    problems.add(lambda: [_error(broken)])
    service.check()
    clock.advance(LASTS_S)
    service.check()
    assert [(to, [one["code"] for one in body["begun"]]) for to, body in sent.bodies] == [
        ("notify:a", ["source.unheard"]),
        ("notify:c", ["source.unheard", "delivery.open"]),
    ]
    assert message(sent.bodies[0][1], "en") == (
        "ClapTrap: a problem", "“Microphone” has not been heard for more than 1 min. Its card says why."
    )  # fmt: skip
    unheard.add(DetectionRunning(running=False))
    for _ in range(12):
        clock.advance(30.0)
        service.check()
    title, text = message(sent.bodies[-1][1], "fr")
    assert (title, text.startswith("Rétabli après 2 min : « Microphone »")) == ("ClapTrap : tout va bien de nouveau", True)


def _error(problem: Problem) -> DeliveryError:
    return DeliveryError(problem.code, retryable=True, url=str(problem.params["url"]), source=str(problem.params["source"]))
