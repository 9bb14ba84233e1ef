"""Writes ``frontend/src/wire.ts``: what passes between the service and its page, as TypeScript (``make wire``).

It is made of the API's description and nothing else: ``Answers`` has the response of each route, ``Queries`` the parameters
of its address, ``ServerEvents`` and ``ClientEvents`` the data of each Socket.IO event, and every schema they mention is a
type.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from hatch_build import FRONTEND, Node

from claptrap.web.api import ROUTES
from claptrap.web.asyncapi import CLIENT_EVENTS, SERVER_EVENTS, describe_news
from claptrap.web.openapi import Json, describe_api

WIRE = FRONTEND / "src" / "wire.ts"
GENERATOR = FRONTEND / "node_modules" / "openapi-typescript"
TIMEOUT_S = 300
_HEADER = (
    "// What passes between the service and its page. Made by `make wire` of the API's description: not to be edited.\n"
)
_REF = "#/components/schemas/"
_PROBLEM = "ProblemDocument"  # of every refusal
_LEFT_OUT = ("title", "description", "default", "discriminator", "required")


def document() -> Json:
    """Return an OpenAPI document of schemas only, with four that map routes and events to theirs."""
    api, news = describe_api(ROUTES.values(), "en"), describe_news("en")
    schemas: Json = {**news["components"]["schemas"], **api["components"]["schemas"]}
    answers, queries = {}, {}
    for (method, path), route in ROUTES.items():
        operation = api["paths"][path][method.lower()]
        if route.response is not None:
            answers[f"{method} {path}"] = operation["responses"][str(route.status)]["content"]["application/json"]["schema"]
        query = {one["name"]: one for one in operation["parameters"] if one.get("in") == "query"}
        if query:
            parameters = {name: _bare(one["schema"]) for name, one in query.items()}
            queries[f"{method} {path}"] = {"type": "object", "properties": parameters}
    messages = news["components"]["messages"]
    roots = {
        "Answers": _all(answers),
        "Queries": {"type": "object", "properties": queries, "required": list(queries)},
        "ServerEvents": _all({name: messages[name]["payload"] for name in SERVER_EVENTS}),
        "ClientEvents": _all({name: messages[name]["payload"] for name in CLIENT_EVENTS}),
    }
    used = {name: _sent(schemas[name]) for name in sorted(_reachable([roots, schemas[_PROBLEM]], schemas) | {_PROBLEM})}
    return {
        "openapi": "3.1.0",
        "info": {"title": "", "version": ""},
        "paths": {},
        "components": {"schemas": {**used, **roots}},
    }


def typescript(node: Node) -> str:
    """Return the text of ``wire.ts``.

    Raises:
        subprocess.CalledProcessError: the generator failed.
        OSError: it could not be started.
    """
    with tempfile.TemporaryDirectory() as folder:
        described, made = Path(folder, "wire.json"), Path(folder, "wire.ts")
        described.write_text(json.dumps(document()), "utf-8")
        command = (*node.node, str(GENERATOR / "bin" / "cli.js"), str(described), "--output", str(made))
        options = ("--root-types", "--root-types-no-schema-prefix")
        subprocess.run((*command, *options), check=True, capture_output=True, cwd=FRONTEND, timeout=TIMEOUT_S)  # noqa: S603  # ours
        text = made.read_text("utf-8")
    return _HEADER + text[text.index("export interface components") :].replace("'", '"')


def _all(properties: Mapping[str, Json]) -> Json:
    return {"type": "object", "properties": {n: _sent(one) for n, one in properties.items()}, "required": list(properties)}


def _sent(schema: Any) -> Any:  # whatever JSON has
    """Return the schema of what the service sends: every property is there, whatever its default."""
    bare = _bare(schema)
    if isinstance(bare, list):
        return [_sent(one) for one in bare]
    if not isinstance(bare, Mapping):
        return bare
    sent = {key: _sent(value) for key, value in bare.items() if key != "properties"}
    if properties := bare.get("properties"):
        sent |= {"properties": {name: _sent(one) for name, one in properties.items()}, "required": list(properties)}
    return sent


def _bare(schema: Any) -> Any:  # whatever JSON has
    """Return a schema without its words, which change often and are read at ``/api/docs``, and without defaults."""
    if isinstance(schema, list):
        return [_bare(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    bare = {key: _bare(value) for key, value in schema.items() if key not in (*_LEFT_OUT, "properties")}
    if "properties" in schema:
        bare["properties"] = {name: _bare(one) for name, one in schema["properties"].items()}
    return bare


def _reachable(roots: Any, schemas: Json) -> set[str]:
    """Return the names of the schemas to which ``roots`` refer, directly or through others."""
    found: set[str] = set()
    waiting = list(_references(roots))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return found


def _references(schema: Any) -> Iterator[str]:  # whatever JSON has
    yield from (name.removeprefix(_REF) for name in re.findall(r'"\$ref": "([^"]+)"', json.dumps(schema)))
