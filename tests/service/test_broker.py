"""Commands over MQTT: bounded in number, and in what they write into the log."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.web.conftest import clap

from claptrap.core.errors import InputError
from claptrap.core.receivers import BrokerSpec
from claptrap.delivery.mqtt_orders import Command, MarkOrder, parse_order
from claptrap.history.query import DetectionFilter
from claptrap.service import Application
from claptrap.service.broker import MAX_COMMANDS, BrokerService
from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.store import Store

FOREIGN = "\x1b]0;owned\x07" + "x" * 60_000


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

    broker = BrokerService(SettingsOwner(Store(tmp_path)), dict, change, lambda *_: None, lambda: None)
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


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("not_clap", MarkOrder("salon", "", "not_clap")),
        ('{"event_id": "salon:e:1", "mark": "clap"}', MarkOrder("salon", "salon:e:1", "clap")),
        ('{"event_id": "salon:e:1", "mark": null}', MarkOrder("salon", "salon:e:1", None)),
        ("maybe", None),
        ('{"event_id": 5, "mark": "clap"}', None),
        ('{"event_id": "x"}', None),
        ("{" * 100_000, None),
    ],
)
def test_a_mark_over_mqtt_is_understood(text: str, order: MarkOrder | None) -> None:
    assert parse_order(BrokerSpec("127.0.0.1"), "claptrap/salon/mark/set", text.encode()) == order


def test_a_mark_over_mqtt_reaches_the_newest_detection(tmp_path: Path) -> None:
    service = Application(tmp_path)
    service.start()
    try:
        for sequence in (0, 1):
            service.events.record(clap(sequence, "microphone"))
        for order in (MarkOrder("microphone", "", "not_clap"), MarkOrder("elsewhere", clap(0, "microphone").id, "clap")):
            service.broker.mqtt._on_command(order)
        kept = wait_for(lambda: service.journal.events(DetectionFilter(mark="not_clap"), 5).rows)
        assert [one.event.sequence for one in kept] == [1]
        service.broker._work.put(None)  # what came before it is done once this is taken
        wait_for(lambda: [True] if service.broker._work.empty() else [])
        assert [one.event.sequence for one in service.journal.events(DetectionFilter(mark="none"), 5).rows] == [0]
    finally:
        service.stop()


def wait_for(found: Callable[[], Sequence[Any]]) -> Sequence[Any]:
    """Return what is found, as soon as there is any."""
    deadline = time.monotonic() + 30
    while not (there := found()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return there
