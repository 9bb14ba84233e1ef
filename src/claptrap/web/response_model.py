"""Make a model of a response from the dataclass that is sent, so that what it is stands once."""

from __future__ import annotations

import inspect
import re
from dataclasses import fields
from types import GenericAlias
from typing import Any, get_type_hints

from pydantic import ConfigDict, Field, create_model

Params = dict[str, Any]
WITH_MESSAGES: dict[str, Any] = {"code": str, "params": Params, "message_fr": str, "message_en": str}
_ATTRIBUTE = re.compile(r"(?m)^    ((?:\w+, )*\w+): ((?:.|\n        )+)")


_FORM = ConfigDict(extra="forbid", defer_build=True)  # only descriptions need them: what would check data is never built


def response_model(name: str, of: type | None = None, *, without: tuple[str, ...] = (), about: str = "", **more: Any) -> Any:
    """Return a model of exactly these fields.

    Args:
        name: its name in descriptions.
        of: a dataclass whose fields it has, described by its docstring.
        without: those that it does not have.
        about: what it is, where no docstring says so.
        more: further fields, or others in the place of the dataclass's.
    """
    said = _attributes(of) if of else {}
    hints = get_type_hints(of) if of else {}
    kept = {f.name: hints[f.name] for f in fields(of) if f.name not in without} if of else {}
    found = {
        field: (kind, Field(description=said[field]) if field in said else ...) for field, kind in {**kept, **more}.items()
    }
    doc = about or (inspect.cleandoc(of.__doc__ or "").partition("\n\n")[0] if of else "")
    return create_model(name, __config__=_FORM, __doc__=doc or None, **found)  # type: ignore[call-overload]  # its fields are data


def list_of(kind: Any) -> Any:
    """Return the type of lists of ``kind``, which is data to the type checker."""
    return GenericAlias(list, (kind,))


def dict_of(kind: Any) -> Any:
    """Return the type of objects whose values are of ``kind``."""
    return GenericAlias(dict, (str, kind))


def _attributes(of: type) -> dict[str, str]:
    """Return what a docstring says of each attribute."""
    part = inspect.cleandoc(of.__doc__ or "").partition("Attributes:\n")[2]
    return {name: " ".join(text.split()) for names, text in _ATTRIBUTE.findall(part) for name in names.split(", ")}
