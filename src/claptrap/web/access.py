"""Login: which credentials admit a request, and the routes below ``/api/access``.

A browser has a session cookie, a script a token (``Authorization: Bearer …``). Every path needs one of them unless it is in
``PUBLIC_PATHS``, a link that is signed itself, or a file of the page, so a new route is protected without doing anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Response, jsonify, request
from werkzeug.http import parse_cookie

from claptrap.core.errors import InputError
from claptrap.service import Application
from claptrap.service.access import SESSION_S, Access, LoginPolicy
from claptrap.service.access_file import Token
from claptrap.service.mark_links import PATH as MARK_LINK
from claptrap.web import responses
from claptrap.web.page import BLUEPRINT_PATH, is_page_file
from claptrap.web.proxies import REMOTE_USER
from claptrap.web.response_model import list_of
from claptrap.web.routes import Routes, text_schema

COOKIE = "claptrap_session"
PUBLIC_PATHS = frozenset(
    {
        "/", "/micro", BLUEPRINT_PATH, "/healthz", "/livez",
        "/api/access", "/api/access/login", "/api/access/logout", "/api/access/password",
    }
)  # fmt: skip
_DOCUMENT = "/api/access"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The credentials of a request; empty strings where it has none.

    Attributes:
        session: the value of the cookie.
        token: of the Authorization header.
        user: who has logged in at Home Assistant, through whose ingress the request comes (``web/proxies``).
    """

    session: str
    token: str
    user: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Credentials:
        """Return the credentials in ``headers``, whose names are in lower case."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        is_bearer = scheme.lower() == "bearer"
        session = parse_cookie(headers.get("cookie", "")).get(COOKIE, "")
        return cls(session, token.strip() if is_bearer else "", headers.get(REMOTE_USER, ""))


class Authenticator:
    """Decides which requests need credentials, and which credentials are valid.

    Args:
        access: password, sessions and tokens.
        assets: folder of the page's files, which are public.
    """

    def __init__(self, access: Access, assets: Path) -> None:
        self._access = access
        self._assets = assets

    @property
    def is_closed(self) -> bool:
        """Whether paths that are not public need credentials."""
        return self._access.is_closed

    def is_public(self, path: str) -> bool:
        """Return whether ``path`` needs no credentials."""
        return path in PUBLIC_PATHS or path.startswith(MARK_LINK) or is_page_file(self._assets, path.removeprefix("/"))

    def admits(self, credentials: Credentials) -> bool:
        """Return whether ``credentials`` are valid at this moment."""
        return bool(credentials.user) or self._access.admits(credentials.session, credentials.token)

    def relies_on_cookie(self, credentials: Credentials) -> bool:
        """Return whether only a cookie admits, ours or Home Assistant's: browsers send it for a foreign page, too."""
        return self.is_closed and not (credentials.token and self._access.admits("", credentials.token))

    def rejection(self) -> str:
        """Return the error code for a request without valid credentials."""
        return "access.login_needed" if self._access.has_password else "access.setup_needed"


routes = Routes("access")


@routes.get(
    _DOCUMENT,
    "Faut-il se connecter, et l'est-on",
    responses.AccessState,
)
def access_state(service: Application) -> dict[str, Any]:
    """Whether a login is needed, and whether there is one."""
    return _state(service.access, Credentials.of(_headers()))


@routes.post(
    f"{_DOCUMENT}/login",
    "Se connecter : la réponse pose le cookie",
    responses.AccessState,
    body=text_schema("password"),
    codes=("access.wrong_password", "access.too_often", "access.not_a_text"),
)
def log_in(service: Application, body: dict[str, Any]) -> Response:
    """Log in: the answer sets the cookie."""
    access = service.access
    cookie = access.log_in(_text(body, "password"), request.remote_addr or "")
    access.log_out(request.cookies.get(COOKIE, ""))
    return _with_cookie(jsonify(_state(access, Credentials(cookie, ""))), cookie)


