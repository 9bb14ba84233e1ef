"""REST for the application as a whole: its state, its health, whether it listens, and the model that names sounds."""

from __future__ import annotations

from typing import Any

from flask import request

from claptrap.service import Application
from claptrap.web import responses
from claptrap.web.access import Credentials
from claptrap.web.routes import Routes

routes = Routes("state")


@routes.get(
    "/api/state",
    "Tout ce qu'il faut à une page qui s'ouvre",
    responses.Snapshot,
)
def state(service: Application) -> dict[str, Any]:
    """Everything that a page needs when it opens."""
    return service.snapshot()


@routes.post("/api/detection/start", "Écouter toutes les sources actives", responses.Running)
def start_detection(service: Application) -> dict[str, Any]:
    """Start listening to all enabled sources."""
    service.start_detection()
    return {"running": service.detection.running}


@routes.post(
    "/api/detection/stop",
    "Ne rien écouter jusqu'au prochain démarrage ; aucun réglage ne change",
    responses.Running,
)
def stop_detection(service: Application) -> dict[str, Any]:
    """Stop listening until the next start; no setting changes."""
    service.stop_detection()
    return {"running": service.detection.running}


@routes.post(
    "/api/model/resume",
    "Télécharger aussitôt YAMNet, qui nomme les sons ; l'événement `model` en donne l'avancement",
    responses.Fetching,
)
def resume_model(service: Application) -> dict[str, Any]:
    """Download YAMNet, which names sounds, at once; the event `model` reports progress."""
    service.model.resume()
    return {"model": service.model.progress()}


@routes.post(
    "/api/model/pause",
    "Suspendre le téléchargement de YAMNet jusqu'à sa reprise ou au prochain démarrage ; ce qui est reçu est gardé",
    responses.Fetching,
)
def pause_model(service: Application) -> dict[str, Any]:
    """Pause the download of YAMNet until it is resumed or the next start; what was received is kept."""
    service.model.pause()
    return {"model": service.model.progress()}


@routes.get(
    "/healthz",
    "Tout est-il en ordre ; sinon 503 avec les raisons, celles de la page (en détail, une fois connecté)",
    responses.Health,
    also=(503,),
)
def health(service: Application) -> tuple[dict[str, Any], int]:
    """Whether everything is in order; 503 with the reasons otherwise, those of the page (in detail, once logged in)."""
    return _health(service, service.health())


@routes.get(
    "/livez",
    "Le service tourne-t-il ; sinon 503 : un redémarrage peut y remédier",
    responses.Health,
    also=(503,),
)
def liveness(service: Application) -> tuple[dict[str, Any], int]:
    """Whether the service runs; 503 otherwise: a restart may mend it."""
    return _health(service, service.stalled())


def _health(service: Application, reasons: list[dict[str, Any]]) -> tuple[dict[str, Any], int]:
    credentials = Credentials.of({name.lower(): value for name, value in request.headers.items()})
    if not (
        credentials.user or service.access.admits(credentials.session, credentials.token)
    ):  # parameters tell of folders, hosts and names
        blank = {"params": {}, "message_fr": "", "message_en": ""}
        reasons = [{**reason, **blank} for reason in reasons]
    return {"ok": not reasons, "reasons": reasons}, 503 if reasons else 200
