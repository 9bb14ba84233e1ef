"""The façade gives no secret away, and takes its own snapshot back without losing one."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from claptrap.core.errors import SourceError
from claptrap.core.events import SourceStatus, State
from claptrap.core.spec import RtspInput
from claptrap.service import Application
from claptrap.settings.store import Store
from tests.peers.ports import free_port


def test_a_camera_is_added_shown_and_changed_without_telling_its_password(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Through settings, states, problems and logs of the whole service; only the file in the data folder has it."""
    caplog.set_level(logging.DEBUG)
    port = free_port()
    url = f"rtsp://adm:hunter2@127.0.0.1:{port}/live?token=T0PSECRET"
    claptrap = Application(tmp_path)
    claptrap.start()
    try:
        with claptrap.hub.subscribe() as news:
            claptrap.settings.apply({"sources": [{"id": "microphone", "enabled": False}]})
            claptrap.settings.apply({"sources": [{"id": "cam", "kind": "rtsp", "name": "Cour", "input": {"url": url}}]})
            told: list[object] = []
            while not told or not is_refused(told[-1]):
                told.append(news.get(10))
                assert told[-1] is not None, told
        shown = claptrap.snapshot()
        before = claptrap.settings.current
        assert claptrap.settings.apply(shown["settings"]).settings == before
        with pytest.raises(SourceError) as refused:
            claptrap.probes.camera(shown["settings"]["sources"][1]["input"], "cam")
        assert refused.value.code == "rtsp.refused"
        renamed = claptrap.settings.apply(
            {"sources": [{"id": "cam", "name": "Jardin", "input": shown["settings"]["sources"][1]["input"]}]}
        ).settings
    finally:
        claptrap.stop()
    wanted = RtspInput(f"rtsp://127.0.0.1:{port}/live?token=T0PSECRET", username="adm", password="hunter2")
    assert [(s.name, s.input) for s in renamed.specs()][1:] == [("Jardin", wanted)]
    everything = f"{json.dumps(shown)} {told} {caplog.text} {before!r} {renamed!r}"
    assert shown["statuses"]["cam"]["message_en"].startswith(f"rtsp://127.0.0.1:{port}/… refused the connection")
    assert "hunter2" not in everything
    assert "T0PSECRET" not in everything
    assert Store(tmp_path).load().settings == renamed


def is_refused(news: object) -> bool:
    return isinstance(news, SourceStatus) and (news.state, news.code) == (State.RETRYING, "rtsp.refused")
