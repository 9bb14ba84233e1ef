"""What each address of the API is for, in both languages: the table of which its description is made.

The models are those that check what is asked (``asked``, ``settings.schema``) and those that answers are held against
(``answers``); a test holds the table against the routes that there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from claptrap.settings.schema import AnySource, RtspSettings, Settings, WebhookSettings
from claptrap.web import query_params, responses

SOURCE_ID, BACKUP, EVENT = "api.unknown_source", "settings.unknown_backup", "api.unknown_event"
SAVING = ("settings.invalid_document", "settings.unwritable")
STALE = "settings.stale"


@dataclass(frozen=True, slots=True)
class Part:
    """A body that may have any part of what ``of`` has; or, if it is ``whole``, all that it demands of a new one."""

    of: Any
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One address and method.

    Attributes:
        en, fr: what it does.
        answer: the form of its answer; None for one that is no JSON.
        status: of an answer.
        also: other statuses with the same form.
        query: its parameters.
        body: what is sent; None for nothing.
        media: the type of its answer.
        headers: of its answer, by name, and what they say.
        codes: why it may be refused, besides what every address may refuse.
        revision: whether it heeds ``If-Match``.
    """

    en: str
    fr: str
    answer: Any = None
    status: int = 200
    also: tuple[int, ...] = ()
    query: type[query_params.Query] | None = None
    body: Part | Mapping[str, Any] | None = None
    media: tuple[str, ...] = ("application/json",)
    headers: Mapping[str, str] = field(default_factory=dict)
    codes: tuple[str, ...] = ()
    revision: bool = False


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _texts(*names: str) -> dict[str, Any]:
    """Return the form of a body of texts, of which the first is demanded."""
    return {**_object(**{name: {"type": "string", "minLength": 1} for name in names}), "required": [names[0]]}


_DOCUMENT = {"type": "object", "description": "settings.json of ClapTrap, or of the original and its Home Assistant add-on"}
_ETAG = {"ETag": "the revision, for If-Match"}
_MARK = {**_object(mark={"enum": ["clap", "not_clap", None]}), "required": ["mark"], "additionalProperties": False}
_CHANGED = (*SAVING, STALE)
_MICROPHONE = (
    *("source.no_portaudio", "source.no_device", "source.device_missing", "source.device_another"),
    *("source.device_ambiguous", "source.device_busy", "source.device_failed", "source.device_lost"),
    *("source.silent", "source.system_hangs"),
)

