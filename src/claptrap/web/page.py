"""The page's files, and a page that says what to do where they were not built."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Blueprint, Response, abort, request, send_from_directory

ASSETS = Path(__file__).parent / "assets"
BLUEPRINT_PATH = "/home-assistant/blueprint.yaml"
"""Where Home Assistant imports a blueprint from."""
_BLUEPRINT = Path(__file__).parent / "blueprint.yaml"
_HASHED = re.compile(r"-[A-Z0-9]{8}\.(js|css)$")
_MAX_NAME = 255  # of which no file system that we know has longer ones
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")
_FILE = re.compile(r"(?!api/)[\w-][\w.-]*(/[\w-][\w.-]*)*", re.ASCII)
_IMMUTABLE = "public, max-age=31536000, immutable"
_MISSING = """<!doctype html>
<html lang="fr">
<head><meta charset="utf-8"><title>ClapTrap</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body>
<h1>ClapTrap</h1>
<p>ClapTrap fonctionne, mais sa page n'a pas été construite. Installez Node 20 ou plus récent, lancez <code>make page</code>,
puis rechargez cette adresse. L'API répond : <a href="api/state">api/state</a>.</p>
<p lang="en">ClapTrap is running, but its page was not built. Install Node 20 or newer, run <code>make page</code>,
then reload this address. The API answers: <a href="api/state">api/state</a>.</p>
</body>
</html>
"""


def build_page(assets: Path = ASSETS) -> Blueprint:
    """Return the routes of the page, whose files are in ``assets``; they may come and go while the service runs."""
    page = Blueprint("page", __name__)

    @page.get("/")
    def index() -> Response:
        return _document(assets / "index.html")

    @page.get("/micro")
    def micro() -> Response:
        return _document(assets / "micro.html")

    @page.get(BLUEPRINT_PATH)
    def blueprint() -> Response:
        return Response(_BLUEPRINT.read_bytes(), mimetype="text/yaml")

    @page.get("/<path:name>")
    def asset(name: str) -> Response:
        if not is_page_file(assets, name):
            abort(404)
        response = send_from_directory(assets, name)
        response.headers["Cache-Control"] = _IMMUTABLE if _HASHED.search(name) else "no-cache"
        return response

    return page


def is_page_file(assets: Path, name: str) -> bool:
    """Return whether ``name`` is a file of the page."""
    return len(name) <= _MAX_NAME and bool(_FILE.fullmatch(name)) and (assets / name).is_file()


def _document(path: Path) -> Response:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        text = _MISSING
    response = Response(_with_base(text, request.headers.get("X-Forwarded-Prefix", "")), mimetype="text/html")
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    return response.make_conditional(request)  # type: ignore[return-value]  # it returns itself


def _with_base(text: str, prefix: str) -> str:
    """Return the page with the sub-path under which a proxy shows it; without one its relative addresses do."""
    prefix = prefix.rstrip("/")
    return text.replace("<head>", f'<head><base href="{prefix}/">', 1) if _PREFIX.fullmatch(prefix) else text
