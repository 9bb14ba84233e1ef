"""REST for taking changes of the settings back."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from claptrap.service import Application


def build_undoing(service: Application) -> Blueprint:
    """Return the routes of steps: changes that can be undone one by one."""
    routes = Blueprint("undoing", __name__)

    @routes.get("/api/settings/steps")
    def steps() -> Response:
        return jsonify(steps=service.undo.steps())

    @routes.post("/api/settings/steps/<step_id>/undo")
    def undo(step_id: str) -> Response:
        step, settings = service.undo.undo(step_id)
        return jsonify(step=step, settings=settings)

    return routes
