"""Arming over REST."""

from __future__ import annotations

from tests.web.conftest import Served


def test_over_rest(served: Served) -> None:
    asked = served.ask("POST", "/api/arming", {"snooze_s": 3600})
    assert asked.status == 200
    assert asked.json["sources"]["salon"]["code"] == "when.snoozed"
    salon = served.ask("POST", "/api/arming", {"armed": True}).json["sources"]["salon"]
    assert (salon["acts"], salon["until"], salon["code"]) == (True, None, "")
    for wrong in ({"armed": 1}, {"snooze_s": True}, {"nonsense": 1}):
        assert served.ask("POST", "/api/arming", wrong).status == 400
    assert served.ask("GET", "/api/arming").json["armed"] is True
