"""REST for diagnosis: the support bundle, and the built-in tests of ``serve --dev``."""

from __future__ import annotations

from typing import Any

from flask import Response
from werkzeug.exceptions import NotFound

from claptrap.doctor.bundle import bundle_name
from claptrap.selftest.runner import SelfTestRunner
from claptrap.service import Application
from claptrap.web import responses
from claptrap.web.routes import Routes

routes = Routes("diagnostics")


@routes.get(
    "/api/support-bundle",
    "Un fichier zip de diagnostic, à joindre à une question ; secrets masqués",
    media=("application/zip",),
    codes=("api.examining",),
)
def support_bundle(service: Application) -> Response:
    """A zip file of diagnostics, to send along with a question; secrets masked.

    Takes some seconds; one at a time (429).
    """
    from claptrap.web.collector import as_text  # noqa: PLC0415  # as for ``/metrics``

    headers = {"Content-Disposition": f'attachment; filename="{bundle_name()}"'}
    return Response(service.support.create(as_text(service)), content_type="application/zip", headers=headers)


@routes.get(
    "/api/selftest",
    "Où en sont les tests intégrés ; en développement seulement",
    responses.Tests,
    codes=("api.not_found",),
)
def selftest(trials: SelfTestRunner | None) -> dict[str, Any]:
    """How the built-in tests stand; only in development."""
    if trials is None:
        raise NotFound
    return trials.to_json()


@routes.post(
    "/api/selftest",
    "Lancer les tests intégrés ; en développement seulement",
    responses.Tests,
    status=202,
    codes=("api.not_found",),
)
def start_selftest(trials: SelfTestRunner | None) -> dict[str, Any]:
    """Run the built-in tests; only in development.

    Start the tests unless they run already; ``GET`` says how they stand.
    """
    if trials is None:
        raise NotFound
    trials.start()
    return trials.to_json()