ROUTES: Mapping[tuple[str, str], Route] = {
    ("GET", "/api/state"): Route(
        "Everything that a page needs when it opens", "Tout ce qu'il faut à une page qui s'ouvre", responses.Snapshot
    ),
    ("POST", "/api/detection/start"): Route(
        "Hear all enabled sources", "Écouter toutes les sources actives", responses.Running
    ),
    ("POST", "/api/detection/stop"): Route(
        "Hear nothing until the next start; no setting changes",
        "Ne rien écouter jusqu'au prochain démarrage ; aucun réglage ne change",
        responses.Running,
    ),
    ("POST", "/api/model/resume"): Route(
        "Go on with the file of YAMNet, which names sounds, at once; the news `model` tells how it comes",
        "Reprendre aussitôt le fichier de YAMNet, qui nomme les sons ; les nouvelles `model` disent comment il arrive",
        responses.Fetching,
    ),
    ("POST", "/api/model/pause"): Route(
        "Get no more of it until asked to, or until the next start; what has come is kept",
        "Ne plus le recevoir jusqu'à nouvel ordre, ou au prochain démarrage ; ce qui est là est gardé",
        responses.Fetching,
    ),
    ("GET", "/healthz"): Route(
        "Whether the service works; 503 with the reasons otherwise",
        "Le service fonctionne-t-il ; sinon 503 avec les raisons",
        responses.Health,
        also=(503,),
    ),
    ("GET", "/metrics"): Route(
        "Figures for Prometheus", "Mesures pour Prometheus", media=("text/plain", "application/openmetrics-text")
    ),
    ("GET", "/api/support-bundle"): Route(
        "A zip file for somebody who helps, secrets masked",
        "Un fichier zip pour qui vous aide, secrets masqués",
        media=("application/zip",),
        codes=("api.examining",),
    ),
    ("GET", "/api/selftest"): Route(
        "How the built-in tests stand; only in development",
        "Où en sont les tests intégrés ; en développement seulement",
        responses.Tests,
        codes=("api.not_found",),
    ),
    ("POST", "/api/selftest"): Route(
        "Run the built-in tests; only in development",
        "Lancer les tests intégrés ; en développement seulement",
        responses.Tests,
        status=202,
        codes=("api.not_found",),
    ),
    ("GET", "/api/mediamtx/paths"): Route(
        "The streams that MediaMTX of this machine serves, and which source hears each",
        "Les flux que sert le MediaMTX de cette machine, et quelle source écoute chacun",
        responses.StreamPaths,
    ),
    # -- sources
    ("GET", "/api/sources"): Route(
        "All sources, and how they are", "Toutes les sources, et leur état", responses.list_of(responses.Source)
    ),
    ("POST", "/api/sources"): Route(
        "Add a source, under an id made for it where it has none",
        "Ajouter une source, sous un identifiant créé pour elle s'il manque",
        responses.Source,
        status=201,
        body=Part(AnySource, whole=True),
        headers={"Location": "the new source"},
        codes=SAVING,
    ),
    ("GET", "/api/sources/{source_id}"): Route(
        "One source, and how it is", "Une source, et son état", responses.Source, headers=_ETAG, codes=(SOURCE_ID,)
    ),
    ("PATCH", "/api/sources/{source_id}"): Route(
        "Change a part of a source; only another input interrupts its sound",
        "Modifier une partie d'une source ; seule une autre entrée interrompt son écoute",
        responses.Source,
        body=Part(AnySource),
        headers=_ETAG,
        codes=(SOURCE_ID, *_CHANGED),
        revision=True,
    ),
    ("DELETE", "/api/sources/{source_id}"): Route(
        "Remove a source", "Supprimer une source", responses.Source, codes=(SOURCE_ID, *_CHANGED), revision=True
    ),
    ("POST", "/api/sources/{source_id}/webhook/test"): Route(
        "Send a test through the path of a real clap",
        "Envoyer un essai par le chemin d'un vrai clap",
        responses.Sent,
        status=202,
        query=query_params.WebhookTestQuery,
        codes=(SOURCE_ID, "api.no_webhook"),
    ),
    ("DELETE", "/api/sources/{source_id}/webhooks/{webhook_id}"): Route(
        "Remove a webhook; what waits for it is given up",
        "Supprimer un webhook ; ce qui l'attend est abandonné",
        responses.Source,
        codes=(SOURCE_ID, "api.unknown_webhook", *SAVING),
    ),
    ("GET", "/api/devices"): Route(
        "The microphones of this machine",
        "Les microphones de cette machine",
        responses.list_of(responses.Microphone),
        codes=("source.no_portaudio",),
    ),
    ("POST", "/api/probe/microphone"): Route(
        "How loud it is at a microphone; nothing is kept",
        "Le niveau sonore d'un microphone ; rien n'est conservé",
        responses.Measured,
        body=_object(device={"type": "string", "description": "`id` of one of `/api/devices`, or the default"}),
        codes=("api.bad_parameter", "api.microphone_probed", *_MICROPHONE),
    ),
    ("POST", "/api/probe/rtsp"): Route(
        "Try a camera without keeping it",
        "Essayer une caméra sans la conserver",
        responses.Probed,
        body=_object(input={"part": Part(RtspSettings)}, source_id={"type": "string"}),
        codes=("api.too_many_probes", "settings.invalid_document", "rtsp.unauthorized"),
    ),
    ("GET", "/api/vban/streams"): Route(
        "The VBAN streams that arrive; more are looked for during a minute",
        "Les flux VBAN qui arrivent ; d'autres sont cherchés pendant une minute",
        responses.list_of(responses.Stream),
        query=query_params.PortQuery,
        codes=("vban.port_taken", "vban.port_forbidden"),
    ),
    ("GET", "/api/vban/counts"): Route(
        "What happened to each VBAN stream and on each port",
        "Ce qui est arrivé à chaque flux VBAN et sur chaque port",
        responses.VbanCounts,
    ),
    ("GET", "/api/micro"): Route(
        "Where a phone finds the page that makes it a microphone",
        "Où un téléphone trouve la page qui en fait un microphone",
        responses.Invitation,
    ),
    ("POST", "/api/micro"): Route(
        "The source that a browser shall speak for, made if there is none",
        "La source au nom de laquelle un navigateur parlera, créée au besoin",
        responses.Claimed,
        also=(201,),
        body=_object(name={"type": "string"}, id={"type": "string"}),
        codes=SAVING,
    ),
    ("GET", "/api/micro/qr.svg"): Route(
        "The QR code of that page; 404 where no phone reaches it",
        "Le code QR de cette page ; 404 si aucun téléphone ne l'atteint",
        media=("image/svg+xml",),
        codes=("api.not_found",),
    ),
    # -- history
    ("GET", "/api/history"): Route(
        "Detections, newest first, page by page",
        "Les détections, la plus récente d'abord, page par page",
        responses.DetectionPage,
        query=query_params.HistoryPageQuery,
    ),
    ("DELETE", "/api/history"): Route(
        "Forget all detections, or the older ones, with their clips",
        "Oublier toutes les détections, ou les plus anciennes, avec leurs extraits sonores",
        responses.Forgotten,
        query=query_params.DeleteBeforeQuery,
        codes=("history.unwritable", "clips.unwritable"),
    ),
    ("GET", "/api/history/counts"): Route(
        "How many detections per hour or day, in all and by source, by the clocks of a time zone",
        "Combien de détections par heure ou par jour, en tout et par source, à l'heure d'un fuseau",
        responses.Counts,
        query=query_params.CountsQuery,
    ),
    ("GET", "/api/history/export"): Route(
        "Detections as a file: CSV for a spreadsheet, JSON Lines for a program",
        "Les détections en un fichier : CSV pour un tableur, JSON Lines pour un programme",
        query=query_params.ExportQuery,
        media=("text/csv", "application/jsonl"),
        headers={"Content-Disposition": "the name of the file"},
        codes=("history.too_many",),
    ),
    ("GET", "/api/history/{event_id}"): Route("One detection", "Une détection", responses.Detection, codes=(EVENT,)),
    ("PATCH", "/api/history/{event_id}"): Route(
        "Say whether a detection was a clap; null takes it back",
        "Dire si une détection était un clap ; null annule",
        responses.Detection,
        body=_MARK,
        codes=(EVENT, "api.bad_mark"),
    ),
    ("POST", "/api/history/{event_id}/replay"): Route(
        "Tell all who want it now of a detection, again where they know it",
        "Annoncer une détection à tous ceux qui la veulent, à nouveau s'ils la connaissent",
        responses.SentAgain,
        status=202,
        codes=(EVENT, "api.no_receiver"),
    ),
    ("GET", "/api/history/{event_id}/clip"): Route(
        "The sound around a detection (FLAC, 16 kHz); takes Range",
        "Le son autour d'une détection (FLAC, 16 kHz) ; accepte Range",
        also=(206,),
        media=("audio/flac",),
        codes=("api.no_clip",),
    ),
    ("DELETE", "/api/history/{event_id}/clip"): Route(
        "Delete the sound around a detection",
        "Supprimer le son autour d'une détection",
        responses.Deleted,
        codes=("api.no_clip", "clips.unwritable"),
    ),
    ("GET", "/api/clips"): Route("How much sound is kept", "Combien de son est conservé", responses.Clips),
    ("DELETE", "/api/clips"): Route(
        "Delete all clips, or the older ones; detections stay",
        "Supprimer tous les extraits sonores, ou les plus anciens ; les détections restent",
        responses.Deleted,
        query=query_params.DeleteBeforeQuery,
        codes=("clips.unwritable",),
    ),
    ("GET", "/api/receivers"): Route(
        "How every receiver in use stands, and how much waits for it",
        "Où en est chaque destinataire en service, et combien d'envois l'attendent",
        responses.list_of(responses.Receiver),
    ),
    ("POST", "/api/webhooks/preview"): Route(
        "What a webhook would send for the last detection and for an example of every kind of event; nothing is sent",
        "Ce qu'un webhook enverrait, pour la dernière détection et un exemple de chaque sorte d'événement ; rien ne part",
        responses.Preview,
        query=query_params.PreviewQuery,
        body=Part(WebhookSettings),
        codes=("settings.invalid_document",),
    ),
    ("GET", "/api/notify"): Route(
        "Whether notifications can be sent; if not, what to install",
        "Les notifications peuvent-elles partir ; sinon, quoi installer",
        responses.Notifier,
    ),
    ("POST", "/api/notify/{notify_id}/test"): Route(
        "Send a test notification through the path of a real clap",
        "Envoyer une notification d'essai par le chemin d'un vrai clap",
        responses.Sent,
        status=202,
        codes=("api.unknown_notify", "api.no_notify"),
    ),
    ("DELETE", "/api/notify/{notify_id}"): Route(
        "Remove a notification service; what waits for it is given up",
        "Supprimer un service de notification ; ce qui l'attend est abandonné",
        responses.ShownSettings,
        codes=("api.unknown_notify", *SAVING),
    ),
    ("GET", "/api/deliveries"): Route(
        "Deliveries with every attempt, those last asked for first",
        "Les envois avec chaque tentative, le dernier demandé d'abord",
        responses.DeliveryPage,
        query=query_params.DeliveriesPageQuery,
    ),
    ("POST", "/api/deliveries/{delivery_id}/replay"): Route(
        "Send a delivery again under its key",
        "Refaire un envoi sous la même clé",
        responses.Sent,
        status=202,
        codes=("api.unknown_delivery", "api.no_receiver"),
    ),
    # -- settings
    ("GET", "/api/settings"): Route(
        "The settings, secrets masked", "Les réglages, secrets masqués", responses.ShownSettings, headers=_ETAG
    ),
    ("PATCH", "/api/settings"): Route(
        "Change a part: objects deeply, lists of objects by their id; the mask means: as it was",
        "Modifier une partie : objets en profondeur, listes d'objets par identifiant ; le masque signifie : inchangé",
        responses.ShownSettings,
        body=Part(Settings),
        headers=_ETAG,
        codes=_CHANGED,
        revision=True,
    ),
    ("GET", "/api/settings/backups"): Route(
        "Settings of before, newest first", "Les réglages d'avant, le plus récent d'abord", responses.Backups
    ),
    ("POST", "/api/settings/backups"): Route(
        "Keep the settings of now",
        "Conserver les réglages actuels",
        responses.Kept,
        status=201,
        codes=("settings.unwritable",),
    ),
    ("GET", "/api/settings/backups/{name}/diff"): Route(
        "What would change with them", "Ce qui changerait avec eux", responses.Compared, codes=(BACKUP, "settings.newer")
    ),
    ("POST", "/api/settings/backups/{name}/restore"): Route(
        "Put them back in force", "Les remettre en vigueur", responses.Restored, codes=(BACKUP, *_CHANGED), revision=True
    ),
    ("GET", "/api/settings/steps"): Route(
        "The newest changes of the settings, each of which can be undone",
        "Les derniers changements des réglages, dont chacun peut être annulé",
        responses.Steps,
    ),
    ("POST", "/api/settings/steps/{step_id}/undo"): Route(
        "Undo one change, and nothing that came after it",
        "Annuler un changement, et rien de ce qui l'a suivi",
        responses.Undone,
        codes=("settings.unknown_step", "settings.changed_since", *SAVING),
    ),
    ("GET", "/api/settings/export"): Route(
        "The settings as a file, without secrets",
        "Les réglages en un fichier, sans secrets",
        responses.dict_of(Any),
        headers={"Content-Disposition": "the name of the file"},
    ),
    ("POST", "/api/settings/export"): Route(
        "The settings as a file, with every secret",
        "Les réglages en un fichier, avec tous les secrets",
        responses.dict_of(Any),
        body={**_object(secrets={"const": True}), "required": ["secrets"], "additionalProperties": False},
        headers={"Content-Disposition": "the name of the file"},
        codes=("api.bad_parameter",),
    ),
    ("POST", "/api/settings/import/preview"): Route(
        "What a document would change, and what of it would not be taken",
        "Ce qu'un document changerait, et ce qui n'en serait pas repris",
        responses.Previewed,
        query=query_params.ImportQuery,
        body=_DOCUMENT,
        codes=("import.unknown_format", STALE),
        revision=True,
    ),
    ("POST", "/api/settings/import"): Route(
        "Put in force what a document says",
        "Mettre en vigueur ce que dit un document",
        responses.Imported,
        query=query_params.ImportQuery,
        body=_DOCUMENT,
        codes=("import.unknown_format", *_CHANGED),
        revision=True,
    ),
    # -- logging in
    ("GET", "/api/access"): Route(
        "Whether a login is needed, and whether there is one",
        "Faut-il se connecter, et l'est-on",
        responses.AccessState,
    ),
    ("POST", "/api/access/login"): Route(
        "Log in: the answer sets the cookie",
        "Se connecter : la réponse pose le cookie",
        responses.AccessState,
        body=_texts("password"),
        codes=("access.wrong_password", "access.too_often", "access.not_a_text"),
    ),
    ("POST", "/api/access/logout"): Route("Log out", "Se déconnecter", responses.AccessState),
    ("PUT", "/api/access/password"): Route(
        "Choose the password: with `current`, or the first one with the `code` that the service wrote when it started",
        "Choisir le mot de passe : avec `current`, ou le premier avec le `code` que le service a écrit à son démarrage",
        responses.AccessState,
        body=_texts("password", "current", "code"),
        codes=("access.wrong_password", "access.too_often", "access.not_a_text"),
    ),
    ("GET", "/api/access/tokens"): Route(
        "The tokens of scripts, without their secrets",
        "Les jetons des programmes, sans leurs secrets",
        responses.list_of(responses.TokenModel),
    ),
    ("POST", "/api/access/tokens"): Route(
        "Make a token for a script; its secret is told this once",
        "Créer un jeton pour un programme ; son secret n'est donné que cette fois",
        responses.NewTokenModel,
        status=201,
        body=_texts("name"),
        headers={"Location": "the new token"},
        codes=("access.not_a_text", "access.bad_token_name", "access.name_taken", "access.too_many_tokens"),
    ),
    ("DELETE", "/api/access/tokens/{token_id}"): Route(
        "Revoke a token", "Révoquer un jeton", responses.TokenModel, codes=("access.unknown_token",)
    ),
    # -- this description
    ("GET", "/api/openapi.json"): Route(
        "This description (OpenAPI 3.1)", "Cette description (OpenAPI 3.1)", responses.dict_of(Any)
    ),
    ("GET", "/api/asyncapi.json"): Route(
        "What comes and goes over Socket.IO (AsyncAPI 3.0)",
        "Ce qui passe par Socket.IO (AsyncAPI 3.0)",
        responses.dict_of(Any),
    ),
    ("GET", "/api/docs"): Route("Both, to be read", "Les deux, à lire", media=("text/html",)),
    ("GET", "/api/docs.css"): Route("How that page looks", "L'aspect de cette page", media=("text/css",)),
}
