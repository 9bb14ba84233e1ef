"""The topics at an MQTT broker, and what it keeps of each source. Pure.

With ``claptrap`` for the topic in the settings:

- ``claptrap/status``: online or offline (the last will);
- ``claptrap/SOURCE/state`` (JSON) and ``claptrap/SOURCE/availability``;
- ``claptrap/SOURCE/event``, a detection, and ``claptrap/SOURCE/level``, in dB; neither is kept;
- ``claptrap/SOURCE/FIELD/set`` and ``claptrap/FIELD/set``: commands;
- ``claptrap/instance``: where ClapTraps that were given the same topic by mistake find each other; not kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from claptrap.receivers import BrokerSpec

ONLINE, OFFLINE = b"online", b"offline"
SOURCE_COMMANDS = ("enabled", "threshold", "delay", "pattern", "test", "mark", "armed", "snooze")
HUB_COMMANDS = ("restart", "armed", "snooze")


@dataclass(frozen=True, slots=True)
class PublishedSource:
    """A source as others see it.

    Attributes:
        id, name, kind: which.
        enabled: whether it is to be heard.
        threshold: [0, 1].
        delay_s: least time between two detections.
        pattern: the name of its patterns, one of ``discovery.PATTERNS``; empty for others.
        state: one of ``core.events.State``.
        code, message: why, and the sentence of it in the language of the settings; empty when all is well.
        is_heard: whether sound comes.
        triggers: event types of its own, beside those that all have.
    """

    id: str
    name: str
    kind: str
    enabled: bool
    threshold: float
    state: str
    code: str
    is_heard: bool
    delay_s: float = 0.5
    pattern: str = "any"
    message: str = ""
    triggers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Published:
    """All that others see.

    Attributes:
        sources: every source.
        page_url: the page's address as other machines reach it; empty where none does.
    """

    sources: Sequence[PublishedSource] = ()
    page_url: str = ""


def status_topic(spec: BrokerSpec) -> str:
    """Return where it says whether ClapTrap is there."""
    return f"{spec.topic}/status"


def instance_topic(spec: BrokerSpec) -> str:
    """Return where ClapTraps at the same topic meet."""
    return f"{spec.topic}/instance"


def level_topic(spec: BrokerSpec, source_id: str) -> str:
    """Return where a source's loudness is published."""
    return f"{spec.topic}/{source_id}/level"


def command_topic(spec: BrokerSpec, field: str, source_id: str = "") -> str:
    """Return where a command is received: one of ``SOURCE_COMMANDS``, or one for the service (``HUB_COMMANDS``)."""
    return "/".join([spec.topic, *([source_id] if source_id else []), field, "set"])


def subscriptions(spec: BrokerSpec) -> list[str]:
    """Return the topics to listen to: commands, Home Assistant's birth, and what other ClapTraps publish or have left."""
    mine = [command_topic(spec, field, "+") for field in SOURCE_COMMANDS]
    mine += [command_topic(spec, field) for field in HUB_COMMANDS]
    mine += [f"{spec.topic}/+/state", f"{spec.topic}/+/availability", status_topic(spec), instance_topic(spec)]
    theirs = [f"{spec.discovery}/status", f"{spec.discovery}/+/{spec.topic}/+/config"] if spec.discovery else []
    return [*mine, *theirs]


def source_state(source: PublishedSource) -> Mapping[str, Any]:
    """Return what ``…/SOURCE/state`` says."""
    return {
        "enabled": "ON" if source.enabled else "OFF",
        "threshold": source.threshold,
        "delay": source.delay_s,
        "pattern": source.pattern,
        "state": source.state,
        "code": source.code,
        "message": source.message,
        "name": source.name,
    }
