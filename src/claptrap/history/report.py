"""What happened to each source in a span of time, from the tables of detections and deliveries."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from dataclasses import dataclass

from claptrap.history.damage import number


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What one source did, and what became of it.

    Attributes:
        detections: how many.
        claps, not_claps: how many of these a person marked so.
        latency_p50_s, latency_p95_s: from the onset to the decision, seconds; None without detections.
        delivered, late, refused, unclear: how many deliveries were taken, came too late to be sent, were given up otherwise,
            or ended without it being known whether they acted.
    """

    detections: int = 0
    claps: int = 0
    not_claps: int = 0
    latency_p50_s: float | None = None
    latency_p95_s: float | None = None
    delivered: int = 0
    late: int = 0
    refused: int = 0
    unclear: int = 0


_MARKS = """
    SELECT source_id, count(*) AS detections, total(mark = 'clap') AS claps, total(mark = 'not_clap') AS not_claps
    FROM events WHERE timestamp >= ? AND timestamp < ? AND NOT test GROUP BY source_id
"""
_LATENCIES = """
    SELECT source_id, decided_s - onset_s AS latency_s FROM events WHERE timestamp >= ? AND timestamp < ? AND NOT test
    ORDER BY source_id, latency_s
"""
_DELIVERIES = """
    SELECT source_id, total(state = 'taken') AS delivered, total(outcome = 'late') AS late,
        total(outcome = 'unknown') AS unclear, total(state = 'given_up' AND outcome IS NULL) AS refused
    FROM deliveries WHERE since >= ? AND since < ? AND source_id <> '' AND event_id NOT LIKE 'test:%'
        AND event_id NOT IN (SELECT id FROM events WHERE test) GROUP BY source_id
"""


def report(db: sqlite3.Connection, since: float, until: float) -> dict[str, SourceReport]:
    """Return what happened from ``since`` until before ``until`` (UTC Unix seconds), by source id."""
    found: dict[str, dict[str, float | None]] = defaultdict(dict)
    for query in (_MARKS, _DELIVERIES):
        for row in db.execute(query, (since, until)):
            found[row["source_id"]].update({name: int(row[name]) for name in row.keys() if name != "source_id"})  # noqa: SIM118  # a Row iterates its values
    latencies: dict[str, list[float]] = defaultdict(list)
    for row in db.execute(_LATENCIES, (since, until)):
        try:
            latencies[row["source_id"]].append(number(row["latency_s"]))
        except (TypeError, ValueError):
            continue  # a damaged row: it is counted where it is shown
    for source, sorted_s in latencies.items():
        found[source].update(latency_p50_s=_quantile(sorted_s, 0.5), latency_p95_s=_quantile(sorted_s, 0.95))
    return {source: SourceReport(**values) for source, values in found.items()}  # type: ignore[arg-type]  # counts and seconds


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
