"""What an MQTT broker keeps for everybody to see: states, and what Home Assistant makes entities of. Pure.

Topics, with ``claptrap`` for the topic in the settings: ``claptrap/status`` (online, offline; the last will),
``claptrap/SOURCE/state`` (JSON), ``claptrap/SOURCE/availability``, ``claptrap/SOURCE/event`` (a detection; not kept),
``claptrap/SOURCE/FIELD/set`` (orders, ``mqtt_orders``), ``claptrap/instance`` (where ClapTraps that were given the
same topic by mistake find each other; not kept). Home Assistant's side: MQTT discovery, one message per
entity (https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claptrap import __version__
from claptrap.core.receivers import BrokerSpec

ONLINE, OFFLINE = b"online", b"offline"
EVENT_TYPES = ("clap", "applause")


@dataclass(frozen=True, slots=True)
class PublishedSource:
    """A source as others see it.

    Attributes:
        id, name, kind: which.
        enabled: whether it is to be heard.
        threshold: [0, 1].
        state: one of ``core.events.State``.
        code: why, empty when all is well.
        is_heard: whether sound comes.
    """

    id: str
    name: str
    kind: str
    enabled: bool
    threshold: float
    state: str
    code: str
    is_heard: bool


def status_topic(spec: BrokerSpec) -> str:
    """Return where it says whether ClapTrap is there."""
    return f"{spec.topic}/status"


def instance_topic(spec: BrokerSpec) -> str:
    """Return where ClapTraps at the same topic meet."""
    return f"{spec.topic}/instance"


def command_topics(spec: BrokerSpec) -> list[str]:
    """Return the topics to listen to: orders, Home Assistant's birth, and what other ClapTraps show, or one before this."""
    mine = [f"{spec.topic}/+/{what}" for what in ("enabled/set", "threshold/set", "mark/set", "state", "availability")]
    mine += [status_topic(spec), instance_topic(spec)]
    theirs = [f"{spec.discovery}/status", f"{spec.discovery}/+/{spec.topic}/+/config"] if spec.discovery else []
    return [*mine, *theirs]


def retained(spec: BrokerSpec, sources: Sequence[PublishedSource]) -> dict[str, bytes]:
    """Return everything that the broker shall keep, by topic."""
    kept: dict[str, bytes] = {}
    for source in sources:
        kept[f"{spec.topic}/{source.id}/state"] = _json(_state(source))
        kept[f"{spec.topic}/{source.id}/availability"] = ONLINE if source.is_heard else OFFLINE
        if spec.discovery:
            for component, field, entity in _entities(spec, source):
                kept[f"{spec.discovery}/{component}/{spec.topic}/{source.id}-{field}/config"] = _json(entity)
    return kept


def _state(source: PublishedSource) -> Mapping[str, Any]:
    return {
        "enabled": "ON" if source.enabled else "OFF",
        "threshold": source.threshold,
        "state": source.state,
        "code": source.code,
        "name": source.name,
    }


def _entities(spec: BrokerSpec, source: PublishedSource) -> list[tuple[str, str, Mapping[str, Any]]]:
    """Return (component, field, configuration) of each of a source's entities."""
    here, heard = {"topic": status_topic(spec)}, {"topic": f"{spec.topic}/{source.id}/availability"}
    state = f"{spec.topic}/{source.id}/state"
    device = {
        "identifiers": [f"{spec.topic}-{source.id}"],
        "name": f"ClapTrap {source.name}",
        "manufacturer": "ClapTrap",
        "model": source.kind,
        "sw_version": __version__,
    }

    def entity(field: str, name: str, **more: Any) -> Mapping[str, Any]:
        return {
            "name": name,
            "unique_id": f"{spec.topic}-{source.id}-{field}",
            "device": device,
            "origin": {"name": "ClapTrap", "sw_version": __version__},
            "availability": [here],
            "qos": 1,
            **more,
        }

    event = entity(
        "clap", "Clap", state_topic=f"{spec.topic}/{source.id}/event", event_types=list(EVENT_TYPES), icon="mdi:hand-clap",
        availability=[here, heard], availability_mode="all",
    )  # fmt: skip
    switch = entity(
        "enabled", "Listen", state_topic=state, value_template="{{ value_json.enabled }}", icon="mdi:ear-hearing",
        command_topic=f"{spec.topic}/{source.id}/enabled/set",
    )  # fmt: skip
    number = entity(
        "threshold", "Threshold", state_topic=state, value_template="{{ value_json.threshold }}", icon="mdi:tune",
        command_topic=f"{spec.topic}/{source.id}/threshold/set", min=0, max=1, step=0.01, mode="slider",
        entity_category="config",
    )  # fmt: skip
    return [("event", "clap", event), ("switch", "enabled", switch), ("number", "threshold", number)]


def _json(data: Mapping[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True).encode()
