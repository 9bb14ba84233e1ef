"""Events as they are sent over Socket.IO: their names and JSON data, as ``responses`` describes them."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import asdict
from typing import Any

from claptrap.core.events import (
    Attempt,
    BrokerLink,
    ClipKept,
    DetectionRunning,
    Event,
    Heard,
    LearningChanged,
    Levels,
    ModelProgress,
    Picture,
    ProblemsChanged,
    SettingsChanged,
    SourceStatus,
    Verdict,
)
from claptrap.runtime.hub import News
from claptrap.service import attempt_json, verdict_json, with_messages
from claptrap.text.catalogue import labels_for_people

Message = tuple[str, Any]
LEVEL = "level"
PICTURE = "picture"


def message(news: News) -> Message | None:  # noqa: C901, PLR0911, PLR0912  # one line a kind is the table it is
    """Return the event and data of ``news``; None for what no page shows."""
    match news:
        case Event():
            return "clap", _clap(news)
        case SourceStatus():
            return "source", with_messages(asdict(news))
        case Attempt():
            return "delivery", attempt_json(news)
        case Levels():
            return LEVEL, [asdict(level) for level in news.levels]
        case Verdict():
            return "verdict", verdict_json(news)
        case Picture():
            return PICTURE, {**asdict(news), "columns": b64encode(news.columns).decode()}
        case Heard():
            return "labels", _labels(news)
        case ClipKept():
            return "clip", asdict(news)
        case ModelProgress():
            return "model", with_messages(asdict(news))
        case DetectionRunning():
            return "detection_status", {"status": "started" if news.running else "stopped"}
        case SettingsChanged():
            return "settings", dict(news.settings)
        case ProblemsChanged():
            return "problems", [with_messages(asdict(problem)) for problem in news.problems]
        case BrokerLink():
            return "mqtt", asdict(news)
        case LearningChanged():
            return "learning", asdict(news)
    return None


def _clap(event: Event) -> dict[str, Any]:
    return {
        "event_id": event.id,
        "source_id": event.source_id,
        "source_name": event.source_name,
        "timestamp": event.timestamp,
        "score": event.score,
        "claps": event.claps,
        "applause": event.applause,
        "heard_by": list(event.heard_by),
        "trigger": event.trigger,
        "trigger_name": event.trigger_name,
        "latency_s": event.decided_s - event.onset_s,
        "labels": labels_for_people(event.labels),
        "test": event.test,
    }


def _labels(detection_json: Heard) -> dict[str, Any]:
    return {
        "source_id": detection_json.source_id,
        "timestamp": detection_json.timestamp,
        "detected": labels_for_people(detection_json.labels),
    }
