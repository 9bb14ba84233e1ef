"""MQTT against a real mosquitto: what is shown, what Home Assistant orders, and that nothing is lost while it is away."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
import trustme
from tests.peers.broker import MOSQUITTO, Broker, Watcher
from tests.peers.ports import free_port
from tests.web.conftest import clap

from claptrap.core.backoff import Backoff
from claptrap.core.errors import DeliveryError
from claptrap.delivery import mqtt as under_test
from claptrap.delivery.discovery import retained
from claptrap.delivery.mqtt import MqttLink
from claptrap.delivery.mqtt_commands import Command
from claptrap.delivery.mqtt_peers import PeerNews, PeerProtocol
from claptrap.delivery.mqtt_topics import Published, PublishedSource
from claptrap.delivery.payload import event_payload
from claptrap.receivers import BrokerSpec
from claptrap.runtime.hub import Subscription
from claptrap.service import Application
from claptrap.service.broker import BrokerActions, BrokerService, SourceViews
from claptrap.service.settings_owner import SettingsOwner
from claptrap.settings.store import Store
from claptrap.settings.validation import SettingsFaults

needs_broker = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is missing: sudo apt install mosquitto")
SALON = {"id": "salon", "kind": "file", "name": "Salon", "enabled": False, "input": {"path": "none"}}
DEVICE = "homeassistant/device/claptrap/salon/config"


@contextmanager
def serving(folder: Path, **mqtt: Any) -> Iterator[Application]:
    """A service with one source that is not heard, and a broker."""
    folder.mkdir(exist_ok=True)
    file = folder / "settings.json"
    if not file.exists():
        document = {"version": 3, "sources": [SALON], "mqtt": {"enabled": True, "host": "127.0.0.1", **mqtt}}
        file.write_text(json.dumps(document))
    service = Application(folder)
    service.start()
    try:
        yield service
    finally:
        service.stop()


def codes(service: Application) -> list[str]:
    return [problem["code"] for problem in service.snapshot()["problems"]]


def wait_for_problem(service: Application, news: Subscription, code: str | None) -> None:
    """Wait until the problem ``code`` is told; None: until there is none about MQTT."""
    while not (code in codes(service) if code else not [c for c in codes(service) if c.startswith("mqtt.")]):
        assert news.get(30.0) is not None or codes(service)


@pytest.mark.slow
@needs_broker
def test_home_assistant_finds_a_source_switches_it_and_sees_it_go(tmp_path: Path) -> None:
    """Discovery, commands by every entity, a restart of Home Assistant, a device that it deletes, removal."""
    with Broker(tmp_path) as broker, Watcher(broker.port) as home, serving(tmp_path / "data", port=broker.port) as service:
        home.wait_for(lambda: home.retained.get("claptrap/status") == b"online" and "claptrap/salon/state" in home.retained)
        entities = json.loads(home.retained[DEVICE])["components"]
        state = entities["enabled"]["state_topic"]
        assert json.loads(home.retained[state])["enabled"] == "OFF"

        wishes = {"enabled": ("ON", True), "threshold": ("0.7", 0.7), "delay": ("2.5", 2.5), "pattern": ("double", None)}
        for field, (payload, _) in wishes.items():
            home.publish(entities[field]["command_topic"], payload.encode())
            shown = float(payload) if payload[0].isdigit() else payload
            home.wait_for(lambda field=field, shown=shown: json.loads(home.retained[state])[field] == shown)
        source = service.sources.get("salon")
        assert (source["enabled"], source["threshold"], source["delay_s"]) == (True, 0.7, 2.5)
        assert [(one["claps"], one["at_least"]) for one in source["patterns"]] == [(2, False)]
        for field, payload in (("threshold", "7"), ("threshold", "nan"), ("delay", "-1"), ("pattern", "rhythm")):
            home.retained.pop(DEVICE)
            home.publish(entities[field]["command_topic"], payload.encode())  # refused: all is shown again as it is
            home.wait_for(lambda: DEVICE in home.retained)
        for nonsense in (b"\xff", b"on", b"", b"1" * 5000):
            home.publish(entities["enabled"]["command_topic"], nonsense)
        assert service.sources.get("salon")["patterns"] == source["patterns"]

        home.retained.pop(DEVICE)
        home.publish("homeassistant/status", b"online")
        home.wait_for(lambda: DEVICE in home.retained)
        home.publish(DEVICE, b"", retain=True)  # a person deletes the device
        home.publish("claptrap/salon/threshold/set", b"0.6")
        home.wait_for(lambda: home.retained[DEVICE])

        service.events.record(clap(1))
        home.wait_for(lambda: home.events)
        topic, content = home.events[0]
        assert topic == entities["clap"]["state_topic"]
        assert json.loads(content)["event_type"] == "clap"
        assert json.loads(content)["source_name"] == "Salon"
        home.publish("claptrap/salon/mark/set", b"not_clap")
        while service.snapshot()["events"][0]["mark"] != "not_clap":
            time.sleep(0.01)

        home.publish(entities["test"]["command_topic"], b"PRESS")
        home.wait_for(lambda: len(home.events) == 2)
        assert home.events[1][0] == topic
        assert json.loads(home.events[1][1])["event_type"] == "test"
        home.publish("claptrap/restart/set", b"PRESS")

        service.sources.remove("salon")
        kept = [topic for topic in home.retained if "salon" in topic and not topic.endswith("/set")]
        home.wait_for(lambda: not any(home.retained[topic] for topic in kept))
    assert home.retained["claptrap/status"] == b"offline"


@pytest.mark.slow
@needs_broker
def test_entities_that_were_discovered_alone_move_into_their_device(tmp_path: Path) -> None:
    """Home Assistant is asked to let each go before the device comes, and the old topics are emptied after it."""
    old = [f"homeassistant/{name}/config" for name in ("event/claptrap/salon-clap", "number/claptrap/salon-threshold")]
    with Broker(tmp_path) as broker:
        with Watcher(broker.port) as before:
            for topic in old:
                before.publish(topic, b'{"unique_id": "claptrap-salon-clap"}', retain=True)
        with Watcher(broker.port) as home, serving(tmp_path / "data", port=broker.port):
            home.wait_for(lambda: home.retained.get(DEVICE) and not any(home.retained[topic] for topic in old))
            for topic in old:
                messages = [(one, content) for one, content in home.heard if one in (topic, DEVICE)]
                after = [content for one, content in messages if one == topic]
                assert after == [b'{"unique_id": "claptrap-salon-clap"}', b'{"migrate_discovery": true}', b""]
                assert messages.index((topic, after[1])) < [one for one, _ in messages].index(DEVICE)


@pytest.mark.slow
@needs_broker
def test_what_is_heard_while_the_broker_is_away_is_told_when_it_is_back(tmp_path: Path) -> None:
    """It is killed in between, and started again; ClapTrap is restarted, too."""
    broker = Broker(tmp_path)
    with serving(tmp_path / "data", port=broker.port, max_age_s=600.0) as service:
        news = service.hub.subscribe(1_000)
        wait_for_problem(service, news, "mqtt.unreachable")
        for i in range(10):
            service.events.record(clap(i))
    with broker, Watcher(broker.port) as home:
        with serving(tmp_path / "data") as service:
            home.wait_for(lambda: len({content for _, content in home.events}) == 10)
            news = service.hub.subscribe(1_000)
            wait_for_problem(service, news, None)
            broker.stop()
            for i in range(10, 20):
                service.events.record(clap(i))
            broker.start()
            home.wait_for(lambda: len({json.loads(content)["event_id"] for _, content in home.events}) == 20)
        told = [json.loads(content)["timestamp"] for _, content in home.events]
        assert sorted(set(told)) == [clap(i).timestamp for i in range(20)]


@pytest.mark.slow
@needs_broker
def test_what_an_earlier_claptrap_left_is_taken_back(tmp_path: Path) -> None:
    """A source that was removed while the broker was away; and all of it, however much, when MQTT is switched off."""
    with Broker(tmp_path) as broker, Watcher(broker.port) as home:
        home.publish("homeassistant/device/claptrap/gone/config", b"{}", retain=True)
        home.publish("claptrap/gone/state", b"{}", retain=True)
        home.publish("homeassistant/switch/other/gone-enabled/config", b"{}", retain=True)
        with serving(tmp_path / "data", port=broker.port) as service:
            home.wait_for(lambda: not home.retained["homeassistant/device/claptrap/gone/config"])
            home.wait_for(lambda: not home.retained["claptrap/gone/state"])
            service.settings.apply({"sources": [{**SALON, "id": f"s{i}"} for i in range(200)]})
            home.wait_for(lambda: home.retained.get("claptrap/s199/state"))
            service.settings.apply({"mqtt": {"enabled": False}})
            home.wait_for(lambda: not home.retained["claptrap/status"])
            passing = {"claptrap/instance"}  # which is not kept
            home.wait_for(lambda: {t for t, kept in home.retained.items() if "claptrap/" in t and kept} <= passing)
        assert home.retained["homeassistant/switch/other/gone-enabled/config"] == b"{}"  # another's


@pytest.mark.slow
@needs_broker
def test_two_claptraps_with_one_topic_find_each_other_and_take_nothing_away(tmp_path: Path) -> None:
    """Both say so, neither takes back what only the other shows; when one goes, all of the other is there again."""
    kitchen = "homeassistant/device/claptrap/kitchen/config"
    with Broker(tmp_path) as broker, Watcher(broker.port) as home, serving(tmp_path / "a", port=broker.port) as first:
        first.sources.add({**SALON, "id": "kitchen", "name": "Kitchen"})
        home.wait_for(lambda: home.retained.get(kitchen))
        here = first.hub.subscribe(1_000)
        with serving(tmp_path / "b", port=broker.port) as second:
            there = second.hub.subscribe(1_000)
            wait_for_problem(first, here, "mqtt.shared")
            wait_for_problem(second, there, "mqtt.shared")
            home.publish("claptrap/gone/state", b"{}", retain=True)  # what nobody shows is nobody's to clear now
            second.settings.apply({"mqtt": {"topic": "other"}})
            home.wait_for(lambda: home.retained.get("other/status") == b"online")
            wait_for_problem(second, there, None)
            wait_for_problem(first, here, None)
            home.wait_for(lambda: home.retained.get("claptrap/status") == b"online" and home.retained[DEVICE])
            assert home.retained[kitchen]
            assert home.retained["claptrap/gone/state"]


@pytest.mark.slow
@needs_broker
def test_a_last_will_that_comes_late_is_contradicted(tmp_path: Path) -> None:
    """The broker finds out by and by that a link is broken which was replaced long ago."""
    with Broker(tmp_path) as broker, Watcher(broker.port) as home, serving(tmp_path / "data", port=broker.port):
        home.wait_for(lambda: home.retained.get("claptrap/status") == b"online" and DEVICE in home.retained)
        home.publish("claptrap/status", b"offline", retain=True)
        home.wait_for(lambda: home.retained["claptrap/status"] == b"online")


@pytest.mark.slow
@needs_broker
@pytest.mark.parametrize("version", ["3.1.1", "5"])
def test_a_wrong_password_is_said_and_the_right_one_lets_in(tmp_path: Path, version: str) -> None:
    with Broker(tmp_path, password="right") as broker:
        wrong = {"username": "claptrap", "password": "wrong", "version": version}
        with serving(tmp_path / "data", port=broker.port, **wrong) as service:
            news = service.hub.subscribe(1_000)
            wait_for_problem(service, news, "mqtt.refused")
            assert "wrong" not in json.dumps(service.snapshot())
            service.settings.apply({"mqtt": {"password": "right"}})
            wait_for_problem(service, news, None)
            service.events.record(clap(1))
            while not [a for a in service.snapshot()["attempts"] if a["target_id"] == "mqtt" and a["ok"]]:
                assert news.get(30.0) is not None


@pytest.mark.slow
@needs_broker
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"  # paho leaves the socket of a failed handshake to Python
)
def test_tls_with_an_authority_of_ones_own(tmp_path: Path) -> None:
    """Trusted where it is named; refused in words where it is not."""
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    files = (tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem")
    authority.cert_pem.write_to_path(files[0])
    certificate.cert_chain_pems[0].write_to_path(files[1])
    certificate.private_key_pem.write_to_path(files[2])
    with Broker(tmp_path, certificate=files) as broker, serving(tmp_path / "data", port=broker.port, tls=True) as service:
        news = service.hub.subscribe(1_000)
        wait_for_problem(service, news, "mqtt.tls")
        service.settings.apply({"mqtt": {"ca_file": str(files[0])}})
        wait_for_problem(service, news, None)
        service.events.record(clap(1))
        while not [a for a in service.snapshot()["attempts"] if a["ok"]]:
            assert news.get(30.0) is not None


@pytest.mark.slow
def test_a_broker_that_says_nothing_holds_up_no_end(tmp_path: Path) -> None:
    """It takes the connection and is mute; the service still stops at once, and nothing is left behind."""
    with socket.create_server(("127.0.0.1", 0)) as mute, serving(tmp_path / "data", port=mute.getsockname()[1]) as service:
        connection, _ = mute.accept()
        with connection:
            assert connection.recv(1)  # it has introduced itself
            service.events.record(clap(1))


@pytest.mark.slow
@needs_broker
@pytest.mark.parametrize("is_there", [True, False])
def test_a_link_that_comes_too_late_does_not_touch_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_there: bool
) -> None:
    """The way to a broker takes long, and meanwhile a person names another: the old one neither ends it nor complains."""
    folders = [tmp_path / "old", tmp_path / "new"]
    for folder in folders:
        folder.mkdir()
    connect, under_way, go_on, changed = paho.Client.connect, threading.Event(), threading.Event(), threading.Condition()

    def connect_slowly(client: paho.Client, host: str, port: int, *how: Any, **more: Any) -> object:
        if port == old.port:
            under_way.set()
            go_on.wait()
        return connect(client, host, port, *how, **more)

    def on_change() -> None:
        with changed:
            changed.notify_all()

    monkeypatch.setattr(paho.Client, "connect", connect_slowly)
    monkeypatch.setattr(under_test, "_STOP_S", 0.1)
    old, new = (Broker(folder) for folder in folders)
    with new, Watcher(new.port) as home, old if is_there else nullcontext():
        link = MqttLink(lambda _: None, on_change)
        link.retarget(BrokerSpec("127.0.0.1", port=old.port))
        assert under_way.wait(30.0)
        (late,) = [thread for thread in threading.enumerate() if thread.name == "mqtt"]
        try:
            link.retarget(BrokerSpec("127.0.0.1", port=new.port))
            home.wait_for(lambda: home.retained.get("claptrap/status") == b"online")
            go_on.set()
            late.join(30.0)
            assert not late.is_alive()
            assert link.problem() is None
            assert link.connected
        finally:
            go_on.set()
            monkeypatch.undo()
            link.stop()


def test_a_fault_of_ours_is_not_the_last_try(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """It is told, and the broker is tried again: nobody has to restart for it."""
    connect, faults = paho.Client.connect, [RuntimeError("no more threads")]

    def connect_at_last(client: paho.Client, host: str, port: int, *how: Any, **more: Any) -> object:
        if faults:
            raise faults.pop()
        return connect(client, host, port, *how, **more)

    monkeypatch.setattr(paho.Client, "connect", connect_at_last)
    problems: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30.0)
        link = MqttLink(lambda _: None, lambda: problems.append(link.problem()), Backoff(0.001, 0.001))
        link.retarget(BrokerSpec("127.0.0.1", port=server.getsockname()[1]))
        try:
            connection, _ = server.accept()
            connection.close()
        finally:
            link.stop()
    assert isinstance(problems[0], DeliveryError)
    assert (problems[0].code, problems[0].params["reason"]) == ("delivery.crashed", "RuntimeError")
    assert "no more threads" in caplog.text


@pytest.mark.parametrize(("says_bye", "code"), [(True, "mqtt.ended"), (False, "mqtt.mute")])
def test_why_there_is_no_link_is_said_in_the_language_of_the_reader(
    monkeypatch: pytest.MonkeyPatch, says_bye: bool, code: str
) -> None:
    """It hangs up, as one that is restarted does, or never answers: with what to do, and not half in English."""
    monkeypatch.setattr(under_test, "_GREETING_S", 0.2)
    changed = threading.Condition()

    def on_change() -> None:
        with changed:
            changed.notify_all()

    with socket.create_server(("127.0.0.1", 0)) as server:
        link = MqttLink(lambda _: None, on_change, Backoff(60.0, 60.0))  # once
        link.retarget(BrokerSpec("127.0.0.1", port=server.getsockname()[1]))
        try:
            connection, _ = server.accept()
            with connection:
                if says_bye:
                    connection.shutdown(socket.SHUT_RDWR)
                with changed:
                    problem = changed.wait_for(link.problem, 30.0)
            assert problem is not None
            assert (problem.code, set(problem.params)) == (code, {"where"})
        finally:
            link.stop()


def only(change: Callable[[str, Any], object]) -> BrokerActions:
    """Actions of which only a change is expected."""

    def unexpected(*what: object) -> None:
        raise AssertionError(what)

    return BrokerActions(change, unexpected, unexpected, unexpected, unexpected)


@pytest.mark.slow
def test_an_order_that_cannot_be_attended_to_is_not_the_last(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A fault of ours in one must not leave the house deaf to all that follow."""
    obeyed = threading.Event()

    def change(source_id: str, _: object) -> None:
        if source_id == "bad":
            raise RuntimeError("a fault of ours")
        obeyed.set()

    room = BrokerService(SettingsOwner(Store(tmp_path)), SourceViews(dict), only(change), lambda: None)
    room.start()
    try:
        for source_id in ("bad", "good"):
            room.mqtt._on_command(Command(source_id, "enabled", value=True))
        assert obeyed.wait(30.0)
    finally:
        room.stop()
    assert "a fault of ours" in caplog.text


