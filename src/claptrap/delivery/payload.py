"""What receivers are sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    return {
        **body,
        **({"heard_by": list(event.heard_by)} if event.heard_by else {}),
        **({"test": True} if event.test else {}),
    }


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


def alert_payload(
    event_id: str, begun: Sequence[Mapping[str, Any]], ended: Sequence[Mapping[str, Any]], timestamp: float
) -> dict[str, Any]:
    """Return the body of an alert.

    Args:
        event_id: the alert's own.
        begun: what is out of order, each with ``code`` and ``params``.
        ended: what is well again, each with ``minutes`` beside these.
        timestamp: UTC Unix seconds.
    """
    return {
        "source": "alert",
        "timestamp": round(timestamp, 3),
        "event": "alert",
        "event_id": event_id,
        "source_id": "",
        "begun": [dict(one) for one in begun],
        "ended": [dict(one) for one in ended],
    }


def is_trial(body: Mapping[str, Any]) -> bool:
    """Return whether a body is that of a test."""
    return body.get("test") is True
