"""What others ask of ClapTrap over MQTT, and how it is written."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from typing import Literal, cast

from claptrap.core.receivers import BrokerSpec

Mark = Literal["clap", "not_clap"]
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """A wish for a source: ``field`` of its settings shall be ``value``."""

    source_id: str
    field: str
    value: bool | float


@dataclass(frozen=True, slots=True)
class MarkOrder:
    """A person's word on a detection of a source; on its newest where ``event_id`` is empty."""

    source_id: str
    event_id: str
    mark: Mark | None


def parse_order(spec: BrokerSpec, topic: str, payload: bytes | bytearray) -> Command | MarkOrder | None:
    """Return what ``…/SOURCE/FIELD/set`` asks for: enabled, threshold or mark; None for nonsense, which is logged."""
    source_id, field, _ = topic.removeprefix(f"{spec.topic}/").split("/")
    text = payload.decode(errors="replace").strip()
    if field == "enabled" and text in ("ON", "OFF"):
        return Command(source_id, field, text == "ON")
    if field == "threshold":
        try:
            return Command(source_id, field, float(text))
        except ValueError:
            pass
    if field == "mark" and (order := _parse_mark(source_id, text)) is not None:
        return order
    _log.warning("%s: %s is no order: %.40r", spec.url, topic, text)
    return None


def _parse_mark(source_id: str, text: str) -> MarkOrder | None:
    """Return the order in ``clap``, ``not_clap``, or ``{"event_id": …, "mark": …}`` as JSON; None for anything else."""
    event_id, mark = "", text
    if text.startswith("{"):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return None
        event_id, mark = document.get("event_id", ""), document.get("mark", "")
    if not isinstance(event_id, str) or mark not in ("clap", "not_clap", None):
        return None
    return MarkOrder(source_id, event_id, cast("Mark | None", mark))
