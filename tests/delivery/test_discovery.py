"""What Home Assistant is told of devices and entities: as its documentation has it, in both languages, with lasting ids."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any, get_args

import pytest

from claptrap.core.spec import INPUTS, Language
from claptrap.delivery.discovery import EVENT_TYPES, PATTERNS, event_type, retained
from claptrap.delivery.mqtt_commands import Command, parse_command
from claptrap.delivery.mqtt_topics import HUB_COMMANDS, SOURCE_COMMANDS, Published, PublishedSource, command_topic
from claptrap.receivers import BrokerSpec
from claptrap.settings.presets import PATTERN_PRESETS, preset_of
from claptrap.settings.schema import PatternSettings
from claptrap.text.catalogue import MESSAGES

SALON = PublishedSource("salon", "Salon", "rtsp", enabled=True, threshold=0.5, state="live", code="", is_heard=True)
LANGUAGES: tuple[Language, ...] = get_args(Language)


def devices(spec: BrokerSpec, *sources: PublishedSource, page_url: str = "") -> dict[str, Any]:
    """Return the message of each device by the last part of its topic."""
    kept = retained(spec, Published(sources, page_url))
    found = {topic: re.fullmatch(r"homeassistant/device/([A-Za-z0-9_-]+)/([A-Za-z0-9_-]+)/config", topic) for topic in kept}
    return {match[2]: json.loads(kept[topic]) for topic, match in found.items() if match}


def test_a_source_is_a_device_behind_the_service() -> None:
    """The service comes first, or Home Assistant would not know what the source is behind."""
    told = devices(BrokerSpec("h", language="en"), SALON, page_url="http://192.168.1.5:16045")
    assert list(told) == ["_hub", "salon"]
    assert told["_hub"]["device"]["identifiers"] == [told["salon"]["device"]["via_device"]] == ["claptrap"]
    assert told["salon"]["device"]["model"] == "Network camera"
    assert {one["device"]["configuration_url"] for one in told.values()} == {"http://192.168.1.5:16045"}
    assert {one["origin"]["name"] for one in told.values()} == {"ClapTrap"}
    assert {one["platform"] for one in told["salon"]["components"].values()} == {
        "event", "sensor", "binary_sensor", "switch", "number", "select", "button", "device_automation",
    }  # fmt: skip
    types = {one["type"]: one["payload"] for one in told["salon"]["components"].values() if "type" in one}
    assert types["button_double_press"] == "double_clap"


def test_ids_are_those_of_version_0_1_and_in_no_language() -> None:
    french, english = (devices(BrokerSpec("h", language=language), SALON) for language in LANGUAGES)
    for before, after in zip(french["salon"]["components"].values(), english["salon"]["components"].values(), strict=True):
        for field in ("unique_id", "default_entity_id", "command_topic", "state_topic", "event_types"):
            assert before.get(field) == after.get(field)
    ids = {field: one.get("unique_id") for field, one in french["salon"]["components"].items()}
    known = ("claptrap-salon-clap", "claptrap-salon-enabled", "claptrap-salon-threshold")
    assert (ids["clap"], ids["enabled"], ids["threshold"]) == known
    assert french["salon"]["components"]["clap"]["default_entity_id"] == "event.claptrap_salon_clap"
    assert french["salon"]["components"]["enabled"]["name"] == "Écouter"


def test_two_at_one_broker_share_nothing() -> None:
    both = [retained(BrokerSpec("h", topic=topic), Published([SALON])) for topic in ("claptrap", "Maison-2")]
    assert not both[0].keys() & both[1].keys()
    one, other = (devices(BrokerSpec("h", topic=topic), SALON) for topic in ("claptrap", "Maison-2"))
    assert one["_hub"]["device"]["name"] != other["_hub"]["device"]["name"]
    for field in ("unique_id", "default_entity_id"):
        ids = [component[field] for told in (one, other) for device in told.values()
               for component in device["components"].values() if field in component]  # fmt: skip
        assert len(set(ids)) == len(ids)
        assert field == "unique_id" or all(re.fullmatch(r"[a-z_]+\.[a-z0-9]+(_[a-z0-9]+)*", one) for one in ids)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_state_and_pattern_has_a_name(language: Language) -> None:
    words = MESSAGES[language]
    assert all(f"home.kind.{kind}" in words for kind in INPUTS)
    told = devices(BrokerSpec("h", language=language), SALON)
    for device in told.values():
        for component in device["components"].values():
            assert not str(component.get("name", "")).startswith("home.")
            assert not [option for option in component.get("options", ()) if option.startswith("home.")]
            assert len(set(component.get("options", ()))) == len(component.get("options", ()))


def test_a_short_delay_is_within_the_range_that_home_assistant_is_given() -> None:
    told = devices(BrokerSpec("h"), replace(SALON, delay_s=0.02))
    assert told["salon"]["components"]["delay"]["min"] == 0.02


@pytest.mark.parametrize(
    ("event", "claps", "wanted"),
    [("clap", 1, "clap"), ("clap", 2, "double_clap"), ("clap", 4, "quadruple_clap"), ("clap", 6, "quadruple_clap"),
     ("applause", 9, "applause"), ("test", 1, "test")],
)  # fmt: skip
def test_an_event_has_a_type_for_its_count(event: str, claps: int, wanted: str) -> None:
    assert event_type({"event": event, "claps": claps}) == wanted
    assert wanted in EVENT_TYPES


def test_presets_are_the_patterns_that_can_be_chosen() -> None:
    assert tuple(PATTERN_PRESETS) == PATTERNS
    assert [preset_of(patterns) for patterns in PATTERN_PRESETS.values()] == list(PATTERNS)
    assert preset_of([PatternSettings(claps=3)]) == ""


def test_commands_are_understood_and_nonsense_is_not() -> None:
    spec = BrokerSpec("h", topic="house")
    said = {"enabled": "ON", "threshold": " 0.4 ", "delay": "2", "pattern": "single", "test": "PRESS", "mark": "clap"}
    said |= {"armed": "OFF", "snooze": "3600"}
    understood = {field: parse_command(spec, command_topic(spec, field, "salon"), said[field].encode()) for field in said}
    assert set(said) == set(SOURCE_COMMANDS)
    assert understood["threshold"] == Command("salon", "threshold", 0.4)
    assert all(command is not None and command.source_id == "salon" for command in understood.values())
    assert [parse_command(spec, command_topic(spec, field), b"PRESS") for field in HUB_COMMANDS] == [
        Command("", "restart", value=True),
        None,
        None,
    ]
    for topic, payload in (
        ("house/salon/enabled/set", b"on"),
        ("house/salon/threshold/set", b"loud"),
        ("house/salon/test/set", b"\xff"),
        ("house/salon/restart/set", b"PRESS"),
        ("house/enabled/set", b"ON"),
    ):
        assert parse_command(spec, topic, payload) is None
