"""What a request says: its JSON body, the revisions of ``If-Match``, and the language it asks for."""

from __future__ import annotations

import json
from typing import Any

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from claptrap.core.errors import InputError
from claptrap.core.spec import Language
from claptrap.web.problems import choose_language


def json_object() -> dict[str, Any]:
    """Return the body.

    Raises:
        InputError: ``api.not_json`` or ``api.not_an_object``.
        UnsupportedMediaType: its content type is not JSON.
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


def if_match() -> frozenset[str] | None:
    """Return the revisions that ``If-Match`` names (RFC 9110 §13.1.1); None without it, and for ``*``."""
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    return frozenset(request.if_match.as_set())


def request_language(otherwise: Language) -> Language:
    """Return the language of the response: ``?lang=`` first, then Accept-Language, then ``otherwise``."""
    return choose_language(request.query_string.decode("latin-1"), request.headers.get("Accept-Language", ""), otherwise)
