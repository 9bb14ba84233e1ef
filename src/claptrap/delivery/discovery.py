"""What Home Assistant makes devices and entities of: MQTT discovery by device, one message a device. Pure.

https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload: the service is a device, each source one behind
it. Names are in the language of the settings; unique ids, entity ids, event types, states and commands are in none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from claptrap import __version__
from claptrap.core.events import State
from claptrap.delivery.mqtt_topics import (
    OFFLINE,
    ONLINE,
    Published,
    PublishedSource,
    command_topic,
    level_topic,
    source_state,
    status_topic,
)
from claptrap.receivers import BrokerSpec
from claptrap.text.catalogue import LANGUAGES, say

PATTERNS = ("any", "single", "double", "single_and_double")
"""Names of patterns that can be chosen (``settings.presets``)."""
COUNTS = ("clap", "double_clap", "triple_clap", "quadruple_clap")
EVENT_TYPES = (*COUNTS, "applause", "test")
"""Types of the event entity that every source has."""
MIGRATE = b'{"migrate_discovery": true}'
"""Makes Home Assistant let go of an entity that was discovered alone, so that a device takes it over with its id."""
_PRESSES = ("button_short_press", "button_double_press", "button_triple_press", "button_quadruple_press")
_ALONE = (("event", "clap"), ("switch", "enabled"), ("number", "threshold"))
_Json = Mapping[str, Any]


def retained(spec: BrokerSpec, published: Published) -> dict[str, bytes]:
    """Return everything that the broker shall keep, by topic; what Home Assistant makes entities of comes first."""
    kept = {topic: _json(message) for topic, message in _devices(spec, published)} if spec.discovery else {}
    for source in published.sources:
        kept[f"{spec.topic}/{source.id}/state"] = _json(source_state(source))
        kept[f"{spec.topic}/{source.id}/availability"] = ONLINE if source.is_heard else OFFLINE
    return kept


def event_type(body: Mapping[str, Any]) -> str:
    """Return the event type of what receivers are sent: a trigger's id; for claps by how many, more than four as four."""
    if body.get("trigger"):
        return str(body["trigger"])
    return COUNTS[min(body["claps"], len(COUNTS)) - 1] if body["event"] == "clap" else str(body["event"])


def topics_alone(spec: BrokerSpec, published: Published) -> set[str]:
    """Return the topics by which ClapTrap 0.1 had each entity of the sources discovered."""
    return {
        f"{spec.discovery}/{platform}/{spec.topic}/{source.id}-{field}/config"
        for source in published.sources
        for platform, field in _ALONE
    }


def _devices(spec: BrokerSpec, published: Published) -> Iterable[tuple[str, _Json]]:
    """Yield topic and message of each device, the service first: the others are behind it."""
    visit = {"configuration_url": published.page_url} if published.page_url else {}
    common = {"manufacturer": "ClapTrap", "sw_version": __version__, **visit}
    origin = {"name": "ClapTrap", "sw_version": __version__}
    devices = {"_hub": _hub(spec), **{source.id: _source(spec, source) for source in published.sources}}
    for name, message in devices.items():  # a source's id has no underscore
        device = {**common, **message["device"]}
        yield (
            f"{spec.discovery}/device/{spec.topic}/{name}/config",
            {**message, "device": device, "origin": origin, "qos": 1},
        )


def _hub(spec: BrokerSpec) -> _Json:
    entities = _Entities(spec)
    name = "ClapTrap" if spec.topic == "claptrap" else f"ClapTrap {spec.topic}"  # two at one broker have different topics
    device = {"identifiers": [spec.topic], "name": name, "model": say("home.model", spec.language)}
    connection = entities.make(
        "connection", "binary_sensor", state_topic=status_topic(spec), payload_on=ONLINE.decode(),
        payload_off=OFFLINE.decode(), device_class="connectivity", entity_category="diagnostic",
    )  # fmt: skip
    restart = entities.make(
        "restart", "button", command_topic=command_topic(spec, "restart"), device_class="restart", entity_category="config",
        availability=[{"topic": status_topic(spec)}],
    )  # fmt: skip
    return {"device": device, "components": {"connection": connection, "restart": restart}}


def _source(spec: BrokerSpec, source: PublishedSource) -> _Json:
    device = {
        "identifiers": [f"{spec.topic}-{source.id}"],
        "name": f"ClapTrap {source.name}",
        "model": say(f"home.kind.{source.kind}", spec.language),
        "via_device": spec.topic,
    }
    entities = _Entities(spec, source.id)
    return {
        "device": device,
        "availability": [{"topic": status_topic(spec)}],
        "components": {
            **_sound(spec, source, entities),
            **_status(spec, entities),
            **_controls(spec, source, entities),
            **_triggers(spec, source),
        },
    }