@routes.post(f"{_DOCUMENT}/logout", "Se déconnecter", responses.AccessState)
def log_out(service: Application) -> Response:
    """Log out."""
    service.access.log_out(request.cookies.get(COOKIE, ""))
    response = jsonify(_state(service.access, Credentials("", "", Credentials.of(_headers()).user)))
    response.delete_cookie(COOKIE, path=_path(), httponly=True, samesite="Lax", secure=request.is_secure)
    return response


@routes.put(
    f"{_DOCUMENT}/password",
    "Choisir le mot de passe : avec `current`, ou le premier avec le `code` que le service a écrit à son démarrage",
    responses.AccessState,
    body=text_schema("password", "current", "code"),
    codes=("access.wrong_password", "access.too_often", "access.not_a_text"),
)
def choose_password(service: Application, body: dict[str, Any]) -> Response:
    """Choose the password: with `current`, or the first one with the `code` that the service wrote when it started."""
    texts = {name: _text(body, name) for name in ("password", "current", "code")}
    cookie = service.access.choose_password(**texts, address=request.remote_addr or "")
    return _with_cookie(jsonify(_state(service.access, Credentials(cookie, ""))), cookie)


@routes.get(
    f"{_DOCUMENT}/tokens",
    "Les jetons des programmes, sans leurs secrets",
    list_of(responses.TokenModel),
)
def tokens(service: Application) -> list[dict[str, Any]]:
    """The tokens of scripts, without their secrets."""
    return [_shown(token) for token in service.access.tokens()]


@routes.post(
    f"{_DOCUMENT}/tokens",
    "Créer un jeton pour un programme ; son secret n'est donné que cette fois",
    responses.NewTokenModel,
    status=201,
    body=text_schema("name"),
    headers={"Location": "the new token"},
    codes=("access.not_a_text", "access.bad_token_name", "access.name_taken", "access.too_many_tokens"),
)
def create_token(service: Application, body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Make a token for a script; its secret is shown this once."""
    token, secret = service.access.create_token(_text(body, "name"))
    return {**_shown(token), "token": secret}, 201, {"Location": f"tokens/{token.id}"}


@routes.delete(
    f"{_DOCUMENT}/tokens/{{token_id}}",
    "Révoquer un jeton",
    responses.TokenModel,
    codes=("access.unknown_token",),
)
def revoke_token(service: Application, token_id: str) -> dict[str, Any]:
    """Revoke a token."""
    return _shown(service.access.revoke_token(token_id))


def _state(access: Access, credentials: Credentials) -> dict[str, Any]:
    """Return whether a login is needed, for a page that has not logged in yet.

    ``state`` is ``open`` (no login), ``in`` (logged in), ``login``, or ``setup`` (the first password is to be set, by code).
    """
    if not access.is_closed:
        state = "open"
    elif credentials.user or access.admits(credentials.session, credentials.token):
        state = "in"
    else:
        state = "login" if access.has_password else "setup"
    return {
        "state": state,
        "has_password": access.has_password,
        "can_change": access.login_policy is not LoginPolicy.NEVER,
        "ingress": "X-Ingress-Path" in request.headers,
    }


def _shown(token: Token) -> dict[str, Any]:
    return {"id": token.id, "name": token.name, "created": token.created}


def _with_cookie(answer: Response, cookie: str) -> Response:
    answer.set_cookie(
        COOKIE,
        cookie,
        max_age=int(SESSION_S),
        path=_path(),
        secure=request.is_secure,
        httponly=True,
        samesite="Lax",
    )
    return answer


def _path() -> str:
    """Return the cookie's path: two ClapTraps behind one proxy do not share a login."""
    return f"{request.headers.get('X-Forwarded-Prefix', '')}/"


def _headers() -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _text(body: Mapping[str, Any], name: str) -> str:
    """Return a text of the body, empty where it is missing. Raises InputError: ``access.not_a_text``."""
    text = body.get(name, "")
    if not isinstance(text, str):
        raise InputError("access.not_a_text")
    return text
