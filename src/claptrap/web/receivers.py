"""REST for those who are told."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from claptrap.service import Application
from claptrap.web.body import json_object
from claptrap.web.query_params import PreviewQuery, query_params


def build_receivers(service: Application) -> Blueprint:
    """Return the routes of receivers."""
    routes = Blueprint("receivers", __name__)

    @routes.get("/api/receivers")
    def receivers() -> Response:
        return jsonify(service.receivers.all())

    @routes.post("/api/webhooks/preview")
    def preview() -> Response:
        return jsonify(service.receivers.preview(json_object(), query_params(PreviewQuery).source))

    @routes.get("/api/notify")
    def notifier() -> Response:
        return jsonify(service.notifications.readiness())

    @routes.post("/api/notify/<notify_id>/test")
    def test_notification(notify_id: str) -> tuple[Response, int]:
        return jsonify(event_id=service.notifications.test(notify_id)), 202

    @routes.delete("/api/notify/<notify_id>")
    def remove_notification(notify_id: str) -> Response:
        return jsonify(service.notifications.remove(notify_id))

    return routes