def _sound(spec: BrokerSpec, source: PublishedSource, entities: _Entities) -> dict[str, _Json]:
    """Return what shows claps and sound. The last clap is always available: what comes back would look new."""
    events = f"{spec.topic}/{source.id}/event"
    there = [{"topic": status_topic(spec)}, {"topic": f"{spec.topic}/{source.id}/availability"}]
    while_heard = {"availability": there, "availability_mode": "all"}
    now, before = "(value_json.timestamp | as_datetime).isoformat()", "this.state if has_value(this.entity_id) else 'None'"
    return {
        "clap": entities.make(
            "clap", "event", state_topic=events, event_types=[*EVENT_TYPES, *source.triggers], icon="mdi:hand-clap",
            **while_heard,
        ),
        "last_clap": entities.make(
            "last_clap", "sensor", state_topic=events, device_class="timestamp", availability=[],
            value_template=f"{{{{ {now} if value_json.event != 'test' else {before} }}}}",
        ),
        "sound": entities.make(
            "sound", "binary_sensor", state_topic=events, off_delay=3, device_class="sound",
            value_template="{{ 'ON' if value_json.event != 'test' }}", **while_heard,
        ),
        "level": entities.make(
            "level", "sensor", state_topic=level_topic(spec, source.id), unit_of_measurement="dB", state_class="measurement",
            icon="mdi:volume-high", entity_category="diagnostic", enabled_by_default=False, **while_heard,
        ),
    }  # fmt: skip


def _status(spec: BrokerSpec, entities: _Entities) -> dict[str, _Json]:
    attributes = "dict(state=value_json.state, code=value_json.code, message=value_json.message)"
    more = {
        "state_topic": entities.state_topic,
        "json_attributes_topic": entities.state_topic,
        "json_attributes_template": f"{{{{ {attributes} | to_json }}}}",
        "entity_category": "diagnostic",
    }
    states = {state.value: say(f"home.state.{state.value}", spec.language) for state in State}
    others = {say(f"home.state.{state.value}", language) for language in LANGUAGES for state in State} - set(states.values())
    return {
        "problem": entities.make(
            "problem", "binary_sensor", device_class="problem",
            value_template="{{ 'ON' if value_json.code else 'OFF' }}", **more,
        ),
        "state": entities.make(
            "state", "sensor", device_class="enum", icon="mdi:information-outline",
            options=[*states.values(), *sorted(others)],  # of a state from before the language was changed, too
            value_template=_looked_up("value_json.state", states), **more,
        ),
    }  # fmt: skip


def _controls(spec: BrokerSpec, source: PublishedSource, entities: _Entities) -> dict[str, _Json]:
    patterns = {name: say(f"home.pattern.{name}", spec.language) for name in PATTERNS}
    config = {"entity_category": "config"}
    return {
        "enabled": entities.settable("enabled", "switch", icon="mdi:ear-hearing"),
        "threshold": entities.settable(
            "threshold", "number", icon="mdi:tune", min=0, max=1, step=0.01, mode="slider", **config
        ),
        "delay": entities.settable(
            "delay", "number", device_class="duration", unit_of_measurement="s", min=min(0.1, source.delay_s), max=3600,
            step=0.1, mode="box", **config,
        ),
        "pattern": entities.settable(
            "pattern", "select", icon="mdi:hand-clap", options=list(patterns.values()), **config,
            value_template=_looked_up("value_json.pattern", patterns),
            command_template=_looked_up("value", {words: name for name, words in patterns.items()}),
        ),
        "test": entities.make(
            "test", "button", icon="mdi:bell-ring-outline", command_topic=command_topic(spec, "test", source.id), **config
        ),
    }  # fmt: skip


def _triggers(spec: BrokerSpec, source: PublishedSource) -> dict[str, _Json]:
    """Return what the automation editor offers as "clap pressed", "clap double clicked" and so on."""
    return {
        f"{count}_trigger": {
            "platform": "device_automation",
            "automation_type": "trigger",
            "type": press,
            "subtype": "clap",
            "topic": f"{spec.topic}/{source.id}/event",
            "payload": count,
            "value_template": "{{ value_json.event_type }}",
        }
        for count, press in zip(COUNTS, _PRESSES, strict=True)
    }


class _Entities:
    """Describes the entities of one device, with names in the language of the settings."""

    def __init__(self, spec: BrokerSpec, source_id: str = "") -> None:
        self._spec = spec
        self._source_id = source_id
        self.state_topic = f"{spec.topic}/{source_id}/state"

    def make(self, field: str, platform: str, **more: Any) -> _Json:
        ids: Sequence[str] = [part for part in (self._spec.topic, self._source_id, field) if part]
        return {
            "platform": platform,
            "name": say(f"home.{field}", self._spec.language),
            "unique_id": "-".join(ids),
            "default_entity_id": f"{platform}.{re.sub('[^a-z0-9]+', '_', '_'.join(ids).lower()).strip('_')}",
            **more,
        }

    def settable(self, field: str, platform: str, **more: Any) -> _Json:
        """Describe an entity that shows and changes a setting."""
        topics = {"state_topic": self.state_topic, "command_topic": command_topic(self._spec, field, self._source_id)}
        return self.make(field, platform, **{"value_template": f"{{{{ value_json.{field} }}}}", **topics, **more})


def _looked_up(expression: str, words: Mapping[str, str]) -> str:
    """Return a template that gives the word for an expression; ``None``, which means unknown, where there is none."""
    return f"{{{{ {json.dumps(words, ensure_ascii=False)}.get({expression}) }}}}"


def _json(data: _Json) -> bytes:
    return json.dumps(data, ensure_ascii=False, sort_keys=True).encode()
