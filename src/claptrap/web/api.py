"""The REST interface: what the page and scripts may ask of the service."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, jsonify

from claptrap.service import Application, with_messages
from claptrap.web.body import json_object, seen
from claptrap.web.clips import build_clips
from claptrap.web.history import build_history
from claptrap.web.query_params import PortQuery, WebhookTestQuery, query_params
from claptrap.web.receivers import build_receivers
from claptrap.web.settings import build_settings
from claptrap.web.undoing import build_undoing


def build_api(service: Application) -> Blueprint:
    """Return the routes below ``/api``, and ``/healthz``."""
    api = Blueprint("api", __name__)
    _add_sources(api, service)
    _add_searches(api, service)
    _add_browsers(api, service)

    @api.get("/api/state")
    def state() -> Response:
        return jsonify(service.snapshot())

    @api.post("/api/detection/start")
    def start_detection() -> Response:
        service.start_detection()
        return jsonify(running=service.detection.running)

    @api.post("/api/detection/stop")
    def stop_detection() -> Response:
        service.stop_detection()
        return jsonify(running=service.detection.running)

    @api.post("/api/model/resume")
    def resume_model() -> Response:
        service.model.resume()
        return jsonify(model=service.model.progress())

    @api.post("/api/model/pause")
    def pause_model() -> Response:
        service.model.pause()
        return jsonify(model=service.model.progress())

    api.register_blueprint(build_history(service))
    api.register_blueprint(build_clips(service))
    api.register_blueprint(build_receivers(service))
    api.register_blueprint(build_settings(service))
    api.register_blueprint(build_undoing(service))

    @api.get("/healthz")
    def health() -> tuple[Response, int]:
        reasons = service.health()
        return jsonify(ok=not reasons, reasons=reasons), 503 if reasons else 200

    @api.after_request
    def keep_no_copy(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    return api


def _add_sources(api: Blueprint, service: Application) -> None:
    """Add the routes of sources. The ``ETag`` of one is the revision of its settings, not of how it is."""

    def _one(shown: dict[str, Any], revision: str) -> Response:
        answer = jsonify(shown)
        answer.set_etag(revision)
        return answer

    @api.get("/api/sources")
    def sources() -> Response:
        return jsonify(service.sources.all())

    @api.post("/api/sources")
    def add_source() -> tuple[Response, int, dict[str, str]]:
        added = service.sources.add(json_object())
        return jsonify(added), 201, {"Location": f"sources/{added['id']}"}

    @api.get("/api/sources/<source_id>")
    def source(source_id: str) -> Response:
        with service.settings.locked():
            return _one(service.sources.get(source_id), service.settings.revision(source_id))

    @api.patch("/api/sources/<source_id>")
    def change_source(source_id: str) -> Response:
        return _one(*service.sources.change(source_id, json_object(), seen()))

    @api.delete("/api/sources/<source_id>")
    def remove_source(source_id: str) -> Response:
        return jsonify(service.sources.remove(source_id, seen()))

    @api.post("/api/sources/<source_id>/webhook/test")
    def test_webhook(source_id: str) -> tuple[Response, int]:
        return jsonify(event_id=service.receivers.test_webhook(source_id, query_params(WebhookTestQuery).webhook)), 202

    @api.delete("/api/sources/<source_id>/webhooks/<webhook_id>")
    def remove_webhook(source_id: str, webhook_id: str) -> Response:
        return jsonify(service.sources.remove_webhook(source_id, webhook_id))


def _add_searches(api: Blueprint, service: Application) -> None:
    """Add the routes that say what could be a source."""

    @api.get("/api/devices")
    def devices() -> Response:
        return jsonify([{"id": device.id, "label": device.label, **asdict(device)} for device in service.probes.devices()])

    @api.post("/api/probe/microphone")
    def probe_microphone() -> Response:
        return jsonify(service.probes.microphone(json_object().get("device", "")))

    @api.post("/api/probe/rtsp")
    def probe_camera() -> Response:
        wish = json_object()
        return jsonify(service.probes.camera(wish.get("input", {}), wish.get("source_id", "")))

    @api.get("/api/vban/streams")
    def vban_streams() -> Response:
        return jsonify([_with_words(asdict(seen)) for seen in service.vban_streams(query_params(PortQuery).port)])

    @api.get("/api/vban/counts")
    def vban_counts() -> Response:
        streams, ports = service.vban_counts()
        return jsonify(streams=[asdict(stream) for stream in streams], ports=[asdict(port) for port in ports])


def _with_words(seen: dict[str, Any]) -> dict[str, Any]:
    code = seen.pop("problem")
    return with_messages({**seen, "code": code, "params": {}})


def _add_browsers(api: Blueprint, service: Application) -> None:
    @api.post("/api/micro")
    def claim_browser() -> tuple[Response, int]:
        wish = json_object()
        source = service.sources.claim_browser(wish.get("name", ""), str(wish.get("id", "")))
        return jsonify(id=source), 200 if source == wish.get("id") else 201