def test_a_broker_without_an_address_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path / "data", enabled=False) as service:
        with pytest.raises(SettingsFaults) as caught:
            service.settings.apply({"mqtt": {"enabled": True, "host": "", "topic": "a/b", "discovery": "#"}})
        found = {(fault.path, fault.code) for fault in caught.value.faults}
        assert found == {
            ("mqtt.host", "settings.empty"),
            ("mqtt.topic", "settings.bad_topic"),
            ("mqtt.discovery", "settings.bad_topic"),
        }


def test_a_password_does_not_move_to_another_broker(tmp_path: Path) -> None:
    with serving(tmp_path / "data", enabled=False, port=free_port(), username="u", password="old") as service:
        assert "old" in service.settings.apply({"mqtt": {"topic": "house"}}).settings.mqtt.whole().values()
        for elsewhere in ({"host": "evil.example"}, {"port": 1}, {"tls": True, "verify_tls": False}):
            with pytest.raises(SettingsFaults) as caught:
                service.settings.apply({"mqtt": elsewhere})
            (fault,) = caught.value.faults
            assert (fault.path, fault.code) == ("mqtt.password", "settings.secret_elsewhere")
        assert (
            "new"
            in service.settings.apply({"mqtt": {"host": "localhost", "password": "new"}}).settings.mqtt.whole().values()
        )


