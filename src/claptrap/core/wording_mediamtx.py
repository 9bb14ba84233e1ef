"""MediaMTX's sentences, in French and English; ``wording`` has them with all others."""

from __future__ import annotations

from typing import Literal

MEDIAMTX: dict[str, dict[Literal["fr", "en"], str]] = {
    "mediamtx.absent": {
        "en": "The program MediaMTX is neither on the PATH nor installed: claptrap mediamtx install, or name it with --mediamtx-binary.",
        "fr": "Le programme MediaMTX n'est ni dans le PATH ni installé : claptrap mediamtx install, ou nommez-le avec --mediamtx-binary.",
    },
    "mediamtx.not_executable": {
        "en": "{path} is no program that can be run. Name another with --mediamtx-binary, or: chmod +x on it.",
        "fr": "{path} n'est pas un programme exécutable. Nommez-en un autre avec --mediamtx-binary, ou : chmod +x dessus.",
    },
    "mediamtx.no_release": {
        "en": "No release of MediaMTX is known for this machine ({machine}). Get it from {page}, and then: claptrap mediamtx install --archive FILE --sha256 SUM.",
        "fr": "Aucune version de MediaMTX n'est connue pour cette machine ({machine}). Prenez-la sur {page}, puis : claptrap mediamtx install --archive FICHIER --sha256 SOMME.",
    },
    "mediamtx.bad_sum": {
        "en": "A SHA-256 has 64 digits from 0 to f.",
        "fr": "Une somme SHA-256 a 64 chiffres de 0 à f.",
    },
    "mediamtx.network": {
        "en": "MediaMTX could not be fetched from {url}: {reason}. Try again; what has come is kept.",
        "fr": "MediaMTX n'a pas pu être téléchargé depuis {url} : {reason}. Réessayez ; ce qui est arrivé est gardé.",
    },
    "mediamtx.status": {
        "en": "{url} answered {status}. If it lasts, get the archive elsewhere, and then: claptrap mediamtx install --archive FILE.",
        "fr": "{url} a répondu {status}. Si cela dure, prenez l'archive ailleurs, puis : claptrap mediamtx install --archive FICHIER.",
    },
    "mediamtx.wrong": {
        "en": "{path} is not the expected archive of MediaMTX: its checksum differs. It is not used; get it again.",
        "fr": "{path} n'est pas l'archive attendue de MediaMTX : sa somme de contrôle diffère. Elle n'est pas utilisée ; reprenez-la.",
    },
    "mediamtx.unreadable": {
        "en": "{path} cannot be read: {reason}. Check its name, and that you may read it.",
        "fr": "{path} est illisible : {reason}. Vérifiez son nom, et que vous avez le droit de le lire.",
    },
    "mediamtx.unwritable": {
        "en": "{path} cannot be written: {reason}. Mend the permissions, or name another folder with CLAPTRAP_MEDIAMTX_DIR or --data-dir.",
        "fr": "Impossible d'écrire dans {path} : {reason}. Corrigez les permissions, ou nommez un autre dossier avec CLAPTRAP_MEDIAMTX_DIR ou --data-dir.",
    },
    "mediamtx.archive": {
        "en": "The archive {path} is refused: {reason}. Get it again.",
        "fr": "L'archive {path} est refusée : {reason}. Reprenez-la.",
    },
    "mediamtx.installed": {"en": "MediaMTX is installed: {path}", "fr": "MediaMTX est installé : {path}"},
    "mediamtx.config_missing": {
        "en": "There is no configuration file {path}. Check its name, or leave --config out: then one is made.",
        "fr": "Le fichier de configuration {path} n'existe pas. Vérifiez son nom, ou omettez --config : il en sera fait un.",
    },
    "mediamtx.cannot_start": {
        "en": "MediaMTX ({path}) cannot be started: {reason}. Name another with --mediamtx-binary, or: claptrap mediamtx install.",
        "fr": "MediaMTX ({path}) ne peut pas être lancé : {reason}. Nommez-en un autre avec --mediamtx-binary, ou : claptrap mediamtx install.",
    },
    "mediamtx.ended": {
        "en": "MediaMTX ended by itself (status {status}); its last lines above say why.",
        "fr": "MediaMTX s'est arrêté tout seul (code {status}) ; ses dernières lignes ci-dessus disent pourquoi.",
    },
    "mediamtx.port_taken": {
        "en": "MediaMTX cannot listen: port {port} is taken by another program, perhaps another MediaMTX. Stop it, or choose another port in {config}.",
        "fr": "MediaMTX ne peut pas écouter : le port {port} est pris par un autre programme, peut-être un autre MediaMTX. Arrêtez-le, ou choisissez un autre port dans {config}.",
    },
    "mediamtx.unreachable": {
        "en": "MediaMTX does not answer on {where}. Start it: claptrap serve --mediamtx, or claptrap mediamtx run.",
        "fr": "MediaMTX ne répond pas sur {where}. Lancez-le : claptrap serve --mediamtx, ou claptrap mediamtx run.",
    },
    "mediamtx.no_api": {
        "en": "What answers on {where} does not say which streams there are. Set api: true in mediamtx.yml, and let this machine use it (authInternalUsers).",
        "fr": "Ce qui répond sur {where} ne dit pas quels flux existent. Mettez api: true dans mediamtx.yml, et permettez-le à cette machine (authInternalUsers).",
    },
    "doctor.mediamtx": {"en": "MediaMTX: {path}.", "fr": "MediaMTX : {path}."},
    "doctor.mediamtx_absent": {
        "en": "MediaMTX is not installed. Only who sends a microphone as RTSP needs it: claptrap mediamtx install.",
        "fr": "MediaMTX n'est pas installé. Seul qui envoie un microphone en RTSP en a besoin : claptrap mediamtx install.",
    },
}
