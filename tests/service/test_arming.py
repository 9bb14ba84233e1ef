"""When detections act: armed, snoozed, quiet hours by the clock and by the sun."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.peers.receiver import dead_url
from tests.web.conftest import clap

from claptrap.core.errors import InputError
from claptrap.service import Application
from claptrap.service.arming import inaction
from claptrap.settings.validation import SettingsFaults, check

PARIS = {"latitude": 48.85, "longitude": 2.35}


@pytest.fixture(autouse=True)
def in_paris(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's time zone is that of Paris."""
    monkeypatch.setenv("TZ", "Europe/Paris")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()
    assert os.environ.get("TZ") != "Europe/Paris"


def document(when: dict[str, Any], **source: Any) -> Any:
    return check({"version": 3, "sources": [{"id": "a", "kind": "microphone", "name": "A", **source}], "when": when})


def at(text: str) -> float:
    """Return a moment that is written in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def code(settings: Any, moment: str) -> str:
    found = inaction(settings, "a", at(moment))
    return found.code if found else ""


def test_the_house_comes_before_the_source_and_a_snooze_ends_by_itself() -> None:
    moment = "2026-11-30T12:00"
    assert code(document({}), moment) == ""
    assert code(document({"armed": False}, armed=False), moment) == "when.disarmed"
    assert code(document({}, armed=False), moment) == "when.source_disarmed"
    snoozed = document({"snoozed_until": at(moment) + 1})
    assert (code(snoozed, moment), code(snoozed, "2026-11-30T12:01")) == ("when.snoozed", "")
    assert code(document({}, snoozed_until=at(moment) + 1), moment) == "when.source_snoozed"


def test_quiet_hours_over_midnight_belong_to_the_day_on_which_they_begin() -> None:
    """Friday night, 22:00 to 07:00 in Paris, which is an hour ahead of UTC in winter."""
    settings = document({"quiet": [{"days": ["fri"], "begin": "22:00", "end": "07:00"}]})
    wanted = {
        "2026-11-27T20:59": "",  # 21:59 on Friday
        "2026-11-27T21:00": "when.quiet",
        "2026-11-28T05:59": "when.quiet",  # 06:59 on Saturday
        "2026-11-28T06:00": "",
        "2026-11-28T21:30": "",
        "2026-11-27T05:00": "",  # Friday morning is the end of Thursday's night
    }
    assert {moment: code(settings, moment) for moment in wanted} == wanted


def test_quiet_hours_keep_to_the_clock_when_it_is_changed() -> None:
    """On 29 March 2026 Paris has no time between 2:00 and 3:00."""
    settings = document({"quiet": [{"begin": "22:00", "end": "07:00"}]})
    assert (code(settings, "2026-03-29T04:59"), code(settings, "2026-03-29T05:00")) == ("when.quiet", "")


def test_quiet_hours_by_the_sun() -> None:
    """In Paris the sun sets at 16:55 local time on 30 November 2026, and rises at 8:23 on the next day."""
    settings = document({**PARIS, "quiet": [{"begin": "sunset+30", "end": "sunrise"}]})
    wanted = {
        "2026-11-30T16:15": "",
        "2026-11-30T16:35": "when.quiet",
        "2026-12-01T07:13": "when.quiet",
        "2026-12-01T07:33": "",
    }
    assert {moment: code(settings, moment) for moment in wanted} == wanted
    polar = document({"latitude": 78.2, "longitude": 15.6, "quiet": [{"begin": "sunset", "end": "sunrise"}]})
    assert code(polar, "2026-12-21T00:00") == ""  # it does not rise: no such hours


def test_some_sources_and_hours_that_are_off() -> None:
    hours = {"begin": "00:00", "end": "00:00"}  # a whole day
    assert code(document({"quiet": [hours]}), "2026-11-30T12:00") == "when.quiet"
    assert code(document({"quiet": [{**hours, "sources": ["b"]}]}), "2026-11-30T12:00") == ""
    assert code(document({"quiet": [{**hours, "enabled": False}]}), "2026-11-30T12:00") == ""


@pytest.mark.parametrize("moment", ["24:00", "7:00", "sunset+1h", "noon", "٢٢:٠٠"])
def test_what_is_no_moment_is_refused(moment: str) -> None:
    with pytest.raises(SettingsFaults) as found:
        document({**PARIS, "quiet": [{"begin": moment, "end": "07:00"}]})
    assert found.value.faults[0].code == "when.bad_moment"
    with pytest.raises(SettingsFaults) as found:
        document({"quiet": [{"begin": "sunset", "end": "07:00"}]})
    assert found.value.faults[0].code == "when.no_place"


@pytest.mark.slow
def test_what_does_not_act_is_written_down_and_sent_to_nobody(tmp_path: Path) -> None:
    service = Application(tmp_path)
    service.start()
    try:
        webhook = {"id": "w", "url": dead_url()}
        source = {"id": "salon", "kind": "file", "name": "S", "enabled": False, "room": "R", "input": {"path": "x"}}
        service.settings.apply({"sources": [{**source, "webhooks": [webhook]}]})
        service.arming.change(armed=False)
        service.events.record(clap(0))
        service.arming.change(armed=True)
        service.arming.change(snooze_s=60.0, room="R")
        service.events.record(clap(1))
        service.arming.change(armed=False, source="salon")
        service.events.record(clap(2))
        assert service.journal.waiting("salon.w") == 0
        service.arming.change(armed=True, source="salon")
        service.events.record(clap(9))
        assert service.journal.waiting("salon.w") == 1
        assert len(service.snapshot()["events"]) == 4
        with pytest.raises(InputError, match="unknown_room"):
            service.arming.change(armed=True, room="nowhere")
    finally:
        service.stop()