SOURCE = PublishedSource("a", "A", "file", enabled=True, threshold=0.5, state="live", code="", is_heard=True)


def test_everything_shown_is_below_our_own_topics() -> None:
    kept = retained(BrokerSpec("h", topic="house"), Published([SOURCE]))
    assert {topic.split("/")[0] for topic in kept} == {"house", "homeassistant"}
    assert all(
        topic.startswith("house/") for topic in retained(BrokerSpec("h", topic="house", discovery=""), Published([SOURCE]))
    )


@contextmanager
def linked(broker: Broker, **how: Any) -> Iterator[tuple[MqttLink, BrokerSpec, Callable[[Callable[[], object]], None]]]:
    """A link to ``broker``, its spec, and a way to wait for what it reports."""
    changed = threading.Condition()

    def on_change() -> None:
        with changed:
            changed.notify_all()

    def wait_for(condition: Callable[[], object]) -> None:
        with changed:
            assert changed.wait_for(condition, 30.0), link.problem()

    link, spec = MqttLink(lambda _: None, on_change), BrokerSpec("127.0.0.1", port=broker.port, **how)
    link.retarget(spec)
    try:
        yield link, spec, wait_for
    finally:
        link.stop()


def code_of(link: MqttLink) -> str:
    problem = link.problem()
    return problem.code if problem is not None else ""


