"""The support bundle over REST."""

from __future__ import annotations

from flask import Blueprint, Response

from claptrap.doctor.bundle import bundle_name
from claptrap.service import Application
from claptrap.web.metrics import as_text


def build_support(service: Application) -> Blueprint:
    """Return the route ``/api/support-bundle``."""
    support = Blueprint("support", __name__)

    @support.get("/api/support-bundle")
    def support_bundle() -> Response:
        """Return a zip file for somebody who helps: the doctor's report, versions, settings, states, metrics, log.

        Secrets are masked, and addresses replaced by made-up names. It takes some seconds; only one is made at a time (429).
        """
        content = service.support.create(as_text(service))
        disposition = f'attachment; filename="{bundle_name()}"'
        headers = {"Content-Disposition": disposition, "Cache-Control": "no-store"}
        return Response(content, content_type="application/zip", headers=headers)

    return support
