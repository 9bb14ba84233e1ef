"""REST for the sound around detections: heard, counted, deleted."""

from __future__ import annotations

from dataclasses import asdict

from flask import Blueprint, Response, jsonify, send_file

from claptrap.core.errors import InputError
from claptrap.service import Application
from claptrap.web.query_params import DeleteBeforeQuery, query_params


def build_clips(service: Application) -> Blueprint:
    """Return the routes of clips."""
    routes = Blueprint("clips", __name__)
    clips = service.clips

    @routes.get("/api/history/<event_id>/clip")
    def clip(event_id: str) -> Response:
        path = clips.find(event_id)
        if path is None or not path.is_file():
            raise InputError("api.no_clip", id=event_id)
        return send_file(path, mimetype="audio/flac", conditional=True, download_name=path.name)

    @routes.delete("/api/history/<event_id>/clip")
    def delete_clip(event_id: str) -> Response:
        if not clips.delete(event_id):
            raise InputError("api.no_clip", id=event_id)
        return jsonify(deleted=1)

    @routes.get("/api/clips")
    def total() -> Response:
        return jsonify({**asdict(clips.total()), **service.settings.current.clips.model_dump()})

    @routes.delete("/api/clips")
    def delete_clips() -> Response:
        before = query_params(DeleteBeforeQuery).before
        return jsonify(deleted=clips.delete_before() if before is None else clips.delete_before(before))

    return routes