@needs_broker
@pytest.mark.slow
def test_a_topic_that_the_broker_denies_is_a_failure_that_names_it(tmp_path: Path) -> None:
    """PUBACK 0x87 is no success: neither for a detection, nor for what Home Assistant discovers."""
    with Broker(tmp_path, acl=["topic read #"]) as broker, linked(broker) as (link, spec, wait_for):
        wait_for(lambda: code_of(link) == "mqtt.denied")
        assert link.connected
        with pytest.raises(DeliveryError) as caught:
            link.post(spec, event_payload(clap(1)), "k")
        assert (caught.value.code, caught.value.retryable) == ("mqtt.denied", False)
        assert caught.value.params["topic"] == "claptrap/salon/event"
        assert "authorized" in str(caught.value.params["reason"])


@needs_broker
@pytest.mark.slow
def test_denied_discovery_topics_are_told_though_detections_arrive(tmp_path: Path) -> None:
    acl = ["topic readwrite claptrap/#", "topic read homeassistant/#"]
    with Broker(tmp_path, acl=acl) as broker, linked(broker) as (link, spec, wait_for):
        link.show(Published([SOURCE]))
        wait_for(lambda: code_of(link) == "mqtt.denied")
        assert link.post(spec, event_payload(clap(1)), "k").status == 0
        problem = link.problem()
        assert problem is not None
        assert str(problem.params["topic"]).startswith("homeassistant/")


