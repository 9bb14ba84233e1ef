"""REST for what was: detections, how many there were, what people say of them, and how they were told."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify

from claptrap.core.errors import InputError
from claptrap.history.calendar import calendar_of
from claptrap.history.deliveries import DeliveryFilter
from claptrap.history.query import DeliveryRecord
from claptrap.service import Application, told, with_messages
from claptrap.web.body import json_object
from claptrap.web.export import TYPES, export_lines
from claptrap.web.query_params import (
    CountsQuery,
    DeleteBeforeQuery,
    DeliveriesPageQuery,
    ExportQuery,
    HistoryPageQuery,
    query_params,
)

_MARKS = ("clap", "not_clap", None)


def build_history(service: Application) -> Blueprint:
    """Return the routes of history and deliveries. Times are UTC Unix seconds; pages come newest first."""
    routes = Blueprint("history", __name__)
    journal = service.journal

    @routes.get("/api/history")
    def history() -> Response:
        wish = query_params(HistoryPageQuery)
        page = journal.events(wish.wanted(), wish.limit, wish.cursor)
        return jsonify(events=[service.history.detection(kept) for kept in page.rows], cursor=page.cursor)

    @routes.get("/api/history/counts")
    def counts() -> Response:
        wish = query_params(CountsQuery)
        found = journal.counts(wish.wanted(), wish.per, calendar_of(wish.tz))
        return jsonify(per=wish.per, counts=[asdict(count) for count in found])

    @routes.get("/api/history/export")
    def export() -> Response:
        wish = query_params(ExportQuery)
        lines = export_lines(journal, wish.wanted(), wish.format, calendar_of(wish.tz))
        named = {"Content-Disposition": f'attachment; filename="claptrap-history.{wish.format}"'}
        return Response(lines, content_type=TYPES[wish.format], headers=named)

    @routes.delete("/api/history")
    def forget() -> Response:
        before = query_params(DeleteBeforeQuery).before
        deleted, clips = service.history.delete() if before is None else service.history.delete(before)
        return jsonify(deleted=deleted, clips=clips)

    @routes.get("/api/history/<event_id>")
    def detection(event_id: str) -> Response:
        kept = journal.detection(event_id)
        if kept is None:
            raise InputError("api.unknown_event", id=event_id)
        return jsonify(service.history.detection(kept))

    @routes.patch("/api/history/<event_id>")
    def mark(event_id: str) -> Response:
        wish = json_object()
        if set(wish) != {"mark"} or wish["mark"] not in _MARKS:
            raise InputError("api.bad_mark")
        if not journal.mark(event_id, wish["mark"]):
            raise InputError("api.unknown_event", id=event_id)
        return detection(event_id)

    _add_telling(routes, service)
    return routes


def _add_telling(routes: Blueprint, service: Application) -> None:
    """Add the routes of how detections were told."""

    @routes.post("/api/history/<event_id>/replay")
    def replay_event(event_id: str) -> tuple[Response, int]:
        return jsonify(event_id=event_id, receivers=service.history.replay_event(event_id)), 202

    @routes.get("/api/deliveries")
    def deliveries() -> Response:
        wish = query_params(DeliveriesPageQuery)
        which = DeliveryFilter(wish.state, wish.source, wish.target, wish.event)
        page = service.journal.deliveries(which, wish.limit, wish.cursor)
        return jsonify(deliveries=[_delivery(one) for one in page.rows], cursor=page.cursor)

    @routes.post("/api/deliveries/<delivery_id>/replay")
    def replay_delivery(delivery_id: str) -> tuple[Response, int]:
        return jsonify(event_id=service.history.replay_delivery(delivery_id)), 202


def _delivery(one: DeliveryRecord) -> dict[str, Any]:
    return {
        **with_messages({**asdict(one), "params": dict(one.params)}),
        "attempts": [told(attempt) for attempt in one.attempts],
    }
