"""ClapTrap, mosquitto and the real Home Assistant core: what a person does there, and what each restart must not do."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import soundfile
import yaml

from claptrap.core.events import Event
from claptrap.delivery.payload import event_payload
from claptrap.service import Application
from tests.conftest import ROOT
from tests.peers.broker import MOSQUITTO, Broker, Watcher
from tests.peers.home_assistant import COMMAND, WHY_MISSING, HomeAssistant
from tests.peers.ports import free_port
from tests.peers.receiver import Receiver
from tests.peers.sound import faint_noise
from tests.web.conftest import Served, serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COMMAND, reason=WHY_MISSING),
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is missing: sudo apt install mosquitto"),
    pytest.mark.timeout(900),
]
CLAP, LAST = "event.claptrap_salon_clap", "sensor.claptrap_salon_last_clap"
RENAMED = "number.renamed_by_a_person"
GARAGE = {"id": "garage", "kind": "file", "name": "Garage", "input": {"path": "none"}}
NOT_OURS = (
    r"\[aiohttp_fast_zlib\]",
    r"Platform rest not ready yet",  # ClapTrap starts after it
    r"assist_|pymicro-vad|pyspeex-noise",  # its voice assistants, which need a compiler
    r"No device components to cleanup",  # its own answer to its own removal of a device
)


@dataclass
class House:
    """All three, and what happens there."""

    home: HomeAssistant
    broker: Broker
    data: Path
    port: int
    phone: Receiver
    served: Served = field(init=False)
    _serving: ExitStack = field(default_factory=ExitStack)
    _n: int = 0

    def start(self) -> None:
        self.served = self._serving.enter_context(serving(Application(self.data), self.port))

    def stop(self) -> None:
        self._serving.close()

    def event(self, claps: int = 1, age_s: float = 0.0) -> Event:
        """Return a detection of so many claps in the salon."""
        self._n += 1
        return Event("salon", "Salon", "file", f"epoch{self._n}", 0, 1.0, 1.1, time.time() - age_s, 0.9, claps)

    def clap(self, claps: int = 1) -> Event:
        """Have the salon hear so many claps just now."""
        event = self.event(claps)
        self.served.service.events.record(event)
        return event

    def mark(self, event: Event) -> str | None:
        """Return what was said of a detection."""
        return next(one["mark"] for one in self.served.service.snapshot()["events"] if one["id"] == event.id)

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> None:
        """Publish at the broker, as any other client."""
        with Watcher(self.broker.port) as client:
            client.publish(topic, payload.encode(), retain=retain)

    def counting(self, name: str) -> list[dict[str, Any]]:
        """Return an action that can be counted."""
        return [{"action": "counter.increment", "target": {"entity_id": f"counter.{name}"}}]

    def counted(self, name: str) -> int:
        return int(self.home.state(f"counter.{name}")["state"])

    def counts(self) -> dict[str, int]:
        return {name: self.counted(name) for name in ("lamp", "blueprint", "trigger", "sound")}

    def automate(self, name: str, **automation: Any) -> None:
        """Add an automation as its editor does, and wait until it is on."""
        self.home.post(f"/api/config/automation/config/{name}", {"alias": f"{name} test", "description": "", **automation})
        self.home.wait_for(lambda: self.home.state(f"automation.{name}_test").get("state") == "on")

    def source(self) -> dict[str, Any]:
        found: dict[str, Any] = self.served.service.sources.get("salon")
        return found

    def devices(self) -> dict[str, dict[str, Any]]:
        """Return Home Assistant's devices of ours by name."""
        found = self.home.ask("config/device_registry/list")
        return {one["name"]: one for one in found if one["manufacturer"] == "ClapTrap"}

    def entities(self) -> dict[str, dict[str, Any]]:
        """Return Home Assistant's entities of ours by unique id."""
        ids = [one["entity_id"] for one in self.home.ask("config/entity_registry/list") if one["platform"] == "mqtt"]
        found = self.home.ask("config/entity_registry/get_entries", entity_ids=ids)
        return {one["unique_id"]: one for one in found.values()}


def recipes() -> list[Any]:
    """Return the YAML of the documentation, in its order."""
    text = (ROOT / "docs/home-assistant.md").read_text("utf-8")
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


def counting(alias: str, name: str) -> dict[str, Any]:
    return {"alias": alias, "actions": [{"action": "counter.increment", "target": {"entity_id": f"counter.{name}"}}]}


