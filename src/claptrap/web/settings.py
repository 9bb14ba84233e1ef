"""REST for the settings as a whole: read, changed in part, kept, compared, put back, exported, imported, undone.

Their ``ETag`` is their revision; with ``If-Match`` nothing is overwritten that the client has not seen.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify

from claptrap.core.errors import InputError
from claptrap.service import Application
from claptrap.service.notify_addresses import load_notifiers
from claptrap.service.settings_owner import SettingsState
from claptrap.settings.schema import Settings
from claptrap.web import responses
from claptrap.web.query_params import ImportQuery
from claptrap.web.request import if_match
from claptrap.web.response_model import dict_of
from claptrap.web.routes import CHANGING, ETAG, SAVING, Part, Routes, object_schema

routes = Routes("settings")
_UNKNOWN_BACKUP, _STALE = "settings.unknown_backup", "settings.stale"
_DOCUMENT = {"type": "object", "description": "settings.json of ClapTrap, or of the original and its Home Assistant add-on"}
_FILE_NAME = {"Content-Disposition": "the name of the file"}


@routes.get(
    "/api/settings",
    "Les réglages, secrets masqués",
    responses.ShownSettings,
    headers=ETAG,
)
def settings(service: Application) -> Response:
    """The settings, secrets masked."""
    return _tagged(service.settings.state)


@routes.patch(
    "/api/settings",
    "Modifier une partie : objets en profondeur, listes d'objets par identifiant ; le masque signifie : inchangé",
    responses.ShownSettings,
    body=Part(Settings),
    headers=ETAG,
    codes=CHANGING,
    revision=True,
)
def change_settings(service: Application, body: dict[str, Any]) -> Response:
    """Change a part: objects deeply, lists of objects by their id; the mask means: as it was."""
    load_notifiers(body)
    return _tagged(service.settings.apply(body, if_match()))


def _tagged(state: SettingsState) -> Response:
    response = jsonify(state.shown())
    response.set_etag(state.revision)
    return response


# -- backups


@routes.get(
    "/api/settings/backups",
    "Les sauvegardes des réglages, la plus récente d'abord",
    responses.Backups,
)
def backups(service: Application) -> dict[str, Any]:
    """Backups of the settings, newest first."""
    return {"backups": service.backups.all()}


@routes.post(
    "/api/settings/backups",
    "Sauvegarder les réglages actuels",
    responses.Kept,
    status=201,
    codes=("settings.unwritable",),
)
def keep_backup(service: Application) -> dict[str, Any]:
    """Make a backup of the current settings."""
    return service.backups.create()


@routes.get(
    "/api/settings/backups/{name}/diff",
    "Ce que changerait la restauration d'une sauvegarde",
    responses.Compared,
    codes=(_UNKNOWN_BACKUP, "settings.newer"),
)
def compare_backup(service: Application, name: str) -> dict[str, Any]:
    """What restoring a backup would change."""
    changes, revision = service.backups.compare(name)
    return {"changes": changes, "revision": revision}


@routes.post(
    "/api/settings/backups/{name}/restore",
    "Restaurer une sauvegarde",
    responses.Restored,
    codes=(_UNKNOWN_BACKUP, *CHANGING),
    revision=True,
)
def restore_backup(service: Application, name: str) -> dict[str, Any]:
    """Restore a backup."""
    changes, settings = service.backups.restore(name, if_match())
    return {"changes": changes, "settings": settings}


# -- undo


@routes.get(
    "/api/settings/steps",
    "Les derniers changements des réglages, dont chacun peut être annulé",
    responses.Steps,
)
def steps(service: Application) -> dict[str, Any]:
    """The newest changes of the settings, each of which can be undone."""
    return {"steps": service.undo.steps()}


@routes.post(
    "/api/settings/steps/{step_id}/undo",
    "Annuler un changement, et rien de ce qui l'a suivi",
    responses.Undone,
    codes=("settings.unknown_step", "settings.changed_since", *SAVING),
)
def undo_step(service: Application, step_id: str) -> dict[str, Any]:
    """Undo one change, and nothing that came after it."""
    step, settings = service.undo.undo(step_id)
    return {"step": step, "settings": settings}


# -- export and import


@routes.get(
    "/api/settings/export",
    "Les réglages en un fichier, sans secrets",
    dict_of(Any),
    headers=_FILE_NAME,
)
def export_settings(service: Application) -> Response:
    """The settings as a file, without secrets."""
    return _file(service.imports.export(secrets=False), "claptrap-settings")


@routes.post(
    "/api/settings/export",
    "Les réglages en un fichier, avec tous les secrets",
    dict_of(Any),
    body=object_schema("secrets", secrets={"const": True}),
    headers=_FILE_NAME,
    codes=("api.bad_parameter",),
)
def export_secrets(service: Application, body: dict[str, Any]) -> Response:
    """The settings as a file, with every secret."""
    if body != {"secrets": True}:
        raise InputError("api.bad_parameter", name="secrets")
    return _file(service.imports.export(secrets=True), "claptrap-settings-with-secrets")


@routes.post(
    "/api/settings/import/preview",
    "Ce qu'un document changerait, et ce qui n'en serait pas repris",
    responses.Previewed,
    query=ImportQuery,
    body=_DOCUMENT,
    codes=("import.unknown_format", _STALE),
    revision=True,
)
def preview_import(service: Application, body: dict[str, Any], query: ImportQuery) -> dict[str, Any]:
    """What a document would change, and what of it would be left out."""
    return service.imports.preview(body, query.mode, if_match())


@routes.post(
    "/api/settings/import",
    "Importer un document",
    responses.Imported,
    query=ImportQuery,
    body=_DOCUMENT,
    codes=("import.unknown_format", *CHANGING),
    revision=True,
)
def import_settings(service: Application, body: dict[str, Any], query: ImportQuery) -> dict[str, Any]:
    """Import a document."""
    load_notifiers(body)
    return service.imports.apply(body, query.mode, if_match())


def _file(document: dict[str, Any], name: str) -> Response:
    """Return a document as a file to be saved, named after the day."""
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    headers = {"Content-Disposition": f'attachment; filename="{name}-{day}.json"'}
    return Response(text, content_type="application/json", headers=headers)
