"""``/metrics``, for Prometheus."""

from __future__ import annotations

from flask import Response, request

from claptrap.service import Application
from claptrap.web.routes import Routes

routes = Routes("metrics")


@routes.get("/metrics", "Mesures pour Prometheus", media=("text/plain", "application/openmetrics-text"))
def metrics(service: Application) -> Response:
    """Figures for Prometheus."""
    from claptrap.web.collector import exposed  # noqa: PLC0415  # Prometheus' library: not loaded until it asks

    content, content_type = exposed(service, request.headers.get("Accept", ""))
    return Response(content, content_type=content_type)