def counters(*names: str) -> str:
    return "counter:\n" + "".join(f"  {name}:\n" for name in names)


def configuration(port: int, phone: str) -> str:
    """Return the recipes of the documentation, with a lamp and a phone, and things that count."""
    documented = [yaml.safe_dump(recipe) for recipe in recipes() if isinstance(recipe, dict)]
    webhook = yaml.safe_load((ROOT / "examples/home-assistant/automation.yaml").read_text("utf-8"))
    counted = {"action": "counter.increment", "target": {"entity_id": "counter.lamp"}}
    more = {
        "counter": {name: {} for name in ("lamp", "blueprint", "trigger", "sound")},
        "template": [{"light": [{"name": "Salon", "turn_on": [counted], "turn_off": [counted]}]}],
        "notify": [{"platform": "rest", "name": "mobile_app_phone", "resource": phone, "method": "POST_JSON",
                    "data": {"actions": "{{ data.actions | to_json }}"}}],
        "automation webhook": webhook,
    }  # fmt: skip
    text = "".join([*documented, yaml.safe_dump(more)])
    return text.replace("http://claptrap.local:16045", f"http://127.0.0.1:{port}")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    folder, port = tmp_path, free_port()
    data, sound = folder / "data", folder / "room.wav"
    data.mkdir()
    soundfile.write(sound, faint_noise(160_000), 16_000)
    salon = {"id": "salon", "kind": "file", "name": "Salon", "input": {"path": str(sound), "loop": True}}
    with (
        Receiver() as phone,
        Broker(folder) as broker,
        HomeAssistant(folder / "home", configuration(port, phone.url)) as home,
    ):
        settings = {"version": 3, "language": "fr", "sources": [salon, GARAGE],
                    "mqtt": {"enabled": True, "host": "127.0.0.1", "port": broker.port}}  # fmt: skip
        (data / "settings.json").write_text(json.dumps(settings))
        found = House(home, broker, data, port, phone)
        version = home.get("/api/config")["version"]
        if tuple(map(int, version.split(".")[:2])) < (2025, 10):
            pytest.skip(f"Home Assistant {version} knows no default_entity_id, by which this test finds entities")
        home.add_mqtt(broker.port)
        discover_alone(found)
        found.start()
        try:
            home.wait_for(lambda: home.state(CLAP).get("state", "unavailable") != "unavailable")
            yield found
        finally:
            found.stop()


def discover_alone(house: House) -> None:
    """Discover the entities of version 0.1, as it published them; a person has renamed one."""
    device = {"identifiers": ["claptrap-salon"], "name": "ClapTrap Salon", "manufacturer": "ClapTrap", "model": "file"}
    for platform, part, name, more in (
        ("event", "clap", "Clap", {"state_topic": "claptrap/salon/event", "event_types": ["clap", "applause"]}),
        ("switch", "enabled", "Listen", {"command_topic": "claptrap/salon/enabled/set"}),
        ("number", "threshold", "Threshold", {"command_topic": "claptrap/salon/threshold/set"}),
    ):
        entity = {"name": name, "unique_id": f"claptrap-salon-{part}", "device": device, **more}
        house.publish(f"homeassistant/{platform}/claptrap/salon-{part}/config", json.dumps(entity), retain=True)
        house.home.wait_for(
            lambda name=name, platform=platform: house.home.state(f"{platform}.claptrap_salon_{name.lower()}")
        )
    threshold = "number.claptrap_salon_threshold"
    house.home.ask("config/entity_registry/update", entity_id=threshold, new_entity_id=RENAMED, name="Mine")


def what_version_0_1_had_keeps_its_ids_and_more_comes_beside_it(house: House) -> None:
    home = house.home
    home.wait_for(lambda: "claptrap-salon-test" in house.entities(), "the last of the entities")
    home.wait_for(lambda: home.state(RENAMED).get("state") == "0.5")
    entities, devices = house.entities(), house.devices()
    assert entities["claptrap-salon-threshold"]["entity_id"] == RENAMED
    assert entities["claptrap-salon-enabled"]["entity_id"] == "switch.claptrap_salon_listen"
    assert entities["claptrap-garage-enabled"]["entity_id"] == "switch.claptrap_garage_enabled"
    assert devices["ClapTrap Salon"]["via_device_id"] == devices["ClapTrap"]["id"]
    assert devices["ClapTrap Salon"]["model"] == "Enregistrement"
    assert entities["claptrap-salon-level"]["disabled_by"] == "integration"
    assert home.state(RENAMED)["attributes"]["friendly_name"].endswith("Mine")
    triggers = home.ask("device_automation/trigger/list", device_id=devices["ClapTrap Salon"]["id"])
    ours = {(one["type"], one["subtype"]) for one in triggers if one.get("domain") == "mqtt"}
    assert ours == {(f"button_{n}_press", "clap") for n in ("short", "double", "triple", "quadruple")}
    assert home.state("binary_sensor.claptrap_connection")["state"] == "on"


