"""Make a model of a response from the dataclass that is sent, so that what it is stands once."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import fields
from functools import cached_property
from types import GenericAlias
from typing import Any, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

Params = dict[str, Any]
WITH_MESSAGES: dict[str, Any] = {"code": str, "params": Params, "message_fr": str, "message_en": str}
_ATTRIBUTE = re.compile(r"(?m)^    ((?:\w+, )*\w+): ((?:.|\n        )+)")


_FORM = ConfigDict(extra="forbid", defer_build=True)  # only descriptions need them: what would check data is never built


class ResponseModel:
    """A model of exactly these fields, which is made when a description needs it: all of them take 2 MB.

    Args:
        name: its name in descriptions.
        of: a dataclass whose fields it has, described by its docstring, or a model of Pydantic's that it extends.
        without: those that it does not have, of a dataclass's.
        about: what it is, where no docstring says so.
        more: further fields, or others in the place of the dataclass's.
    """

    def __init__(self, name: str, of: type | None, without: tuple[str, ...], about: str, more: Mapping[str, Any]) -> None:
        self._name, self._of, self._without, self._about, self._more = name, of, without, about, more

    def __or__(self, other: Any) -> Any:
        return Union[self, other]  # noqa: UP007  # only ``typed`` reads it

    @cached_property
    def model(self) -> type[BaseModel]:
        """The model itself."""
        more: dict[str, Any] = {name: typed(kind) for name, kind in self._more.items()}
        of, doc = self._of, self._about
        if of is not None and issubclass(of, BaseModel):
            found = {name: (kind, ...) for name, kind in more.items()}
            return create_model(self._name, __base__=of, __doc__=doc or None, **found)  # type: ignore[call-overload, no-any-return]  # its fields are data
        kept, said = ({}, {}) if of is None else (self._kept(of), _attributes(of))
        doc = doc or ("" if of is None else inspect.cleandoc(of.__doc__ or "").partition("\n\n")[0])
        found = {
            name: (kind, Field(description=said[name]) if name in said else ...) for name, kind in {**kept, **more}.items()
        }
        return create_model(self._name, __config__=_FORM, __doc__=doc or None, **found)  # type: ignore[call-overload, no-any-return]  # as above

    def _kept(self, of: Any) -> dict[str, Any]:
        hints = get_type_hints(of)
        return {field.name: hints[field.name] for field in fields(of) if field.name not in self._without}


def response_model(name: str, of: type | None = None, *, without: tuple[str, ...] = (), about: str = "", **more: Any) -> Any:
    """Return a ``ResponseModel``, which is a type for ``typed`` alone and data to the type checker."""
    return ResponseModel(name, of, without, about, more)


def typed(kind: Any) -> Any:
    """Return a type with the models themselves in the place of every ``ResponseModel`` in it."""
    if isinstance(kind, ResponseModel):
        return kind.model
    inner = get_args(kind)
    made = tuple(typed(one) for one in inner)
    if all(one is other for one, other in zip(inner, made, strict=True)):
        return kind
    return Union[made] if get_origin(kind) is Union else GenericAlias(get_origin(kind), made)  # noqa: UP007  # of any number


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
