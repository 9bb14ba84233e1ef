"""Logging in: what lets a request through, and the routes below ``/api/access``.

A person has a cookie, a script a token (``Authorization: Bearer …``). Whatever is not listed here as open needs one of
them; a new route is closed without a word of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, jsonify, request
from werkzeug.http import parse_cookie

from claptrap.core.errors import InputError
from claptrap.service.access import SESSION_S, Access, LoginPolicy, Token
from claptrap.web.body import json_object
from claptrap.web.page import is_page_file

COOKIE = "claptrap_session"
PUBLIC_PATHS = frozenset(
    {"/", "/micro", "/healthz", "/api/access", "/api/access/login", "/api/access/logout", "/api/access/password"}
)
_DOCUMENT = "/api/access"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request shows; empty where it shows nothing.

    Attributes:
        session: the value of the cookie.
        token: of the Authorization header.
    """

    session: str
    token: str

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Credentials:
        """Return what the headers, named in small letters, show."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        is_bearer = scheme.lower() == "bearer"
        return cls(parse_cookie(headers.get("cookie", "")).get(COOKIE, ""), token.strip() if is_bearer else "")


class Authenticator:
    """Decides who may pass.

    Args:
        access: the service's.
        assets: the page's files, which are open: they are the same for everybody.
    """

    def __init__(self, access: Access, assets: Path) -> None:
        self._access = access
        self._assets = assets

    @property
    def is_closed(self) -> bool:
        """Whether a key is needed for what is not open."""
        return self._access.is_closed

    def is_public(self, path: str) -> bool:
        """Return whether everybody may ask for ``path``."""
        return path in PUBLIC_PATHS or is_page_file(self._assets, path.removeprefix("/"))

    def admits(self, credentials: Credentials) -> bool:
        """Return whether ``key`` lets through, now."""
        return self._access.admits(credentials.session, credentials.token)

    def relies_on_cookie(self, credentials: Credentials) -> bool:
        """Return whether it is the cookie that lets through: browsers send it whoever made them ask."""
        return self.is_closed and not (credentials.token and self._access.admits("", credentials.token))

    def rejection(self) -> str:
        """Return the code for whoever has no key."""
        return "access.login_needed" if self._access.has_password else "access.setup_needed"


def build_access(access: Access) -> Blueprint:
    """Return the routes of logging in, of the password and of tokens."""
    routes = Blueprint("access", __name__)

    @routes.get(_DOCUMENT)
    def state() -> Response:
        return jsonify(_state(access, request.cookies.get(COOKIE, ""), Credentials.of(_headers()).token))

    @routes.post(f"{_DOCUMENT}/login")
    def log_in() -> Response:
        cookie = access.log_in(_text("password"), request.remote_addr or "")
        access.log_out(request.cookies.get(COOKIE, ""))
        return _with_cookie(jsonify(_state(access, cookie)), cookie)

    @routes.post(f"{_DOCUMENT}/logout")
    def log_out() -> Response:
        access.log_out(request.cookies.get(COOKIE, ""))
        answer = jsonify(_state(access))
        answer.delete_cookie(COOKIE, path=_path(), httponly=True, samesite="Lax", secure=request.is_secure)
        return answer

    @routes.put(f"{_DOCUMENT}/password")
    def choose_password() -> Response:
        given = json_object()
        texts = {name: given.get(name, "") for name in ("password", "current", "code")}
        if not all(isinstance(text, str) for text in texts.values()):
            raise InputError("access.not_a_text")
        cookie = access.choose_password(**texts, address=request.remote_addr or "")
        return _with_cookie(jsonify(_state(access, cookie)), cookie)

    @routes.get(f"{_DOCUMENT}/tokens")
    def tokens() -> Response:
        return jsonify([_shown(token) for token in access.tokens()])

    @routes.post(f"{_DOCUMENT}/tokens")
    def create_token() -> tuple[Response, int, dict[str, str]]:
        token, secret = access.create_token(_text("name"))
        return jsonify(**_shown(token), token=secret), 201, {"Location": f"tokens/{token.id}"}

    @routes.delete(f"{_DOCUMENT}/tokens/<token_id>")
    def revoke_token(token_id: str) -> Response:
        return jsonify(_shown(access.revoke_token(token_id)))

    @routes.after_request
    def keep_no_copy(response: Response) -> Response:
        response.headers["Cache-Control"] = "no-store"
        return response

    return routes


def _state(access: Access, cookie: str = "", token: str = "") -> dict[str, object]:
    """Return what a page needs to know before it may ask for more.

    ``state`` is ``open`` (no login), ``in`` (logged in), ``login``, or ``setup`` (the first password is to be set, by code).
    """
    if not access.is_closed:
        state = "open"
    elif access.admits(cookie, token):
        state = "in"
    else:
        state = "login" if access.has_password else "setup"
    return {"state": state, "has_password": access.has_password, "can_change": access.demand is not LoginPolicy.NEVER}


def _shown(token: Token) -> dict[str, object]:
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
    """Return where the page is shown: two of them behind one proxy do not share a login."""
    return f"{request.headers.get('X-Forwarded-Prefix', '')}/"


def _headers() -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _text(name: str) -> str:
    """Return a text of the body. Raises InputError: ``access.not_a_text``."""
    text = json_object().get(name, "")
    if not isinstance(text, str):
        raise InputError("access.not_a_text")
    return text
