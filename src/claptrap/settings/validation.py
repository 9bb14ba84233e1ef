"""Whether a document may be the settings, and everything that is wrong with one that may not.

The document is checked whole; every fault is listed with its path and reason, never only the first
(after Mopidy's ``config/schemas.py``, which answers with result and errors together).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from claptrap.core.errors import SettingsError
from claptrap.core.spec import INPUTS
from claptrap.settings.fields import IN_FORCE
from claptrap.settings.hints import near_key, near_value, printable, quoted
from claptrap.settings.receivers import WebhookSettings
from claptrap.settings.schema import Settings

MAX_FAULTS = 200  # of one document that are listed: each takes a moment to word


@dataclass(frozen=True, slots=True)
class DocumentFault:
    """One thing wrong with a document.

    Attributes:
        path: where, dotted and printable; list entries by their id where they have one, ``sources.microphone.threshold``.
        code: why, a key of ``text.catalogue``.
        params: values for that sentence.
        value: what is there, as JSON; empty where it is absent, large, or may be a secret.
    """

    path: str
    code: str
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    value: str = ""


class SettingsFaults(SettingsError):  # noqa: N818  # it is the list of faults, and already below …Error
    """The document is not valid; ``faults`` has every reason, up to ``MAX_FAULTS``."""

    def __init__(self, faults: Sequence[DocumentFault]) -> None:
        super().__init__("settings.invalid_document", count=len(faults), first=faults[0].path or "document")
        self.faults = tuple(faults)


def check(document: object, in_force: Collection[str] = ()) -> Settings:
    """Return the settings that ``document`` (plain JSON data) says.

    Args:
        document: what is checked.
        in_force: body templates that are kept whatever is wrong with them; deliveries then say what it is.

    Raises:
        SettingsFaults: with every fault, if there is any.
    """
    try:
        return Settings.model_validate(document, context={IN_FORCE: in_force})
    except ValidationError as error:
        raise _faults(error, document) from error


def _faults(error: ValidationError, document: object) -> SettingsFaults:
    return SettingsFaults([_fault(detail, document) for detail in error.errors(include_url=False)[:MAX_FAULTS]])


def webhook(given: Mapping[str, Any]) -> WebhookSettings:
    """Return a webhook as a person has typed it, without keeping it.

    Raises:
        SettingsFaults: with every fault.
    """
    document = {"id": "new", **given}
    try:
        return WebhookSettings.model_validate(document)
    except ValidationError as error:
        raise _faults(error, document) from error


# pydantic's error type → our code, and which of its context values the sentence quotes
_CODES: dict[str, tuple[str, tuple[str, ...]]] = {
    "missing": ("settings.missing", ()),
    "greater_than": ("settings.greater_than", ("gt",)),
    "greater_than_equal": ("settings.at_least", ("ge",)),
    "less_than_equal": ("settings.at_most", ("le",)),
    "finite_number": ("settings.not_a_number", ()),
    "float_type": ("settings.not_a_number", ()),
    "int_type": ("settings.not_a_whole_number", ()),
    "int_from_float": ("settings.not_a_whole_number", ()),
    "bool_type": ("settings.not_a_switch", ()),
    "string_type": ("settings.not_a_text", ()),
    "string_unicode": ("settings.not_a_text", ()),
    "string_too_short": ("settings.empty", ()),
    "string_too_long": ("settings.too_long", ("max_length",)),
    "too_short": ("settings.too_few", ("min_length",)),
    "too_long": ("settings.too_many", ("max_length",)),
    "string_pattern_mismatch": ("settings.bad_id", ()),
    "literal_error": ("settings.not_one_of", ("expected",)),
    "union_tag_invalid": ("settings.not_one_of", ("expected_tags",)),
    "union_tag_not_found": ("settings.missing_kind", ()),
    "dict_type": ("settings.not_an_object", ()),
    "model_type": ("settings.not_an_object", ()),
    "model_attributes_type": ("settings.not_an_object", ()),
    "list_type": ("settings.not_a_list", ()),
}


def _fault(detail: ErrorDetails, document: object) -> DocumentFault:
    loc, context = detail["loc"], detail.get("ctx", {})
    path = _path(loc, document)
    if detail["type"] == "extra_forbidden":
        meant = near_key(Settings, loc[:-1], str(loc[-1]))
        code = "settings.unknown_key_near" if meant else "settings.unknown_key"
        return DocumentFault(path, code, {"near": meant} if meant else {})
    code, params = _why(detail)
    if code == "settings.not_one_of" and (meant := near_value(_given(detail, context), str(params["bound"]))):
        code, params = "settings.not_one_of_near", {**params, "near": meant}
    return DocumentFault(path, code, params, quoted(loc, _given(detail, context)))


def _given(detail: ErrorDetails, context: Mapping[str, Any]) -> object:
    """Return the value at fault; of a source of unknown kind, that kind."""
    return context.get("tag", detail["input"]) if detail["type"] != "missing" else {}


def _why(detail: ErrorDetails) -> tuple[str, Mapping[str, str | int | float]]:
    """Return our code for an error of pydantic's, and the values of its sentence."""
    context = detail.get("ctx", {})
    if detail["type"] == "claptrap":
        return str(context["code"]), context["params"]
    code, words = _CODES.get(detail["type"], ("settings.other", ()))
    if code == "settings.other":
        return code, {"reason": detail["msg"]}
    return code, {"bound": context[words[0]]} if words else {}


def _path(loc: tuple[int | str, ...], document: object) -> str:
    """Turn pydantic's location into a dotted path: entries by id, and without the union's tag behind an entry."""
    parts: list[str] = []
    place, after_entry = document, False
    for step in loc:
        if after_entry and step in INPUTS:
            after_entry = False
            continue
        after_entry = isinstance(step, int)
        place = _inside(place, step)
        parts.append(printable(_name_of(place, step)))
    return ".".join(parts)


def _inside(place: object, step: int | str) -> object:
    if isinstance(place, list) and isinstance(step, int) and step < len(place):
        return place[step]
    return place.get(step) if isinstance(place, Mapping) else None


def _name_of(place: object, step: int | str) -> str:
    if isinstance(step, int) and isinstance(place, Mapping) and isinstance(place.get("id"), str):
        return str(place["id"])
    return str(step)
