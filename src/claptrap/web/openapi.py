"""The description of the API (OpenAPI 3.1), made of the routes and of the models that check what passes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import CoreRef, DefsRef, GenerateJsonSchema

from claptrap import __version__
from claptrap.core.spec import Language
from claptrap.settings.schema import wire_name
from claptrap.text.catalogue import MESSAGES
from claptrap.web.access import COOKIE
from claptrap.web.problems import TYPE, status_of
from claptrap.web.query_params import Query
from claptrap.web.response_model import typed
from claptrap.web.responses import ProblemDocument
from claptrap.web.routes import Part, Route

Json = dict[str, Any]
REF = "#/components/schemas/{model}"
_PART_REF = "#/components/schemas/{model}Part"
_NEW_REF = "#/components/schemas/{model}New"
_KEYS: Json = {
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "POST /api/access/login"},
    "token": {"type": "http", "scheme": "bearer", "description": "POST /api/access/tokens"},
}
_LANGUAGE = {"$ref": "#/components/parameters/lang"}
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "about": "What the page and scripts may ask of the service. Times are UTC Unix seconds. A request that changes "
        "something and comes from a browser must come from ClapTrap's own page. Errors are problem "
        "documents (RFC 9457): `code` and `params` for programs, `message` for people.",
        "done": "Done",
        "refused": "Refused; why is in the problem document",
        "if_match": "Change nothing unless the settings are still at this revision (412 otherwise)",
    },
    "fr": {
        "about": "Ce que la page et les programmes peuvent demander au service. Les instants sont en secondes Unix UTC. Une "
        "requête qui modifie quelque chose et vient d'un navigateur doit venir de la page de ClapTrap. Un refus est un "
        "document de problème (RFC 9457) : `code` et `params` pour les programmes, `message` pour les personnes.",
        "done": "Fait",
        "refused": "Refusé ; le document de problème dit pourquoi",
        "if_match": "Ne rien modifier si les réglages ne sont plus à cette révision (sinon 412)",
    },
}


class _Schema(GenerateJsonSchema):
    """Names components as the wire does, whatever their classes are called."""

    def get_defs_ref(self, core_mode_ref: Any) -> DefsRef:  # a pair of texts that pydantic has types of its own for
        core_ref, mode = core_mode_ref
        return super().get_defs_ref((CoreRef(wire_name(core_ref)), mode))


def describe_api(routes: Iterable[Route], language: Language) -> Json:
    """Return the whole description."""
    response_schemas, schemas = _schemas([route.response for route in routes if route.response is not None])
    for part in _parts(routes):
        schemas |= _of_part(part)
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, response_schemas, language)
    return {
        "openapi": "3.1.0",
        "info": {"title": "ClapTrap", "version": __version__, "description": _WORDS[language]["about"]},
        "servers": [{"url": "../"}],
        "security": [{}, {"session": []}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "parameters": {"lang": _parameters(Query)[0]},
            "securitySchemes": _KEYS,
        },
    }


def components(kinds: Iterable[Any], ref: str = REF) -> tuple[list[Json], Json]:
    """Return the schema of each of ``kinds``, what the service says, and those that they refer to, by name."""
    adapters = list(enumerate(TypeAdapter(typed(kind)) for kind in kinds))
    inputs = [(number, "serialization", adapter) for number, adapter in adapters]
    found, more = TypeAdapter.json_schemas(inputs, ref_template=ref, schema_generator=_Schema)  # type: ignore[arg-type]  # the mode is a Literal
    return [found[number, "serialization"] for number, _ in adapters], more.get("$defs", {})


def _schemas(kinds: list[Any]) -> tuple[dict[int, Json], Json]:
    """Return the schemas of answers by their identity, and all that have names."""
    (_, *found), named = components([ProblemDocument, *kinds])
    return {id(kind): schema for kind, schema in zip(kinds, found, strict=True)}, named


def _parts(routes: Iterable[Route]) -> list[Part]:
    bodies = [route.body for route in routes]
    inner = [
        b["properties"]["input"]["part"] for b in bodies if isinstance(b, Mapping) and "input" in b.get("properties", {})
    ]
    return [body for body in (*bodies, *inner) if isinstance(body, Part)]


def _of_part(part: Part) -> Json:
    """Return the schemas, by name, of documents that may have any part of what a model has, or of new ones without an id."""
    schema = _schema_of(part)
    named = schema.pop("$defs", {})
    if "title" in schema:
        named[schema["title"]] = schema
    if part.whole:
        return {f"{name}New": _unnamed(one) for name, one in named.items()}
    return {f"{name}Part": _loosened(one) for name, one in named.items()}


def _schema_of(part: Part) -> Json:
    ref = _NEW_REF if part.whole else _PART_REF
    return TypeAdapter(part.of).json_schema(ref_template=ref, schema_generator=_Schema)


def _unnamed(schema: Json) -> Json:
    """Demand no id, neither of a source nor of a webhook in it: one is made."""
    return {**schema, "required": [name for name in schema.get("required", []) if name != "id"]}


def _loosened(schema: Any) -> Any:  # whatever JSON has
    """Demand nothing, and assume nothing where nothing is said."""
    if isinstance(schema, list):
        return [_loosened(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    loose = {key: _loosened(value) for key, value in schema.items() if key not in ("required", "discriminator")}
    if "type" in loose or "$ref" in loose:
        loose.pop("default", None)
    return {"anyOf" if key == "oneOf" else key: value for key, value in loose.items()}


def _operation(route: Route, response_schemas: Mapping[int, Json], language: Language) -> Json:
    words = _WORDS[language]
    parameters: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    parameters += _parameters(route.query)[1:] if route.query else []
    if route.revision:
        schema = {"type": "string"}
        parameters.append({"name": "If-Match", "in": "header", "description": words["if_match"], "schema": schema})
    operation: Json = {
        "operationId": _name(route.method, route.path),
        "tags": [route.path.removeprefix("/api/").strip("/").partition("/")[0]],
        "summary": route.fr if language == "fr" else route.en,
        "parameters": [*parameters, _LANGUAGE],
        "responses": _responses(route, response_schemas, language),
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": _body(route.body)}}}
    if route.media_in:
        operation["requestBody"] = {"required": True, "content": {route.media_in: {"schema": {}}}}
    return operation


def _responses(route: Route, response_schemas: Mapping[int, Json], language: Language) -> Json:
    schema = {"schema": response_schemas[id(route.response)]} if route.response is not None else {"schema": {}}
    done: Json = {"description": _WORDS[language]["done"], "content": dict.fromkeys(route.media, schema)}
    if route.headers:
        done["headers"] = {
            name: {"description": what, "required": True, "schema": {"type": "string"}}
            for name, what in route.headers.items()
        }
    responses: Json = {str(status): done for status in (route.status, *route.also)}
    for code in route.codes:
        said = f"`{code}`: {MESSAGES[language][code]}"
        refusal = responses.setdefault(str(status_of(code)), _refusal(""))
        refusal["description"] = "\n".join(filter(None, (refusal["description"], said)))
    return {**responses, "default": _refusal(_WORDS[language]["refused"])}


def _refusal(why: str) -> Json:
    return {"description": why, "content": {TYPE: {"schema": {"$ref": REF.format(model="ProblemDocument")}}}}


def _body(body: Any) -> Any:  # whatever JSON has
    """Return the schema of a body, in which ``Part`` and ``{"part": Part}`` stand for a model's."""
    if isinstance(body, Part):
        schema = _schema_of(body)
        bare = {key: value for key, value in schema.items() if key not in ("$defs", "discriminator")}
        return bare if body.whole else _loosened(bare)
    if isinstance(body, Mapping):
        return _body(body["part"]) if set(body) == {"part"} else {key: _body(value) for key, value in body.items()}
    return body


def _parameters(query: type[Query]) -> list[Json]:
    """Return the parameters of an address, ``lang`` first."""
    found = []
    for name, schema in query.model_json_schema()["properties"].items():
        about = schema.pop("description", None)
        described = {"description": about} if about else {}
        found.append({"name": name, "in": "query", **described, "schema": _without_null(schema)})
    return found


def _without_null(schema: Json) -> Json:
    """Return the schema of a parameter: it is left out, never null."""
    kinds = [one for one in schema.get("anyOf", []) if one != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key not in ("anyOf", "title")}
    if len(kinds) == 1:
        rest = {**rest, **kinds[0]}
    return {key: value for key, value in rest.items() if not (key == "default" and value is None)}


def _name(method: str, path: str) -> str:
    words = re.findall(r"\w+", path.removeprefix("/api"))
    return "_".join((method.lower(), *words))
