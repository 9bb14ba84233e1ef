"""Examples and candidates as JSON data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claptrap.detect.profile import Example
from claptrap.runtime.candidate_recorder import KeptCandidate
from claptrap.text.catalogue import labels_for_people


def example_json(example: Example, *, has_clip: bool) -> dict[str, Any]:
    """Return an example as JSON data, without its embedding."""
    return {
        "id": example.id,
        "clap": example.is_clap,
        "at": example.at,
        "note": example.note,
        "without_yamnet": example.embedding.yamnet is None,
        "clip": has_clip,
    }


def candidate_json(one: KeptCandidate, marks: Mapping[str, bool]) -> dict[str, Any]:
    """Return a candidate as JSON data; ``marks``: whether the examples that there are, by id, are claps."""
    is_clap = marks.get(Example(False, one.embedding).id)
    return {
        "id": one.id,
        "at": one.at,
        "score": round(one.score, 3),
        "by_models": round(one.by_models, 3),
        "clap": one.is_clap,
        "mark": None if is_clap is None else ("clap" if is_clap else "not_clap"),
        "labels": labels_for_people(one.labels),
        "clip": one.sound is not None,
    }
