"""The house as a whole, where something of it cannot be had."""

from __future__ import annotations

import json
from pathlib import Path

from tests.peers.receiver import dead_url
from tests.web.conftest import clap

from claptrap.service import ClapTrap


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
    path.write_text(json.dumps({"version": 2, "sources": [source]}))
    service = ClapTrap(tmp_path)
    service.start()
    service.take(clap(0))
    service.stop()

    path.rename(tmp_path / "kept")
    path.mkdir()  # which not even root can read as a file
    service = ClapTrap(tmp_path)
    service.start()
    try:
        assert "settings.unreadable" in [problem["code"] for problem in service.snapshot()["problems"]]
        assert service.journal.waiting("salon.webhook") == 1
    finally:
        service.stop()

    path.rmdir()
    (tmp_path / "kept").rename(path)
    service = ClapTrap(tmp_path)
    service.start()
    try:
        assert service.journal.waiting("salon.webhook") == 1
    finally:
        service.stop()
