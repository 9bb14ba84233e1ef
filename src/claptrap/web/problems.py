"""Errors as responses: problem documents (RFC 9457) in the requested language."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from claptrap.core.errors import AccessError, ClapTrapError, InputError, ServiceError, SettingsError, SourceError
from claptrap.core.spec import Language
from claptrap.service import SettingsFaults
from claptrap.text.catalogue import say

TYPE = "application/problem+json"
_STATUS = {
    "access.setup_needed": 403,
    "access.switched_off": 409,
    "access.too_often": 429,
    "access.name_taken": 409,
    "access.too_many_tokens": 409,
    "access.unknown_token": 404,
    "access.too_short": 422,
    "access.too_long": 422,
    "access.bad_token_name": 422,
    "access.unwritable": 503,
    "access.damaged": 503,
    "settings.wrong_owner": 503,
    "settings.stale": 412,
    "settings.unknown_backup": 404,
    "settings.unknown_step": 404,
    "settings.changed_since": 409,
    "settings.not_json": 422,
    "settings.newer": 422,
    "settings.invalid_document": 422,
    "api.not_found": 404,
    "import.unknown_format": 422,
    "api.unknown_source": 404,
    "api.no_cluster": 404,
    "cluster.unknown_node": 404,
    "api.unknown_event": 404,
    "api.no_clip": 404,
    "api.unknown_webhook": 404,
    "api.unknown_delivery": 404,
    "api.unknown_notify": 404,
    "api.unknown_heartbeat": 404,
    "api.no_webhook": 409,
    "api.no_notify": 409,
    "api.no_receiver": 409,
    "api.not_a_browser": 409,
    "mark.bad_link": 410,
    "api.unknown_trigger": 404,
    "proof.none": 404,
    "proof.running": 409,
    "rhythm.no_lesson": 404,
    "rhythm.too_few": 409,
    "sound.no_lesson": 404,
    "sound.too_few": 409,
    "learning.no_calibration": 404,
    "learning.no_clip": 404,
    "learning.unknown_candidate": 404,
    "learning.unknown_example": 404,
    "learning.unknown_sound": 404,
    "learning.nothing_to_undo": 409,
    "learning.too_few": 409,
    "learning.recording_busy": 409,
    "learning.unknown_recording": 404,
    "file.empty": 400,
    "file.not_audio": 400,
    "api.too_many_probes": 429,
    "api.microphone_probed": 429,
    "api.examining": 429,
}
_BAD_REQUEST_CODES = ("history.too_many", "access.not_a_text")
_KINDS: tuple[tuple[type[ClapTrapError], int], ...] = (
    (SettingsFaults, 422),
    (InputError, 400),
    (AccessError, 403),
    (SettingsError, 503),
    (SourceError, 503),
    (ServiceError, 503),
)


def status_of(code: str) -> int:
    """Return the HTTP status of an error code, by its first word where it has no entry of its own."""
    if code in _STATUS:
        return _STATUS[code]
    if code.partition(".")[0] in ("api", "import") or code in _BAD_REQUEST_CODES:
        return 400
    return 403 if code.startswith("access.") else 503


def problem(
    status: int,
    code: str,
    language: Language,
    params: Mapping[str, Any] | None = None,
    faults: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return a problem document: the standard members, and ``code``, ``params``, ``message`` and ``faults`` beside them."""
    params = dict(params or {})
    return {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "message": say(code, language, **params),
        "params": params,
        "faults": list(faults),
    }


def describe(error: ClapTrapError, language: Language) -> dict[str, Any]:
    """Return the problem document of an expected failure."""
    status = _STATUS.get(error.code) or next((status for kind, status in _KINDS if isinstance(error, kind)), 500)
    found = error.faults if isinstance(error, SettingsFaults) else ()
    faults = [
        {
            "path": f.path,
            "code": f.code,
            "params": dict(f.params),
            "value": f.value,
            "message": say(f.code, language, **f.params),
        }
        for f in found
    ]
    return problem(status, error.code, language, error.params, faults)


def encoded(document: Mapping[str, Any]) -> bytes:
    """Return the bytes of a problem document."""
    return json.dumps(document, ensure_ascii=False).encode(errors="replace")  # JSON may bring halves of a character


def choose_language(query: str, accept: str, otherwise: Language) -> Language:
    """Return the language of an answer: ``?lang=`` first, then Accept-Language, then ``otherwise``."""
    asked = parse_qs(query).get("lang", [""])[0]
    if asked not in ("fr", "en"):
        asked = parse_accept_header(accept, LanguageAccept).best_match(["fr", "en"]) or otherwise
    return "en" if asked == "en" else "fr"
