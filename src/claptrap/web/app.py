"""The Flask application: the API, the page, and every failure as a problem document."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from claptrap.core.errors import ClapTrapError
from claptrap.core.spec import Language
from claptrap.selftest.runner import SelfTestRunner
from claptrap.service import Application
from claptrap.web.api import GROUPS, ROUTES
from claptrap.web.docs import Descriptions
from claptrap.web.listen_address import NOT_LISTENING, ListenAddress
from claptrap.web.page import ASSETS, build_page
from claptrap.web.problems import TYPE, describe, encoded, problem
from claptrap.web.request import request_language
from claptrap.web.security import MAX_RECORDING_BYTES

_CODES = {404: "api.not_found", 405: "api.not_allowed", 413: "api.too_large", 415: "api.not_json"}
_log = logging.getLogger(__name__)


def create_app(
    service: Application,
    assets: Path = ASSETS,
    listen_address: ListenAddress = NOT_LISTENING,
    trials: SelfTestRunner | None = None,
) -> Flask:
    """Return the WSGI application of ``service``, which listens at ``listen_address``, with the page in ``assets``."""
    app = Flask(__name__, static_folder=None, template_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_RECORDING_BYTES  # the guard around knows more
    app.register_blueprint(build_page(assets))
    context = {
        "service": service,
        "listen_address": listen_address,
        "trials": trials,
        "descriptions": Descriptions(ROUTES.values()),
    }
    for group in GROUPS:
        app.register_blueprint(group.bind(**context))

    def language() -> Language:
        return request_language(service.language)

    @app.errorhandler(ClapTrapError)
    def expected(error: ClapTrapError) -> Response:
        answer = _answer(describe(error, language()))
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            answer.headers["Retry-After"] = str(error.params["seconds"])
        return answer

    @app.errorhandler(HTTPException)
    def refused(error: HTTPException) -> Response:
        status = error.code or 500
        code = _CODES.get(status, "api.bad_request" if status < 500 else "api.internal")
        answer = _answer(problem(status, code, language(), {"reason": error.name} if code == "api.bad_request" else {}))
        answer.headers.extend((name, value) for name, value in error.get_headers() if name == "Allow")
        return answer

    @app.errorhandler(Exception)
    def unexpected(_: Exception) -> Response:
        _log.exception("%s %s failed", request.method, request.path)
        return _answer(problem(500, "api.internal", language()))

    return app


def _answer(document: Mapping[str, Any]) -> Response:
    return Response(encoded(document), status=document["status"], content_type=TYPE, headers={"Cache-Control": "no-store"})
