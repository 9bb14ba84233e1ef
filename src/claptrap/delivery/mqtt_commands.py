"""Commands that come over MQTT: their words. Whether a value is allowed, the settings say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from claptrap.delivery.mqtt_topics import HUB_COMMANDS, SOURCE_COMMANDS
from claptrap.receivers import BrokerSpec

Value = bool | float | str


@dataclass(frozen=True, slots=True)
class Command:
    """A wish for a source, or for the service where ``source_id`` is empty.

    Attributes:
        source_id: which source.
        field: what is wished; one of ``mqtt_topics.SOURCE_COMMANDS`` or ``HUB_COMMANDS``.
        value: what it shall be.
    """

    source_id: str
    field: str
    value: Value


def parse_command(spec: BrokerSpec, topic: str, payload: bytes | bytearray) -> Command | None:
    """Return what ``TOPIC/SOURCE/FIELD/set`` or ``TOPIC/FIELD/set`` asks for; None for nonsense."""
    *source, field, _ = topic.removeprefix(f"{spec.topic}/").split("/")
    if field not in (SOURCE_COMMANDS if source else HUB_COMMANDS):
        return None
    try:
        return Command("/".join(source), field, _PARSERS[field](payload.decode().strip()))
    except ValueError:
        return None


def _switch(text: str) -> bool:
    if text not in ("ON", "OFF"):
        raise ValueError(text)
    return text == "ON"


def _press(text: str) -> bool:
    if text != "PRESS":
        raise ValueError(text)
    return True


_PARSERS: Mapping[str, Callable[[str], Value]] = {
    "enabled": _switch,
    "threshold": float,
    "delay": float,
    "pattern": str,
    "test": _press,
    "mark": str,
    "restart": _press,
    "armed": _switch,
    "snooze": float,
}
