"""REST for the settings as a whole: read, changed in part, kept, compared and put back."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from claptrap.service import ClapTrap
from claptrap.web.body import json_object, seen


def build_settings(service: ClapTrap) -> Blueprint:
    """Return the routes of settings. Their ``ETag`` is their ``revision``; with ``If-Match`` nothing is changed unseen."""
    routes = Blueprint("settings", __name__)
    _add_backups(routes, service)

    @routes.get("/api/settings")
    def settings() -> Response:
        return _whole(service)

    @routes.patch("/api/settings")
    def change_settings() -> Response:
        with service.unchanged(seen()):
            service.change(json_object())
            return _whole(service)

    return routes


def _add_backups(routes: Blueprint, service: ClapTrap) -> None:
    @routes.get("/api/settings/backups")
    def backups() -> Response:
        return jsonify(backups=service.backups.found())

    @routes.post("/api/settings/backups")
    def keep() -> tuple[Response, int]:
        return jsonify(service.backups.keep()), 201

    @routes.get("/api/settings/backups/<name>/diff")
    def compare(name: str) -> Response:
        return jsonify(changes=service.backups.compare(name), revision=service.revision())

    @routes.post("/api/settings/backups/<name>/restore")
    def restore(name: str) -> Response:
        with service.unchanged(seen()):
            return jsonify(changes=service.backups.restore(name), settings=service.shown())


def _whole(service: ClapTrap) -> Response:
    shown = service.shown()
    answer = jsonify(shown)
    answer.set_etag(shown["revision"])
    return answer
