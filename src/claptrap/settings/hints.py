"""What a mistyped key or value was perhaps meant to be, and what of foreign text may be shown."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, get_args

from pydantic import BaseModel

MAX_QUOTED = 80
MAX_KEY = 100  # characters that are shown of a foreign key
_NEAR = 0.6
_MAY_BE_SECRET = re.compile(r"(?i)pass|secret|token|key|header|url|auth|user|hash")


def near(word: object, words: Iterable[str]) -> str:
    """Return which of ``words`` is most like ``word``; empty where none is, or where it is no text."""
    folded = {known.casefold(): known for known in words}
    found = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=_NEAR) if isinstance(word, str) else []
    return folded[found[0]] if found else ""


def near_key(root: type[BaseModel], place: Sequence[int | str], key: str) -> str:
    """Return the setting that ``key`` was perhaps meant to be: one of the object it stands in, else one of any other.

    Args:
        root: the whole document's model.
        place: pydantic's location of the object.
        key: what is unknown there.
    """
    here = _model_at(root, place)
    return (near(key, here.model_fields) if here else "") or near(key, sorted(_all_keys(root)))


def near_value(value: object, expected: str) -> str:
    """Return which of the values in pydantic's list, ``'fr' or 'en'``, was perhaps meant."""
    return near(value, re.findall(r"'([^']*)'", expected))


def printable(text: str, most: int = MAX_KEY) -> str:
    """Return foreign text as any terminal can show it: escaped where it is not printable, ``most`` characters at most."""
    shown = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text[:most])
    return shown if len(shown) <= most and len(text) <= most else shown[: most - 1] + "…"


def quoted(place: Sequence[int | str], value: object) -> str:
    """Return a value as JSON to be shown to a person; empty where it is large or may be a secret."""
    if not isinstance(value, (str, int, float, bool, type(None))) or any(_MAY_BE_SECRET.search(str(step)) for step in place):
        return ""
    if isinstance(value, str) and ("@" in value or "://" in value):  # an address, in which a password may be
        return ""
    text = json.dumps(value, ensure_ascii=False)
    return printable(text, 6 * MAX_QUOTED) if len(text) <= MAX_QUOTED else ""


def _model_at(root: type[BaseModel], place: Sequence[int | str]) -> type[BaseModel] | None:
    """Return the model of the object at a place; None where the place is in no model."""
    models = [root]
    for step in place:
        if isinstance(step, int):
            continue
        tagged = [model for model in models if step in get_args(_annotation(model, "kind"))]
        models = tagged or [inner for model in models for inner in _models_in(_annotation(model, step))]
    return models[0] if len(models) == 1 else None


def _annotation(model: type[BaseModel], name: str) -> Any:
    field = model.model_fields.get(name)
    return field.annotation if field else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in _models_in(inner)]


def _all_keys(root: type[BaseModel]) -> set[str]:
    inner = {model for field in root.model_fields.values() for model in _models_in(field.annotation)}
    return set(root.model_fields).union(*(_all_keys(model) for model in inner))
