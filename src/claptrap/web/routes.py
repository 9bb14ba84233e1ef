"""REST handlers with their descriptions: a group of routes collects them, OpenAPI is made of them, Flask serves them.

A route is one function: ``@routes.get(path, French summary, response, …)`` above it, its docstring's first paragraph the
English summary. Its parameters say by their names what it needs: ``service`` (or whatever else ``bind`` is given), ``query``
(the parsed parameters of the address), ``body`` (the parsed JSON object), ``content`` (any other body) and the parts of the
path. Dicts and lists that it returns become JSON with the route's status; all else is passed to Flask as it is.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol, TypedDict, TypeVar, Unpack

from flask import Blueprint, Response, jsonify, make_response, request

from claptrap.web.query_params import Query, query_params
from claptrap.web.request import json_object

SAVING = ("settings.invalid_document", "settings.unwritable")
CHANGING = (*SAVING, "settings.stale")
ETAG = MappingProxyType({"ETag": "the revision, for If-Match"})
NO_STORE = MappingProxyType({"Cache-Control": "no-store"})
Handler = Callable[..., Any]
HandlerT = TypeVar("HandlerT", bound=Handler)


@dataclass(frozen=True, slots=True)
class Part:
    """The schema of a request body derived from a model.

    Attributes:
        of: the model.
        whole: True for a new document, whose required fields but its id must be there; False for any subset of its fields.
    """

    of: Any
    whole: bool = False


class Details(TypedDict, total=False):
    """What the description of a route says beside its path, summary and response.

    Attributes:
        status: of the response, where the handler does not set it; 200 by default.
        also: further statuses with the same response.
        query: the model of the parameters of the address.
        body: the schema of the request body; none by default.
        media_in: the content type of a request body that is no JSON, which the handler gets as ``content``.
        media: content types of the response; JSON by default.
        headers: headers of the response, with what each says.
        codes: error codes, besides those of every route.
        revision: whether ``If-Match`` is honoured.
    """

    status: int
    also: tuple[int, ...]
    query: type[Query]
    body: Part | Mapping[str, Any]
    media_in: str
    media: tuple[str, ...]
    headers: Mapping[str, str]
    codes: tuple[str, ...]
    revision: bool


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One method of one path; see ``Details``. ``response`` is the model of a JSON response, None for any other."""

    method: str
    path: str
    en: str
    fr: str
    handler: Handler
    response: Any = None
    status: int = 200
    also: tuple[int, ...] = ()
    query: type[Query] | None = None
    body: Part | Mapping[str, Any] | None = None
    media_in: str = ""
    media: tuple[str, ...] = ("application/json",)
    headers: Mapping[str, str] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    revision: bool = False

    def view(self, context: Mapping[str, object]) -> Callable[..., Response]:
        """Return the view function for Flask; ``context`` holds what handlers may ask for by name."""
        wanted = inspect.signature(self.handler).parameters
        given = {name: value for name, value in context.items() if name in wanted}

        def view(**path: str) -> Response:
            asked: dict[str, Any] = {**given, **path}
            if "query" in wanted and self.query is not None:
                asked["query"] = query_params(self.query)
            if "body" in wanted:
                asked["body"] = json_object()
            if "content" in wanted:
                asked["content"] = request.get_data()
            result = self.handler(**asked)
            if not isinstance(result, dict | list):
                return make_response(result)
            response = jsonify(result)
            response.status_code = self.status
            return response

        return view


class _Decorator(Protocol):
    def __call__(
        self, path: str, fr: str, response: Any = None, **details: Unpack[Details]
    ) -> Callable[[HandlerT], HandlerT]:
        """Add the decorated handler; ``path`` as OpenAPI writes it, ``fr`` its summary in French."""


class Routes:
    """A group of routes.

    Args:
        name: of the Flask blueprint.
        headers: of every response.
    """

    def __init__(self, name: str, headers: Mapping[str, str] = NO_STORE) -> None:
        self._name = name
        self._headers = headers
        self.all: list[Route] = []
        self.get, self.post, self.put, self.patch, self.delete = map(
            self._decorator, ("GET", "POST", "PUT", "PATCH", "DELETE")
        )

    def bind(self, **context: object) -> Blueprint:
        """Return a Flask blueprint whose handlers get ``context`` by name."""
        blueprint = Blueprint(self._name, __name__)
        for route in self.all:
            rule = re.sub(r"{(\w+)}", r"<\1>", route.path)
            name = f"{route.method.lower()}_{route.handler.__name__}"
            blueprint.add_url_rule(rule, name, route.view(context), methods=[route.method])

        @blueprint.after_request
        def set_headers(response: Response) -> Response:
            response.headers.update(self._headers)
            return response

        return blueprint

    def _decorator(self, method: str) -> _Decorator:
        def described(
            path: str, fr: str, response: Any = None, **details: Unpack[Details]
        ) -> Callable[[HandlerT], HandlerT]:
            def add(handler: HandlerT) -> HandlerT:
                summary = " ".join((inspect.getdoc(handler) or "").partition("\n\n")[0].split()).removesuffix(".")
                self.all.append(Route(method, path, summary, fr, handler, response, **details))
                return handler

            return add

        return described


def object_schema(*required: str, **properties: Any) -> dict[str, Any]:
    """Return the schema of a JSON object with these properties; with ``required`` names, no others are allowed."""
    schema = {"type": "object", "properties": properties}
    return {**schema, "required": list(required), "additionalProperties": False} if required else schema


def text_schema(*names: str) -> dict[str, Any]:
    """Return the schema of a JSON object of non-empty strings, the first of which is required."""
    properties = {name: {"type": "string", "minLength": 1} for name in names}
    return {"type": "object", "properties": properties, "required": [names[0]]}
