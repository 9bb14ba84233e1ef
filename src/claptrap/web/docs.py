"""The API's descriptions, and a page on which they are read: made here, without a script, so that it works offline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

from flask import Response

from claptrap.core.spec import Language
from claptrap.service import Application
from claptrap.web.asyncapi import CLIENT_EVENTS, SERVER_EVENTS, describe_news
from claptrap.web.openapi import Json, describe_api
from claptrap.web.request import request_language
from claptrap.web.response_model import dict_of
from claptrap.web.routes import Route, Routes

_STYLE = Path(__file__).with_name("docs.css")
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "title": "API of ClapTrap",
        "other": '<a href="?lang=fr" lang="fr">Français</a>',
        "parameters": "Parameters",
        "body": "Body",
        "answers": "Responses",
        "told": "Events that the service sends over Socket.IO",
        "taken": "Events that it accepts over Socket.IO",
        "forms": "Data types",
        "list": "list of",
        "map": "by name:",
        "required": "required",
        "bytes": "bytes",
        "otherwise": "otherwise",
    },
    "fr": {
        "title": "API de ClapTrap",
        "other": '<a href="?lang=en" lang="en">English</a>',
        "parameters": "Paramètres",
        "body": "Corps",
        "answers": "Réponses",
        "told": "Événements que le service envoie par Socket.IO",
        "taken": "Événements qu'il accepte par Socket.IO",
        "forms": "Types de données",
        "list": "liste de",
        "map": "par nom :",
        "required": "obligatoire",
        "bytes": "octets",
        "otherwise": "sinon",
    },
}


routes = Routes("docs", {"Cache-Control": "no-cache", "Vary": "Accept-Language"})


@routes.get("/api/openapi.json", "Cette description (OpenAPI 3.1)", dict_of(Any))
def openapi(service: Application, descriptions: Descriptions) -> Json:
    """This description (OpenAPI 3.1)."""
    return descriptions.api(request_language(service.language))


@routes.get(
    "/api/asyncapi.json",
    "Ce qui passe par Socket.IO (AsyncAPI 3.0)",
    dict_of(Any),
)
def asyncapi(service: Application, descriptions: Descriptions) -> Json:
    """What comes and goes over Socket.IO (AsyncAPI 3.0)."""
    return descriptions.news(request_language(service.language))


@routes.get("/api/docs", "Les deux, à lire", media=("text/html",))
def page(service: Application, descriptions: Descriptions) -> Response:
    """Both, to be read."""
    return Response(descriptions.page(request_language(service.language)), content_type="text/html; charset=utf-8")


@routes.get("/api/docs.css", "L'aspect de cette page", media=("text/css",))
def style() -> Response:
    """How that page looks."""
    return Response(_STYLE.read_text("utf-8"), content_type="text/css; charset=utf-8")


class Descriptions:
    """The descriptions of the API in both languages, each made when it is first asked for and then kept.

    Args:
        described: all routes.
    """

    def __init__(self, described: Iterable[Route]) -> None:
        self.api = lru_cache(maxsize=2)(lambda language: describe_api(described, language))
        self.news = lru_cache(maxsize=2)(describe_news)
        self.page = lru_cache(maxsize=2)(self._page)

    def _page(self, language: Language) -> str:
        return "".join(DocsRenderer(language).page(self.api(language), self.news(language)))


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
        operations = [(path, *one) for path, methods in api["paths"].items() for one in methods.items()]
        for tag in dict.fromkeys(operation["tags"][0] for _, _, operation in operations):
            yield f"<h2>{escape(tag)}</h2>"
            for path, method, operation in operations:
                if operation["tags"][0] == tag:
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
            ((media, content),) = operation["requestBody"]["content"].items()
            shape = self._shape(content["schema"]) if content["schema"] else f"<p><code>{media}</code></p>"
            yield f"<h3>{words['body']}</h3>{shape}"
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
