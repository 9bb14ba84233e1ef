"""The REST interface: what the page and scripts may ask of the service."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import UnsupportedMediaType

from claptrap.core.errors import InputError
from claptrap.service import ClapTrap
from claptrap.web.history import build_history


def build_api(service: ClapTrap) -> Blueprint:
    """Return the routes below ``/api``, and ``/healthz``."""
    api = Blueprint("api", __name__)

    @api.get("/api/state")
    def state() -> Response:
        return jsonify(service.snapshot())

    @api.get("/api/settings")
    def settings() -> Response:
        return jsonify(service.settings().model_dump(mode="json"))

    @api.patch("/api/settings")
    def change_settings() -> Response:
        return jsonify(service.change(_json_object()).model_dump(mode="json"))

    @api.post("/api/detection/start")
    def start_detection() -> Response:
        service.start_detection()
        return jsonify(running=service.running)

    @api.post("/api/detection/stop")
    def stop_detection() -> Response:
        service.stop_detection()
        return jsonify(running=service.running)

    @api.get("/api/devices")
    def devices() -> Response:
        return jsonify([{"id": device.id, **asdict(device)} for device in service.devices()])

    @api.post("/api/sources/<source_id>/webhook/test")
    def test_webhook(source_id: str) -> tuple[Response, int]:
        return jsonify(event_id=service.test_webhook(source_id)), 202

    api.register_blueprint(build_history(service))

    @api.get("/healthz")
    def health() -> tuple[Response, int]:
        reasons = service.health()
        return jsonify(ok=not reasons, reasons=reasons), 503 if reasons else 200

    @api.after_request
    def keep_no_copy(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    return api


def _json_object() -> dict[str, Any]:
    """Return the body.

    Raises:
        InputError: ``api.not_json`` or ``api.not_an_object``.
        UnsupportedMediaType: it does not say that it is JSON.
    """
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        document = json.loads(request.get_data())
    except (ValueError, RecursionError) as error:
        raise InputError("api.not_json") from error
    if not isinstance(document, dict):
        raise InputError("api.not_an_object")
    return document
