"""From the sound of a real clap to a clip that is played in pieces, and deleted."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from tests.peers.claps import recording
from tests.peers.waiting import wait_until
from tests.web.conftest import Served, clap, serving
from tests.web.test_live import page

from claptrap.audio.clip import Clip
from claptrap.service import Application


def keep(served: Served, *sequences: int) -> None:
    """Have clips of detections kept."""
    for sequence in sequences:
        event = clap(sequence)
        served.service.events.record(event)
        served.service.clips.offer(Clip(event.id, event.timestamp, np.zeros(40_000, np.float32)))
        wait_until(lambda event=event: served.service.clips.has(event.id))  # type: ignore[misc]  # mypy cannot type a default of a lambda


@pytest.mark.slow
def test_a_clap_that_is_heard_can_be_heard_again(tmp_path: Path, data_dir: Path, quiet_models: Path) -> None:
    """Its sound is the recording's, to the sample; a source that did not ask for clips has none."""
    assert not quiet_models.exists()
    sound, (onset_s,) = recording(1, 16_000)
    soundfile.write(tmp_path / "clap.wav", np.concatenate((sound, np.zeros(40_000, np.float32))), 16_000)
    one = {"kind": "file", "name": "Salon", "input": {"path": str(tmp_path / "clap.wav")}}
    document = {"version": 3, "sources": [{**one, "id": "salon", "clips": True}, {**one, "id": "private"}]}
    (data_dir / "settings.json").write_text(json.dumps(document))
    with serving(Application(data_dir)) as served:

        def events() -> list[dict[str, Any]]:
            found: list[dict[str, Any]] = served.ask("GET", "/api/history").json["events"]
            return found

        wait_until(lambda: len(events()) == 2 and any(event["clip"] for event in events()))
        assert {event["source_id"]: event["clip"] for event in events()} == {"salon": True, "private": False}
        (event,) = (event for event in events() if event["clip"])
        event_id = event["id"]
        answer = served.ask("GET", f"/api/history/{event_id}/clip")
        assert (answer.status, answer.headers["content-type"]) == (200, "audio/flac")
        heard, rate = soundfile.read(io.BytesIO(answer.body), dtype="float32")
    begin = round((event["onset_s"] - 1) * 16_000)
    assert event["onset_s"] == pytest.approx(onset_s, abs=0.05)
    assert (rate, len(heard)) == (16_000, 40_000)
    whole = np.concatenate((sound, np.zeros(40_000, np.float32)))
    expected = whole[max(begin, 0) : begin + 40_000]
    assert np.abs(heard[-len(expected) :] - expected).max() < 1e-3


def test_a_clip_is_played_in_pieces(served: Served) -> None:
    """As a browser asks when somebody moves to the middle; nothing keeps a copy of it."""
    keep(served, 0)
    whole = served.ask("GET", "/api/history/salon:e:0/clip")
    assert (whole.status, whole.headers["accept-ranges"], whole.headers["cache-control"]) == (200, "bytes", "no-store")
    piece = served.ask("GET", "/api/history/salon:e:0/clip", Range="bytes=10-19")
    assert (piece.status, piece.body) == (206, whole.body[10:20])
    assert piece.headers["content-range"] == f"bytes 10-19/{len(whole.body)}"
    beyond = served.ask("GET", "/api/history/salon:e:0/clip", Range="bytes=1000000-")
    assert (beyond.status, beyond.headers["content-type"]) == (416, "application/problem+json")
    assert "media-src 'self'" in whole.headers["content-security-policy"]


def test_a_clip_that_is_deleted_in_the_very_moment_is_not_there(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found, and gone when it is opened: what was asked of it just before is worth nothing."""
    keep(served, 0)
    path = served.service.clips.find("salon:e:0")
    assert path is not None
    monkeypatch.setattr(served.service.clips, "find", lambda _: path)
    path.unlink()
    answer = served.ask("GET", "/api/history/salon:e:0/clip")
    assert (answer.status, answer.json["code"]) == (404, "api.no_clip")


def test_clips_are_counted_and_deleted(served: Served) -> None:
    """One, those before a time, all; and with their detections."""
    keep(served, 0, 1, 2, 3)
    total = served.ask("GET", "/api/clips").json
    size = sum(path.stat().st_size for path in (served.service.clips._folder).iterdir())
    assert total == {"clips": 4, "size_bytes": size, "keep_days": 7, "keep_mb": 500}
    assert served.ask("DELETE", "/api/history/salon:e:3/clip").json == {"deleted": 1}
    assert served.ask("GET", "/api/history/salon:e:3").json["clip"] is False
    assert served.ask("DELETE", f"/api/clips?before={clap(1).timestamp}").json == {"deleted": 1}
    assert served.ask("DELETE", f"/api/history?before={clap(2).timestamp}").json == {"deleted": 2, "clips": 1}
    assert served.ask("DELETE", "/api/clips").json == {"deleted": 1}
    assert served.ask("GET", "/api/history/salon:e:2").json["clip"] is False
    assert list(served.service.clips._folder.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said_on_the_page_and_no_detection_is_lost(
    data_dir: Path, quiet_models: Path
) -> None:
    assert not quiet_models.exists()
    (data_dir / "clips").write_text("")
    with serving(Application(data_dir)) as served, page(served) as told:
        (problem,) = told.next("state")["problems"]
        assert problem["code"] == "clips.unwritable"
        assert "extraits" in problem["message_fr"]
        served.service.events.record(clap(0))
        served.service.clips.offer(Clip("salon:e:0", clap(0).timestamp, np.zeros(100, np.float32)))
        assert [event["id"] for event in served.ask("GET", "/api/history").json["events"]] == ["salon:e:0"]
        (data_dir / "clips").unlink()
        keep(served, 1)
        while told.next("clip") != {"event_id": "salon:e:1"}:
            pass  # the one before may have waited until the folder could be made
        while told.next("problems"):
            pass  # it may be unwritable for one reason after the other
