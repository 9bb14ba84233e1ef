"""The description of what comes and goes over Socket.IO and MQTT (AsyncAPI 3.0), made of the dataclasses that are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claptrap import __version__
from claptrap.core.spec import Language
from claptrap.web import responses
from claptrap.web.openapi import REF, Json, components
from claptrap.web.response_model import Params, response_model

Watch = response_model("Watch", source=str)
MicroOpen = response_model("MicroOpen", source=str, page=str)
MicroClose = response_model("MicroClose", code=str)
MicroEnd = response_model("MicroEnd", code=str, params=Params, message_fr=str, message_en=str)


@dataclass(frozen=True, slots=True)
class SocketEvent:
    """One Socket.IO event: its summary in both languages, and the model of its data; None for bytes."""

    en: str
    fr: str
    response_model: Any


SERVER_EVENTS: Mapping[str, SocketEvent] = {
    "state": SocketEvent(
        "The whole state: on connecting, and after messages were dropped",
        "L'état complet : à la connexion, et après une perte de messages",
        responses.Snapshot,
    ),
    "clap": SocketEvent("A detection", "Une détection", responses.ClapNews),
    "clip": SocketEvent("Its sound can be heard", "Le son d'une détection peut être écouté", responses.ClipNews),
    "source": SocketEvent("State of a source, when it changes", "L'état d'une source, quand il change", responses.Status),
    "level": SocketEvent(
        "Loudness of sources, ten times a second", "Le niveau des sources, dix fois par seconde", responses.LevelNews
    ),
    "verdict": SocketEvent(
        "The score of a candidate, and why it counted or not",
        "Le score d'un candidat, et pourquoi il compte ou non",
        responses.VerdictNews,
    ),
    "picture": SocketEvent(
        "What a source that is watched sounds like, to be drawn; `columns` in Base64",
        "À quoi ressemble le son d'une source observée, à dessiner ; `columns` en Base64",
        responses.PictureNews,
    ),
    "labels": SocketEvent("Sounds heard at the moment", "Les sons entendus à l'instant", responses.LabelNews),
    "delivery": SocketEvent("An attempt at a delivery", "Une tentative d'envoi", responses.Tried),
    "model": SocketEvent("Progress of a model's download", "L'avancement du téléchargement d'un modèle", responses.Progress),
    "detection_status": SocketEvent("Listening has begun or ended", "L'écoute a commencé ou cessé", responses.RunningNews),
    "settings": SocketEvent(
        "Settings have changed: the new ones", "Les réglages ont changé : les nouveaux", responses.ShownSettings
    ),
    "problems": SocketEvent("All current problems", "Tout ce qui ne va pas à l'instant", responses.TroubleNews),
    "mqtt": SocketEvent(
        "State of the connection to the MQTT broker", "L'état du lien avec le broker MQTT", responses.BrokerNews
    ),
    "learning": SocketEvent(
        "What a source has learnt, or its calibration, has changed: ask again",
        "Ce qu'une source a appris, ou son calibrage, a changé : redemandez",
        responses.LearningNews,
    ),
    "micro_end": SocketEvent("Another page speaks for the source", "Une autre page parle au nom de la source", MicroEnd),
}
CLIENT_EVENTS: Mapping[str, SocketEvent] = {
    "watch": SocketEvent("See pictures of a source, or of none", "Voir les images d'une source, ou d'aucune", Watch),
    "micro_open": SocketEvent("Speak for a source", "Parler au nom d'une source", MicroOpen),
    "micro_sound": SocketEvent("Sound, as binary data", "Du son, en données binaires", None),
    "micro_close": SocketEvent("No more sound will come, and why", "Il ne viendra plus de son, et pourquoi", MicroClose),
}


MQTT_TOPICS: Mapping[str, tuple[str, str, str, Json]] = {
    "event": ("send", "A detection, as a webhook gets it", "Une détection, comme un webhook la reçoit", {"type": "object"}),
    "enabled/set": ("receive", "Hear a source, or do not", "Écouter une source, ou non", {"enum": ["ON", "OFF"]}),
    "threshold/set": ("receive", "Least score of a clap", "Score minimal d'un clap", {"type": "number"}),
    "delay/set": ("receive", "Least time between two detections", "Temps minimal entre deux détections", {"type": "number"}),
    "mark/set": (
        "receive",
        "Say whether the newest detection of a source was a clap; or another, by its id",
        "Dire si la dernière détection d'une source était un clap ; ou une autre, par son identifiant",
        {
            "oneOf": [
                {"enum": ["clap", "not_clap"]},
                {
                    "type": "object",
                    "properties": {"event_id": {"type": "string"}, "mark": {"enum": ["clap", "not_clap", None]}},
                    "required": ["mark"],
                },
            ]
        },
    ),
}
"""Beneath ``TOPIC/SOURCE/``: which way, the summary in both languages, and the payload."""


def describe_news(language: Language) -> Json:
    """Return the whole description."""
    spoken = {**SERVER_EVENTS, **CLIENT_EVENTS}
    formed = {name: one.response_model for name, one in spoken.items() if one.response_model is not None}
    found, named = components(formed.values(), REF)
    payloads = dict(zip(formed, found, strict=True))
    messages = {
        name: {
            "name": name,
            "summary": one.fr if language == "fr" else one.en,
            "payload": payloads.get(name, {"type": "string", "contentEncoding": "binary"}),
        }
        for name, one in spoken.items()
    }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "ClapTrap", "version": __version__},
        "defaultContentType": "application/json",
        "channels": {
            "live": {
                "address": "/socket.io/",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in spoken},
            },
            **{_topic_id(name): _topic(name, language) for name in MQTT_TOPICS},
        },
        "operations": {
            "tell": _operation("send", SERVER_EVENTS),
            "take": _operation("receive", CLIENT_EVENTS),
            **{
                _topic_id(name): {"action": action, "channel": {"$ref": f"#/channels/{_topic_id(name)}"}}
                for name, (action, *_) in MQTT_TOPICS.items()
            },
        },
        "components": {"messages": messages, "schemas": named},
    }


def _topic_id(name: str) -> str:
    return f"mqtt_{name.replace('/', '_')}"


def _topic(name: str, language: Language) -> Json:
    _, en, fr, payload = MQTT_TOPICS[name]
    return {
        "address": f"{{topic}}/{{source}}/{name}",
        "description": "MQTT",
        "parameters": {"topic": {"default": "claptrap"}, "source": {}},
        "messages": {_topic_id(name): {"summary": fr if language == "fr" else en, "payload": payload}},
    }


def _operation(action: str, spoken: Mapping[str, SocketEvent]) -> Json:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/live"},
        "messages": [{"$ref": f"#/channels/live/messages/{name}"} for name in spoken],
    }
