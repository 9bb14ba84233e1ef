"""What receivers are sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claptrap.core.events import Event


def event_payload(event: Event) -> dict[str, Any]:
    """Return the documented body: the three keys of the first ClapTrap, and more beside them."""
    body = {
        "source": event.kind,
        "timestamp": round(event.timestamp, 3),
        "score": round(event.score, 4),
        "event": event.what,
        "event_id": event.id,
        "source_id": event.source_id,
        "source_name": event.source_name,
        "claps": event.claps,
        "labels": [[name, score] for name, score in event.labels],
        **({"trigger": event.trigger, "trigger_name": event.trigger_name} if event.trigger else {}),
    }
    return {**body, "heard_by": list(event.heard_by)} if event.heard_by else body


def trial_payload(event_id: str, source_id: str, source_kind: str, source_name: str, timestamp: float) -> dict[str, Any]:
    """Return the body of a test: the same shape, marked as one."""
    return {
        "source": source_kind,
        "timestamp": round(timestamp, 3),
        "score": 1.0,
        "event": "test",
        "event_id": event_id,
        "source_id": source_id,
        "source_name": source_name,
        "claps": 1,
        "labels": [],
        "test": True,
    }


def is_trial(body: Mapping[str, Any]) -> bool:
    """Return whether a body is that of a test."""
    return body.get("test") is True
