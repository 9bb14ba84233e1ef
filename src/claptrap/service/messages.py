"""Events, attempts and errors as JSON data, with sentences in both languages beside the codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from claptrap.core.events import Attempt
from claptrap.history.query import StoredDetection
from claptrap.text.catalogue import labels_for_people, say


def detection_json(kept: StoredDetection, *, has_clip: bool) -> dict[str, Any]:
    """Return a detection as JSON data, its sounds in both languages."""
    event = kept.event
    return {
        **event.to_json(),
        "labels": labels_for_people(event.labels),
        "latency_s": event.decided_s - event.onset_s,
        "mark": kept.mark,
        "clip": has_clip,
        "deliveries": [asdict(one) for one in kept.deliveries],
    }


def attempt_json(attempt: Attempt) -> dict[str, Any]:
    """Return an attempt as JSON data, in words."""
    return with_messages({**asdict(attempt), "ok": attempt.ok})


def with_messages(coded: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``coded``, a mapping with ``code`` and ``params``, with its sentence in both languages beside it."""
    code, params = coded["code"], coded["params"]
    said = {f"message_{language}": say(code, language, **params) if code else "" for language in ("fr", "en")}
    return {**coded, **said}