def settings_and_problems_are_seen_and_changed_from_there(house: House) -> None:
    home, settings = house.home, house.served.service.settings
    home.call("number.set_value", entity_id=RENAMED, value=0.61)
    home.call("number.set_value", entity_id="number.claptrap_salon_delay", value=0.2)
    home.call("select.select_option", entity_id="select.claptrap_salon_pattern", option="Un clap ou deux, comptés")
    home.wait_for(lambda: [one["claps"] for one in house.source()["patterns"]] == [1, 2])
    assert (house.source()["threshold"], house.source()["delay_s"]) == (0.61, 0.2)
    problem = home.wait_for(
        lambda: (found := home.state("binary_sensor.claptrap_garage_problem"))["state"] == "on" and found
    )
    assert problem["attributes"]["code"].startswith("file.")
    assert "none" in problem["attributes"]["message"]
    home.call("switch.turn_off", entity_id="switch.claptrap_garage_enabled")
    home.wait_for(lambda: home.state("binary_sensor.claptrap_garage_problem")["state"] == "off")
    settings.apply({"language": "en", "sources": [{"id": "garage", "name": "Workshop"}]})
    home.wait_for(lambda: home.state("select.claptrap_salon_pattern")["state"] == "One clap or two, counted")
    home.wait_for(lambda: "ClapTrap Workshop" in house.devices())
    assert home.state("sensor.claptrap_salon_state")["state"] == "Listening"
    assert home.state("switch.claptrap_garage_enabled")["state"] == "off"  # its entity id stays


def claps_reach_automations_of_every_kind_and_late_ones_none(house: House) -> None:
    home = house.home
    device = house.devices()["ClapTrap Salon"]["id"]
    path = home.ask("blueprint/import", url=f"{house.served.url}/home-assistant/blueprint.yaml")
    assert path["validation_errors"] is None
    home.ask("blueprint/save", domain="automation", path="claptrap/claptrap.yaml", yaml=path["raw_data"],
             source_url=f"{house.served.url}/home-assistant/blueprint.yaml")  # fmt: skip
    house.automate("blueprint", use_blueprint={"path": "claptrap/claptrap.yaml", "input": {
        "source": CLAP, "heard": "double_clap", "actions": house.counting("blueprint")}})  # fmt: skip
    house.automate("trigger", triggers=[{"trigger": "device", "domain": "mqtt", "device_id": device,
                   "type": "button_double_press", "subtype": "clap"}], actions=house.counting("trigger"))  # fmt: skip
    house.automate("sound", triggers=[{"trigger": "state", "entity_id": "binary_sensor.claptrap_salon_sound", "to": "on"}],
                   actions=house.counting("sound"))  # fmt: skip
    home.call("automation.reload")  # which returns when every trigger is attached
    late = json.dumps({"event_type": "double_clap", **event_payload(house.event(2, age_s=60.0))})
    house.publish("claptrap/salon/event", late)
    home.wait_for(lambda: home.state(CLAP)["attributes"].get("event_type") == "double_clap")
    house.clap(1)
    home.wait_for(lambda: home.state(CLAP)["attributes"]["event_type"] == "clap")
    event = house.clap(2)
    home.wait_for(
        lambda: house.counted("blueprint") == 1, lambda: (house.counts(), home.state(CLAP), house.source()["status"])
    )
    assert (house.counted("trigger"), house.counted("sound"), house.counted("lamp")) == (2, 1, 1)  # a trigger has no guard
    assert abs(datetime.fromisoformat(home.state(LAST)["state"]).timestamp() - event.timestamp) < 1.0
    home.wait_for(lambda: home.state("binary_sensor.claptrap_salon_sound")["state"] == "off")
    home.call("button.press", entity_id="button.claptrap_salon_test")
    home.wait_for(lambda: home.state(CLAP)["attributes"]["event_type"] == "test")
    assert abs(datetime.fromisoformat(home.state(LAST)["state"]).timestamp() - event.timestamp) < 1.0
    assert (house.counted("blueprint"), house.counted("sound"), house.counted("lamp")) == (1, 1, 1)


