"""The house as a whole, where something of it cannot be had."""

from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path

import pytest
from tests.peers.receiver import dead_url
from tests.web.conftest import clap

from claptrap.core.errors import SettingsError
from claptrap.service import Application
from claptrap.settings.store import Store


@pytest.mark.slow
def test_what_waits_is_not_given_up_because_the_settings_cannot_be_read(tmp_path: Path) -> None:
    """Nobody knows then who shall be told; at the next start it may be known again."""
    path = tmp_path / "settings.json"
    webhook = {"id": "webhook", "url": dead_url(), "max_attempts": 10}
    source = {
        "id": "salon",
        "kind": "file",
        "name": "Salon",
        "enabled": False,
        "input": {"path": "x"},
        "webhooks": [webhook],
    }
    path.write_text(json.dumps({"version": 3, "sources": [source]}))
    service = Application(tmp_path)
    service.start()
    service.events.record(clap(0))
    service.stop()

    path.rename(tmp_path / "kept")
    path.mkdir()  # which not even root can read as a file
    service = Application(tmp_path)
    service.start()
    try:
        assert "settings.unreadable" in [problem["code"] for problem in service.snapshot()["problems"]]
        assert service.journal.waiting("salon.webhook") == 1
    finally:
        service.stop()

    path.rmdir()
    (tmp_path / "kept").rename(path)
    service = Application(tmp_path)
    service.start()
    try:
        assert service.journal.waiting("salon.webhook") == 1
    finally:
        service.stop()


def test_a_folder_that_can_be_written_again_is_taken_and_no_more_complained_of(tmp_path: Path) -> None:
    """The disk was full, or mounted read-only, when ClapTrap started: nobody shall have to restart it for that."""
    folder = tmp_path / "data"
    folder.write_text("")  # where not even root can write
    service = Application(folder)
    service.start()
    try:
        assert codes(service) == ["settings.unwritable", "history.unwritable"]
        tended(service)
        assert codes(service) == ["settings.unwritable", "history.unwritable"]
        folder.unlink()
        tended(service)
        assert codes(service) == []
        with pytest.raises(SettingsError, match=r"settings\.locked"):
            Store(folder).open()
        service.settings.apply({"language": "en"})
        assert json.loads((folder / "settings.json").read_text())["language"] == "en"
    finally:
        service.stop()
    store = Store(folder)
    store.open()
    store.close()


def test_a_disk_that_has_room_again_is_no_more_complained_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder was taken before the disk turned out to be full; taking it twice does not lock ourselves out."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    service = Application(tmp_path)
    with monkeypatch.context() as without_room:
        without_room.setattr("claptrap.settings.store.write_temporary_settings", full)
        service.start()
    try:
        assert codes(service) == ["settings.disk_full"]
        tended(service)
        assert codes(service) == []
    finally:
        service.stop()
    store = Store(tmp_path)
    store.open()
    store.close()


def codes(service: Application) -> list[str]:
    return [problem["code"] for problem in service.snapshot()["problems"]]


def tended(service: Application) -> None:
    """Do what the thread ``history`` does every half-minute, in a thread."""
    thread = threading.Thread(target=service.maintain, name="test:tend")
    thread.start()
    thread.join()
