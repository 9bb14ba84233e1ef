"""ClapTrap as an add-on: what it takes over from a Supervisor, here an HTTP server that answers as Home Assistant's does."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.peers.receiver import Receiver, answer

from claptrap.cli.add_on import AddOn, mqtt_change
from claptrap.service import Application
from claptrap.settings.receivers import MqttSettings

BROKER = {"addon": "core_mosquitto", "host": "core-mosquitto", "port": 1883, "ssl": False, "username": "addons",
          "password": "s3cret", "protocol": "3.1.1"}  # fmt: skip
TAKEN = {"host": "core-mosquitto", "port": 1883, "tls": False, "username": "addons", "password": "s3cret"}


@pytest.mark.parametrize(
    ("known", "change"),
    [
        ({}, {"enabled": True, **TAKEN}),
        ({"enabled": True, **TAKEN}, None),
        ({"enabled": True, **TAKEN, "password": "old"}, TAKEN),
        ({"enabled": False, **TAKEN, "port": 1884}, TAKEN),  # switched off by a person, and stays so
        ({"enabled": True, "host": "192.168.1.5"}, None),
    ],
)
def test_the_broker_is_the_supervisor_s_unless_a_person_chose_another(known: dict[str, Any], change: object) -> None:
    assert mqtt_change(MqttSettings(**known), BROKER) == change


def said(data: object) -> Any:
    return answer(200, json.dumps({"result": "ok", "data": data}).encode())


@pytest.fixture(autouse=True)
def no_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLAPTRAP_MODELS_DIR", str(tmp_path / "models"))


def test_options_broker_and_page_come_from_the_supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERVISOR_TOKEN", "t0ken")
    options = tmp_path / "options.json"
    options.write_text(json.dumps({"log_level": "warning", "language": "en"}))
    service = Application(tmp_path / "data")
    connected = threading.Event()
    service.settings.observe(lambda _before, after, _why: connected.set() if after.settings.mqtt.enabled else None)
    with Receiver(said({"slug": "local_claptrap"}), said({**BROKER, "host": "127.0.0.1", "port": 1})) as supervisor:
        add_on = AddOn(options, supervisor.url.removesuffix("/hook"))
        service.start()
        try:
            add_on.start(service)
            assert connected.wait(30)
        finally:
            add_on.stop()
            service.stop()
        requests = supervisor.requests
    assert [one.path for one in requests] == ["/addons/self/info", "/services/mqtt"]
    assert {one.headers["authorization"] for one in requests} == {"Bearer t0ken"}
    assert add_on.log_level == "warning"
    assert service.settings.current.language == "en"
    assert service.settings.current.mqtt.whole()["password"] == "s3cret"
    assert service.own_address.page_url() == "homeassistant://hassio/ingress/local_claptrap"


def test_a_supervisor_that_has_nothing_changes_nothing(tmp_path: Path) -> None:
    service = Application(tmp_path / "data")
    with Receiver(answer(500), answer(200, b"[]")) as supervisor:
        add_on = AddOn(tmp_path / "none", supervisor.url.removesuffix("/hook"))
        service.start()
        before = service.settings.state.serial
        try:
            add_on.start(service)
            supervisor.wait_for(2)
        finally:
            add_on.stop()
            service.stop()
    assert (add_on.log_level, service.settings.state.serial) == ("info", before)
