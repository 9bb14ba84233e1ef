"""The body of a request, and which state of things whoever sent it has seen."""

from __future__ import annotations

import json
from typing import Any

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from claptrap.core.errors import InputError


def json_object() -> dict[str, Any]:
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


def seen() -> frozenset[str] | None:
    """Return the revisions that ``If-Match`` names (RFC 9110 §13.1.1); None where any will do."""
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    return frozenset(request.if_match.as_set())
