"""REST for the sound around detections: heard, counted, deleted."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, send_file

from claptrap.core.errors import InputError
from claptrap.service import Application
from claptrap.web import responses
from claptrap.web.query_params import DeleteBeforeQuery
from claptrap.web.routes import Routes

routes = Routes("clips")
_UNKNOWN = "api.no_clip"


@routes.get(
    "/api/history/{event_id}/clip",
    "Le son autour d'une détection (FLAC, 16 kHz) ; accepte Range",
    also=(206,),
    media=("audio/flac",),
    codes=(_UNKNOWN,),
)
def clip(service: Application, event_id: str) -> Response:
    """The sound around a detection (FLAC, 16 kHz); takes Range."""
    path = service.clips.find(event_id)
    if path is None:
        raise InputError(_UNKNOWN, id=event_id)
    try:
        return send_file(path, mimetype="audio/flac", conditional=True, download_name=path.name)
    except FileNotFoundError as error:  # it has just been deleted
        raise InputError(_UNKNOWN, id=event_id) from error


@routes.delete(
    "/api/history/{event_id}/clip",
    "Supprimer le son autour d'une détection",
    responses.Deleted,
    codes=(_UNKNOWN, "clips.unwritable"),
)
def delete_clip(service: Application, event_id: str) -> dict[str, Any]:
    """Delete the sound around a detection."""
    if not service.clips.delete(event_id):
        raise InputError(_UNKNOWN, id=event_id)
    return {"deleted": 1}


@routes.get("/api/clips", "Combien de son est conservé", responses.Clips)
def total(service: Application) -> dict[str, Any]:
    """How much sound is kept."""
    return {**asdict(service.clips.total()), **service.settings.current.clips.model_dump()}


@routes.delete(
    "/api/clips",
    "Supprimer tous les extraits sonores, ou les plus anciens ; les détections restent",
    responses.Deleted,
    query=DeleteBeforeQuery,
    codes=("clips.unwritable",),
)
def delete_clips(service: Application, query: DeleteBeforeQuery) -> dict[str, Any]:
    """Delete all clips, or the older ones; detections stay."""
    clips = service.clips
    return {"deleted": clips.delete_before() if query.before is None else clips.delete_before(query.before)}
