"""REST for the receivers of detections: their state, previews, tests of notifications."""

from __future__ import annotations

from typing import Any

from claptrap.service import Application
from claptrap.settings.receivers import WebhookSettings
from claptrap.web import responses
from claptrap.web.query_params import PreviewQuery
from claptrap.web.response_model import list_of
from claptrap.web.routes import SAVING, Part, Routes

routes = Routes("receivers")


@routes.get(
    "/api/receivers",
    "L'état de chaque destinataire en service, et combien d'envois l'attendent",
    list_of(responses.Receiver),
)
def receivers(service: Application) -> list[dict[str, Any]]:
    """State of every receiver in use, and how many deliveries wait for it."""
    return service.receivers.all()


@routes.post(
    "/api/webhooks/preview",
    "Ce qu'un webhook enverrait, pour la dernière détection et un exemple de chaque sorte d'événement ; rien ne part",
    responses.Preview,
    query=PreviewQuery,
    body=Part(WebhookSettings),
    codes=("settings.invalid_document",),
)
def preview(service: Application, body: dict[str, Any], query: PreviewQuery) -> dict[str, Any]:
    """What a webhook would send for the last detection and for an example of every kind of event; nothing is sent."""
    return service.receivers.preview(body, query.source)


@routes.get(
    "/api/notify",
    "Les notifications peuvent-elles partir ; sinon, quoi installer",
    responses.Notifier,
)
def notifier(service: Application) -> dict[str, Any]:
    """Whether notifications can be sent; if not, what to install."""
    return service.notifications.readiness()


@routes.post(
    "/api/notify/{notify_id}/test",
    "Envoyer une notification d'essai par le chemin d'un vrai clap",
    responses.Sent,
    status=202,
    codes=("api.unknown_notify", "api.no_notify"),
)
def test_notification(service: Application, notify_id: str) -> dict[str, Any]:
    """Send a test notification through the path of a real clap."""
    return {"event_id": service.notifications.test(notify_id)}


@routes.delete(
    "/api/notify/{notify_id}",
    "Supprimer un service de notification ; ce qui l'attend est abandonné",
    responses.ShownSettings,
    codes=("api.unknown_notify", *SAVING),
)
def remove_notification(service: Application, notify_id: str) -> dict[str, Any]:
    """Remove a notification service; deliveries that wait for it are abandoned."""
    return service.notifications.remove(notify_id)


@routes.delete(
    "/api/heartbeats/{heartbeat_id}",
    "Supprimer un signal de vie",
    responses.ShownSettings,
    codes=("api.unknown_heartbeat", *SAVING),
)
def remove_heartbeat(service: Application, heartbeat_id: str) -> dict[str, Any]:
    """Remove a heartbeat."""
    return service.notifications.remove_heartbeat(heartbeat_id)
