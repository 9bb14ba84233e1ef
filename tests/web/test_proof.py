"""The proof: claps of our own go the whole way of a source's sound, and every step says how it went."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tests.peers.receiver import Receiver, answer
from tests.peers.waiting import wait_until
from tests.web.conftest import Served

STEPS = ["frame", "onset", "models", "threshold", "pattern", "journal"]


def proven(served: Served, **given: Any) -> dict[str, Any]:
    """Start a proof and return how it ended."""
    assert served.ask("POST", "/api/sources/salon/proof", given).status == 202
    ended: list[dict[str, Any]] = []

    def is_over() -> bool:
        shown = served.ask("GET", "/api/sources/salon/proof").json
        ended[:] = [shown]
        return shown["state"] != "running"

    wait_until(is_over, lambda: ended)
    return ended[0]


def refusal(proof: dict[str, Any]) -> tuple[str, str, str]:
    """Return where a proof ended that failed, and why."""
    last = proof["steps"][-1]
    return proof["state"], last["step"], last["code"]


@pytest.mark.slow
def test_a_proof_goes_the_whole_way_and_is_marked_as_a_test_everywhere(served: Served, tmp_path: Path) -> None:
    """A real source, detector, models, journal and receiver; two claps where two are wanted; what stops it is said."""
    assert served.ask("GET", "/api/sources/salon/proof").status == 404
    quiet = np.random.default_rng(0).normal(0, 3e-4, (44_100 * 40, 2))
    soundfile.write(tmp_path / "quiet.wav", quiet, 44_100)
    with Receiver(then=answer(200)) as receiver:
        webhooks = [{"id": "lamp", "url": receiver.url}, {"id": "other", "url": receiver.url}]
        patch = {
            "input": {"path": str(tmp_path / "quiet.wav"), "loop": True, "channel": "2"},
            "patterns": [{"claps": 2, "at_least": False}],
            "delay_s": 3600.0,
            "webhooks": webhooks,
        }
        assert served.ask("PATCH", "/api/sources/salon", patch).status == 200
        wait_until(lambda: served.service.detection.statuses()["salon"].rate_hz == 44_100)
        for receivers in (None, ["salon.lamp"], []):
            proof = proven(served, **({} if receivers is None else {"receivers": receivers}))
            assert proof["state"] == "passed", proof
            assert [one["step"] for one in proof["steps"] if one["clap"] == 1 and not one["receiver"]][: len(STEPS)] == STEPS
            assert [one["clap"] for one in proof["steps"] if one["step"] == "models"] == [1, 2]
            told = [one["receiver"] for one in proof["steps"] if one["receiver"]]
            assert told == (["salon.lamp", "salon.other"] if receivers is None else receivers)
            times = [one["ms"] for one in proof["steps"][: len(STEPS)]]
            assert times == sorted(times)
            assert times[0] == 0
            assert all(one["message_fr"] and one["message_en"] for one in proof["steps"])
        assert len(receiver.requests) == 3
        assert all(one.json["test"] is True and one.headers["claptrap-test"] == "true" for one in receiver.requests)
        assert receiver.requests[0].json["claps"] == 2
        history = served.ask("GET", "/api/history").json["events"]
        assert [one["test"] for one in history] == [True] * 3
        assert set(served.ask("GET", "/api/sources/salon").json["counts"].values()) == {0}
        assert served.ask("GET", "/api/history/counts?per=day").json["counts"] == []
        assert sum(one["detections"] for week in served.service.reports.weeks() for one in week["sources"].values()) == 0
        assert not served.ask("GET", "/api/sources/salon/candidates").json.get("candidates")
        served.ask("PATCH", "/api/sources/salon", {"armed": False})
        assert refusal(proven(served)) == ("failed", "acts", "when.source_disarmed")
        served.ask("PATCH", "/api/sources/salon", {"armed": True, "threshold": 1.0})
        assert refusal(proven(served)) == ("failed", "threshold", "proof.below")
        served.ask("PATCH", "/api/sources/salon", {"threshold": 0.5, "hears": "applause"})
        assert refusal(proven(served)) == ("failed", "pattern", "verdict.not_wished")
        served.ask("PATCH", "/api/sources/salon", {"enabled": False})
        assert refusal(proven(served)) == ("failed", "frame", "proof.not_live")
        assert len(receiver.requests) == 3
    assert served.ask("POST", "/api/sources/nothing/proof", {}).status == 404
    assert served.ask("POST", "/api/sources/salon/proof", {"receivers": "lamp"}).status == 400
