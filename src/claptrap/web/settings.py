"""REST for the settings as a whole: read, changed in part, kept, compared and put back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, jsonify, request

from claptrap.core.errors import InputError
from claptrap.service import Application
from claptrap.service.notify_addresses import load_notifiers
from claptrap.service.settings_owner import SettingsState
from claptrap.settings.import_plan import Mode
from claptrap.web.body import json_object, seen


def build_settings(service: Application) -> Blueprint:
    """Return the routes of settings. Their ``ETag`` is their ``revision``; with ``If-Match`` nothing is changed unseen."""
    routes = Blueprint("settings", __name__)
    _add_backups(routes, service)
    _add_imports(routes, service)

    @routes.get("/api/settings")
    def settings() -> Response:
        return _whole(service.settings.state)

    @routes.patch("/api/settings")
    def change_settings() -> Response:
        patch = json_object()
        load_notifiers(patch)
        return _whole(service.settings.apply(patch, seen()))

    return routes


def _add_backups(routes: Blueprint, service: Application) -> None:
    @routes.get("/api/settings/backups")
    def backups() -> Response:
        return jsonify(backups=service.backups.all())

    @routes.post("/api/settings/backups")
    def keep() -> tuple[Response, int]:
        return jsonify(service.backups.create()), 201

    @routes.get("/api/settings/backups/<name>/diff")
    def compare(name: str) -> Response:
        found, revision = service.backups.compare(name)
        return jsonify(changes=found, revision=revision)

    @routes.post("/api/settings/backups/<name>/restore")
    def restore(name: str) -> Response:
        found, settings = service.backups.restore(name, seen())
        return jsonify(changes=found, settings=settings)


def _add_imports(routes: Blueprint, service: Application) -> None:
    """Add the routes of documents that leave and come. What is imported is the body itself; see ``Mode`` for ``?mode=``."""

    @routes.get("/api/settings/export")
    def export() -> Response:
        return _file(service.imports.export(secrets=False), "claptrap-settings")

    @routes.post("/api/settings/export")
    def export_secrets() -> Response:
        if json_object() != {"secrets": True}:
            raise InputError("api.bad_parameter", name="secrets")
        return _file(service.imports.export(secrets=True), "claptrap-settings-with-secrets")

    @routes.post("/api/settings/import/preview")
    def preview() -> Response:
        return jsonify(service.imports.preview(json_object(), _mode(), seen()))

    @routes.post("/api/settings/import")
    def take() -> Response:
        document = json_object()
        load_notifiers(document)
        return jsonify(service.imports.apply(document, _mode(), seen()))


def _mode() -> Mode | None:
    """Return how a document is to be taken, None for what its format asks for.

    Raises:
        InputError: ``api.bad_parameter``.
    """
    asked = request.args.get("mode")
    if asked not in (None, "replace", "merge"):
        raise InputError("api.bad_parameter", name="mode")
    return asked  # type: ignore[return-value]  # has just been looked at


def _file(document: dict[str, Any], name: str) -> Response:
    """Return a document as a file to be kept, named after the day."""
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    headers = {"Content-Disposition": f'attachment; filename="{name}-{day}.json"'}
    return Response(text, content_type="application/json", headers=headers)


def _whole(state: SettingsState) -> Response:
    answer = jsonify(state.shown())
    answer.set_etag(state.revision)
    return answer
