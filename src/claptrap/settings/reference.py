"""Every setting with its default and its range, out of the schema that checks them, as Markdown in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from claptrap.core.spec import Language
from claptrap.settings.schema import Settings

_WORDS: dict[str, dict[Language, str]] = {
    "version": {
        "en": "of the document; older ones are brought up to date",
        "fr": "du document ; les anciennes sont mises à jour",
    },
    "language": {
        "en": "of notifications, and of answers where none is asked for; the page speaks each device's own",
        "fr": "des notifications, et des réponses sans langue demandée ; la page parle celle de chaque appareil",
    },
    "welcomed": {"fr": "si les premiers pas ont été suivis ou passés"},
    "public_url": {"fr": "où les téléphones atteignent cette page, pour les liens des notifications ; vide : pas de liens"},
    "announce": {"fr": "si l'on peut le trouver sur le réseau local (`_claptrap._tcp`)"},
    "sources": {"en": "what is heard", "fr": "ce qui est écouté"},
    "history.keep_days": {"fr": "ensuite, l'historique est supprimé"},
    "clips.keep_days": {"en": "then the sound is deleted", "fr": "ensuite, le son est effacé"},
    "clips.keep_mb": {"en": "then the oldest sound is deleted", "fr": "au-delà, le son le plus ancien est supprimé"},
    "mqtt.enabled": {
        "en": "whether detections and states are published",
        "fr": "si les détections et les états sont publiés",
    },
    "mqtt.host": {"fr": "nom ou adresse du broker"},
    "mqtt.port": {"fr": "d'habitude 8883 avec TLS"},
    "mqtt.version": {"en": "of the protocol", "fr": "du protocole"},
    "mqtt.tls": {"en": "use TLS", "fr": "utiliser TLS"},
    "mqtt.verify_tls": {"fr": "vérifier le certificat du broker"},
    "mqtt.ca_file": {"fr": "fichier PEM de l'autorité de confiance, au lieu de celles du système"},
    "mqtt.username": {"en": "at the broker", "fr": "chez le broker"},
    "mqtt.password": {"fr": "ne se relit pas"},
    "mqtt.topic": {"fr": "préfixe de chaque topic ; distingue plusieurs ClapTrap"},
    "mqtt.discovery": {"fr": "préfixe de découverte de Home Assistant ; vide pour aucune découverte"},
    "mqtt.max_age_s": {"fr": "ne jamais agir sur un clap plus vieux"},
    "notify": {"fr": "services qui affichent des notifications"},
    "notify[].id": {"fr": "identifiant stable"},
    "notify[].name": {"fr": "nom affiché ; vide pour l'identifiant"},
    "notify[].enabled": {"en": "whether it is used", "fr": "s'il est utilisé"},
    "notify[].url": {"fr": "adresse Apprise du service ; ne se relit pas"},
    "notify[].sources": {"fr": "identifiants des sources dont il montre les détections ; vide pour toutes"},
    "notify[].claps": {"fr": "seulement les détections de ce nombre de claps ; vide pour toutes, applaudissements compris"},
    "notify[].alerts": {"fr": "montrer aussi ce qui ne va pas, et quand tout va bien de nouveau"},
    "notify[].max_age_s": {"fr": "ne jamais parler d'un clap plus vieux"},
    "alerts.unheard_after_s": {"fr": "une source qui n'est pas entendue si longtemps est un problème ; 0 : jamais"},
    "heartbeats": {"fr": "adresses appelées tant que tout va bien"},
    "heartbeats[].id": {"fr": "identifiant stable"},
    "heartbeats[].enabled": {"en": "whether it is called", "fr": "si elle est appelée"},
    "heartbeats[].url": {"fr": "http(s), appelée par GET ; elle peut contenir un jeton"},
    "heartbeats[].every_s": {"fr": "temps d'un appel au suivant"},
    "heartbeats[].verify_tls": {"fr": "vérifier le certificat du destinataire"},
    "sources[].id": {"fr": "identifiant stable"},
    "sources[].name": {"en": "shown name", "fr": "nom affiché"},
    "sources[].kind": {"en": "which input it has", "fr": "quelle entrée elle a"},
    "sources[].room": {"fr": "les sources d'une même pièce sont réunies sur la page ; vide pour aucune"},
    "merge_rooms": {
        "fr": "si un clap entendu par plusieurs sources d'une pièce est une seule détection, nommée d'après la plus proche"
    },
    "sources[].sounds[].examples": {"fr": "d'un son appris, tels que sa leçon les écrit"},
    "sources[].references": {
        "fr": "identifiants de sources (une télévision, un PC) : ce que l'une d'elles contient aussi ne compte pas"
    },
    "sources[].enabled": {"en": "whether it is heard", "fr": "si elle est écoutée"},
    "sources[].threshold": {"fr": "score minimal d'un clap"},
    "sources[].delay_s": {"fr": "temps minimal entre deux détections"},
    "sources[].patterns": {"fr": "l'un d'eux suffit pour une détection"},
    "sources[].hears": {"en": "claps, applause or both", "fr": "des claps, des applaudissements ou les deux"},
    "sources[].sounds": {"fr": "sons qui font des détections à part"},
    "sources[].sounds[].id": {"fr": "identifiant stable dans la source ; webhooks et événements le nomment"},
    "sources[].sounds[].name": {"fr": "nom affiché ; vide pour l'identifiant"},
    "sources[].sounds[].enabled": {"en": "whether it is listened for", "fr": "s'il est guetté"},
    "sources[].sounds[].labels": {"fr": "ses noms chez YAMNet, dont un suffit (GET /api/sounds)"},
    "sources[].sounds[].threshold": {"fr": "score minimal d'une fenêtre d'une seconde"},
    "sources[].sounds[].persistence_s": {"fr": "combien de temps il doit s'entendre, en deux fois ce temps au plus"},
    "sources[].sounds[].delay_s": {"fr": "temps minimal entre deux détections de ce son"},
    "sources[].rhythms": {"fr": "rythmes de claps qui font des détections à part"},
    "sources[].rhythms[].id": {"fr": "identifiant stable dans la source ; webhooks et événements le nomment"},
    "sources[].rhythms[].name": {"fr": "nom affiché ; vide pour l'identifiant"},
    "sources[].rhythms[].enabled": {"en": "whether it is listened for", "fr": "s'il est guetté"},
    "sources[].rhythms[].intervals": {"fr": "d'un clap au suivant, les uns par rapport aux autres"},
    "sources[].rhythms[].tolerance": {"fr": "l'écart permis, en intervalles moyens"},
    "sources[].webhooks[].triggers": {
        "fr": "seulement les détections de ces sons et rythmes, par identifiant, de clap et d'applause ; vide pour ces deux"
    },
    "notify[].triggers": {
        "fr": "seulement les détections de ces sons et rythmes, par identifiant, de clap et d'applause ; vide pour ces deux"
    },
    "sources[].clips": {"fr": "garder le son autour de chaque détection, 2,5 s ou un peu plus"},
    "sources[].node": {"fr": "dans une grappe, le nœud qui l'écoute ; vide pour tout nœud qui le peut"},
    "sources[].example_clips": {
        "fr": "garder une seconde du son de chaque exemple dont elle apprend, et de ce qui était peut-être un clap"
    },
    "sources[].webhooks": {"en": "where detections are sent", "fr": "où les détections sont envoyées"},
    "sources[].patterns[].claps": {"fr": "combien"},
    "sources[].patterns[].at_least": {"fr": "si davantage compte aussi ; sinon exactement ce nombre"},
    "sources[].patterns[].min_gap_s": {"fr": "un clap plus tôt après le précédent ne compte pas"},
    "sources[].patterns[].max_gap_s": {"fr": "un clap plus tard après le précédent commence une nouvelle série"},
    "sources[].webhooks[].id": {"fr": "identifiant stable dans la source"},
    "sources[].webhooks[].enabled": {"en": "whether it is used", "fr": "s'il est utilisé"},
    "sources[].webhooks[].url": {"fr": "http(s) ; elle peut contenir un jeton"},
    "sources[].webhooks[].method": {"fr": "un GET n'a pas de corps"},
    "sources[].webhooks[].content_type": {"fr": "de ce que fait le modèle"},
    "sources[].webhooks[].template": {"fr": "fait le corps (docs/fr/webhooks.md) ; vide pour le JSON documenté"},
    "sources[].webhooks[].timeout_s": {"fr": "limite d'un essai entier"},
    "sources[].webhooks[].max_age_s": {"fr": "ne jamais agir sur un clap plus vieux"},
    "sources[].webhooks[].idempotent": {
        "fr": "il écarte les répétitions (Idempotency-Key) : ce qu'il a peut-être reçu est renvoyé"
    },
    "sources[].webhooks[].max_attempts": {"fr": "combien de fois est envoyée une détection qu'il a peut-être reçue"},
    "sources[].webhooks[].claps": {
        "fr": "seulement celles de ce nombre de claps ; vide pour toutes, applaudissements compris"
    },
    "sources[].webhooks[].headers": {"fr": "envoyés avec ; leurs valeurs ne se relisent pas"},
    "sources[].webhooks[].signing_secret": {"fr": "signe l'envoi (Standard Webhooks) ; ne se relit pas"},
    "sources[].webhooks[].verify_tls": {"fr": "vérifier le certificat du destinataire"},
    "sources[].webhooks[].ca_file": {"fr": "fichier PEM de l'autorité de confiance, au lieu de celles du système"},
    "sources[].input.device": {"fr": "nom tel que listé ; vide pour celui par défaut du système"},
    "sources[].input.path": {"en": "of the recording", "fr": "de l'enregistrement"},
    "sources[].input.loop": {"en": "repeat it", "fr": "le répéter"},
    "sources[].input.url": {"fr": "rtsp:// ou rtsps://"},
    "sources[].input.transport": {"fr": "udp seulement là où tcp ne marche pas"},
    "sources[].input.track": {"fr": "laquelle de plusieurs pistes audio, à partir de 1"},
    "sources[].input.username": {"en": "of the camera", "fr": "de la caméra"},
    "sources[].input.password": {"fr": "ne se relit pas"},
    "sources[].input.verify_tls": {"fr": "vérifier le certificat de la caméra"},
    "sources[].input.host": {"fr": "adresse IPv4 de l'émetteur"},
    "sources[].input.address": {"fr": "adresse IP d'où il se connecte"},
    "sources[].input.uri": {"fr": "tcp://HÔTE:PORT ; un satellite a d'ordinaire le port 10700"},
    "sources[].input.number": {"fr": "lequel de plusieurs qui se connectent de là en même temps"},
    "wyoming.forward": {"fr": "autre service de mot d'activation qui reçoit le même son (tcp://HÔTE:PORT) ; vide : aucun"},
    "sources[].armed": {"fr": "si ses détections agissent ; elles sont listées de toute façon"},
    "sources[].snoozed_until": {"fr": "jusqu'à quand elles n'agissent pas, secondes Unix UTC"},
    "when.armed": {"fr": "si les détections agissent : webhooks, MQTT, notifications, mots d'activation"},
    "when.snoozed_until": {"fr": "jusqu'à quand elles n'agissent pas, secondes Unix UTC"},
    "when.latitude": {"fr": "de la maison, pour le lever et le coucher du soleil"},
    "when.longitude": {"fr": "de même ; l'est est positif"},
    "when.quiet": {"fr": "heures calmes, dans le fuseau horaire de la machine"},
    "when.quiet[].name": {"en": "shown name", "fr": "nom affiché"},
    "when.quiet[].enabled": {"en": "whether they are in force", "fr": "si elles s'appliquent"},
    "when.quiet[].days": {"fr": "où elles commencent"},
    "when.quiet[].begin": {"fr": "comme 22:00, sunset ou sunset-30 (minutes)"},
    "when.quiet[].end": {"fr": "comme 07:00, sunrise ou sunrise+15 (minutes)"},
    "when.quiet[].sources": {"fr": "identifiants des sources concernées ; vide : toutes"},
    "wyoming.listen": {"fr": "adresse d'écoute, comme tcp://0.0.0.0:10400 ; vide : aucune"},
    "sources[].input.stream": {"fr": "son nom, tel que listé"},
    "sources[].input.port": {"fr": "port UDP vers lequel il est envoyé"},
    "sources[].input.channel": {"fr": "auto, mean (moyenne), loudest (le plus fort), ou un numéro à partir de 1"},
}
_HEADS: dict[Language, str] = {
    "en": "| setting | what it may be | default | |",
    "fr": "| réglage | valeurs possibles | par défaut | |",
}
_TYPES: dict[Language, dict[str, str]] = {
    "en": {
        "boolean": "true or false",
        "number": "number",
        "integer": "whole number",
        "string": "text",
        "object": "object",
        "array": "list",
        "most": "at most {n}",
        "least": "at least {n}",
        "over": "above {n}",
        "under": "below {n}",
        "characters": "{n} characters at most",
        "entries": "{n} entries at most",
        "needed": "**needed**",
    },
    "fr": {
        "boolean": "true ou false",
        "number": "nombre",
        "integer": "nombre entier",
        "string": "texte",
        "object": "objet",
        "array": "liste",
        "most": "{n} au plus",
        "least": "au moins {n}",
        "over": "plus de {n}",
        "under": "moins de {n}",
        "characters": "{n} caractères au plus",
        "entries": "{n} entrées au plus",
        "needed": "**obligatoire**",
    },
}


@dataclass(frozen=True, slots=True)
class Row:
    """One setting.

    Attributes:
        path: where, e.g. ``sources[].webhooks[].url``.
        kinds: of sources that have it; empty for all, and outside of sources.
        schema: its JSON schema.
        needed: whether it has no default.
    """

    path: str
    kinds: tuple[str, ...]
    schema: Mapping[str, Any]
    needed: bool


def rows() -> list[Row]:
    """Return every setting, objects and what is in them, in the order of the document."""
    whole = Settings.model_json_schema()
    found: dict[str, list[Row]] = {}
    for row in _rows("", (), whole, whole["$defs"]):
        found.setdefault(f"{row.path} {json.dumps(row.schema, sort_keys=True) if row.kinds else ''}", []).append(row)
    every_kind = frozenset(whole["properties"]["sources"]["items"]["discriminator"]["mapping"])
    return [_together(same, every_kind) for same in found.values()]


def markdown(language: Language) -> str:
    """Return the table of all settings."""
    lines = [_HEADS[language], "|---|---|---|---|"]
    for row in rows():
        kinds = f" ({', '.join(row.kinds)})" if row.kinds else ""
        cells = (f"`{row.path}`{kinds}", _allowed(row.schema, language), _default(row, language), _described(row, language))
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _rows(path: str, kinds: tuple[str, ...], part: Mapping[str, Any], parts: Mapping[str, Any]) -> Iterator[Row]:
    for name, schema in part.get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        inner = [(schema["$ref"], kinds)] if "$ref" in schema else []
        items = schema.get("items", {})
        inner_list = [(items["$ref"], kinds)] if "$ref" in items else []
        mapping = items.get("discriminator", {}).get("mapping", {})
        inner_list += [(reference, (kind,)) for kind, reference in mapping.items()]
        if not inner:
            yield Row(here, kinds, schema, name in part.get("required", ()))
        for reference, its_kinds in inner:
            yield from _rows(here, its_kinds, parts[reference.rpartition("/")[2]], parts)
        for reference, its_kinds in inner_list:
            yield from _rows(f"{here}[]", its_kinds, parts[reference.rpartition("/")[2]], parts)


def _together(same: list[Row], every_kind: frozenset[str]) -> Row:
    """Return the rows of one setting that several kinds of sources have alike as one."""
    first = same[0]
    kinds = tuple(kind for row in same for kind in row.kinds)
    return Row(first.path, () if set(kinds) == every_kind else kinds, first.schema, first.needed)


def _allowed(schema: Mapping[str, Any], language: Language) -> str:
    words = _TYPES[language]
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    said = [words[str(schema.get("type", "object"))]]
    for key, word in (
        *(("minimum", "least"), ("exclusiveMinimum", "over"), ("maximum", "most"), ("exclusiveMaximum", "under")),
        *(("minItems", "least"), ("maxLength", "characters"), ("maxItems", "entries"), ("maxProperties", "entries")),
    ):
        if key in schema:
            said.append(words[word].format(n=schema[key]))
    return ", ".join(said) + (f", `{schema['pattern']}`" if "pattern" in schema else "")


def _default(row: Row, language: Language) -> str:
    if row.needed:
        return _TYPES[language]["needed"]
    if isinstance(row.schema.get("default"), (list, dict)) and row.schema["default"]:
        return "…"
    return f"`{json.dumps(row.schema['default'])}`" if "default" in row.schema else "…"


def _described(row: Row, language: Language) -> str:
    words = _WORDS.get(row.path, {})
    return words.get(language) or words.get("en") or str(row.schema.get("description", ""))
