"""Why a candidate was or was not a clap, and what came of it: one short sentence each, for a list that grows while one claps."""

from __future__ import annotations

from typing import Literal

VERDICTS: dict[str, dict[Literal["fr", "en"], str]] = {
    "verdict.not_a_clap": {"en": "Another sound.", "fr": "Un autre son."},
    "verdict.below": {
        "en": "Like a clap, but below the threshold.",
        "fr": "Proche d'un clap, mais sous le seuil.",
    },
    "verdict.echo": {
        "en": "Echo of the clap just before.",
        "fr": "Écho du clap qui précède.",
    },
    "verdict.told": {"en": "Clap: detection.", "fr": "Clap : détection."},
    "verdict.waiting": {
        "en": "Clap; it depends on what follows.",
        "fr": "Clap ; tout dépend de la suite.",
    },
    "verdict.same_row": {
        "en": "Clap of a row that was settled already.",
        "fr": "Clap d'une rangée dont le sort est déjà réglé.",
    },
    "verdict.too_close": {
        "en": "Clap, too close to the one before to count in the row.",
        "fr": "Clap, trop près du précédent pour compter dans la rangée.",
    },
    "verdict.delay": {
        "en": "Clap, but too soon after the last detection (delay).",
        "fr": "Clap, mais trop tôt après la dernière détection (délai).",
    },
    "verdict.applause_begins": {
        "en": "Applause begins: detection.",
        "fr": "Début d'applaudissements : détection.",
    },
    "verdict.in_applause": {
        "en": "Part of applause that was told already.",
        "fr": "Dans des applaudissements déjà signalés.",
    },
    "verdict.not_wished": {
        "en": "Heard, but this source does not react to that.",
        "fr": "Entendu, mais cette source n'y réagit pas.",
    },
}
