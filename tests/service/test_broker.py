"""Commands over MQTT: bounded in number, and in what they write into the log."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from claptrap.core.errors import InputError
from claptrap.delivery.mqtt_commands import Command
from claptrap.service.broker import MAX_COMMANDS, BrokerActions, BrokerService, SourceViews
from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.store import Store

FOREIGN = "\x1b]0;owned\x07" + "x" * 60_000


def change_nothing(*_: object) -> None:
    """No command of these is sent here."""


def test_a_flood_of_commands_fills_neither_memory_nor_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever may publish at the broker may send them as fast as they like, for sources of any name."""
    seen, held, done = threading.Event(), threading.Event(), threading.Event()
    executed: list[str] = []

    def change(source_id: str, _: Mapping[str, Any]) -> None:
        executed.append(source_id)
        if source_id == "last":
            done.set()
        seen.set()
        held.wait(30)
        raise InputError("api.unknown_source", source=source_id)

    actions = BrokerActions(change, change_nothing, change_nothing, change_nothing, change_nothing)
    broker = BrokerService(SettingsOwner(Store(tmp_path)), SourceViews(dict), actions, lambda: None)
    caplog.set_level(logging.WARNING)
    broker.start()
    try:
        for _ in range(10 * MAX_COMMANDS):
            broker.mqtt._on_command(Command(FOREIGN, "enabled", value=True))
        assert seen.wait(30)
        held.set()
        while not done.is_set():  # until there is room again for one that means well
            broker.mqtt._on_command(Command("last", "enabled", value=True))
            done.wait(0.05)
    finally:
        held.set()
        broker.stop()
    assert len(executed) <= 2 * MAX_COMMANDS
    lines = [record.getMessage() for record in caplog.records]
    assert 0 < len(lines) < 20
    assert all(len(line) < 300 and line.isprintable() for line in lines)
