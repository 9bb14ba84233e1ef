"""The description of what comes and goes over Socket.IO (AsyncAPI 3.0), made of the dataclasses that are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claptrap import __version__
from claptrap.core.spec import Language
from claptrap.web import answers
from claptrap.web.openapi import REF, Json, components

Watch = answers.form("Watch", source=str)
MicroOpen = answers.form("MicroOpen", source=str, page=str)
MicroClose = answers.form("MicroClose", code=str)
MicroEnd = answers.form("MicroEnd", code=str, params=answers.Params, message_fr=str, message_en=str)


@dataclass(frozen=True, slots=True)
class Spoken:
    """One Socket.IO event: what it tells, and the form of its data; None for bytes."""

    en: str
    fr: str
    form: Any


TOLD: Mapping[str, Spoken] = {
    "state": Spoken(
        "Everything: first of all, and when news were lost",
        "Tout : avant le reste, et quand il s'en est perdu",
        answers.Snapshot,
    ),
    "clap": Spoken("A detection", "Une détection", answers.ClapNews),
    "clip": Spoken("Its sound can be heard", "Le son d'une détection peut être écouté", answers.ClipNews),
    "source": Spoken("How a source is", "L'état d'une source", answers.Status),
    "level": Spoken(
        "Loudness of sources, ten times a second", "Le niveau des sources, dix fois par seconde", answers.LevelNews
    ),
    "verdict": Spoken("What was thought of a sound", "Ce qui a été pensé d'un son", answers.VerdictNews),
    "picture": Spoken(
        "What a source that is watched sounds like, to be drawn; `columns` in Base64",
        "À quoi ressemble le son d'une source observée, à dessiner ; `columns` en Base64",
        answers.PictureNews,
    ),
    "labels": Spoken("Sounds that are heard just now", "Les sons entendus à l'instant", answers.LabelNews),
    "delivery": Spoken("An attempt to tell a receiver", "Une tentative d'annonce à un destinataire", answers.Tried),
    "model": Spoken("How a model file comes", "L'arrivée d'un fichier de modèle", answers.Progress),
    "detection_status": Spoken("Listening has begun or ended", "L'écoute a commencé ou cessé", answers.RunningNews),
    "settings": Spoken(
        "Settings have changed: the new ones", "Les réglages ont changé : les nouveaux", answers.ShownSettings
    ),
    "problems": Spoken("All that is wrong just now", "Tout ce qui ne va pas à l'instant", answers.TroubleNews),
    "mqtt": Spoken("How the link to the MQTT broker is", "L'état du lien avec le courtier MQTT", answers.BrokerNews),
    "micro_end": Spoken("Another page speaks for the source", "Une autre page parle au nom de la source", MicroEnd),
}
TAKEN: Mapping[str, Spoken] = {
    "watch": Spoken("See pictures of a source, or of none", "Voir les images d'une source, ou d'aucune", Watch),
    "micro_open": Spoken("Speak for a source", "Parler au nom d'une source", MicroOpen),
    "micro_sound": Spoken("Sound, as binary data", "Du son, en données binaires", None),
    "micro_close": Spoken("No more sound will come, and why", "Il ne viendra plus de son, et pourquoi", MicroClose),
}


def describe_news(language: Language) -> Json:
    """Return the whole description."""
    spoken = {**TOLD, **TAKEN}
    formed = {name: one.form for name, one in spoken.items() if one.form is not None}
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
            }
        },
        "operations": {
            "tell": _operation("send", TOLD),
            "take": _operation("receive", TAKEN),
        },
        "components": {"messages": messages, "schemas": named},
    }


def _operation(action: str, spoken: Mapping[str, Spoken]) -> Json:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/live"},
        "messages": [{"$ref": f"#/channels/live/messages/{name}"} for name in spoken],
    }
