"""REST for sources, and for what could become one: microphones, cameras, VBAN streams, MediaMTX's streams.

The ``ETag`` of a source is the revision of its settings, not of its state.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response, jsonify

from claptrap.core.errors import InputError
from claptrap.core.spec import MAX_SOURCES
from claptrap.service import Application, with_messages
from claptrap.settings.presets import PATTERN_PRESETS
from claptrap.settings.schema import AnySource, RtspSettings
from claptrap.sources.device import Device
from claptrap.web import responses
from claptrap.web.query_params import PortQuery, WebhookTestQuery
from claptrap.web.request import if_match
from claptrap.web.response_model import dict_of, list_of
from claptrap.web.routes import CHANGING, ETAG, SAVING, Part, Routes, object_schema

routes = Routes("sources")
_UNKNOWN = "api.unknown_source"
_MICROPHONE = (
    *("source.no_portaudio", "source.no_device", "source.device_missing", "source.device_another"),
    *("source.device_ambiguous", "source.device_busy", "source.device_failed", "source.device_lost"),
    *("source.silent", "source.system_hangs"),
)


def _tagged(shown: dict[str, Any], revision: str) -> Response:
    response = jsonify(shown)
    response.set_etag(revision)
    return response


@routes.get("/api/sources", "Toutes les sources, et leur état", list_of(responses.Source))
def sources(service: Application) -> list[dict[str, Any]]:
    """All sources, with their state."""
    return service.sources.all()


@routes.get(
    "/api/days",
    "Les dernières 24 heures de chaque source : ses détections par heure, et la part de chacune où elle a été entendue",
    dict_of(responses.Day),
)
def days(service: Application) -> dict[str, Any]:
    """The last 24 hours of each source: its detections by hour, and the share of each in which it was heard."""
    return service.reports.days()


@routes.put(
    "/api/sources/order",
    "Changer l'ordre des sources ; celles qui ne sont pas nommées suivent dans le leur",
    list_of(responses.Source),
    body=object_schema("ids", ids={"type": "array", "items": {"type": "string"}, "maxItems": MAX_SOURCES}),
    codes=("api.bad_parameter", _UNKNOWN, *SAVING),
)
def order_sources(service: Application, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Change the order of the sources; those that are not named follow in theirs."""
    ids = body.get("ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise InputError("api.bad_parameter", name="ids")
    return service.sources.reorder(ids)


@routes.post(
    "/api/sources",
    "Ajouter une source, sous un identifiant créé pour elle s'il manque",
    responses.Source,
    status=201,
    body=Part(AnySource, whole=True),
    headers={"Location": "the new source"},
    codes=SAVING,
)
def add_source(service: Application, body: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Add a source, under an id made for it where it has none."""
    added = service.sources.add(body)
    return added, 201, {"Location": f"sources/{added['id']}"}


@routes.get(
    "/api/sources/{source_id}",
    "Une source, et son état",
    responses.Source,
    headers=ETAG,
    codes=(_UNKNOWN,),
)
def source(service: Application, source_id: str) -> Response:
    """One source, with its state."""
    with service.settings.locked():
        return _tagged(service.sources.get(source_id), service.settings.revision(source_id))


@routes.patch(
    "/api/sources/{source_id}",
    "Modifier une partie d'une source ; seule une autre entrée interrompt son écoute",
    responses.Source,
    body=Part(AnySource),
    headers=ETAG,
    codes=(_UNKNOWN, *CHANGING),
    revision=True,
)
def change_source(service: Application, source_id: str, body: dict[str, Any]) -> Response:
    """Change a part of a source; only another input interrupts its sound."""
    return _tagged(*service.sources.change(source_id, body, if_match()))


@routes.delete(
    "/api/sources/{source_id}",
    "Supprimer une source",
    responses.Source,
    codes=(_UNKNOWN, *CHANGING),
    revision=True,
)
def remove_source(service: Application, source_id: str) -> dict[str, Any]:
    """Remove a source."""
    return service.sources.remove(source_id, if_match())


@routes.post(
    "/api/sources/{source_id}/webhook/test",
    "Envoyer un essai par le chemin d'un vrai clap",
    responses.Sent,
    status=202,
    query=WebhookTestQuery,
    codes=(_UNKNOWN, "api.no_webhook"),
)
def test_webhook(service: Application, source_id: str, query: WebhookTestQuery) -> dict[str, Any]:
    """Send a test through the path of a real clap."""
    return {"event_id": service.receivers.test_webhook(source_id, query.webhook)}


@routes.post(
    "/api/sources/{source_id}/proof",
    "Mettre des claps d'essai dans le son d'une source, et les suivre jusqu'à la réponse de chaque destinataire",
    responses.Proof,
    status=202,
    body=object_schema(
        receivers={
            "type": "array",
            "items": {"type": "string"},
            "description": "ids of those receivers (GET /api/receivers) that may get it; without this all that want it",
        }
    ),
    codes=("api.bad_parameter", _UNKNOWN, "proof.running"),
)
def start_proof(service: Application, source_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Put test claps into the sound of a source, and follow them to each receiver's answer."""
    receivers = body.get("receivers")
    if receivers is not None and not (isinstance(receivers, list) and all(isinstance(one, str) for one in receivers)):
        raise InputError("api.bad_parameter", name="receivers")
    return service.proofs.start(source_id, receivers)


@routes.get(
    "/api/sources/{source_id}/proof",
    "Le dernier essai d'une source, étape par étape",
    responses.Proof,
    codes=("proof.none",),
)
def proof(service: Application, source_id: str) -> dict[str, Any]:
    """The newest proof of a source, step by step."""
    return service.proofs.shown(source_id)


@routes.delete(
    "/api/sources/{source_id}/webhooks/{webhook_id}",
    "Supprimer un webhook ; ce qui l'attend est abandonné",
    responses.Source,
    codes=(_UNKNOWN, "api.unknown_webhook", *SAVING),
)
def remove_webhook(service: Application, source_id: str, webhook_id: str) -> dict[str, Any]:
    """Remove a webhook; deliveries that wait for it are abandoned."""
    return service.sources.remove_webhook(source_id, webhook_id)


@routes.get(
    "/api/patterns",
    "Les motifs qui se choisissent d'un mot : chaque clap, un, deux, un ou deux",
    responses.PatternPresets,
)
def pattern_presets() -> dict[str, Any]:
    """Patterns that are chosen by a word: any clap, one, two, one or two."""
    presets = {name: [pattern.whole() for pattern in patterns] for name, patterns in PATTERN_PRESETS.items()}
    return {"presets": presets}


# -- what could become a source


@routes.get(
    "/api/devices",
    "Les microphones de cette machine",
    list_of(responses.Microphone),
    codes=("source.no_portaudio",),
)
def devices(service: Application) -> list[dict[str, Any]]:
    """The microphones of this machine."""
    return [microphone(device) for device in service.probes.devices()]


def microphone(device: Device) -> dict[str, Any]:
    """A microphone, of this machine or of a node, with what to remember it by."""
    return {"id": device.id, "label": device.label, **asdict(device)}


@routes.post(
    "/api/probe/microphone",
    "Le niveau sonore d'un microphone ; rien n'est conservé",
    responses.Measured,
    body=object_schema(device={"type": "string", "description": "`id` of one of `/api/devices`, or the default"}),
    codes=("api.bad_parameter", "api.microphone_probed", *_MICROPHONE),
)
def probe_microphone(service: Application, body: dict[str, Any]) -> dict[str, Any]:
    """The level at a microphone; nothing is kept."""
    return service.probes.microphone(body.get("device", ""))


@routes.post(
    "/api/probe/rtsp",
    "Essayer une caméra sans la conserver",
    responses.Probed,
    body=object_schema(input={"part": Part(RtspSettings)}, source_id={"type": "string"}),
    codes=("api.too_many_probes", "settings.invalid_document", "rtsp.unauthorized"),
)
def probe_camera(service: Application, body: dict[str, Any]) -> dict[str, Any]:
    """Try a camera without keeping it."""
    return service.probes.camera(body.get("input", {}), body.get("source_id", ""))


@routes.get(
    "/api/vban/streams",
    "Les flux VBAN qui arrivent ; d'autres sont cherchés pendant une minute",
    list_of(responses.Stream),
    query=PortQuery,
    codes=("vban.port_taken", "vban.port_forbidden"),
)
def vban_streams(service: Application, query: PortQuery) -> list[dict[str, Any]]:
    """The VBAN streams that arrive; more are looked for during a minute."""
    service.inputs.vban.listen_for(query.port)
    return [stream(asdict(seen)) for seen in service.inputs.vban.discovered()]


def stream(seen: dict[str, Any]) -> dict[str, Any]:
    """A ``SeenStream`` as plain data, with its problem in words."""
    shown = {name: value for name, value in seen.items() if name != "problem"}
    return with_messages({**shown, "code": seen["problem"], "params": {}})


@routes.get(
    "/api/vban/counts",
    "Ce qui est arrivé à chaque flux VBAN et sur chaque port",
    responses.VbanCounts,
)
def vban_counts(service: Application) -> dict[str, Any]:
    """What happened to each VBAN stream and on each port."""
    streams, ports = service.inputs.vban.stream_counts(), service.inputs.vban.port_counts()
    return {"streams": [asdict(stream) for stream in streams], "ports": [asdict(port) for port in ports]}


@routes.get(
    "/api/mediamtx/paths",
    "Les flux que sert le MediaMTX de cette machine, et quelle source écoute chacun",
    responses.StreamPaths,
)
def mediamtx_paths(service: Application) -> dict[str, Any]:
    """The streams that MediaMTX of this machine serves, and which source hears each."""
    return service.streams.paths()
