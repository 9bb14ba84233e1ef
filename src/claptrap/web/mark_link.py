"""The page behind a link in a notification: what it would say of a detection, and a button that says it. No login needed."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from flask import Response, request

from claptrap.core.errors import InputError
from claptrap.core.spec import Language
from claptrap.history.calendar import calendar_of
from claptrap.service import Application
from claptrap.service.mark_links import LinkedMark
from claptrap.text.catalogue import say
from claptrap.web.problems import status_of
from claptrap.web.request import request_language
from claptrap.web.routes import Routes

routes = Routes("mark")
_CODES = ("mark.bad_link", "api.unknown_event")
_HTML = """<!doctype html>
<html lang="{language}">
<head><meta charset="utf-8"><title>ClapTrap</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,"></head>
<body>
<h1>ClapTrap</h1>
<p>{said}</p>
{form}
</body>
</html>
"""


@routes.get(
    "/mark/{token}",
    "La page d'un lien de notification : rien n'est changé",
    media=("text/html",),
    codes=_CODES,
)
def show_link(service: Application, token: str) -> Response:
    """The page of a link in a notification: nothing is changed."""
    return _page(service, service.mark_links.read, token)


@routes.post(
    "/mark/{token}",
    "Marquer la détection comme le dit le lien, si elle n'a pas encore de marque",
    media=("text/html",),
    codes=(*_CODES, "profile.too_many"),
)
def follow_link(service: Application, token: str) -> Response:
    """Mark the detection as the link says, if it has no mark yet."""
    return _page(service, service.mark_links.act, token)


def _page(service: Application, call: Callable[[str], LinkedMark], token: str) -> Response:
    language = request_language(service.language)
    try:
        link = call(token)
    except InputError as error:
        if "text/html" not in request.headers.get("Accept", ""):
            raise
        return _html(language, say(error.code, language, **error.params), "", status_of(error.code))
    time = calendar_of(None).local(link.event.timestamp).strftime("%Y-%m-%d %H:%M:%S")
    code = "mark.ask" if link.current is None else "mark.marked"
    said = say(code, language, source=link.event.source_name, time=time, mark=_mark(link.current or link.mark, language))
    button = f'<form method="post"><button>{escape(_mark(link.mark, language))}</button></form>'
    return _html(language, said, button if link.current is None else "")


def _html(language: Language, said: str, form: str, status: int = 200) -> Response:
    html = _HTML.format(language=language, said=escape(said), form=form)
    return Response(html, status, content_type="text/html; charset=utf-8")


def _mark(mark: str, language: Language) -> str:
    return say(f"profile.{mark}", language)
