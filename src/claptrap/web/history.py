"""REST for the history: detections, their counts, marks and export, and their deliveries.

Times are UTC Unix seconds; pages come newest first.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response

from claptrap.core.errors import InputError
from claptrap.history.calendar import calendar_of
from claptrap.history.deliveries import DeliveryFilter
from claptrap.history.query import DeliveryRecord
from claptrap.service import Application, attempt_json, with_messages
from claptrap.service.learning import MARKS
from claptrap.web import responses
from claptrap.web.export import TYPES, export_lines
from claptrap.web.query_params import CountsQuery, DeleteBeforeQuery, DeliveriesPageQuery, ExportQuery, HistoryPageQuery
from claptrap.web.routes import SAVING, Routes, object_schema

routes = Routes("history")
_UNKNOWN = "api.unknown_event"


@routes.get(
    "/api/history",
    "Les détections, la plus récente d'abord, page par page",
    responses.DetectionPage,
    query=HistoryPageQuery,
)
def history(service: Application, query: HistoryPageQuery) -> dict[str, Any]:
    """Detections, newest first, page by page."""
    page = service.journal.events(query.wanted(), query.limit, query.cursor)
    return {"events": [service.history.detection(kept) for kept in page.rows], "cursor": page.cursor}


@routes.delete(
    "/api/history",
    "Oublier toutes les détections, ou les plus anciennes, avec leurs extraits sonores",
    responses.Forgotten,
    query=DeleteBeforeQuery,
    codes=("history.unwritable", "clips.unwritable"),
)
def delete_history(service: Application, query: DeleteBeforeQuery) -> dict[str, Any]:
    """Forget all detections, or the older ones, with their clips."""
    deleted, clips = service.history.delete() if query.before is None else service.history.delete(query.before)
    return {"deleted": deleted, "clips": clips}


@routes.get(
    "/api/history/counts",
    "Combien de détections par heure ou par jour, en tout et par source, à l'heure d'un fuseau",
    responses.Counts,
    query=CountsQuery,
)
def counts(service: Application, query: CountsQuery) -> dict[str, Any]:
    """How many detections per hour or day, in all and by source, by the clocks of a time zone."""
    found = service.journal.counts(query.wanted(), query.per, calendar_of(query.tz))
    return {"per": query.per, "counts": [asdict(count) for count in found]}


@routes.get(
    "/api/reports",
    "Les neuf dernières semaines de chaque source : détections, marques, latence, envois, coupures",
    responses.Reports,
)
def reports(service: Application) -> dict[str, Any]:
    """The last nine weeks of each source: detections, marks, latency, deliveries, outages."""
    return {"weeks": service.reports.weeks()}


@routes.get(
    "/api/history/export",
    "Les détections en un fichier : CSV pour un tableur, JSON Lines pour un programme",
    query=ExportQuery,
    media=("text/csv", "application/jsonl"),
    headers={"Content-Disposition": "the name of the file"},
    codes=("history.too_many",),
)
def export_history(service: Application, query: ExportQuery) -> Response:
    """Detections as a file: CSV for a spreadsheet, JSON Lines for a program."""
    lines = export_lines(service.journal, query.wanted(), query.format, calendar_of(query.tz))
    headers = {"Content-Disposition": f'attachment; filename="claptrap-history.{query.format}"'}
    return Response(lines, content_type=TYPES[query.format], headers=headers)


@routes.get("/api/history/{event_id}", "Une détection", responses.Detection, codes=(_UNKNOWN,))
def detection(service: Application, event_id: str) -> dict[str, Any]:
    """One detection."""
    kept = service.journal.detection(event_id)
    if kept is None:
        raise InputError(_UNKNOWN, id=event_id)
    return service.history.detection(kept)


@routes.delete(
    "/api/history/{event_id}",
    "Oublier une détection, avec son extrait sonore",
    responses.Forgotten,
    codes=(_UNKNOWN, "history.unwritable", "clips.unwritable"),
)
def delete_event(service: Application, event_id: str) -> dict[str, Any]:
    """Forget one detection, with its clip."""
    clips = int(service.clips.has(event_id))
    service.history.delete_event(event_id)
    return {"deleted": 1, "clips": clips}


@routes.patch(
    "/api/history/{event_id}",
    "Dire si une détection était un clap ; la source l'apprend tant que ses sons sont conservés. Null annule",
    responses.Detection,
    body=object_schema("mark", mark={"enum": [*MARKS]}),
    codes=(_UNKNOWN, "api.bad_mark", "profile.too_many", *SAVING),
)
def mark(service: Application, event_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Say whether a detection was a clap; the source learns it while its sounds are kept. Null takes it back."""
    if set(body) != {"mark"}:
        raise InputError("api.bad_mark")
    service.marks.mark(event_id, body["mark"])
    return detection(service, event_id)


@routes.post(
    "/api/history/{event_id}/replay",
    "Envoyer une détection à tous les destinataires qui la veulent, à nouveau s'ils l'ont déjà",
    responses.SentAgain,
    status=202,
    codes=(_UNKNOWN, "api.no_receiver"),
)
def replay_event(service: Application, event_id: str) -> dict[str, Any]:
    """Send a detection to all receivers that want it now, again where they already have it."""
    return {"event_id": event_id, "receivers": service.history.replay_event(event_id)}


# -- deliveries


@routes.get(
    "/api/deliveries",
    "Les envois avec chaque tentative, le plus récent d'abord",
    responses.DeliveryPage,
    query=DeliveriesPageQuery,
)
def deliveries(service: Application, query: DeliveriesPageQuery) -> dict[str, Any]:
    """Deliveries with every attempt, newest first."""
    which = DeliveryFilter(query.state, query.source, query.target, query.event)
    page = service.journal.deliveries(which, query.limit, query.cursor)
    return {"deliveries": [_delivery(one) for one in page.rows], "cursor": page.cursor}


@routes.post(
    "/api/deliveries/{delivery_id}/replay",
    "Refaire un envoi, avec la même clé d'idempotence",
    responses.Sent,
    status=202,
    codes=("api.unknown_delivery", "api.no_receiver"),
)
def replay_delivery(service: Application, delivery_id: str) -> dict[str, Any]:
    """Send a delivery again, with the same idempotency key."""
    return {"event_id": service.history.replay_delivery(delivery_id)}


def _delivery(one: DeliveryRecord) -> dict[str, Any]:
    document = with_messages({**asdict(one), "params": dict(one.params)})
    return {**document, "attempts": [attempt_json(attempt) for attempt in one.attempts]}
