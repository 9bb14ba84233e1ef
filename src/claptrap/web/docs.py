"""The API's descriptions, and a page on which they are read: made here, without a script, so that it works offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, jsonify, request

from claptrap.core.spec import Language
from claptrap.service import Application
from claptrap.web.asyncapi import CLIENT_EVENTS, SERVER_EVENTS, describe_news
from claptrap.web.openapi import Json, describe_api
from claptrap.web.problems import choose_language

_STYLE = Path(__file__).with_name("docs.css")
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "What ClapTrap understands",
        "other": '<a href="?lang=fr" lang="fr">Français</a>',
        "parameters": "Parameters",
        "body": "Body",
        "answers": "Answers",
        "told": "What the service tells over Socket.IO",
        "taken": "What it takes over Socket.IO",
        "forms": "Forms",
        "list": "list of",
        "map": "by name:",
        "required": "required",
        "bytes": "bytes",
        "otherwise": "otherwise",
    },
    "fr": {
        "title": "Ce que ClapTrap comprend",
        "other": '<a href="?lang=en" lang="en">English</a>',
        "parameters": "Paramètres",
        "body": "Corps",
        "answers": "Réponses",
        "told": "Ce que le service annonce par Socket.IO",
        "taken": "Ce qu'il accepte par Socket.IO",
        "forms": "Formes",
        "list": "liste de",
        "map": "par nom :",
        "required": "obligatoire",
        "bytes": "octets",
        "otherwise": "sinon",
    },
}


def build_docs(service: Application) -> Blueprint:
    """Return the routes of the descriptions, each in the language that is asked for."""
    docs = Blueprint("docs", __name__)

    def language() -> Language:
        query = request.query_string.decode("latin-1")
        return choose_language(query, request.headers.get("Accept-Language", ""), service.language)

    @docs.get("/api/openapi.json")
    def openapi() -> Response:
        return jsonify(_api(language()))

    @docs.get("/api/asyncapi.json")
    def asyncapi() -> Response:
        return jsonify(_news(language()))

    @docs.get("/api/docs")
    def page() -> Response:
        return Response(_page(language()), content_type="text/html; charset=utf-8")

    @docs.get("/api/docs.css")
    def style() -> Response:
        return Response(_STYLE.read_text("utf-8"), content_type="text/css; charset=utf-8")

    @docs.after_request
    def ask_again(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Vary"] = "Accept-Language"
        return response

    return docs


_api = lru_cache(maxsize=2)(describe_api)
_news = lru_cache(maxsize=2)(describe_news)


@lru_cache(maxsize=2)
def _page(language: Language) -> str:
    return "".join(DocsRenderer(language).page(_api(language), _news(language)))


class DocsRenderer:
    """Makes HTML of descriptions, in one language."""

    def __init__(self, language: Language) -> None:
        self._language = language
        self._words = _WORDS[language]

    def page(self, api: Json, news: Json) -> Iterator[str]:
        """Yield the page, piece by piece."""
        words = self._words
        yield f'<!doctype html><html lang="{self._language}"><head><meta charset="utf-8"><title>ClapTrap: API</title>'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="stylesheet" href="docs.css">'
        yield '<link rel="icon" href="../icon.svg" type="image/svg+xml">'
        yield f"</head><body><main><h1>{words['title']}</h1><p>{_text(api['info']['description'])}</p>"
        yield f'<p><a href="openapi.json">OpenAPI 3.1</a> · <a href="asyncapi.json">AsyncAPI 3.0</a> · {words["other"]}</p>'
        tag = ""
        for path, methods in api["paths"].items():
            for method, operation in methods.items():
                if operation["tags"][0] != tag:
                    tag = operation["tags"][0]
                    yield f"<h2>{escape(tag)}</h2>"
                yield from self._operation(path, method, operation)
        for title, spoken in (("told", SERVER_EVENTS), ("taken", CLIENT_EVENTS)):
            yield f"<h2>{words[title]}</h2><table>"
            for name in spoken:
                message = news["components"]["messages"][name]
                kind = self._kind(message["payload"])
                yield f"<tr><th><code>{name}</code></th><td>{kind}</td><td>{_text(message['summary'])}</td></tr>"
            yield "</table>"
        yield f"<h2>{words['forms']}</h2>"
        for name, schema in sorted({**news["components"]["schemas"], **api["components"]["schemas"]}.items()):
            yield from self._form(name, schema)
        yield "</main></body></html>"

    def _operation(self, path: str, method: str, operation: Json) -> Iterator[str]:
        words = self._words
        yield f'<details id="{operation["operationId"]}"><summary><b class="{method}">{method.upper()}</b> '
        yield f"<code>{escape(path)}</code> {_text(operation['summary'])}</summary>"
        parameters = [one for one in operation["parameters"] if "$ref" not in one]
        if parameters:
            yield f"<h3>{words['parameters']}</h3><table>"
            for one in parameters:
                kind, about = self._kind(one["schema"]), _text(one.get("description", ""))
                yield f"<tr><th><code>{escape(one['name'])}</code></th><td>{kind}</td><td>{about}</td></tr>"
            yield "</table>"
        if "requestBody" in operation:
            schema = operation["requestBody"]["content"]["application/json"]["schema"]
            yield f"<h3>{words['body']}</h3>{self._shape(schema)}"
        yield f"<h3>{words['answers']}</h3><table>"
        for status, answer in operation["responses"].items():
            kinds = "; ".join(self._media(media, content) for media, content in answer["content"].items())
            shown = words["otherwise"] if status == "default" else status
            yield f"<tr><th>{shown}</th><td>{kinds}</td><td>{_text(answer['description'])}</td></tr>"
        yield "</table></details>"

    def _media(self, media: str, content: Json) -> str:
        is_json = media.endswith("json") and content["schema"]
        return self._kind(content["schema"]) if is_json else f"<code>{escape(media)}</code>"

    def _form(self, name: str, schema: Json) -> Iterator[str]:
        about = _text(schema.get("description", ""))
        yield f'<details id="form-{escape(name)}"><summary><code>{escape(name)}</code> {about}'
        yield f"</summary>{self._shape(schema)}</details>"

    def _shape(self, schema: Json) -> str:
        """Return the table of an object's properties, or what else it is."""
        if "properties" not in schema:
            return f"<p>{self._kind(schema)} {_text(schema.get('description', ''))}</p>"
        rows = []
        for name, one in schema["properties"].items():
            mark = f" <small>{self._words['required']}</small>" if name in schema.get("required", ()) else ""
            about = _text(one.get("description", ""))
            rows.append(f"<tr><th><code>{escape(name)}</code>{mark}</th><td>{self._kind(one)}</td><td>{about}</td></tr>")
        return f"<table>{''.join(rows)}</table>"

    def _kind(self, schema: Any) -> str:
        """Return what a value is, in a few words, with links to forms that have names."""
        if "$ref" in schema:
            name = escape(schema["$ref"].rpartition("/")[2])
            return f'<a href="#form-{name}">{name}</a>'
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return " | ".join(self._kind(one) for one in schema[union])
        if "enum" in schema or "const" in schema:
            values = schema.get("enum", [schema.get("const")])
            return " | ".join(f"<code>{escape('null' if v is None else str(v))}</code>" for v in values)
        return self._plain(schema)

    def _plain(self, schema: Json) -> str:
        kind = schema.get("type", "JSON")
        if schema.get("contentEncoding") == "binary":
            return self._words["bytes"]
        if kind == "array":
            return f"{self._words['list']} {self._kind(schema.get('items', {}))}"
        if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
            return f"{self._words['map']} {self._kind(schema['additionalProperties'])}"
        bounds = [f"{sign} {schema[key]}" for key, sign in _BOUNDS.items() if key in schema]
        return escape(" ".join([kind, ", ".join(bounds)]).strip())


_BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def _text(said: str) -> str:
    """Return a sentence of a description as HTML: what stands between backticks as code, lines as lines."""
    parts = escape(said, quote=False).split("`")
    marked = "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))
    return marked.replace("\n", "<br>")