@needs_broker
@pytest.mark.parametrize(("option", "code"), [("retain_available false", "mqtt.no_retain"), ("max_qos 0", "mqtt.no_qos")])
def test_what_a_broker_cannot_do_is_not_taken_for_a_wrong_password(tmp_path: Path, option: str, code: str) -> None:
    with Broker(tmp_path, options=[option]) as broker, linked(broker) as (link, _, wait_for):
        wait_for(lambda: code_of(link) == code)


@needs_broker
def test_a_message_expires_in_the_brokers_queue(tmp_path: Path) -> None:
    """Whoever is away for longer than a clap is fresh does not get it later (MQTT 5)."""
    with Broker(tmp_path) as broker, Watcher(broker.port, is_version_5=True) as home, linked(broker) as (link, spec, _):
        link.post(spec, event_payload(clap(1)), "k", fresh_s=7.2)
        link.post(replace(spec, max_age_s=3.0), event_payload(clap(2)), "k")
        home.wait_for(lambda: len(home.events) == 2)
        assert [7 <= (home.expiries[0] or 0) <= 8, home.expiries[1]] == [True, 3]


@needs_broker
@pytest.mark.usefixtures("many_descriptors")
def test_the_link_stands_and_comes_back_beside_a_thousand_descriptors(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker, linked(broker) as (link, spec, wait_for):
        wait_for(lambda: link.connected)
        broker.stop()
        wait_for(lambda: not link.connected)
        broker.start()
        assert link.post(replace(spec, timeout_s=30.0), event_payload(clap(1)), "k").status == 0


@needs_broker
@pytest.mark.parametrize("version", ["3.1.1", "5"])
@pytest.mark.slow
def test_a_huge_message_neither_fills_memory_nor_ends_the_link_for_long(tmp_path: Path, version: str) -> None:
    """MQTT 5 has the broker drop it; with 3.1.1 the connection ends before it is read, says why, and comes back."""
    with Broker(tmp_path) as broker, Watcher(broker.port) as home, linked(broker, version=version) as (link, spec, wait_for):
        wait_for(lambda: link.connected)
        reported: list[str] = []
        link._on_change, on_change = lambda: (reported.append(code_of(link)), on_change()), link._on_change
        home.publish("claptrap/salon/enabled/set", b"x" * 20_000_000)
        if version == "3.1.1":
            wait_for(lambda: "mqtt.too_large" in reported)
        wait_for(lambda: link.connected)
        assert link.post(replace(spec, timeout_s=20.0, max_age_s=20.0), event_payload(clap(1)), "k").status == 0
        assert ("mqtt.too_large" in reported) is (version == "3.1.1")


def test_claptraps_at_one_topic_greet_and_answer_each_other() -> None:
    """Pure: what one says is what the other hears; neither answers itself."""
    said: list[str] = []
    one, other = PeerProtocol(said.append), PeerProtocol(said.append)
    one.hello()
    assert (one.received(said[0].encode()), other.received(said[0].encode())) == (PeerNews.NONE, PeerNews.PRESENT)
    assert (said[1].split()[0], one.received(said[1].encode())) == ("here", PeerNews.PRESENT)
    other.bye()
    assert one.received(said[2].encode()) is PeerNews.GONE
    assert len(said) == 3