def the_recipes_work(house: House) -> None:
    """The webhook, the notification that teaches, the switch and the sensor by REST, the REST command."""
    home, service = house.home, house.served.service
    hook = {"id": "home", "url": f"{home.url}/api/webhook/claptrap-salon"}
    service.settings.apply({"sources": [{"id": "salon", "webhooks": [hook]}]})
    lamp, known = house.counted("lamp"), len(house.phone.requests)
    event = house.clap(2)
    home.wait_for(lambda: house.counted("lamp") == lamp + 2)  # by MQTT and by the webhook
    actions = json.loads(house.phone.wait_for(known + 1)[-1].json["actions"])

    def is_marked() -> bool:
        """Press the button, again where the automation did not wait for it yet."""
        home.post("/api/events/mobile_app_notification_action", {"action": actions[1]["action"]})
        return house.mark(event) == "not_clap"

    home.wait_for(is_marked)
    home.call("rest_command.claptrap_mark", event_id=event.id, mark="clap")
    home.wait_for(lambda: house.mark(event) == "clap")
    for entity in ("switch.claptrap_salon", "sensor.claptrap_salon_state_2"):  # REST is tried again after half a minute
        home.wait_for(lambda entity=entity: home.state(entity))
    home.call("switch.turn_off", entity_id="switch.claptrap_salon")
    home.wait_for(lambda: not house.source()["enabled"])
    home.call("homeassistant.update_entity", entity_id=["sensor.claptrap_salon_state_2"])
    home.wait_for(lambda: home.state("sensor.claptrap_salon_state_2")["state"] == "idle")
    home.call("switch.turn_on", entity_id="switch.claptrap_salon")
    home.wait_for(lambda: house.source()["enabled"])
    home.wait_for(lambda: home.state(CLAP)["state"] != "unavailable")


def a_device_that_is_deleted_comes_back_with_the_next_change(house: House) -> None:
    home = house.home
    gone = house.devices()["ClapTrap Workshop"]
    home.ask("config/device_registry/remove_config_entry", device_id=gone["id"], config_entry_id=gone["config_entries"][0])
    home.wait_for(lambda: "ClapTrap Workshop" not in house.devices())
    house.served.service.settings.apply({"sources": [{"id": "garage", "threshold": 0.4}]})
    home.wait_for(lambda: home.state("number.claptrap_garage_threshold").get("state") == "0.4")


def no_restart_of_any_of_the_three_acts_on_an_old_clap(house: House) -> None:
    home = house.home
    house.clap(2)
    home.wait_for(lambda: home.state(CLAP)["attributes"]["event_type"] == "double_clap")
    before = home.wait_for(lambda: home.state("binary_sensor.claptrap_salon_sound")["state"] == "off" and house.counts())

    house.stop()
    home.wait_for(lambda: home.state(CLAP)["state"] == "unavailable")
    assert home.state("binary_sensor.claptrap_connection")["state"] == "off"
    house.start()
    home.wait_for(lambda: home.state(CLAP)["state"] != "unavailable")

    house.broker.stop()
    home.wait_for(lambda: home.state(CLAP)["state"] == "unavailable")
    house.broker.start()
    home.wait_for(lambda: home.state(CLAP)["state"] != "unavailable")

    home.stop()
    home.start()
    home.wait_for(lambda: home.state(CLAP).get("state", "unavailable") != "unavailable")
    home.wait_for(lambda: home.state(RENAMED).get("state") == "0.61")
    assert house.counts() == before
    house.clap(2)
    home.wait_for(lambda: house.counted("blueprint") == before["blueprint"] + 1)


def its_log_has_no_complaint_of_ours(house: House) -> None:
    assert house.home.complaints(NOT_OURS) == []


def test_a_house_with_home_assistant(house: House) -> None:
    """One after the other, as each builds on what was there before."""
    what_version_0_1_had_keeps_its_ids_and_more_comes_beside_it(house)
    settings_and_problems_are_seen_and_changed_from_there(house)
    claps_reach_automations_of_every_kind_and_late_ones_none(house)
    the_recipes_work(house)
    a_device_that_is_deleted_comes_back_with_the_next_change(house)
    no_restart_of_any_of_the_three_acts_on_an_old_clap(house)
    its_log_has_no_complaint_of_ours(house)
