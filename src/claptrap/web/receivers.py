"""REST for those who are told."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from claptrap.service import ClapTrap


def build_receivers(service: ClapTrap) -> Blueprint:
    """Return the routes of receivers."""
    routes = Blueprint("receivers", __name__)

    @routes.get("/api/receivers")
    def receivers() -> Response:
        return jsonify(service.telling.receivers())

    return routes
